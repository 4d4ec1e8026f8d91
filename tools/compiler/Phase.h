//===- Phase.h - One phase of a compilation ------------------------------===//
#ifndef TENON_TOOLS_COMPILER_PHASE_H
#define TENON_TOOLS_COMPILER_PHASE_H

#include "tools/compiler/Compiler.h"
#include "tools/compiler/Supervisor.h"
#include <chrono>

namespace tenon {

/// Announces a phase and, when it ends, notes how long it took.
struct Compiler::Phase {
  Phase(Compiler &compiler, llvm::StringRef name)
      : compiler(compiler), name(name), start(std::chrono::steady_clock::now()) {
    announcePhase(name);
    if (compiler.options.progress)
      compiler.options.progress(name, 0, 1);
  }
  ~Phase() {
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    compiler.times.emplace_back(name, seconds.count());
  }
  Compiler &compiler;
  std::string name;
  std::chrono::steady_clock::time_point start;
};

} // namespace tenon

#endif

//===- ModelOptions.h - What commands that compile are told --------------===//
#ifndef TENON_TOOLS_TENON_MODELOPTIONS_H
#define TENON_TOOLS_TENON_MODELOPTIONS_H

#include "tools/compiler/Compiler.h"
#include "tools/compiler/Supervisor.h"
#include <CLI/CLI.hpp>

namespace tenon::cli {

/// Options of every command that takes a model file, bound to flags.
struct ModelOptions {
  std::vector<std::string> shapes, dims, targets;
  std::string memoryLimit, winograd = "auto", schedules, check, kernelCache, kernelCacheLimit = "512M";
  std::string passPlugin, extraPasses;
  int optimization = 2;
  double timeLimit = 0;
  bool quiet = false;
  unsigned verbose = 0;

  /// Adds --shape, --dim, -O, the kernel cache and the limits, and --target and -mcpu where the command leaves the
  /// choice.
  void bind(CLI::App &command, bool withTargets);

  /// Fills in the compiler's options; false, with a message, if an argument makes no sense.
  bool resolve(CompilerOptions &options, ProcessLimits &limits, std::string &message) const;

private:
  bool resolveTargets(std::vector<std::string> &names, std::string &message) const;
};

/// Whether a path names a model to compile and not a compiled one.
bool isModelFile(llvm::StringRef path);

/// Compiles a model file for this CPU into a temporary shared library, in a process of its own. Returns the
/// exit code; `path` is the library, to be removed by the caller.
int compileForHost(const std::string &model, const ModelOptions &options, std::string &path);

/// A model's name: the last part of its path without suffix.
std::string modelName(llvm::StringRef path);

} // namespace tenon::cli

#endif

//===- tenon.cpp - The command line --------------------------------------===//
#include "tools/compiler/Compiler.h"
#include <CLI/CLI.hpp>
#include <fmt/core.h>

using namespace tenon;

int main(int argc, char **argv) {
  CLI::App app("Tenon compiles neural networks to native code.");
  app.require_subcommand(1);
  CLI::App *compile = app.add_subcommand("compile", "Compile a model");
  std::string input, output;
  CompilerOptions options;
  std::string stop;
  compile->add_option("model", input)->required();
  compile->add_option("-o", output)->required();
  compile->add_option("--mcpu", options.targets);
  compile->add_option("--dump-dir", options.dumpDirectory);
  compile->add_option("--stop-after", stop);
  CLI11_PARSE(app, argc, argv);
  Compiler compiler(options);
  OutputKind kind = OutputKind::SharedLibrary;
  Stage stage = Stage::Memory;
  for (auto [i, name] : llvm::enumerate(stageNames()))
    if (name == stop) {
      stage = static_cast<Stage>(i);
      kind = OutputKind::MLIR;
    }
  if (llvm::StringRef(output).ends_with(".s"))
    kind = OutputKind::Assembly;
  if (llvm::StringRef(output).ends_with(".ll"))
    kind = OutputKind::LLVMIR;
  if (!compiler.load(input) || !compiler.runUntil(stage) || !compiler.emit(output, kind, "model")) {
    fmt::print(stderr, "error: {}\n", compiler.getError().message);
    return static_cast<int>(compiler.getError().kind);
  }
  for (auto &[phase, seconds] : compiler.getTimes())
    fmt::print(stderr, "{:10} {:.3f} s\n", phase, seconds);
  return 0;
}

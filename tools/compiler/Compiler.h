//===- Compiler.h - From a model file to an artifact ---------------------===//
//
// libtenon-compiler: what the command line tools are made of, and what a program that compiles models itself links.
//
//   tenon::Compiler compiler(options);
//   if (!compiler.load("model.onnx") || !compiler.runUntil(tenon::Stage::Memory) || !compiler.emit("model.so"))
//     return report(compiler.getError());
//
//===----------------------------------------------------------------------===//
#ifndef TENON_TOOLS_COMPILER_COMPILER_H
#define TENON_TOOLS_COMPILER_COMPILER_H

#include "ir/Dialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/KernelModel.h"
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tenon {

/// What went wrong, as exit codes.
enum class ErrorKind { None = 0, CannotCompile = 1, Usage = 2, Malformed = 3, InputOutput = 4, Differs = 5, Limit = 6, Internal = 70 };

struct CompileError {
  ErrorKind kind = ErrorKind::None;
  std::string message;
};

/// The stages in order; each can be stopped at and dumped.
enum class Stage { Import, Graph, Raise, Layout, Fuse, Schedule, Memory, Kernel, Emit };
llvm::ArrayRef<llvm::StringRef> stageNames();

enum class OutputKind { SharedLibrary, Object, Archive, MLIR, LLVMIR, Assembly };

struct CompilerOptions {
  /// Levels to compile for, best first; empty: all of them.
  std::vector<std::string> targets;
  /// Input shapes and sizes of symbolic dimensions by name.
  std::map<std::string, std::vector<int64_t>> shapes;
  std::map<std::string, int64_t> dims;
  /// Directory that receives one numbered file per pass that changed something; empty: none.
  std::string dumpDirectory;
  /// Called at the begin of each phase, with its name and how much of it is done.
  std::function<void(llvm::StringRef phase, unsigned done, unsigned total)> progress;
};

class Compiler {
public:
  explicit Compiler(CompilerOptions options);
  ~Compiler();

  /// Reads a model: ONNX, or tn dialect in text or bytecode.
  bool load(const std::string &path);
  /// Runs the stages up to and including `stage`, at most Memory.
  bool runUntil(Stage stage);
  /// Compiles the program and writes the artifact, completely or not at all.
  bool emit(const std::string &path, OutputKind kind, const std::string &name);
  /// Writes the module as text.
  bool writeModule(const std::string &path);

  mlir::ModuleOp getModule() { return *module; }
  mlir::MLIRContext &getContext() { return *context; }
  const KernelLibrary &getLibrary() const { return library; }
  const CompileError &getError() const { return error; }
  /// Seconds spent per phase, in order.
  const std::vector<std::pair<std::string, double>> &getTimes() const { return times; }

private:
  bool fail(ErrorKind kind, const llvm::Twine &message);
  bool emitLibrary(const std::string &path, const std::string &name);
  bool emitObject(const std::string &path, OutputKind kind, const std::string &name);
  bool emitText(const std::string &path, OutputKind kind);

  CompilerOptions options;
  KernelLibrary library;
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  CompileError error;
  std::string diagnostics;
  std::vector<std::pair<std::string, double>> times;
  int reached = -1;
};

} // namespace tenon

#endif

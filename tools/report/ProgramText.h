//===- ProgramText.h - A program as lines that stay alike ----------------===//
#ifndef TENON_TOOLS_REPORT_PROGRAMTEXT_H
#define TENON_TOOLS_REPORT_PROGRAMTEXT_H

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include <string>

namespace tenon::report {

/// Prints a module line by line. Values are named after the nodes of the graph that they come from, and not numbered
/// from the top, so that a pass which adds an operation changes the lines of that operation only. They keep their names
/// where they become operands and results of kernels, and views of what a kernel has written: inside of a kernel a name
/// may be one of those outside, which it stands for.
class ProgramText {
public:
  /// `line` gets the text without its end, at most kLongest bytes of it, and the location of the operation.
  using Sink = llvm::function_ref<void(const std::string &text, mlir::Location loc)>;
  static constexpr size_t kLongest = 4000;

  /// Without `bodies` the operations in kernels are left out.
  static void print(mlir::ModuleOp module, bool bodies, Sink line);

private:
  /// How often each name has been taken in a scope, in which all must differ.
  using Scope = llvm::StringMap<unsigned>;

  ProgramText(mlir::ModuleOp module, bool bodies, Sink line);
  void print(mlir::Operation *op, unsigned indent, Scope &scope);
  void printBlock(mlir::Block &block, bool isSignature, unsigned indent, Scope &scope);
  void nameValue(mlir::Value value, llvm::StringRef wish, Scope &scope);
  std::string nameOf(mlir::Operation *op);
  std::string nameOfResult(mlir::Operation *kernel, unsigned i);
  /// The name of a kernel's operand without what tells it from others of that name.
  std::string stemOf(mlir::Value operand);
  std::string tokenOf(mlir::Value value);
  std::string rename(llvm::StringRef text, mlir::Operation *op);
  void emit(unsigned indent, llvm::StringRef text, mlir::Location loc);

  mlir::AsmState state;
  bool bodies;
  Sink line;
  llvm::DenseMap<mlir::Value, std::string> names; ///< of blocks' arguments and operations' first results
  void noteWeights(mlir::Operation *main);

  /// What stands at an offset of a buffer: the weights, and what a kernel has written there last.
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, std::string> held;
};

} // namespace tenon::report

#endif

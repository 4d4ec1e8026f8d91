//===- Evaluator.h - Runs programs and remembers what was computed -------===//
//
// The reference semantics, with a memory: an operation of equal name, attributes and operands (by content) is not
// computed again. Running the program after a pass thus costs what the pass changed, whatever values are called,
// whether they stand in kernels, and even when they went through an arena.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_TOOLS_DEBUG_EVALUATOR_H
#define TENON_TOOLS_DEBUG_EVALUATOR_H

#include "ir/Dialect.h"
#include "ir/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include <functional>
#include <string>
#include <vector>

namespace tenon::debug {

/// A tensor and a hash of its type and bytes.
struct Content {
  Tensor tensor;
  uint64_t id = 0;
  bool finite = true; ///< no NaN and no infinity in it
};

/// The first operation whose result has a NaN or infinity although no operand has.
struct NotFinite {
  std::string op;      ///< as text
  std::string sources; ///< names of the model's nodes, one per line
  std::string example; ///< one element and the operands that made it
};

/// A kernel of a program in buffer form as it runs: operand tensors, and the results by reference semantics.
struct KernelRun {
  mutable tn::KernelOp kernel; ///< a handle, whose methods are not const
  llvm::ArrayRef<Content> inputs, results;
};

class Evaluator {
public:
  /// `noise`: every computed value is moved at random by what its operation may be wrong by, see Tolerance.h; 0 for
  /// none, else a seed.
  explicit Evaluator(uint64_t noise = 0) : noise(noise) {}

  /// Runs `@main` of a program in tensor or buffer form. Arena and outputs of the latter start as NaN patterns.
  /// Fails, with an error at the operation, if something has no value.
  llvm::LogicalResult run(mlir::ModuleOp module, llvm::ArrayRef<Tensor> inputs, std::vector<Tensor> &outputs);

  /// Runs the body of one kernel.
  llvm::LogicalResult runKernel(tn::KernelOp kernel, llvm::ArrayRef<Content> inputs, std::vector<Content> &results);

  /// Called before a kernel of a program in buffer form writes its results. False stops the run.
  std::function<bool(const KernelRun &)> onKernel;

  /// Forgets what was not used since the last call but one.
  void nextProgram();
  /// Operations computed so far, and those whose results were known.
  uint64_t getComputed() const { return computed; }
  uint64_t getKnown() const { return known; }
  /// The first of the last program, if any. It is known only if the values were computed in that run.
  const std::optional<NotFinite> &getNotFinite() const { return notFinite; }

private:
  struct Entry {
    std::vector<Content> results;
    unsigned used = 0;
  };
  using Values = llvm::DenseMap<mlir::Value, Content>;

  llvm::LogicalResult runBlock(mlir::Block &block, Values &values, std::vector<Content> &results);
  llvm::LogicalResult evaluate(mlir::Operation *op, Values &values);
  llvm::LogicalResult runTensors(mlir::func::FuncOp main, llvm::ArrayRef<Tensor> inputs, std::vector<Content> &results);
  llvm::LogicalResult runBuffers(mlir::ModuleOp module, llvm::ArrayRef<Tensor> inputs, std::vector<Tensor> &outputs);
  Content constant(tn::ConstantOp op);
  void disturb(mlir::Operation *op, Tensor &tensor);
  void note(mlir::Operation *op, llvm::ArrayRef<Content> inputs, const Content &result);

  uint64_t noise;
  unsigned program = 1;
  uint64_t computed = 0, known = 0;
  llvm::DenseMap<uint64_t, Entry> entries;
  llvm::DenseMap<mlir::Attribute, Content> constants;
  std::optional<NotFinite> notFinite;
};

/// The content of a tensor.
Content contentOf(const Tensor &tensor);

/// Names of the model's nodes in a location, in order, one per line.
std::string sourcesOf(mlir::Location loc);

} // namespace tenon::debug

#endif

//===- Tolerance.h - How far results may lie apart -----------------------===//
//
// Each operation has an error budget: a few units in the last place for one that computes an element from elements, a
// relative L2 error for sums, in which passes and kernels may reassociate. What the budgets of all operations together
// may do to a result is found by running the program with noise of that size. Half of what remains is safety: honest
// reassociation stays below, a wrong mask or bound does not.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_TOOLS_DEBUG_TOLERANCE_H
#define TENON_TOOLS_DEBUG_TOLERANCE_H

#include "ir/Tensor.h"
#include "mlir/IR/Operation.h"
#include <string>
#include <vector>

namespace tenon::debug {

/// How much one tensor differs from another of its type.
struct Difference {
  double relative = 0; ///< L2 norm of the difference over that of the expected; for integers the share that differs
  int64_t worst = -1;  ///< element that lies furthest apart
  double got = 0, expected = 0; ///< there
  bool sameShape = true;
  bool sameFinite = true; ///< NaNs and infinities stand at the same places
};
Difference compare(const Tensor &got, const Tensor &expected);

/// What each result may differ by from the reference, as in Difference::relative.
class Tolerance {
public:
  Tolerance() = default;
  /// From results of one run and of another one with noise.
  Tolerance(llvm::ArrayRef<Tensor> exact, llvm::ArrayRef<Tensor> noisy);

  bool accepts(size_t i, const Difference &difference) const;
  double operator[](size_t i) const { return allowed[i]; }
  size_t size() const { return allowed.size(); }

private:
  std::vector<double> allowed;
};

/// Moves the result of an operation at random by the operation's budget. Data movement is exact.
void addNoise(mlir::Operation *op, Tensor &tensor, uint64_t seed);

bool isFinite(const Tensor &tensor);

/// An operation as one line of text, large constants left out.
std::string describe(mlir::Operation *op);
/// The same with its regions.
std::string describeWhole(mlir::Operation *op);

} // namespace tenon::debug

#endif

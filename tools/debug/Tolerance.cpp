#include "tools/debug/Tolerance.h"
#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <random>

using namespace mlir;

namespace tenon::debug {

/// Budgets. Units in the last place of an elementwise result: transcendental functions are within 2. Relative L2 error
/// of sums: long f32 sums in another order are within 1e-6, Winograd's algorithm within 1.5e-6.
constexpr double kUlps = 2, kSumError = 2e-6;
/// How many times the noise's effect is accepted, and what is accepted in any case.
constexpr double kSafety = 5, kLeast = 1e-6;

bool isFinite(const Tensor &tensor) {
  if (!isa<FloatType>(tensor.getElementType()))
    return true;
  if (tensor.getElementType().isF32()) {
    const auto *data = tensor.as<uint32_t>();
    bool good = true;
    for (int64_t i = 0; i < tensor.getNumElements(); ++i)
      good &= (data[i] & 0x7f800000) != 0x7f800000;
    return good;
  }
  for (int64_t i = 0; i < tensor.getNumElements(); ++i)
    if (!std::isfinite(tensor.get(i).f))
      return false;
  return true;
}

/// With the names that values have in the function.
static std::string print(Operation *op, OpPrintingFlags flags) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  Operation *function = op->getParentOfType<func::FuncOp>();
  AsmState state(function ? function : op, flags.elideLargeElementsAttrs(8));
  op->print(stream, state);
  return text;
}

std::string describe(Operation *op) { return print(op, OpPrintingFlags().skipRegions()); }

std::string describeWhole(Operation *op) { return print(op, OpPrintingFlags()); }

Difference compare(const Tensor &got, const Tensor &expected) {
  Difference d;
  if (got.getType() != expected.getType()) {
    d.sameShape = false;
    d.relative = INFINITY;
    return d;
  }
  bool isFloat = isa<FloatType>(expected.getElementType());
  double squares = 0, total = 0, furthest = -1;
  for (int64_t i = 0; i < expected.getNumElements(); ++i) {
    Scalar x = got.get(i), y = expected.get(i);
    double a = isFloat ? x.f : static_cast<double>(x.i), b = isFloat ? y.f : static_cast<double>(y.i);
    double distance = isFloat ? std::abs(a - b) : x.i != y.i;
    if (!std::isfinite(a) || !std::isfinite(b)) {
      distance = a == b || (std::isnan(a) && std::isnan(b)) ? 0 : INFINITY;
      d.sameFinite &= distance == 0;
    } else {
      squares += distance * distance;
      total += isFloat ? b * b : 1;
    }
    if (distance > furthest) {
      furthest = distance;
      d.worst = i;
      d.got = a;
      d.expected = b;
    }
  }
  double norm = isFloat ? std::sqrt(squares) : squares, base = isFloat ? std::sqrt(total) : total;
  d.relative = norm == 0 ? 0 : norm / std::max(base, 1e-30);
  if (!d.sameFinite)
    d.relative = INFINITY;
  return d;
}

Tolerance::Tolerance(llvm::ArrayRef<Tensor> exact, llvm::ArrayRef<Tensor> noisy) {
  for (auto [a, b] : llvm::zip(exact, noisy)) {
    double noise = compare(b, a).relative;
    bool isFloat = isa<FloatType>(a.getElementType());
    allowed.push_back(std::max(kSafety * noise, isFloat ? kLeast : 0.0));
  }
}

bool Tolerance::accepts(size_t i, const Difference &difference) const {
  return difference.sameShape && (difference.sameFinite || std::isinf(allowed[i])) && difference.relative <= allowed[i];
}

void addNoise(Operation *op, Tensor &tensor, uint64_t seed) {
  if (!isa<FloatType>(tensor.getElementType()))
    return;
  bool isElementwise = isa<tn::ElementwiseOpInterface>(op);
  if (!isElementwise && !isa<tn::CostOpInterface>(op))
    return;
  double epsilon = tensor.getElementType().isF64() ? 0x1p-52 : tensor.getElementType().isF32() ? 0x1p-23 : 0x1p-8;
  double squares = 0;
  int64_t count = 0;
  for (int64_t i = 0; !isElementwise && i < tensor.getNumElements(); ++i)
    if (double f = tensor.get(i).f; std::isfinite(f)) {
      squares += f * f;
      ++count;
    }
  double uniform = isElementwise || count == 0 ? 0 : kSumError * std::sqrt(squares / count);
  std::minstd_rand engine(seed % 2147483646 + 1);
  for (int64_t i = 0; i < tensor.getNumElements(); ++i) {
    double f = tensor.get(i).f, random = 2.0 * engine() / 2147483647.0 - 1;
    // Zero is mostly exact: a mask, a rectified value.
    if (f != 0 && std::isfinite(f))
      tensor.set(i, Scalar::real(f + random * (kUlps * epsilon * std::abs(f) + uniform)));
  }
}

} // namespace tenon::debug

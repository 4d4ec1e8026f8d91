//===- Activations.cpp - Activation functions made of exponentials -------===//
//
// As in ElementwiseBodies.cpp: emitBody for generated code, evaluateScalar for the reference. The bodies stand behind
// contractions, where they cost as much as many multiply-adds: they bring arguments into a range whose exponentials
// are normal numbers or infinite, so that a cheap exponential (afn: no denormals) will do.
//
//===----------------------------------------------------------------------===//
#include "ir/Dialect.h"
#include "ir/ops/Elementwise.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include <cmath>

using namespace mlir;
using namespace tenon;
using namespace tenon::tn;

namespace {

Value clamp(OpBuilder &b, Location loc, Value x, double least, double most) {
  Value low = splat(b, loc, x.getType(), least), high = splat(b, loc, x.getType(), most);
  x = arith::SelectOp::create(b, loc, arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, low), low, x);
  return arith::SelectOp::create(b, loc, arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, high), high, x);
}

} // namespace

Value tn::emitSigmoid(OpBuilder &b, Location loc, Value x) {
  // From the upper bound on the exponential is infinite and the result 0; at the lower bound it adds nothing to 1.
  bool isSingle = getElementTypeOrSelf(x.getType()).isF32();
  Value minus = clamp(b, loc, arith::NegFOp::create(b, loc, x), isSingle ? -87 : -708, isSingle ? 89 : 710);
  Value one = splat(b, loc, x.getType(), 1);
  Value e = math::ExpOp::create(b, loc, minus, arith::FastMathFlags::afn);
  return arith::DivFOp::create(b, loc, one, arith::AddFOp::create(b, loc, one, e));
}

Value SigmoidOp::emitBody(OpBuilder &b, Location loc, ValueRange v) { return emitSigmoid(b, loc, v[0]); }
Scalar SigmoidOp::evaluateScalar(ArrayRef<Scalar> v) { return Scalar::real(1 / (1 + std::exp(-v[0].f))); }

Value SiluOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  return arith::MulFOp::create(b, loc, v[0], emitSigmoid(b, loc, v[0]));
}
Scalar SiluOp::evaluateScalar(ArrayRef<Scalar> v) { return Scalar::real(v[0].f / (1 + std::exp(-v[0].f))); }

Value GeluOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  Type type = v[0].getType();
  Value scaled = arith::MulFOp::create(b, loc, v[0], splat(b, loc, type, M_SQRT1_2));
  Value half = arith::MulFOp::create(b, loc, v[0], splat(b, loc, type, 0.5));
  return math::FmaOp::create(b, loc, half, math::ErfOp::create(b, loc, scaled), half);
}
Scalar GeluOp::evaluateScalar(ArrayRef<Scalar> v) {
  return Scalar::real(0.5 * v[0].f * (1 + std::erf(v[0].f * M_SQRT1_2)));
}

static constexpr double kSqrt2OverPi = 0.79788456080286535588;
static constexpr double kGeluCubic = 0.044715;

Value GeluTanhOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  Type type = v[0].getType();
  // x / 2 * (1 + tanh(u)) = x * sigmoid(2 u), which costs one exp.
  Value square = arith::MulFOp::create(b, loc, v[0], v[0]);
  Value inner = math::FmaOp::create(b, loc, square, splat(b, loc, type, 2 * kSqrt2OverPi * kGeluCubic),
                                    splat(b, loc, type, 2 * kSqrt2OverPi));
  Value twice = arith::MulFOp::create(b, loc, inner, v[0]);
  return arith::MulFOp::create(b, loc, v[0], emitSigmoid(b, loc, twice));
}
Scalar GeluTanhOp::evaluateScalar(ArrayRef<Scalar> v) {
  double x = v[0].f;
  return Scalar::real(0.5 * x * (1 + std::tanh(kSqrt2OverPi * (x + kGeluCubic * x * x * x))));
}

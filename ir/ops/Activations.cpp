//===- Activations.cpp - Activation functions made of exponentials -------===//
//
// As in ElementwiseBodies.cpp: emitBody for generated code, evaluateScalar for the reference. The bodies stand behind
// contractions, where they cost as much as many multiply-adds: they bring arguments into a range whose exponentials
// are normal numbers, so that a cheap exponential (afn: no overflow, no denormals) will do.
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

/// e^x and its reciprocal are normal numbers for |x| up to this.
double normalRange(Type type) { return getElementTypeOrSelf(type).isF32() ? 87 : 708; }

/// The greater of x and the least argument whose exponential is a normal number; a NaN stays. No activation here
/// differs from 0 below it.
Value clampBelow(OpBuilder &b, Location loc, Value x) {
  Value least = splat(b, loc, x.getType(), -normalRange(x.getType()));
  return arith::SelectOp::create(b, loc, arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, least), least, x);
}

/// 1 / (1 + e^-x) for x that `clampBelow` returned.
Value emitClampedSigmoid(OpBuilder &b, Location loc, Value x) {
  Value minus = clampBelow(b, loc, arith::NegFOp::create(b, loc, x)), one = splat(b, loc, x.getType(), 1);
  Value e = math::ExpOp::create(b, loc, minus, arith::FastMathFlags::afn);
  return arith::DivFOp::create(b, loc, one, arith::AddFOp::create(b, loc, one, e));
}

} // namespace

Value tn::emitSigmoid(OpBuilder &b, Location loc, Value x) { return emitClampedSigmoid(b, loc, clampBelow(b, loc, x)); }

Value SigmoidOp::emitBody(OpBuilder &b, Location loc, ValueRange v) { return emitSigmoid(b, loc, v[0]); }
Scalar SigmoidOp::evaluateScalar(ArrayRef<Scalar> v) { return Scalar::real(1 / (1 + std::exp(-v[0].f))); }

Value SiluOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  Value x = clampBelow(b, loc, v[0]);
  return arith::MulFOp::create(b, loc, x, emitClampedSigmoid(b, loc, x));
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
  return arith::MulFOp::create(b, loc, clampBelow(b, loc, v[0]), emitSigmoid(b, loc, twice));
}
Scalar GeluTanhOp::evaluateScalar(ArrayRef<Scalar> v) {
  double x = v[0].f;
  return Scalar::real(0.5 * x * (1 + std::tanh(kSqrt2OverPi * (x + kGeluCubic * x * x * x))));
}

//===- ElementwiseBodies.cpp - One element of every elementwise op -------===//
//
// Each operation says twice what it does to an element: emitBody for generated code (arith and math operations that
// work on scalars and vectors alike) and evaluateScalar for the reference.
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

Value tn::splat(OpBuilder &b, Location loc, Type type, double value) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr attr = isa<FloatType>(element)
                       ? TypedAttr(FloatAttr::get(element, value))
                       : TypedAttr(IntegerAttr::get(
                             element, APInt(element.getIntOrFloatBitWidth(), static_cast<int64_t>(value), true)));
  if (auto vector = dyn_cast<VectorType>(type))
    return arith::ConstantOp::create(b, loc, SplatElementsAttr::get(vector, Attribute(attr)));
  return arith::ConstantOp::create(b, loc, attr);
}

namespace {

bool isFloat(Value v) { return isa<FloatType>(getElementTypeOrSelf(v.getType())); }

Type resultElement(Operation *op) { return getElementTypeOrSelf(op->getResult(0).getType()); }
Type operandElement(Operation *op) { return getElementTypeOrSelf(op->getOperand(0).getType()); }

/// An integer division whose divisor is made safe: x / 0 becomes x / 1 and the result is replaced by 0, and so is
/// the overflowing -2^(n-1) / -1, whose quotient wraps to the dividend.
template <typename SignedOp, typename UnsignedOp>
Value emitIntegerDivision(OpBuilder &b, Location loc, Value x, Value y, bool isUnsignedType, bool isQuotient) {
  Type type = x.getType();
  Value zero = splat(b, loc, type, 0), one = splat(b, loc, type, 1), minusOne = splat(b, loc, type, -1);
  Value byZero = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, y, zero);
  if (isUnsignedType) {
    Value safe = arith::SelectOp::create(b, loc, byZero, one, y);
    return arith::SelectOp::create(b, loc, byZero, zero, UnsignedOp::create(b, loc, x, safe));
  }
  Value byMinusOne = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, y, minusOne);
  Value special = arith::OrIOp::create(b, loc, byZero, byMinusOne);
  Value safe = arith::SelectOp::create(b, loc, special, one, y);
  Value value = SignedOp::create(b, loc, x, safe);
  Value negated = isQuotient ? Value(arith::SubIOp::create(b, loc, zero, x)) : zero;
  value = arith::SelectOp::create(b, loc, byMinusOne, negated, value);
  return arith::SelectOp::create(b, loc, byZero, zero, value);
}

int64_t wrapNegate(int64_t x) { return static_cast<int64_t>(0 - static_cast<uint64_t>(x)); }

int64_t integerQuotient(int64_t x, int64_t y, bool isUnsignedType) {
  if (y == 0)
    return 0;
  if (isUnsignedType)
    return static_cast<int64_t>(static_cast<uint64_t>(x) / static_cast<uint64_t>(y));
  return y == -1 ? wrapNegate(x) : x / y;
}

int64_t integerRemainder(int64_t x, int64_t y, bool isUnsignedType) {
  if (y == 0 || (!isUnsignedType && y == -1))
    return 0;
  if (isUnsignedType)
    return static_cast<int64_t>(static_cast<uint64_t>(x) % static_cast<uint64_t>(y));
  return x % y;
}

double nanMax(double x, double y) { return std::isnan(x) || std::isnan(y) ? NAN : std::max(x, y); }
double nanMin(double x, double y) { return std::isnan(x) || std::isnan(y) ? NAN : std::min(x, y); }

} // namespace

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

#define TN_ARITHMETIC(Op, FloatOp, IntOp, floatExpr, intExpr)                                                          \
  Value Op::emitBody(OpBuilder &b, Location loc, ValueRange v) {                                                       \
    if (isFloat(v[0]))                                                                                                 \
      return FloatOp::create(b, loc, v[0], v[1]);                                                                      \
    return IntOp::create(b, loc, v[0], v[1]);                                                                          \
  }                                                                                                                    \
  Scalar Op::evaluateScalar(ArrayRef<Scalar> v) {                                                                      \
    double x = v[0].f, y = v[1].f;                                                                                     \
    uint64_t i = v[0].i, j = v[1].i;                                                                                   \
    return {floatExpr, static_cast<int64_t>(intExpr)};                                                                 \
  }

TN_ARITHMETIC(AddOp, arith::AddFOp, arith::AddIOp, x + y, i + j)
TN_ARITHMETIC(SubOp, arith::SubFOp, arith::SubIOp, x - y, i - j)
TN_ARITHMETIC(MulOp, arith::MulFOp, arith::MulIOp, x *y, i *j)
#undef TN_ARITHMETIC

Value DivOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  if (isFloat(v[0]))
    return arith::DivFOp::create(b, loc, v[0], v[1]);
  return emitIntegerDivision<arith::DivSIOp, arith::DivUIOp>(b, loc, v[0], v[1], isUnsigned(resultElement(*this)),
                                                             true);
}

Scalar DivOp::evaluateScalar(ArrayRef<Scalar> v) {
  return {v[0].f / v[1].f, integerQuotient(v[0].i, v[1].i, isUnsigned(resultElement(*this)))};
}

/// fmod by way of the truncated quotient: exact while the quotient fits the mantissa. A quotient that was
/// rounded up to the next integer leaves a remainder of the wrong sign, which one more divisor mends. The
/// sign is the dividend's, an infinite divisor leaves a finite dividend as it is.
static Value emitFloatRemainder(OpBuilder &b, Location loc, Value x, Value y) {
  Type type = x.getType();
  Value a = math::AbsFOp::create(b, loc, x), d = math::AbsFOp::create(b, loc, y), zero = splat(b, loc, type, 0);
  Value whole = math::TruncOp::create(b, loc, arith::DivFOp::create(b, loc, a, d));
  Value rest = math::FmaOp::create(b, loc, arith::NegFOp::create(b, loc, whole), d, a);
  Value isNegative = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, rest, zero);
  rest = arith::SelectOp::create(b, loc, isNegative, arith::AddFOp::create(b, loc, rest, d), rest);
  Value infinity = splat(b, loc, type, INFINITY);
  Value isFinite = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, a, infinity);
  Value byInfinity = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, d, infinity);
  rest = arith::SelectOp::create(b, loc, arith::AndIOp::create(b, loc, isFinite, byInfinity), a, rest);
  return math::CopySignOp::create(b, loc, rest, x);
}

Value RemOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  if (!isFloat(v[0]))
    return emitIntegerDivision<arith::RemSIOp, arith::RemUIOp>(b, loc, v[0], v[1], isUnsigned(resultElement(*this)),
                                                               false);
  return emitFloatRemainder(b, loc, v[0], v[1]);
}

Scalar RemOp::evaluateScalar(ArrayRef<Scalar> v) {
  return {std::fmod(v[0].f, v[1].f), integerRemainder(v[0].i, v[1].i, isUnsigned(resultElement(*this)))};
}

Value ModOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  if (isFloat(v[0])) {
    Value rest = emitFloatRemainder(b, loc, v[0], v[1]), zero = splat(b, loc, v[0].getType(), 0);
    Value restBelow = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, rest, zero);
    Value divisorBelow = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, v[1], zero);
    Value differs = arith::XOrIOp::create(b, loc, restBelow, divisorBelow);
    Value nonzero = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ONE, rest, zero);
    Value fix = arith::AndIOp::create(b, loc, nonzero, differs);
    return arith::SelectOp::create(b, loc, fix, arith::AddFOp::create(b, loc, rest, v[1]), rest);
  }
  bool isU = isUnsigned(resultElement(*this));
  Value rest = emitIntegerDivision<arith::RemSIOp, arith::RemUIOp>(b, loc, v[0], v[1], isU, false);
  if (isU)
    return rest;
  // A remainder of the other sign than the divisor moves up by one divisor.
  Value zero = splat(b, loc, v[0].getType(), 0);
  Value nonzero = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, rest, zero);
  Value mixed = arith::XOrIOp::create(b, loc, rest, v[1]);
  Value differs = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, mixed, zero);
  Value fix = arith::AndIOp::create(b, loc, nonzero, differs);
  return arith::SelectOp::create(b, loc, fix, arith::AddIOp::create(b, loc, rest, v[1]), rest);
}

Scalar ModOp::evaluateScalar(ArrayRef<Scalar> v) {
  bool isU = isUnsigned(resultElement(*this));
  int64_t rest = integerRemainder(v[0].i, v[1].i, isU);
  if (!isU && rest != 0 && (rest < 0) != (v[1].i < 0))
    rest += v[1].i;
  double f = std::fmod(v[0].f, v[1].f);
  if (f != 0 && (f < 0) != (v[1].f < 0))
    f += v[1].f;
  return {f, rest};
}

/// Integer power by squaring; the exponent's bits are few enough to unroll for 64-bit operands.
static Value emitIntegerPower(OpBuilder &b, Location loc, Value base, Value exponent) {
  Type type = base.getType();
  Value zero = splat(b, loc, type, 0), one = splat(b, loc, type, 1);
  Value result = one, factor = base;
  unsigned bits = std::min(6u, getElementTypeOrSelf(type).getIntOrFloatBitWidth());
  for (unsigned bit = 0; bit < bits; ++bit) {
    Value mask = splat(b, loc, type, static_cast<double>(int64_t(1) << bit));
    Value set =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, arith::AndIOp::create(b, loc, exponent, mask), zero);
    result = arith::SelectOp::create(b, loc, set, arith::MulIOp::create(b, loc, result, factor), result);
    factor = arith::MulIOp::create(b, loc, factor, factor);
  }
  Value negative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, exponent, zero);
  return arith::SelectOp::create(b, loc, negative, zero, result);
}

Value PowOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  if (isFloat(v[0]))
    return math::PowFOp::create(b, loc, v[0], v[1]);
  return emitIntegerPower(b, loc, v[0], v[1]);
}

Scalar PowOp::evaluateScalar(ArrayRef<Scalar> v) {
  uint64_t result = 1, factor = v[0].i;
  for (uint64_t e = v[1].i < 0 ? 0 : v[1].i & 63; e; e >>= 1, factor *= factor)
    if (e & 1)
      result *= factor;
  return {std::pow(v[0].f, v[1].f), v[1].i < 0 ? 0 : static_cast<int64_t>(result)};
}

#define TN_EXTREMUM(Op, FloatOp, SignedOp, UnsignedOp, nanFunction, stdFunction)                                       \
  Value Op::emitBody(OpBuilder &b, Location loc, ValueRange v) {                                                       \
    if (isFloat(v[0]))                                                                                                 \
      return FloatOp::create(b, loc, v[0], v[1]);                                                                      \
    if (isUnsigned(resultElement(*this)))                                                                              \
      return UnsignedOp::create(b, loc, v[0], v[1]);                                                                   \
    return SignedOp::create(b, loc, v[0], v[1]);                                                                       \
  }                                                                                                                    \
  Scalar Op::evaluateScalar(ArrayRef<Scalar> v) {                                                                      \
    int64_t i = isUnsigned(resultElement(*this)) ? static_cast<int64_t>(stdFunction<uint64_t>(v[0].i, v[1].i))         \
                                                 : stdFunction<int64_t>(v[0].i, v[1].i);                               \
    return {nanFunction(v[0].f, v[1].f), i};                                                                           \
  }
TN_EXTREMUM(MaxOp, arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp, nanMax, std::max)
TN_EXTREMUM(MinOp, arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp, nanMin, std::min)
#undef TN_EXTREMUM

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

#define TN_BITWISE(Op, IntOp, expression)                                                                              \
  Value Op::emitBody(OpBuilder &b, Location loc, ValueRange v) { return IntOp::create(b, loc, v[0], v[1]); }           \
  Scalar Op::evaluateScalar(ArrayRef<Scalar> v) {                                                                      \
    int64_t x = v[0].i, y = v[1].i;                                                                                    \
    return Scalar::integer(expression);                                                                                \
  }
TN_BITWISE(AndOp, arith::AndIOp, x &y)
TN_BITWISE(OrOp, arith::OrIOp, x | y)
TN_BITWISE(XorOp, arith::XOrIOp, x ^ y)
#undef TN_BITWISE

template <typename ShiftOp> static Value emitShift(OpBuilder &b, Location loc, ValueRange v) {
  Type type = v[0].getType();
  Value width = splat(b, loc, type, getElementTypeOrSelf(type).getIntOrFloatBitWidth());
  Value zero = splat(b, loc, type, 0);
  Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, v[1], width);
  Value amount = arith::SelectOp::create(b, loc, inside, v[1], zero);
  return arith::SelectOp::create(b, loc, inside, ShiftOp::create(b, loc, v[0], amount), zero);
}

Value ShlOp::emitBody(OpBuilder &b, Location loc, ValueRange v) { return emitShift<arith::ShLIOp>(b, loc, v); }
Value ShrOp::emitBody(OpBuilder &b, Location loc, ValueRange v) { return emitShift<arith::ShRUIOp>(b, loc, v); }

static bool shiftInside(Operation *op, Scalar amount) {
  return static_cast<uint64_t>(amount.i) < resultElement(op).getIntOrFloatBitWidth();
}

Scalar ShlOp::evaluateScalar(ArrayRef<Scalar> v) {
  return Scalar::integer(shiftInside(*this, v[1]) ? static_cast<int64_t>(uint64_t(v[0].i) << v[1].i) : 0);
}

Scalar ShrOp::evaluateScalar(ArrayRef<Scalar> v) {
  unsigned width = resultElement(*this).getIntOrFloatBitWidth();
  uint64_t bits = width == 64 ? uint64_t(v[0].i) : uint64_t(v[0].i) & ((uint64_t(1) << width) - 1);
  return Scalar::integer(shiftInside(*this, v[1]) ? static_cast<int64_t>(bits >> v[1].i) : 0);
}

Value NotOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  return arith::XOrIOp::create(b, loc, v[0], splat(b, loc, v[0].getType(), -1));
}

Scalar NotOp::evaluateScalar(ArrayRef<Scalar> v) {
  return Scalar::integer(resultElement(*this).isInteger(1) ? !v[0].i : ~v[0].i);
}

//===----------------------------------------------------------------------===//
// Sign, rounding, simple functions
//===----------------------------------------------------------------------===//

Value NegOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  if (isFloat(v[0]))
    return arith::NegFOp::create(b, loc, v[0]);
  return arith::SubIOp::create(b, loc, splat(b, loc, v[0].getType(), 0), v[0]);
}
Scalar NegOp::evaluateScalar(ArrayRef<Scalar> v) { return {-v[0].f, wrapNegate(v[0].i)}; }

Value AbsOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  if (isFloat(v[0]))
    return math::AbsFOp::create(b, loc, v[0]);
  if (isUnsigned(resultElement(*this)))
    return v[0];
  return math::AbsIOp::create(b, loc, v[0]);
}
Scalar AbsOp::evaluateScalar(ArrayRef<Scalar> v) {
  bool negate = v[0].i < 0 && !isUnsigned(resultElement(*this));
  return {std::fabs(v[0].f), negate ? wrapNegate(v[0].i) : v[0].i};
}

Value SignOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  Type type = v[0].getType();
  Value zero = splat(b, loc, type, 0), one = splat(b, loc, type, 1), minusOne = splat(b, loc, type, -1);
  if (isFloat(v[0])) {
    Value above = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, v[0], zero);
    Value below = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, v[0], zero);
    // Zeros and NaN stand for themselves.
    return arith::SelectOp::create(b, loc, above, one, arith::SelectOp::create(b, loc, below, minusOne, v[0]));
  }
  auto greater = isUnsigned(resultElement(*this)) ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt;
  Value above = arith::CmpIOp::create(b, loc, greater, v[0], zero);
  Value isZero = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, v[0], zero);
  return arith::SelectOp::create(b, loc, above, one, arith::SelectOp::create(b, loc, isZero, zero, minusOne));
}
Scalar SignOp::evaluateScalar(ArrayRef<Scalar> v) {
  bool isU = isUnsigned(resultElement(*this));
  int64_t i = isU ? v[0].i != 0 : (v[0].i > 0) - (v[0].i < 0);
  return {v[0].f > 0 ? 1.0 : v[0].f < 0 ? -1.0 : v[0].f, i};
}

#define TN_ROUNDING(Op, FloatOp, function)                                                                             \
  Value Op::emitBody(OpBuilder &b, Location loc, ValueRange v) {                                                       \
    return isFloat(v[0]) ? Value(FloatOp::create(b, loc, v[0])) : v[0];                                                \
  }                                                                                                                    \
  Scalar Op::evaluateScalar(ArrayRef<Scalar> v) { return {function(v[0].f), v[0].i}; }
TN_ROUNDING(FloorOp, math::FloorOp, std::floor)
TN_ROUNDING(CeilOp, math::CeilOp, std::ceil)
TN_ROUNDING(RoundOp, math::RoundEvenOp, std::nearbyint)
#undef TN_ROUNDING

Value ReciprocalOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  return arith::DivFOp::create(b, loc, splat(b, loc, v[0].getType(), 1), v[0]);
}
Scalar ReciprocalOp::evaluateScalar(ArrayRef<Scalar> v) { return Scalar::real(1 / v[0].f); }

Value ReluOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  Value zero = splat(b, loc, v[0].getType(), 0);
  if (isFloat(v[0])) {
    // A compare and a select are one max instruction; arith.maximumf would order NaN and zeros at extra cost.
    Value below = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, v[0], zero);
    return arith::SelectOp::create(b, loc, below, zero, v[0]);
  }
  return isUnsigned(resultElement(*this)) ? v[0] : Value(arith::MaxSIOp::create(b, loc, v[0], zero));
}
Scalar ReluOp::evaluateScalar(ArrayRef<Scalar> v) {
  return {v[0].f < 0 ? 0 : v[0].f, isUnsigned(resultElement(*this)) ? v[0].i : std::max<int64_t>(v[0].i, 0)};
}

#define TN_FUNCTION(Op, MathOp, expression)                                                                            \
  Value Op::emitBody(OpBuilder &b, Location loc, ValueRange v) { return MathOp::create(b, loc, v[0]); }                \
  Scalar Op::evaluateScalar(ArrayRef<Scalar> v) {                                                                      \
    double x = v[0].f;                                                                                                 \
    return Scalar::real(expression);                                                                                   \
  }
TN_FUNCTION(SqrtOp, math::SqrtOp, std::sqrt(x))
TN_FUNCTION(ExpOp, math::ExpOp, std::exp(x))
TN_FUNCTION(LogOp, math::LogOp, std::log(x))
TN_FUNCTION(TanhOp, math::TanhOp, std::tanh(x))
TN_FUNCTION(ErfOp, math::ErfOp, std::erf(x))
TN_FUNCTION(SinOp, math::SinOp, std::sin(x))
TN_FUNCTION(CosOp, math::CosOp, std::cos(x))
TN_FUNCTION(TanOp, math::TanOp, std::tan(x))
TN_FUNCTION(AsinOp, math::AsinOp, std::asin(x))
TN_FUNCTION(AcosOp, math::AcosOp, std::acos(x))
TN_FUNCTION(AtanOp, math::AtanOp, std::atan(x))
TN_FUNCTION(SinhOp, math::SinhOp, std::sinh(x))
TN_FUNCTION(CoshOp, math::CoshOp, std::cosh(x))
TN_FUNCTION(AsinhOp, math::AsinhOp, std::asinh(x))
TN_FUNCTION(AcoshOp, math::AcoshOp, std::acosh(x))
TN_FUNCTION(AtanhOp, math::AtanhOp, std::atanh(x))
#undef TN_FUNCTION

//===----------------------------------------------------------------------===//
// Tests, choice
//===----------------------------------------------------------------------===//

Value IsNanOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, v[0], v[0]);
}
Scalar IsNanOp::evaluateScalar(ArrayRef<Scalar> v) { return Scalar::integer(std::isnan(v[0].f)); }

Value IsInfOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  Value infinity = splat(b, loc, v[0].getType(), INFINITY);
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, math::AbsFOp::create(b, loc, v[0]), infinity);
}
Scalar IsInfOp::evaluateScalar(ArrayRef<Scalar> v) { return Scalar::integer(std::isinf(v[0].f)); }

Value CompareOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  unsigned p = static_cast<unsigned>(getPredicate());
  if (isFloat(v[0])) {
    static constexpr F table[] = {F::OEQ, F::UNE, F::OLT, F::OLE, F::OGT, F::OGE};
    return arith::CmpFOp::create(b, loc, table[p], v[0], v[1]);
  }
  static constexpr I signedTable[] = {I::eq, I::ne, I::slt, I::sle, I::sgt, I::sge};
  static constexpr I unsignedTable[] = {I::eq, I::ne, I::ult, I::ule, I::ugt, I::uge};
  return arith::CmpIOp::create(b, loc, (isUnsigned(operandElement(*this)) ? unsignedTable : signedTable)[p], v[0],
                               v[1]);
}

template <typename T> static bool compareValues(Predicate predicate, T x, T y) {
  switch (predicate) {
  case Predicate::Eq:
    return x == y;
  case Predicate::Ne:
    return x != y;
  case Predicate::Lt:
    return x < y;
  case Predicate::Le:
    return x <= y;
  case Predicate::Gt:
    return x > y;
  case Predicate::Ge:
    return x >= y;
  }
  llvm_unreachable("covered switch");
}

Scalar CompareOp::evaluateScalar(ArrayRef<Scalar> v) {
  Type type = operandElement(*this);
  if (isa<FloatType>(type))
    return Scalar::integer(compareValues(getPredicate(), v[0].f, v[1].f));
  if (isUnsigned(type))
    return Scalar::integer(compareValues<uint64_t>(getPredicate(), v[0].i, v[1].i));
  return Scalar::integer(compareValues(getPredicate(), v[0].i, v[1].i));
}

Value SelectOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  return arith::SelectOp::create(b, loc, v[0], v[1], v[2]);
}
Scalar SelectOp::evaluateScalar(ArrayRef<Scalar> v) { return v[0].i ? v[1] : v[2]; }

//===----------------------------------------------------------------------===//
// Conversion
//===----------------------------------------------------------------------===//

/// The type that a value of `like`'s shape has with element type `element`.
static Type withElement(Type like, Type element) {
  if (auto vector = dyn_cast<VectorType>(like))
    return vector.cloneWith(std::nullopt, element);
  return element;
}

static Type computeElement(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), integer.getWidth());
  return element.isF64() ? element : Float32Type::get(element.getContext());
}

static Value emitFloatToInteger(OpBuilder &b, Location loc, Value x, Type target, Type element) {
  bool isU = isUnsigned(element);
  unsigned width = element.getIntOrFloatBitWidth();
  // Bounds that are exact in every float type: the conversion of what lies inside is defined.
  double high = std::ldexp(1.0, isU ? width : width - 1), low = isU ? 0 : -high;
  Type type = x.getType();
  Value tooLow = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ULT, x, splat(b, loc, type, low));
  Value tooHigh = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGE, x, splat(b, loc, type, high));
  Value outside = arith::OrIOp::create(b, loc, tooLow, tooHigh);
  Value safe = arith::SelectOp::create(b, loc, outside, splat(b, loc, type, 0), x);
  Value inside =
      isU ? Value(arith::FPToUIOp::create(b, loc, target, safe)) : Value(arith::FPToSIOp::create(b, loc, target, safe));
  APInt max = isU ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width);
  APInt min = isU ? APInt::getMinValue(width) : APInt::getSignedMinValue(width);
  auto constant = [&](const APInt &value) -> Value {
    TypedAttr attr = IntegerAttr::get(getElementTypeOrSelf(target), value);
    if (auto vector = dyn_cast<VectorType>(target))
      attr = SplatElementsAttr::get(vector, Attribute(attr));
    return arith::ConstantOp::create(b, loc, attr);
  };
  Value result = arith::SelectOp::create(b, loc, tooHigh, constant(max), inside);
  Value isBelow = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, splat(b, loc, type, low));
  return arith::SelectOp::create(b, loc, isBelow, constant(min), result);
}

/// Values beyond the finite range of `element` become its ends; NaN stays.
static Value emitClamp(OpBuilder &b, Location loc, Value x, Type element) {
  double largest = APFloat::getLargest(cast<FloatType>(element).getFloatSemantics()).convertToDouble();
  Value high = splat(b, loc, x.getType(), largest), low = splat(b, loc, x.getType(), -largest);
  Value isAbove = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, high);
  Value isBelow = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, low);
  return arith::SelectOp::create(b, loc, isAbove, high, arith::SelectOp::create(b, loc, isBelow, low, x));
}

Value CastOp::emitBody(OpBuilder &b, Location loc, ValueRange v) {
  Type from = operandElement(*this), to = resultElement(*this);
  Type target = withElement(v[0].getType(), computeElement(to));
  bool fromFloat = isa<FloatType>(from), toFloat = isa<FloatType>(to);
  if (to.isInteger(1)) {
    Value zero = splat(b, loc, v[0].getType(), 0);
    if (fromFloat)
      return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, v[0], zero);
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, v[0], zero);
  }
  if (fromFloat && toFloat) {
    Value x = v[0];
    if (getElementTypeOrSelf(x.getType()) != computeElement(to))
      x = computeElement(to).isF64() ? Value(arith::ExtFOp::create(b, loc, target, x))
                                     : Value(arith::TruncFOp::create(b, loc, target, x));
    return getSaturate() ? emitClamp(b, loc, x, to) : x;
  }
  if (fromFloat)
    return emitFloatToInteger(b, loc, v[0], target, to);
  if (toFloat)
    return isUnsigned(from) ? Value(arith::UIToFPOp::create(b, loc, target, v[0]))
                            : Value(arith::SIToFPOp::create(b, loc, target, v[0]));
  unsigned fromWidth = from.getIntOrFloatBitWidth(), toWidth = to.getIntOrFloatBitWidth();
  if (fromWidth == toWidth)
    return v[0];
  if (fromWidth > toWidth)
    return arith::TruncIOp::create(b, loc, target, v[0]);
  return isUnsigned(from) ? Value(arith::ExtUIOp::create(b, loc, target, v[0]))
                          : Value(arith::ExtSIOp::create(b, loc, target, v[0]));
}

Scalar CastOp::evaluateScalar(ArrayRef<Scalar> v) {
  Type from = operandElement(*this), to = resultElement(*this);
  if (to.isInteger(1))
    return Scalar::integer(isa<FloatType>(from) ? v[0].f != 0 : v[0].i != 0);
  if (isa<FloatType>(from) && isa<FloatType>(to)) {
    if (!getSaturate() || std::isnan(v[0].f))
      return v[0];
    double largest = APFloat::getLargest(cast<FloatType>(to).getFloatSemantics()).convertToDouble();
    return Scalar::real(std::clamp(v[0].f, -largest, largest));
  }
  if (isa<FloatType>(to))
    return Scalar::real(from.isUnsignedInteger() ? static_cast<double>(static_cast<uint64_t>(v[0].i))
                                                 : static_cast<double>(v[0].i));
  if (!isa<FloatType>(from))
    return v[0];
  if (std::isnan(v[0].f))
    return Scalar::integer(0);
  bool isU = isUnsigned(to);
  unsigned width = to.getIntOrFloatBitWidth();
  double high = std::ldexp(1.0, isU ? width : width - 1);
  if (v[0].f >= high)
    return Scalar::integer((isU ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width)).getSExtValue());
  if (v[0].f < (isU ? 0 : -high))
    return Scalar::integer(isU ? 0 : APInt::getSignedMinValue(width).getSExtValue());
  return Scalar::integer(isU ? static_cast<int64_t>(static_cast<uint64_t>(v[0].f)) : static_cast<int64_t>(v[0].f));
}

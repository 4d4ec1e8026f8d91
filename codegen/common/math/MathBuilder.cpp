#include "codegen/common/math/MathBuilder.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tenon::math {
namespace {

template <typename Op, typename... Args> Num emit(Num like, Args... args) {
  MathBuilder &m = *like.m;
  return m.wrap(Op::create(m.b, m.loc, args...).getResult());
}

Type elementOf(Value v) { return getElementTypeOrSelf(v.getType()); }
bool isFloat(Num x) { return isa<FloatType>(elementOf(x.v)); }

Num compare(Num a, Num b, arith::CmpFPredicate f, arith::CmpIPredicate i) {
  return isFloat(a) ? emit<arith::CmpFOp>(a, f, a.v, b.v) : emit<arith::CmpIOp>(a, i, a.v, b.v);
}

Num splat(MathBuilder &m, Type type, TypedAttr scalar) {
  TypedAttr attr = scalar;
  if (auto shaped = dyn_cast<ShapedType>(type))
    attr = DenseElementsAttr::get(shaped, Attribute(scalar));
  return m.wrap(arith::ConstantOp::create(m.b, m.loc, attr));
}

Num shiftBy(Num i, int by) { return i.m->constant(by, i); }

} // namespace

bool MathBuilder::isF64() const { return getElementTypeOrSelf(shape).isF64(); }

Type MathBuilder::withElement(Type element) const {
  if (auto shaped = dyn_cast<ShapedType>(shape))
    return shaped.clone(element);
  return element;
}

Type MathBuilder::intType() const { return withElement(b.getIntegerType(isF64() ? 64 : 32)); }

Num MathBuilder::constant(double c, Num like) {
  Type element = elementOf(like.v);
  if (isa<FloatType>(element))
    return splat(*this, like.v.getType(), b.getFloatAttr(element, c));
  return splat(*this, like.v.getType(), b.getIntegerAttr(element, static_cast<int64_t>(c)));
}

Num MathBuilder::constant(double c) { return splat(*this, shape, b.getFloatAttr(getElementTypeOrSelf(shape), c)); }

Num MathBuilder::integer(int64_t c) {
  return splat(*this, intType(), b.getIntegerAttr(getElementTypeOrSelf(intType()), c));
}

Num Num::operator-() const { return emit<arith::NegFOp>(*this, v); }

Num operator+(Num a, Num b) { return isFloat(a) ? emit<arith::AddFOp>(a, a.v, b.v) : emit<arith::AddIOp>(a, a.v, b.v); }
Num operator-(Num a, Num b) { return isFloat(a) ? emit<arith::SubFOp>(a, a.v, b.v) : emit<arith::SubIOp>(a, a.v, b.v); }
Num operator*(Num a, Num b) { return emit<arith::MulFOp>(a, a.v, b.v); }
Num operator/(Num a, Num b) {
  return isFloat(a) ? emit<arith::DivFOp>(a, a.v, b.v) : emit<arith::DivUIOp>(a, a.v, b.v);
}
Num operator&(Num a, Num b) { return emit<arith::AndIOp>(a, a.v, b.v); }
Num operator|(Num a, Num b) { return emit<arith::OrIOp>(a, a.v, b.v); }
Num operator^(Num a, Num b) { return emit<arith::XOrIOp>(a, a.v, b.v); }

Num operator<(Num a, Num b) { return compare(a, b, arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt); }
Num operator<=(Num a, Num b) { return compare(a, b, arith::CmpFPredicate::OLE, arith::CmpIPredicate::sle); }
Num operator==(Num a, Num b) { return compare(a, b, arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq); }
Num operator!=(Num a, Num b) { return compare(a, b, arith::CmpFPredicate::UNE, arith::CmpIPredicate::ne); }

Num fma(Num a, Num b, Num c) { return emit<mlir::math::FmaOp>(a, a.v, b.v, c.v); }
Num select(Num mask, Num a, Num b) { return emit<arith::SelectOp>(a, mask.v, a.v, b.v); }
Num clampMax(Num x, double c) { return select(x > c, c, x); }
Num clampMin(Num x, double c) { return select(x < c, c, x); }
Num abs(Num x) { return emit<mlir::math::AbsFOp>(x, x.v); }
Num sqrt(Num x) { return emit<mlir::math::SqrtOp>(x, x.v); }
Num trunc(Num x) { return emit<mlir::math::TruncOp>(x, x.v); }
Num roundEven(Num x) { return emit<mlir::math::RoundEvenOp>(x, x.v); }
Num copySign(Num a, Num b) { return emit<mlir::math::CopySignOp>(a, a.v, b.v); }

Num toBits(Num x) { return emit<arith::BitcastOp>(x, x.m->intType(), x.v); }
Num fromBits(Num i) { return emit<arith::BitcastOp>(i, i.m->floatType(), i.v); }
Num shl(Num i, int by) { return emit<arith::ShLIOp>(i, i.v, shiftBy(i, by).v); }
Num ashr(Num i, int by) { return emit<arith::ShRSIOp>(i, i.v, shiftBy(i, by).v); }
Num lshr(Num i, int by) { return emit<arith::ShRUIOp>(i, i.v, shiftBy(i, by).v); }
Num toFloat(Num i) { return emit<arith::SIToFPOp>(i, i.m->floatType(), i.v); }

Num widen(MathBuilder &wide, Num x) {
  return wide.wrap(arith::ExtFOp::create(wide.b, wide.loc, wide.floatType(), x.v));
}
Num narrow(MathBuilder &to, Num x) { return to.wrap(arith::TruncFOp::create(to.b, to.loc, to.floatType(), x.v)); }

Num polynomial(Num x, ArrayRef<double> c) {
  Num p = x.m->constant(c.back(), x);
  for (double coefficient : llvm::reverse(c.drop_back()))
    p = fma(p, x, coefficient);
  return p;
}

Pair twoSum(Num a, Num b) {
  Num s = a + b;
  Num bb = s - a;
  return {s, (a - (s - bb)) + (b - bb)};
}

Pair fastTwoSum(Num a, Num b) {
  Num s = a + b;
  return {s, b - (s - a)};
}

Pair twoProduct(Num a, Num b) {
  Num p = a * b;
  return {p, fma(a, b, -p)};
}

Pair operator*(Pair a, Pair b) {
  Pair p = twoProduct(a.hi, b.hi);
  return fastTwoSum(p.hi, p.lo + fma(a.hi, b.lo, a.lo * b.hi));
}

Pair operator*(Pair a, Num b) {
  Pair p = twoProduct(a.hi, b);
  return fastTwoSum(p.hi, fma(a.lo, b, p.lo));
}

Pair operator/(Pair a, Pair b) {
  Num q = a.hi / b.hi;
  Num rest = fma(-q, b.hi, a.hi) + (a.lo - q * b.lo);
  return fastTwoSum(q, rest / b.hi);
}

Pair operator+(Pair a, Pair b) {
  Pair s = twoSum(a.hi, b.hi);
  return fastTwoSum(s.hi, s.lo + (a.lo + b.lo));
}

/// Whether the mask holds in any lane, as an i1.
static Value anyLane(Num mask) {
  MathBuilder &m = *mask.m;
  auto type = dyn_cast<VectorType>(mask.v.getType());
  if (!type)
    return mask.v;
  if (type.getRank() == 0)
    return vector::ExtractOp::create(m.b, m.loc, mask.v);
  Value flat = mask.v;
  if (type.getRank() > 1)
    flat = vector::ShapeCastOp::create(m.b, m.loc, VectorType::get(type.getNumElements(), type.getElementType()), flat);
  return vector::ReductionOp::create(m.b, m.loc, vector::CombiningKind::OR, flat);
}

SmallVector<Num> unlessAny(Num cold, ArrayRef<Num> usual, function_ref<SmallVector<Num>()> rare) {
  MathBuilder &m = *cold.m;
  auto values = [](ArrayRef<Num> nums) { return llvm::map_to_vector(nums, [](Num n) { return n.v; }); };
  SmallVector<Value> otherwise = values(usual);
  auto branch = scf::IfOp::create(m.b, m.loc, TypeRange(ValueRange(otherwise)), anyLane(cold), /*withElse=*/true);
  OpBuilder::InsertionGuard guard(m.b);
  m.b.setInsertionPointToStart(branch.thenBlock());
  SmallVector<Num> mixed = llvm::map_to_vector(
      llvm::zip_equal(rare(), usual), [&](auto both) { return select(cold, std::get<0>(both), std::get<1>(both)); });
  scf::YieldOp::create(m.b, m.loc, values(mixed));
  m.b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(m.b, m.loc, otherwise);
  return llvm::map_to_vector(branch.getResults(), [&](Value v) { return m.wrap(v); });
}

} // namespace tenon::math

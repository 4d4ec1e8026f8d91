// Arithmetic, comparison, logic and bitwise operators; elementary functions.

#include "frontend/onnx/NodeImporter.h"

using namespace mlir;

namespace tenon::onnx {

/// Before opset 7 the second operand broadcasts only when asked to, from dimension `axis` of the first on.
/// Gives it the trailing ones that NumPy's rule needs.
static Value alignLegacy(NodeImporter &n, Value lhs, Value rhs) {
  n.ignore("consumed_inputs");
  n.ignore("broadcast");
  int64_t axis = n.attrs.getInt("axis", rankOf(lhs) - rankOf(rhs));
  int64_t missing = rankOf(lhs) - axis - rankOf(rhs);
  if (axis < 0 || missing <= 0)
    return rhs;
  SmallVector<int64_t> shape(shapeOf(rhs));
  shape.append(missing, 1);
  return n.reshape(rhs, shape);
}

static Value alignedRhs(NodeImporter &n) { return n.opset() < 7 ? alignLegacy(n, n.input(0), n.input(1)) : n.input(1); }

template <typename OpTy> static LogicalResult importUnary(NodeImporter &n) {
  n.ignore("consumed_inputs");
  return n.result(n.emit<OpTy>(n.input(0)));
}

template <typename OpTy> static LogicalResult importBinary(NodeImporter &n) {
  return n.result(n.emit<OpTy>(n.input(0), alignedRhs(n)));
}

template <tn::Predicate predicate> static LogicalResult importCompare(NodeImporter &n) {
  return n.result(n.emit<tn::CompareOp>(predicate, n.input(0), alignedRhs(n)));
}

static LogicalResult importWhere(NodeImporter &n) {
  return n.result(n.emit<tn::SelectOp>(n.input(0), n.input(1), n.input(2)));
}

static LogicalResult importPow(NodeImporter &n) {
  Value base = n.input(0), exponent = alignedRhs(n);
  if (!exponent)
    return failure();
  Type type = elementOf(base);
  if (isFloat(base) || !isFloat(exponent))
    return n.result(n.emit<tn::PowOp>(base, n.cast(exponent, type)));
  Type wide = n.getBuilder().getF64Type();
  return n.result(n.cast(n.emit<tn::PowOp>(n.cast(base, wide), n.cast(exponent, wide)), type));
}

static LogicalResult importMod(NodeImporter &n) {
  if (n.attrs.getInt("fmod", 0))
    return n.result(n.emit<tn::RemOp>(n.input(0), n.input(1)));
  return n.result(n.emit<tn::ModOp>(n.input(0), n.input(1)));
}

static LogicalResult importBitShift(NodeImporter &n) {
  std::string direction = n.attrs.getString("direction", "");
  if (direction == "LEFT")
    return n.result(n.emit<tn::ShlOp>(n.input(0), n.input(1)));
  if (direction != "RIGHT")
    return n.malformed("direction must be LEFT or RIGHT");
  Value x = n.input(0), shifted = n.emit<tn::ShrOp>(x, n.input(1));
  if (elementOf(x).isUnsignedInteger())
    return n.result(shifted);
  // tn.shr moves zeros in; for negative numbers they become ones by complementing twice.
  Value negative = n.emit<tn::CompareOp>(tn::Predicate::Lt, x, n.scalarLike(x, 0));
  Value filled = n.emit<tn::NotOp>(n.emit<tn::ShrOp>(n.emit<tn::NotOp>(x), n.input(1)));
  return n.result(n.emit<tn::SelectOp>(negative, filled, shifted));
}

template <typename OpTy> static Value chain(NodeImporter &n) {
  n.ignore("consumed_inputs");
  Value result = n.input(0);
  for (Value next : n.inputs().drop_front())
    result = n.emit<OpTy>(result, next);
  return result;
}

template <typename OpTy> static LogicalResult importVariadic(NodeImporter &n) {
  if (llvm::is_contained(n.inputs(), Value()))
    return n.malformed("inputs must not be left out");
  return n.result(chain<OpTy>(n));
}

static LogicalResult importMean(NodeImporter &n) {
  if (llvm::is_contained(n.inputs(), Value()))
    return n.malformed("inputs must not be left out");
  Value sum = chain<tn::AddOp>(n);
  return n.result(n.emit<tn::MulOp>(sum, n.scalarLike(sum, 1.0 / n.numInputs())));
}

static LogicalResult importIsInf(NodeImporter &n) {
  Value x = n.input(0), zero = n.scalarLike(x, 0), result = n.emit<tn::IsInfOp>(x);
  if (!n.attrs.getInt("detect_negative", 1))
    result = n.emit<tn::AndOp>(result, n.emit<tn::CompareOp>(tn::Predicate::Gt, x, zero));
  if (!n.attrs.getInt("detect_positive", 1))
    result = n.emit<tn::AndOp>(result, n.emit<tn::CompareOp>(tn::Predicate::Lt, x, zero));
  return n.result(result);
}

void registerElementwiseOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"Add", 1, 2, 2, importBinary<tn::AddOp>},
      {"Sub", 1, 2, 2, importBinary<tn::SubOp>},
      {"Mul", 1, 2, 2, importBinary<tn::MulOp>},
      {"Div", 1, 2, 2, importBinary<tn::DivOp>},
      {"Pow", 1, 2, 2, importPow},
      {"Mod", 10, 2, 2, importMod},
      {"And", 1, 2, 2, importBinary<tn::AndOp>},
      {"Or", 1, 2, 2, importBinary<tn::OrOp>},
      {"Xor", 1, 2, 2, importBinary<tn::XorOp>},
      {"BitwiseAnd", 18, 2, 2, importBinary<tn::AndOp>},
      {"BitwiseOr", 18, 2, 2, importBinary<tn::OrOp>},
      {"BitwiseXor", 18, 2, 2, importBinary<tn::XorOp>},
      {"BitwiseNot", 18, 1, 1, importUnary<tn::NotOp>},
      {"BitShift", 11, 2, 2, importBitShift},
      {"Not", 1, 1, 1, importUnary<tn::NotOp>},
      {"Equal", 1, 2, 2, importCompare<tn::Predicate::Eq>},
      {"Less", 1, 2, 2, importCompare<tn::Predicate::Lt>},
      {"LessOrEqual", 12, 2, 2, importCompare<tn::Predicate::Le>},
      {"Greater", 1, 2, 2, importCompare<tn::Predicate::Gt>},
      {"GreaterOrEqual", 12, 2, 2, importCompare<tn::Predicate::Ge>},
      {"Where", 9, 3, 3, importWhere},
      {"Sum", 1, 1, anyNumber, importVariadic<tn::AddOp>},
      {"Max", 1, 1, anyNumber, importVariadic<tn::MaxOp>},
      {"Min", 1, 1, anyNumber, importVariadic<tn::MinOp>},
      {"Mean", 1, 1, anyNumber, importMean},
      {"Neg", 1, 1, 1, importUnary<tn::NegOp>},
      {"Abs", 1, 1, 1, importUnary<tn::AbsOp>},
      {"Sign", 9, 1, 1, importUnary<tn::SignOp>},
      {"Floor", 1, 1, 1, importUnary<tn::FloorOp>},
      {"Ceil", 1, 1, 1, importUnary<tn::CeilOp>},
      {"Round", 11, 1, 1, importUnary<tn::RoundOp>},
      {"Sqrt", 1, 1, 1, importUnary<tn::SqrtOp>},
      {"Reciprocal", 1, 1, 1, importUnary<tn::ReciprocalOp>},
      {"Exp", 1, 1, 1, importUnary<tn::ExpOp>},
      {"Log", 1, 1, 1, importUnary<tn::LogOp>},
      {"Tanh", 1, 1, 1, importUnary<tn::TanhOp>},
      {"Erf", 9, 1, 1, importUnary<tn::ErfOp>},
      {"Sin", 7, 1, 1, importUnary<tn::SinOp>},
      {"Cos", 7, 1, 1, importUnary<tn::CosOp>},
      {"Tan", 7, 1, 1, importUnary<tn::TanOp>},
      {"Asin", 7, 1, 1, importUnary<tn::AsinOp>},
      {"Acos", 7, 1, 1, importUnary<tn::AcosOp>},
      {"Atan", 7, 1, 1, importUnary<tn::AtanOp>},
      {"Sinh", 9, 1, 1, importUnary<tn::SinhOp>},
      {"Cosh", 9, 1, 1, importUnary<tn::CoshOp>},
      {"Asinh", 9, 1, 1, importUnary<tn::AsinhOp>},
      {"Acosh", 9, 1, 1, importUnary<tn::AcoshOp>},
      {"Atanh", 9, 1, 1, importUnary<tn::AtanhOp>},
      {"IsNaN", 9, 1, 1, importUnary<tn::IsNanOp>},
      {"IsInf", 10, 1, 1, importIsInf},
  };
  registry.add(table);
}

} // namespace tenon::onnx

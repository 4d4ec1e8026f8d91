#include "codegen/common/ExpandMath.h"

#include "codegen/common/math/Functions.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using tenon::math::MathBuilder;
using tenon::math::Num;

namespace tenon {
namespace {

using Expander = std::function<SmallVector<Num>(MathBuilder &, Operation *)>;
using ExpanderTable = llvm::StringMap<Expander>;

template <typename Op> void addUnary(ExpanderTable &table, Num (*fn)(Num)) {
  table[Op::getOperationName()] = [fn](MathBuilder &m, Operation *op) -> SmallVector<Num> {
    return {fn(m.wrap(op->getOperand(0)))};
  };
}

/// One expansion for all arguments, and one for those whose results are normal numbers (afn).
template <typename Op> void addUnary(ExpanderTable &table, Num (*fn)(Num), Num (*normal)(Num)) {
  table[Op::getOperationName()] = [fn, normal](MathBuilder &m, Operation *op) -> SmallVector<Num> {
    bool isNormal = bitEnumContainsAll(cast<Op>(op).getFastmath(), arith::FastMathFlags::afn);
    return {(isNormal ? normal : fn)(m.wrap(op->getOperand(0)))};
  };
}

template <typename Op> void addBinary(ExpanderTable &table, Num (*fn)(Num, Num)) {
  table[Op::getOperationName()] = [fn](MathBuilder &m, Operation *op) -> SmallVector<Num> {
    return {fn(m.wrap(op->getOperand(0)), m.wrap(op->getOperand(1)))};
  };
}

/// fpowi(x, n) is pow with n as a float; an i32 is exact in f64, and powers of an f32 are computed in f64.
Num expandFPowI(MathBuilder &m, Operation *op) {
  MathBuilder wide(m.b, m.loc, m.withElement(m.b.getF64Type()));
  Num n = wide.wrap(arith::SIToFPOp::create(m.b, m.loc, wide.floatType(), op->getOperand(1)));
  Num x = m.wrap(op->getOperand(0));
  if (m.isF64())
    return math::expansionPow(x, n);
  return narrow(m, math::expansionPow(widen(wide, x), n));
}

Num expandClamp(MathBuilder &m, Operation *op) {
  Value low = arith::MaximumFOp::create(m.b, m.loc, op->getOperand(0), op->getOperand(1));
  return m.wrap(arith::MinimumFOp::create(m.b, m.loc, low, op->getOperand(2)));
}

ExpanderTable makeTable() {
  using namespace tenon::math;
  ExpanderTable table;
  addUnary<mlir::math::ExpOp>(table, expansionExp, expansionExpNormal);
  addUnary<mlir::math::Exp2Op>(table, expansionExp2);
  addUnary<mlir::math::ExpM1Op>(table, expansionExpM1);
  addUnary<mlir::math::TanhOp>(table, expansionTanh);
  addUnary<mlir::math::SinhOp>(table, expansionSinh);
  addUnary<mlir::math::CoshOp>(table, expansionCosh);
  addUnary<mlir::math::LogOp>(table, expansionLog);
  addUnary<mlir::math::Log2Op>(table, expansionLog2);
  addUnary<mlir::math::Log10Op>(table, expansionLog10);
  addUnary<mlir::math::Log1pOp>(table, expansionLog1p);
  addUnary<mlir::math::AsinhOp>(table, expansionAsinh);
  addUnary<mlir::math::AcoshOp>(table, expansionAcosh);
  addUnary<mlir::math::AtanhOp>(table, expansionAtanh);
  addUnary<mlir::math::ErfOp>(table, expansionErf);
  addUnary<mlir::math::ErfcOp>(table, expansionErfc);
  addUnary<mlir::math::SinOp>(table, expansionSin);
  addUnary<mlir::math::CosOp>(table, expansionCos);
  addUnary<mlir::math::TanOp>(table, expansionTan);
  addUnary<mlir::math::AsinOp>(table, expansionAsin);
  addUnary<mlir::math::AcosOp>(table, expansionAcos);
  addUnary<mlir::math::AtanOp>(table, expansionAtan);
  addUnary<mlir::math::CbrtOp>(table, expansionCbrt);
  addUnary<mlir::math::RsqrtOp>(table, expansionRsqrt);
  addUnary<mlir::math::RoundOp>(table, expansionRound);
  addBinary<mlir::math::Atan2Op>(table, expansionAtan2);
  addBinary<mlir::math::PowFOp>(table, expansionPow);
  table["math.fpowi"] = [](MathBuilder &m, Operation *op) -> SmallVector<Num> { return {expandFPowI(m, op)}; };
  table["math.clampf"] = [](MathBuilder &m, Operation *op) -> SmallVector<Num> { return {expandClamp(m, op)}; };
  table["math.sincos"] = [](MathBuilder &m, Operation *op) -> SmallVector<Num> {
    Num x = m.wrap(op->getOperand(0));
    return {expansionSin(x), expansionCos(x)};
  };
  return table;
}

LogicalResult expandOp(Operation *op, const Expander &expand) {
  Type type = op->getResult(0).getType();
  Type element = getElementTypeOrSelf(type);
  auto shaped = dyn_cast<ShapedType>(type);
  if (!(element.isF32() || element.isF64()) || (shaped && !isa<VectorType>(type)))
    return op->emitOpError("cannot be expanded on ") << type << "; convert it to f32 or f64 scalars or vectors first";
  OpBuilder builder(op);
  MathBuilder m(builder, op->getLoc(), type);
  SmallVector<Num> results = expand(m, op);
  op->replaceAllUsesWith(llvm::map_to_vector(results, [](Num n) { return n.v; }));
  op->erase();
  return success();
}

} // namespace

LogicalResult expandMath(Operation *root) {
  static const ExpanderTable table = makeTable();
  SmallVector<std::pair<Operation *, const Expander *>> work;
  root->walk([&](Operation *op) {
    if (auto it = table.find(op->getName().getStringRef()); it != table.end())
      work.push_back({op, &it->second});
  });
  if (!work.empty())
    root->getContext()
        ->loadDialect<arith::ArithDialect, mlir::math::MathDialect, scf::SCFDialect, vector::VectorDialect>();
  for (auto [op, expand] : work)
    if (failed(expandOp(op, *expand)))
      return failure();
  return success();
}

} // namespace tenon

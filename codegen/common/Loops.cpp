#include "codegen/common/Loops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace tenon::codegen {

SmallVector<Value> emitFor(ElementEmitter &e, Value low, Value high, int64_t step, ValueRange init, LoopBody body) {
  OpBuilder &b = e.builder();
  auto loop = scf::ForOp::create(b, e.getLoc(), low, high, e.indexConstant(step), init,
                                 [](OpBuilder &, Location, Value, ValueRange) {});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(loop.getBody());
  SmallVector<Value> carried = e.scoped([&] { return body(loop.getInductionVar(), loop.getRegionIterArgs()); });
  scf::YieldOp::create(b, e.getLoc(), carried);
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> emitIf(ElementEmitter &e, Value condition, llvm::function_ref<SmallVector<Value>()> yes,
                          llvm::function_ref<SmallVector<Value>()> no) {
  OpBuilder &b = e.builder();
  auto branch = [&](llvm::function_ref<SmallVector<Value>()> body) {
    return [&e, &b, body](OpBuilder &inner, Location loc) {
      OpBuilder::InsertionGuard guard(b);
      b.restoreInsertionPoint(inner.saveInsertionPoint());
      SmallVector<Value> values;
      e.scoped([&] { values = body(); });
      scf::YieldOp::create(b, loc, values);
    };
  };
  return SmallVector<Value>(scf::IfOp::create(b, e.getLoc(), condition, branch(yes), branch(no)).getResults());
}

SmallVector<Value> emitForNest(ElementEmitter &e, ArrayRef<int64_t> extents, ValueRange init,
                               llvm::function_ref<SmallVector<Value>(ValueRange, ValueRange)> body) {
  SmallVector<Value> indices;
  std::function<SmallVector<Value>(size_t, ValueRange)> nest = [&](size_t d, ValueRange carried) {
    if (d == extents.size())
      return body(indices, carried);
    if (extents[d] == 1) {
      indices.push_back(e.indexConstant(0));
      SmallVector<Value> result = nest(d + 1, carried);
      indices.pop_back();
      return result;
    }
    return emitFor(e, e.indexConstant(0), e.indexConstant(extents[d]), 1, carried, [&](Value i, ValueRange inner) {
      indices.push_back(i);
      SmallVector<Value> result = nest(d + 1, inner);
      indices.pop_back();
      return result;
    });
  };
  return nest(0, init);
}

Value reductionNeutral(ElementEmitter &e, tn::ReduceKind kind, Type element) {
  if (kind == tn::ReduceKind::Sum)
    return e.constant(element, 0);
  if (kind == tn::ReduceKind::Prod)
    return e.constant(element, 1);
  bool greatest = kind == tn::ReduceKind::Max || kind == tn::ReduceKind::ArgMax;
  if (isa<FloatType>(element))
    return e.constant(element, greatest ? -INFINITY : INFINITY);
  unsigned width = element.getIntOrFloatBitWidth();
  bool isU = tenon::isUnsigned(element);
  APInt value = greatest ? (isU ? APInt::getMinValue(width) : APInt::getSignedMinValue(width))
                         : (isU ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width));
  return arith::ConstantOp::create(e.builder(), e.getLoc(), IntegerAttr::get(computeType(element), value));
}

/// The greater or smaller of two floats, NaN if one is: a maximum of the machine and a test, where
/// arith.maximumf would also have to tell zeros apart.
static Value extremeFloat(OpBuilder &b, Location loc, bool greatest, Value x, Value y) {
  auto predicate = greatest ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT;
  Value better = arith::CmpFOp::create(b, loc, predicate, y, x);
  Value chosen = arith::SelectOp::create(b, loc, better, y, x);
  Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, y, y);
  return arith::SelectOp::create(b, loc, isNan, y, chosen);
}

Value reductionStep(ElementEmitter &e, tn::ReduceKind kind, Type element, Value x, Value y) {
  OpBuilder &b = e.builder();
  Location loc = e.getLoc();
  e.unify(x, y);
  bool isFloat = isa<FloatType>(element), isU = tenon::isUnsigned(element);
  switch (kind) {
  case tn::ReduceKind::Sum:
    return isFloat ? Value(arith::AddFOp::create(b, loc, x, y)) : Value(arith::AddIOp::create(b, loc, x, y));
  case tn::ReduceKind::Prod:
    return isFloat ? Value(arith::MulFOp::create(b, loc, x, y)) : Value(arith::MulIOp::create(b, loc, x, y));
  case tn::ReduceKind::Max:
  case tn::ReduceKind::ArgMax:
    if (isFloat)
      return extremeFloat(b, loc, /*greatest=*/true, x, y);
    return isU ? Value(arith::MaxUIOp::create(b, loc, x, y)) : Value(arith::MaxSIOp::create(b, loc, x, y));
  case tn::ReduceKind::Min:
  case tn::ReduceKind::ArgMin:
    if (isFloat)
      return extremeFloat(b, loc, /*greatest=*/false, x, y);
    return isU ? Value(arith::MinUIOp::create(b, loc, x, y)) : Value(arith::MinSIOp::create(b, loc, x, y));
  }
  llvm_unreachable("covered switch");
}

/// Folds the upper half of the lanes onto the lower one until one is left: the same order for every vector
/// length that divides evenly, and no dependence on fast-math flags.
Value reductionAcross(ElementEmitter &e, tn::ReduceKind kind, Type element, Value value) {
  OpBuilder &b = e.builder();
  Location loc = e.getLoc();
  int64_t lanes = cast<VectorType>(value.getType()).getNumElements();
  while (lanes > 1) {
    lanes /= 2;
    Value low = vector::ExtractStridedSliceOp::create(b, loc, value, ArrayRef<int64_t>{0}, ArrayRef<int64_t>{lanes},
                                                      ArrayRef<int64_t>{1});
    Value high = vector::ExtractStridedSliceOp::create(b, loc, value, ArrayRef<int64_t>{lanes},
                                                       ArrayRef<int64_t>{lanes}, ArrayRef<int64_t>{1});
    value = reductionStep(e, kind, element, low, high);
  }
  return vector::ExtractOp::create(b, loc, value, int64_t(0));
}

} // namespace tenon::codegen

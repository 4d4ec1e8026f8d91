//===- Gather.cpp - Elements picked by index -----------------------------===//
#include "codegen/common/elements/Models.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace tenon::codegen {

static ArrayRef<int64_t> shapeOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getShape(); }

namespace {

/// An index read from an indices tensor, counted from the front, and whether it is inside. Outside ones become 0.
struct PickedIndex {
  Index position;
  Value inside;
};

PickedIndex pick(ElementEmitter &e, Value raw, int64_t size) {
  OpBuilder &b = e.builder();
  Location loc = e.getLoc();
  Index index = e.fromValue(raw);
  Value p = e.positions(index), zero = e.indexConstant(0), length = e.indexConstant(size);
  if (isa<VectorType>(p.getType())) {
    zero = e.broadcast(zero);
    length = e.broadcast(length);
  }
  Value negative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, p, zero);
  Value wrapped = arith::SelectOp::create(b, loc, negative, arith::AddIOp::create(b, loc, p, length), p);
  Index at = isa<VectorType>(wrapped.getType()) ? Index{{}, 0, wrapped} : Index{wrapped, 0, {}};
  Value inside = e.inBounds(at, size);
  return {e.guarded(at, inside), inside};
}

Value zeroOutside(ElementEmitter &e, Value inside, Value value, Value result) {
  Type element = cast<RankedTensorType>(result.getType()).getElementType();
  return e.select(inside, value, e.constant(element, 0));
}

struct GatherModel : IndexableModel<GatherModel, tn::GatherOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    auto gather = cast<tn::GatherOp>(op);
    size_t axis = gather.getAxis(), rank = shapeOf(gather.getIndices()).size();
    int64_t size = shapeOf(gather.getOperand())[axis];
    if (size == 0)
      return e.constant(gather.getType().getElementType(), 0);
    PickedIndex picked = pick(e, e.element(gather.getIndices(), index.slice(axis, rank)), size);
    SmallVector<Index> source(index.take_front(axis));
    source.push_back(picked.position);
    llvm::append_range(source, index.drop_front(axis + rank));
    return zeroOutside(e, picked.inside, e.element(gather.getOperand(), source), gather);
  }
};

struct GatherElementsModel : IndexableModel<GatherElementsModel, tn::GatherElementsOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    auto gather = cast<tn::GatherElementsOp>(op);
    size_t axis = gather.getAxis();
    int64_t size = shapeOf(gather.getOperand())[axis];
    if (size == 0)
      return e.constant(gather.getType().getElementType(), 0);
    PickedIndex picked = pick(e, e.element(gather.getIndices(), index), size);
    SmallVector<Index> source(index);
    source[axis] = picked.position;
    return zeroOutside(e, picked.inside, e.element(gather.getOperand(), source), gather);
  }
};

struct GatherNdModel : IndexableModel<GatherNdModel, tn::GatherNdOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    auto gather = cast<tn::GatherNdOp>(op);
    ArrayRef<int64_t> shape = shapeOf(gather.getOperand());
    int64_t batch = gather.getBatchDims(), tuple = shapeOf(gather.getIndices()).back();
    size_t outer = shapeOf(gather.getIndices()).size() - 1;
    SmallVector<Index> source(index.take_front(batch));
    Value inside;
    for (int64_t t = 0; t < tuple; ++t) {
      SmallVector<Index> at(index.take_front(outer));
      at.push_back(e.constantIndex(t));
      PickedIndex picked = pick(e, e.element(gather.getIndices(), at), shape[batch + t]);
      source.push_back(picked.position);
      if (inside)
        e.unify(inside, picked.inside);
      inside = inside ? Value(arith::AndIOp::create(e.builder(), e.getLoc(), inside, picked.inside)) : picked.inside;
    }
    llvm::append_range(source, index.drop_front(outer));
    Value value = e.element(gather.getOperand(), source);
    return inside ? zeroOutside(e, inside, value, gather) : value;
  }
};

} // namespace

void attachGatherModels(MLIRContext *context) {
  attachModels<GatherModel, GatherElementsModel, GatherNdModel>(context);
}

} // namespace tenon::codegen

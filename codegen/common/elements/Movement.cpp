//===- Movement.cpp - Elements of data movement operations ---------------===//
#include "codegen/common/elements/Models.h"
#include "ir/Constant.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace tenon::codegen {

static ArrayRef<int64_t> shapeOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getShape(); }
static Type elementOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getElementType(); }

namespace {

struct ReshapeModel : IndexableModel<ReshapeModel, tn::ReshapeOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    Value source = op->getOperand(0);
    ArrayRef<int64_t> from = shapeOf(source), to = shapeOf(op->getResult(0));
    // Trailing dimensions that agree pass their index through, which keeps lanes contiguous.
    size_t same = 0;
    while (same < from.size() && same < to.size() && from[from.size() - 1 - same] == to[to.size() - 1 - same])
      ++same;
    SmallVector<int64_t> strides = rowMajorStrides(to.drop_back(same));
    Index linear = e.linearize(index.drop_back(same), strides);
    SmallVector<Index> source_ = e.delinearize(linear, from.drop_back(same));
    llvm::append_range(source_, index.take_back(same));
    return e.element(source, source_);
  }
};

struct TransposeModel : IndexableModel<TransposeModel, tn::TransposeOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    SmallVector<Index> source(index.size());
    for (auto [d, p] : llvm::enumerate(cast<tn::TransposeOp>(op).getPermutation()))
      source[p] = index[d];
    return e.element(op->getOperand(0), source);
  }
};

struct BroadcastModel : IndexableModel<BroadcastModel, tn::BroadcastOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    return e.element(op->getOperand(0), e.broadcastIndex(index, shapeOf(op->getOperand(0))));
  }
};

struct SliceModel : IndexableModel<SliceModel, tn::SliceOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    auto slice = cast<tn::SliceOp>(op);
    SmallVector<Index> source;
    for (auto [d, i] : llvm::enumerate(index))
      source.push_back(e.addConstant(e.multiply(i, slice.getStrides()[d]), slice.getOffsets()[d]));
    return e.element(slice.getOperand(), source);
  }
};

/// condition ? inside() : outside, without evaluating inside() where a uniform condition is false.
template <typename Inside>
Value emitConditional(ElementEmitter &e, Value condition, Type type, Inside inside,
                      llvm::function_ref<Value()> outside) {
  OpBuilder &b = e.builder();
  if (std::optional<bool> known = knownCondition(condition)) {
    Value value = *known ? inside() : outside();
    return isa<VectorType>(type) ? e.broadcast(value) : value;
  }
  auto ifOp = scf::IfOp::create(b, e.getLoc(), TypeRange{type}, condition, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(b);
  bool isVector = isa<VectorType>(type);
  auto branch = [&](Block &block, llvm::function_ref<Value()> body) {
    b.setInsertionPointToStart(&block);
    Value value = e.scoped(body);
    scf::YieldOp::create(b, e.getLoc(), isVector ? e.broadcast(value) : value);
  };
  branch(ifOp.getThenRegion().front(), inside);
  branch(ifOp.getElseRegion().front(), outside);
  return ifOp.getResult(0);
}

Type valueType(ElementEmitter &e, Type element, ArrayRef<Index> index) {
  Type compute = computeType(element);
  bool uniform = llvm::all_of(index, [](const Index &i) { return i.isUniform(); });
  return uniform || e.getLanes() == 1 ? compute : Type(VectorType::get({e.getLanes()}, compute));
}

struct PadModel : IndexableModel<PadModel, tn::PadOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    auto pad = cast<tn::PadOp>(op);
    ArrayRef<int64_t> shape = shapeOf(pad.getOperand());
    OpBuilder &b = e.builder();
    SmallVector<Index> source;
    Value uniform, varying;
    auto conjoin = [&](Value &all, Value condition) {
      if (knownCondition(condition) == true)
        return;
      if (all)
        e.unify(all, condition);
      all = all ? Value(arith::AndIOp::create(b, e.getLoc(), all, condition)) : condition;
    };
    for (auto [d, i] : llvm::enumerate(index)) {
      Index at = e.addConstant(i, -pad.getLow()[d]);
      bool padded = pad.getLow()[d] != 0 || pad.getHigh()[d] != 0;
      Bounds bounds = e.boundsOf(at);
      bool known = bounds && bounds->first >= 0 && bounds->second < shape[d];
      if (padded && !known && pad.getMode() != tn::PadMode::Constant) {
        at = mirrored(e, at, shape[d], pad.getMode());
      } else if (padded) {
        Value inside = e.inBounds(at, shape[d]);
        conjoin(at.isUniform() || knownCondition(inside) ? uniform : varying, inside);
        if (!at.isUniform())
          at = e.guarded(at, inside);
      }
      source.push_back(at);
    }
    Value fill = e.constant(elementOf(pad.getResult()), pad.getValue().convertToDouble());
    auto inside = [&]() -> Value {
      Value value = e.element(pad.getOperand(), source);
      return varying ? e.select(varying, value, fill) : value;
    };
    if (product(shape) == 0)
      return fill;
    if (!uniform)
      return inside();
    return emitConditional(e, uniform, valueType(e, elementOf(pad.getResult()), index), inside,
                           [&]() -> Value { return fill; });
  }

  /// The operand's position that a position outside repeats.
  static Index mirrored(ElementEmitter &e, const Index &at, int64_t size, tn::PadMode mode) {
    OpBuilder &b = e.builder();
    Location loc = e.getLoc();
    Value p = e.positions(at), zero = e.indexConstant(0), last = e.indexConstant(size - 1);
    if (!at.isUniform()) {
      zero = e.broadcast(zero);
      last = e.broadcast(last);
    }
    Value result;
    if (mode == tn::PadMode::Edge) {
      result = arith::MinSIOp::create(b, loc, arith::MaxSIOp::create(b, loc, p, zero), last);
    } else if (mode == tn::PadMode::Reflect) {
      Value positive = arith::MaxSIOp::create(b, loc, p, arith::SubIOp::create(b, loc, zero, p));
      Value twice = arith::AddIOp::create(b, loc, last, last);
      result = arith::MinSIOp::create(b, loc, positive, arith::SubIOp::create(b, loc, twice, positive));
    } else {
      Value length = e.indexConstant(size);
      if (!at.isUniform())
        length = e.broadcast(length);
      Value rest = arith::RemSIOp::create(b, loc, p, length);
      Value shifted = arith::AddIOp::create(b, loc, rest, length);
      result = arith::RemSIOp::create(b, loc, shifted, length);
    }
    return isa<VectorType>(result.getType()) ? Index{{}, 0, result} : Index{result, 0, {}};
  }
};

struct ConcatModel : IndexableModel<ConcatModel, tn::ConcatOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    return part(cast<tn::ConcatOp>(op), e, index, 0, 0);
  }

  /// The element if it is known to lie in operand `i`, which begins at `start`, or in a later one.
  static Value part(tn::ConcatOp op, ElementEmitter &e, ArrayRef<Index> index, unsigned i, int64_t start) {
    int64_t axis = op.getAxis(), size = shapeOf(op.getOperands()[i])[axis];
    SmallVector<Index> source(index);
    source[axis] = e.addConstant(index[axis], -start);
    // Lanes of other operands read some element of the last one: it must have one.
    if (llvm::all_of(op.getOperands().drop_front(i + 1), [&](Value v) { return shapeOf(v)[axis] == 0; }))
      return e.element(op.getOperands()[i], source);
    if (size == 0)
      return part(op, e, index, i + 1, start);
    Value inside = e.inBounds(source[axis], size);
    if (source[axis].isUniform() || knownCondition(inside))
      return emitConditional(
          e, inside, valueType(e, elementOf(op.getResult()), index),
          [&]() -> Value { return e.element(op.getOperands()[i], source); },
          [&]() -> Value { return part(op, e, index, i + 1, start + size); });
    Value outside = e.builder().createOrFold<arith::XOrIOp>(
        e.getLoc(), inside, e.broadcast(arith::ConstantIntOp::create(e.builder(), e.getLoc(), 1, 1)));
    SmallVector<Index> rest(index);
    // Lanes of this operand read some valid position of the later ones.
    Index later = e.guarded(e.addConstant(index[axis], -(start + size)), outside);
    rest[axis] = e.addConstant(later, start + size);
    source[axis] = e.guarded(source[axis], inside);
    Value here = e.element(op.getOperands()[i], source);
    return e.select(inside, here, part(op, e, rest, i + 1, start + size));
  }
};

struct IotaModel : IndexableModel<IotaModel, tn::IotaOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    OpBuilder &b = e.builder();
    Value p = e.positions(index[cast<tn::IotaOp>(op).getAxis()]);
    Type element = computeType(elementOf(op->getResult(0)));
    auto like = [&](Type type) -> Type {
      if (auto vector = dyn_cast<VectorType>(p.getType()))
        return vector.cloneWith(std::nullopt, type);
      return type;
    };
    if (!isa<FloatType>(element))
      return arith::IndexCastOp::create(b, e.getLoc(), like(element), p);
    Value wide = arith::IndexCastOp::create(b, e.getLoc(), like(b.getI64Type()), p);
    return arith::SIToFPOp::create(b, e.getLoc(), like(element), wide);
  }
};

/// Splits a linear index over the product of the dimensions in `dims` into `source`.
void spread(ElementEmitter &e, const Index &linear, ArrayRef<int64_t> dims, ArrayRef<int64_t> shape,
            SmallVector<Index> &source) {
  SmallVector<int64_t> sizes;
  for (int64_t d : dims)
    sizes.push_back(shape[d]);
  for (auto [d, i] : llvm::zip(dims, e.delinearize(linear, sizes)))
    source[d] = i;
}

struct PackModel : IndexableModel<PackModel, tn::PackOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    auto pack = cast<tn::PackOp>(op);
    ArrayRef<int64_t> shape = shapeOf(pack.getOperand());
    size_t batch = pack.getBatch().size();
    SmallVector<Index> source(shape.size(), e.constantIndex(0));
    for (auto [d, i] : llvm::zip(pack.getBatch(), index))
      source[d] = i;
    int64_t columns = 1;
    for (int64_t d : pack.getN())
      columns *= shape[d];
    int64_t panel = pack.getPanel();
    Index n = e.add(e.multiply(index[batch], panel), index[batch + 2]);
    Value inside;
    if (columns % panel != 0) {
      inside = e.inBounds(n, columns);
      n = e.guarded(n, inside);
    }
    spread(e, n, pack.getN(), shape, source);
    spread(e, index[batch + 1], pack.getK(), shape, source);
    Value value = e.element(pack.getOperand(), source);
    return inside ? e.select(inside, value, e.constant(elementOf(pack.getResult()), 0)) : value;
  }
};

struct UnpackModel : IndexableModel<UnpackModel, tn::UnpackOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    auto unpack = cast<tn::UnpackOp>(op);
    ArrayRef<int64_t> shape = shapeOf(unpack.getResult());
    auto joined = [&](ArrayRef<int64_t> dims) {
      SmallVector<int64_t> sizes;
      SmallVector<Index> parts;
      for (int64_t d : dims) {
        sizes.push_back(shape[d]);
        parts.push_back(index[d]);
      }
      return e.linearize(parts, rowMajorStrides(sizes));
    };
    SmallVector<Index> source;
    for (int64_t d : unpack.getBatch())
      source.push_back(index[d]);
    Index n = joined(unpack.getN());
    source.push_back(e.divide(n, unpack.getPanel()));
    source.push_back(joined(unpack.getK()));
    source.push_back(e.modulo(n, unpack.getPanel()));
    return e.element(unpack.getOperand(), source);
  }
};

} // namespace

void attachMovementModels(MLIRContext *context) {
  attachModels<ReshapeModel, TransposeModel, BroadcastModel, SliceModel, PadModel, ConcatModel, IotaModel, PackModel,
               UnpackModel>(context);
}

} // namespace tenon::codegen

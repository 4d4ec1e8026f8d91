//===- Contraction.cpp - Elements of contractions and convolutions -------===//
//
// The naive lowering: one sum per element. The contraction template replaces it wherever it matches.
//
//===----------------------------------------------------------------------===//
#include "codegen/common/Loops.h"
#include "codegen/common/elements/Models.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace tenon::codegen {

static RankedTensorType typeOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()); }

/// sum + x * y in the compute type.
static Value multiplyAdd(ElementEmitter &e, Value x, Value y, Value sum) {
  OpBuilder &b = e.builder();
  bool isVector = isa<VectorType>(sum.getType());
  if (isVector) {
    x = e.broadcast(x);
    y = e.broadcast(y);
  }
  Type element = isVector ? cast<VectorType>(sum.getType()).getElementType() : sum.getType();
  if (isa<FloatType>(element))
    return math::FmaOp::create(b, e.getLoc(), x, y, sum);
  return arith::AddIOp::create(b, e.getLoc(), sum, arith::MulIOp::create(b, e.getLoc(), x, y));
}

static Value zeroSum(ElementEmitter &e, Type element, ArrayRef<Index> index) {
  Value zero = e.constant(element, 0);
  bool uniform = llvm::all_of(index, [](const Index &i) { return i.isUniform(); });
  return uniform ? zero : e.broadcast(zero);
}

namespace {

struct ContractModel : IndexableModel<ContractModel, tn::ContractOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    auto contract = cast<tn::ContractOp>(op);
    SmallVector<int64_t> extents = contract.getLoopExtents(), sumLoops, sumExtents;
    SmallVector<Index> loops(extents.size());
    for (auto [loop, i] : llvm::zip(contract.getResultDims(), index))
      loops[loop] = i;
    for (size_t loop = 0; loop < extents.size(); ++loop)
      if (!llvm::is_contained(contract.getResultDims(), static_cast<int64_t>(loop))) {
        sumLoops.push_back(loop);
        sumExtents.push_back(extents[loop]);
      }
    Type element = contract.getType().getElementType();
    Value sum = emitForNest(e, sumExtents, zeroSum(e, element, index),
                            [&](ValueRange at, ValueRange carried) -> SmallVector<Value> {
                              SmallVector<Index> all(loops);
                              for (auto [loop, i] : llvm::zip(sumLoops, at))
                                all[loop] = {i, 0, {}};
                              Value x = operand(e, contract.getLhs(), contract.getLhsDims(), all);
                              Value y = operand(e, contract.getRhs(), contract.getRhsDims(), all);
                              return {multiplyAdd(e, x, y, carried[0])};
                            })[0];
    return e.roundTo(sum, element);
  }

  static Value operand(ElementEmitter &e, Value tensor, ArrayRef<int64_t> dims, ArrayRef<Index> loops) {
    SmallVector<Index> index;
    for (int64_t loop : dims)
      index.push_back(loops[loop]);
    return e.element(tensor, index);
  }
};

struct ConvModel : IndexableModel<ConvModel, tn::ConvOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    auto conv = cast<tn::ConvOp>(op);
    RankedTensorType filter = typeOf(conv.getFilter());
    int64_t perGroup = filter.getDimSize(1), groups = conv.getGroups();
    Index f = index[conv.getChannelDim()];
    // A lane-varying group is only contiguous in depthwise convolutions, where the channel is the filter's number.
    Index group = groups == 1 ? e.constantIndex(0) : e.divide(f, filter.getDimSize(0) / groups);
    SmallVector<int64_t> extents(filter.getShape().drop_front(2));
    extents.push_back(perGroup);
    Type element = conv.getType().getElementType();
    Value sum = emitForNest(e, extents, zeroSum(e, element, index),
                            [&](ValueRange at, ValueRange carried) -> SmallVector<Value> {
                              return {tap(conv, e, index, group, at, carried[0])};
                            })[0];
    return e.roundTo(sum, element);
  }

  static Value tap(tn::ConvOp conv, ElementEmitter &e, ArrayRef<Index> index, const Index &group, ValueRange at,
                   Value sum) {
    OpBuilder &b = e.builder();
    int64_t perGroup = typeOf(conv.getFilter()).getDimSize(1);
    Index channel = {at.back(), 0, {}};
    SmallVector<Index> source(index.size()), filter = {index[conv.getChannelDim()], channel};
    source[0] = index[0];
    source[conv.getChannelDim()] = perGroup == 1 ? group : e.add(e.multiply(group, perGroup), channel);
    Value inside;
    for (int64_t i = 0; i < conv.getSpatialRank(); ++i) {
      unsigned d = conv.getSpatialDim(i);
      Index k = {at[i], 0, {}};
      filter.push_back(k);
      Index p = e.add(e.multiply(index[d], conv.getStrides()[i]), e.multiply(k, conv.getDilations()[i]));
      p = e.addConstant(p, -conv.getLow()[i]);
      Value here;
      if (int64_t dilation = conv.getInputDilation()[i]; dilation != 1) {
        // Between the input's elements stand zeros; a negative position fails the bounds test below.
        Value rest = e.positions(e.modulo(p, dilation));
        Value zero = isa<VectorType>(rest.getType()) ? e.broadcast(e.indexConstant(0)) : e.indexConstant(0);
        here = arith::CmpIOp::create(b, e.getLoc(), arith::CmpIPredicate::eq, rest, zero);
        p = e.divide(p, dilation);
      }
      if (conv.getLow()[i] != 0 || conv.getHigh()[i] != 0 || conv.getInputDilation()[i] != 1) {
        Value bounds = e.inBounds(p, typeOf(conv.getInput()).getDimSize(d));
        here = here ? Value(arith::AndIOp::create(b, e.getLoc(), here, bounds)) : bounds;
        p = e.guarded(p, here);
        if (inside)
          e.unify(inside, here);
        inside = inside ? Value(arith::AndIOp::create(b, e.getLoc(), inside, here)) : here;
      }
      source[d] = p;
    }
    Value next = multiplyAdd(e, e.element(conv.getInput(), source), e.element(conv.getFilter(), filter), sum);
    return inside ? e.select(inside, next, sum) : next;
  }
};

} // namespace

void attachContractionModels(MLIRContext *context) { attachModels<ContractModel, ConvModel>(context); }

void registerIndexableModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tn::TnDialect *) {
    attachMovementModels(context);
    attachGatherModels(context);
    attachReductionModels(context);
    attachContractionModels(context);
  });
}

} // namespace tenon::codegen

#include "ir/Folding.h"
#include "ir/Constant.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace tenon::tn {

/// Operands with more elements are not read for folding, and no more operations than this are spent on it.
constexpr int64_t kMaxFoldedOperand = 1 << 16;
constexpr uint64_t kMaxFoldedFlops = 1 << 26;

static RankedTensorType resultType(Operation *op) { return cast<RankedTensorType>(op->getResult(0).getType()); }

/// The attribute of a splat with one element's value.
static Attribute splatAttribute(RankedTensorType type, Scalar value) {
  Tensor one(RankedTensorType::get({1}, type.getElementType()));
  one.set(0, value);
  return cast<DenseElementsAttr>(constantAttribute(one)).resizeSplat(type);
}

static Scalar splatScalar(DenseElementsAttr splat) {
  auto one = RankedTensorType::get({1}, splat.getElementType());
  return constantValue(splat.getContext(), splat.resizeSplat(one), one)->get(0);
}

/// A dense attribute whose elements are all alike, or null.
static DenseElementsAttr asSplat(Attribute value) {
  auto dense = dyn_cast<DenseElementsAttr>(value);
  return dense && dense.isSplat() ? dense : DenseElementsAttr();
}

/// Operations that only move elements give the same splat under another shape.
static bool movesElementsOnly(Operation *op, DenseElementsAttr splat) {
  if (isa<ReshapeOp, TransposeOp, BroadcastOp, SliceOp, ConcatOp>(op))
    return true;
  auto pad = dyn_cast<PadOp>(op);
  if (!pad)
    return false;
  Scalar s = splatScalar(splat);
  double value = isa<FloatType>(splat.getElementType()) ? s.f : static_cast<double>(s.i);
  return pad.getMode() != PadMode::Constant || value == pad.getValue().convertToDouble();
}

static Attribute foldSplats(Operation *op, ArrayRef<Attribute> operands) {
  SmallVector<DenseElementsAttr> splats;
  for (Attribute operand : operands) {
    splats.push_back(asSplat(operand));
    if (!splats.back())
      return {};
  }
  if (op->getNumResults() != 1 || splats.empty() || resultType(op).getNumElements() == 0)
    return {};
  if (auto elementwise = dyn_cast<ElementwiseOpInterface>(op)) {
    SmallVector<Scalar> scalars = llvm::map_to_vector(splats, splatScalar);
    return splatAttribute(resultType(op), elementwise.evaluateScalar(scalars));
  }
  auto sameValue = [&](DenseElementsAttr other) { return other.resizeSplat(splats[0].getType()) == splats[0]; };
  if (movesElementsOnly(op, splats[0]) && llvm::all_of(splats, sameValue))
    return splats[0].resizeSplat(resultType(op));
  return {};
}

static bool isSmall(TypeRange types, int64_t limit) {
  return llvm::all_of(types, [&](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape() && tensor.getNumElements() <= limit;
  });
}

std::optional<SmallVector<Attribute>> foldConstant(Operation *op) {
  auto reference = dyn_cast<ReferenceOpInterface>(op);
  if (!reference || !isSmall(op->getResultTypes(), INT64_MAX))
    return std::nullopt;
  SmallVector<Attribute> operands;
  for (Value operand : op->getOperands()) {
    auto constant = operand.getDefiningOp<ConstantOp>();
    if (!constant)
      return std::nullopt;
    operands.push_back(constant.getValue());
  }
  if (Attribute splat = foldSplats(op, operands))
    return SmallVector<Attribute>{splat};
  if (isa<ReshapeOp>(op) && isa<WeightAttr>(operands[0]))
    return operands;
  if (!isSmall(op->getResultTypes(), kMaxFoldedElements) || !isSmall(op->getOperandTypes(), kMaxFoldedOperand))
    return std::nullopt;
  if (auto cost = dyn_cast<CostOpInterface>(op); cost && cost.getFlops() > kMaxFoldedFlops)
    return std::nullopt;
  SmallVector<Tensor> inputs, outputs;
  for (Value operand : op->getOperands()) {
    std::optional<Tensor> value = constantValue(operand);
    if (!value)
      return std::nullopt;
    inputs.push_back(*value);
  }
  for (Type type : op->getResultTypes())
    outputs.emplace_back(cast<RankedTensorType>(type));
  if (failed(reference.evaluate(inputs, outputs)))
    return std::nullopt;
  return llvm::map_to_vector(outputs, [](const Tensor &t) { return constantAttribute(t); });
}

/// Erases an operation that `b` has inserted; a pattern driver that was told of it must hear of its end, too.
static void eraseNotified(OpBuilder &b, Operation *op) {
  if (auto *listener = dyn_cast_if_present<RewriterBase::Listener>(b.getListener()))
    listener->notifyOperationErased(op);
  op->erase();
}

SmallVector<Value> foldOrKeep(OpBuilder &b, Operation *op) {
  auto constantsFor = [&](ArrayRef<Attribute> values) {
    SmallVector<Value> constants;
    for (auto [value, type] : llvm::zip(values, op->getResultTypes()))
      constants.push_back(ConstantOp::create(b, op->getLoc(), type, value));
    eraseNotified(b, op);
    return constants;
  };
  if (auto values = foldConstant(op))
    return constantsFor(*values);
  // The first call may rewrite the op in place, and the next then find it to be an identity.
  for (int attempt = 0; attempt < 2; ++attempt) {
    SmallVector<OpFoldResult> folded;
    if (failed(op->fold(folded)))
      break;
    if (folded.size() != op->getNumResults() || !llvm::all_of(folded, [](OpFoldResult r) { return isa<Value>(r); }))
      continue;
    SmallVector<Value> values = llvm::map_to_vector(folded, [](OpFoldResult r) { return cast<Value>(r); });
    if (values == SmallVector<Value>(op->getResults()))
      continue;
    eraseNotified(b, op);
    return values;
  }
  return SmallVector<Value>(op->getResults());
}

} // namespace tenon::tn

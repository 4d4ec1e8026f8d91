//===- Movement.cpp - Operations that only move elements -----------------===//
#include "ir/Constant.h"
#include "ir/Dialect.h"
#include "ir/ops/Indexing.h"
#include "mlir/IR/PatternMatch.h"
#include <algorithm>
#include <array>
#include <cstring>

using namespace mlir;
using namespace tenon;
using namespace tenon::tn;

namespace {

RankedTensorType tensorType(Value v) { return cast<RankedTensorType>(v.getType()); }

void copyElement(const Tensor &from, int64_t source, Tensor &to, int64_t target) {
  int64_t size = elementBytes(to.getElementType());
  std::memcpy(to.getMutableData() + target * size, from.getData() + source * size, size);
}

/// Copies into every position of `to` the element of `from` at `origin` plus the strides times the index.
void copyStrided(const Tensor &from, int64_t origin, ArrayRef<int64_t> strides, Tensor &to) {
  int64_t position = 0;
  forEachPosition(to.getShape(), {SmallVector<int64_t>(strides)},
                  [&](ArrayRef<int64_t> p) { copyElement(from, origin + p[0], to, position++); });
}

} // namespace

//===----------------------------------------------------------------------===//
// constant
//===----------------------------------------------------------------------===//

ParseResult ConstantOp::parse(OpAsmParser &parser, OperationState &state) {
  Attribute value;
  Type type;
  if (parser.parseAttribute(value, "value", state.attributes) || parser.parseOptionalAttrDict(state.attributes))
    return failure();
  if (auto typed = dyn_cast<TypedAttr>(value))
    type = typed.getType();
  else if (parser.parseArrow() || parser.parseType(type)) // a colon would belong to the attribute
    return failure();
  state.addTypes(type);
  return success();
}

void ConstantOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getValue();
  printer.printOptionalAttrDict((*this)->getAttrs(), {"value"});
  if (!isa<TypedAttr>(getValue()))
    printer << " -> " << getType();
}

LogicalResult ConstantOp::verify() {
  if (!getType().hasStaticShape())
    return emitOpError("constant_c1: a constant's shape must be static");
  if (auto dense = dyn_cast<DenseElementsAttr>(getValue())) {
    if (dense.getType() != getType())
      return emitOpError("constant_c2: value has type ") << dense.getType();
    return success();
  }
  auto weight = dyn_cast<WeightAttr>(getValue());
  if (!weight)
    return emitOpError("constant_c3: value must be a dense attribute or a #tn.weight");
  int64_t bytes = product(getType().getShape()) * elementBytes(getType().getElementType());
  if (weight.getSize() != bytes)
    return emitOpError("constant_c4: type needs ") << bytes << " bytes, the weight has " << weight.getSize();
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

//===----------------------------------------------------------------------===//
// reshape
//===----------------------------------------------------------------------===//

LogicalResult ReshapeOp::verify() {
  RankedTensorType from = getOperand().getType(), to = getType();
  bool fits = from.getElementType() == to.getElementType();
  if (from.hasStaticShape() && to.hasStaticShape())
    fits &= from.getNumElements() == to.getNumElements();
  if (!fits)
    return emitOpError("reshape_c1: ") << from << " and " << to << " do not have the same elements";
  return success();
}

LogicalResult ReshapeOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  outputs[0] = inputs[0].withType(getType());
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getOperand().getType() == getType())
    return getOperand();
  if (auto producer = getOperand().getDefiningOp<ReshapeOp>()) {
    setOperand(producer.getOperand());
    return getResult();
  }
  if (auto dense = dyn_cast_or_null<DenseElementsAttr>(adaptor.getOperand()))
    return dense.reshape(getType());
  return {};
}

namespace {
/// reshape(constant weight) is the weight under another type.
struct ReshapeWeight : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto constant = op.getOperand().getDefiningOp<ConstantOp>();
    if (!constant || !isa<WeightAttr>(constant.getValue()))
      return failure();
    rewriter.replaceOpWithNewOp<ConstantOp>(op, op.getType(), constant.getValue());
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<ReshapeWeight>(context);
}

//===----------------------------------------------------------------------===//
// transpose
//===----------------------------------------------------------------------===//

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getOperand());
  if (!isPermutation(adaptor.getPermutation(), type.getRank()))
    return inferError(location, "transpose_c1: not a permutation of the operand's dimensions");
  SmallVector<int64_t> shape;
  for (int64_t p : adaptor.getPermutation())
    shape.push_back(type.getDimSize(p));
  types.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

LogicalResult TransposeOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  SmallVector<int64_t> own = rowMajorStrides(inputs[0].getShape()), strides;
  for (int64_t p : getPermutation())
    strides.push_back(own[p]);
  copyStrided(inputs[0], 0, strides, outputs[0]);
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (llvm::is_sorted(getPermutation()))
    return getOperand();
  return {};
}

namespace {
/// transpose(transpose(x)) is one transpose.
struct MergeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto producer = op.getOperand().getDefiningOp<TransposeOp>();
    if (!producer)
      return failure();
    SmallVector<int64_t> permutation;
    for (int64_t p : op.getPermutation())
      permutation.push_back(producer.getPermutation()[p]);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, producer.getOperand(), permutation);
    return success();
  }
};

/// A transpose that moves only dimensions of size 1 is a reshape.
struct TransposeOfUnits : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    SmallVector<int64_t> moved;
    for (int64_t p : op.getPermutation())
      if (op.getOperand().getType().getDimSize(p) != 1)
        moved.push_back(p);
    if (!llvm::is_sorted(moved) || !op.getType().hasStaticShape())
      return failure();
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getOperand());
    return success();
  }
};
} // namespace

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MergeTransposes, TransposeOfUnits>(context);
}

//===----------------------------------------------------------------------===//
// broadcast, slice, concat, pad
//===----------------------------------------------------------------------===//

LogicalResult BroadcastOp::verify() {
  auto merged = broadcastShapes(getOperand().getType().getShape(), getType().getShape());
  if (!merged || *merged != getType().getShape() ||
      getOperand().getType().getElementType() != getType().getElementType())
    return emitOpError("broadcast_c1: ") << getOperand().getType() << " does not broadcast to " << getType();
  return success();
}

LogicalResult BroadcastOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  copyStrided(inputs[0], 0, broadcastStrides(inputs[0].getShape(), outputs[0].getShape()), outputs[0]);
  return success();
}

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getOperand().getType() == getType())
    return getOperand();
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(adaptor.getOperand()))
    return splat.resizeSplat(getType());
  return {};
}

LogicalResult SliceOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getOperand());
  size_t rank = type.getRank();
  ArrayRef<int64_t> offsets = adaptor.getOffsets(), sizes = adaptor.getSizes(), strides = adaptor.getStrides();
  if (offsets.size() != rank || sizes.size() != rank || strides.size() != rank)
    return inferError(location, "slice_c1: needs one offset, size and stride per dimension");
  for (size_t d = 0; d < rank; ++d) {
    int64_t last = offsets[d] + (sizes[d] - 1) * strides[d], dim = type.getDimSize(d);
    bool inside = sizes[d] == 0 || (offsets[d] >= 0 && offsets[d] < dim && last >= 0 && last < dim);
    if (sizes[d] < 0 || !inside)
      return inferError(location, "slice_c1: dimension " + Twine(d) + " leaves the operand");
  }
  types.push_back(RankedTensorType::get(sizes, type.getElementType()));
  return success();
}

LogicalResult SliceOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  SmallVector<int64_t> strides = rowMajorStrides(inputs[0].getShape());
  int64_t origin = 0;
  for (size_t d = 0; d < strides.size(); ++d) {
    origin += getOffsets()[d] * strides[d];
    strides[d] *= getStrides()[d];
  }
  copyStrided(inputs[0], origin, strides, outputs[0]);
  return success();
}

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  if (getOperand().getType() == getType() && llvm::all_of(getStrides(), [](int64_t s) { return s == 1; }))
    return getOperand();
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(adaptor.getOperand()))
    return splat.resizeSplat(getType());
  return {};
}

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  if (adaptor.getOperands().empty())
    return inferError(location, "concat_c1: needs an operand");
  RankedTensorType first = tensorType(adaptor.getOperands()[0]);
  int64_t axis = adaptor.getAxis();
  if (axis < 0 || axis >= first.getRank())
    return inferError(location, "concat_c1: axis is not a dimension");
  SmallVector<int64_t> shape(first.getShape());
  shape[axis] = 0;
  for (Value operand : adaptor.getOperands()) {
    RankedTensorType type = tensorType(operand);
    bool fits = type.getRank() == first.getRank() && type.getElementType() == first.getElementType();
    for (int64_t d = 0; fits && d < first.getRank(); ++d)
      fits = d == axis || type.getDimSize(d) == first.getDimSize(d);
    if (!fits)
      return inferError(location, "concat_c1: operands differ outside the axis");
    shape[axis] += type.getDimSize(axis);
  }
  types.push_back(RankedTensorType::get(shape, first.getElementType()));
  return success();
}

LogicalResult ConcatOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  int64_t axis = getAxis(), size = elementBytes(outputs[0].getElementType());
  ArrayRef<int64_t> shape = outputs[0].getShape();
  int64_t inner = product(shape.drop_front(axis + 1)) * size, outer = product(shape.take_front(axis));
  int64_t row = shape[axis] * inner, offset = 0;
  for (const Tensor &input : inputs) {
    int64_t part = input.getShape()[axis] * inner;
    for (int64_t o = 0; o < outer; ++o)
      std::copy_n(input.getData() + o * part, part, outputs[0].getMutableData() + o * row + offset);
    offset += part;
  }
  return success();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getOperands().size() == 1 ? OpFoldResult(getOperands()[0]) : OpFoldResult();
}

LogicalResult PadOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getOperand());
  size_t rank = type.getRank();
  ArrayRef<int64_t> low = adaptor.getLow(), high = adaptor.getHigh();
  if (low.size() != rank || high.size() != rank)
    return inferError(location, "pad_c1: needs one low and high padding per dimension");
  SmallVector<int64_t> shape(type.getShape());
  for (size_t d = 0; d < rank; ++d) {
    int64_t most = std::max(low[d], high[d]);
    bool fits = low[d] >= 0 && high[d] >= 0;
    if (most > 0 && adaptor.getMode() == PadMode::Reflect)
      fits &= most < shape[d];
    else if (most > 0 && adaptor.getMode() != PadMode::Constant)
      fits &= shape[d] > 0;
    if (!fits)
      return inferError(location, "pad_c1: padding does not fit dimension " + Twine(d));
    shape[d] += low[d] + high[d];
  }
  types.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

/// The operand's index that a padded index shows, or -1 outside in constant mode.
static int64_t padSource(PadMode mode, int64_t index, int64_t size) {
  if (index >= 0 && index < size)
    return index;
  switch (mode) {
  case PadMode::Constant:
    return -1;
  case PadMode::Edge:
    return index < 0 ? 0 : size - 1;
  case PadMode::Reflect:
    return index < 0 ? -index : 2 * (size - 1) - index;
  case PadMode::Wrap:
    return ((index % size) + size) % size;
  }
  llvm_unreachable("covered switch");
}

LogicalResult PadOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  ArrayRef<int64_t> shape = inputs[0].getShape();
  SmallVector<int64_t> strides = rowMajorStrides(shape);
  double value = getValue().convertToDouble();
  Scalar fill = {value, static_cast<int64_t>(value)};
  int64_t position = 0;
  forEachIndex(outputs[0].getShape(), [&](ArrayRef<int64_t> index) {
    int64_t source = 0;
    for (size_t d = 0; d < shape.size() && source >= 0; ++d) {
      int64_t i = padSource(getMode(), index[d] - getLow()[d], shape[d]);
      source = i < 0 ? -1 : source + i * strides[d];
    }
    if (source < 0)
      outputs[0].set(position++, fill);
    else
      copyElement(inputs[0], source, outputs[0], position++);
  });
  return success();
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  return getOperand().getType() == getType() ? OpFoldResult(getOperand()) : OpFoldResult();
}

//===----------------------------------------------------------------------===//
// iota, pack, unpack
//===----------------------------------------------------------------------===//

LogicalResult IotaOp::verify() {
  if (static_cast<int64_t>(getAxis()) >= getType().getRank() || !getType().hasStaticShape())
    return emitOpError("iota_c1: axis is not a dimension of a static shape");
  return success();
}

LogicalResult IotaOp::evaluate(ArrayRef<Tensor>, MutableArrayRef<Tensor> outputs) {
  int64_t position = 0;
  forEachIndex(outputs[0].getShape(), [&](ArrayRef<int64_t> index) {
    int64_t i = index[getAxis()];
    outputs[0].set(position++, {static_cast<double>(i), i});
  });
  return success();
}

static int64_t extent(ArrayRef<int64_t> shape, ArrayRef<int64_t> dims) {
  int64_t result = 1;
  for (int64_t d : dims)
    result *= shape[d];
  return result;
}

static SmallVector<int64_t> packedShape(ArrayRef<int64_t> shape, ArrayRef<int64_t> batch, ArrayRef<int64_t> k,
                                        ArrayRef<int64_t> n, int64_t panel) {
  SmallVector<int64_t> result;
  for (int64_t d : batch)
    result.push_back(shape[d]);
  result.append({static_cast<int64_t>(llvm::divideCeil(extent(shape, n), panel)), extent(shape, k), panel});
  return result;
}

LogicalResult PackOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getOperand());
  SmallVector<int64_t> all(adaptor.getBatch());
  llvm::append_range(all, adaptor.getK());
  llvm::append_range(all, adaptor.getN());
  if (!isPermutation(all, type.getRank()) || adaptor.getPanel() == 0)
    return inferError(location, "pack_c1: batch, k and n must list every dimension once");
  types.push_back(RankedTensorType::get(
      packedShape(type.getShape(), adaptor.getBatch(), adaptor.getK(), adaptor.getN(), adaptor.getPanel()),
      type.getElementType()));
  return success();
}

LogicalResult UnpackOp::verify() {
  SmallVector<int64_t> all(getBatch());
  llvm::append_range(all, getK());
  llvm::append_range(all, getN());
  if (!isPermutation(all, getType().getRank()) || getPanel() == 0 ||
      packedShape(getType().getShape(), getBatch(), getK(), getN(), getPanel()) != getOperand().getType().getShape())
    return emitOpError("unpack_c1: operand is not the panel form of ") << getType();
  return success();
}

namespace {
/// Where the elements of a tensor lie, by batch, k and n; and the panel form's size.
struct PanelForm {
  PanelForm(ArrayRef<int64_t> plain, ArrayRef<int64_t> batchDims, ArrayRef<int64_t> kDims, ArrayRef<int64_t> nDims,
            int64_t panel)
      : panel(panel) {
    SmallVector<int64_t> strides = rowMajorStrides(plain);
    auto offsets = [&](ArrayRef<int64_t> dims) {
      SmallVector<int64_t> sizes, steps, result;
      for (int64_t d : dims) {
        sizes.push_back(plain[d]);
        steps.push_back(strides[d]);
      }
      forEachPosition(sizes, {steps}, [&](ArrayRef<int64_t> p) { result.push_back(p[0]); });
      return result;
    };
    batch = offsets(batchDims);
    k = offsets(kDims);
    n = offsets(nDims);
  }

  /// Calls body(batch offset, panel's first column, its columns, its packed position) for every panel.
  void forEachPanel(llvm::function_ref<void(int64_t, int64_t, int64_t, int64_t)> body) const {
    int64_t columns = n.size(), packed = 0;
    for (int64_t b : batch)
      for (int64_t first = 0; first < columns; first += panel, packed += k.size() * panel)
        body(b, first, std::min(panel, columns - first), packed);
  }

  SmallVector<int64_t> batch, k, n;
  int64_t panel;
};
} // namespace

/// Packs one panel. Rows that are contiguous are copied; others are transposed in blocks, whose lines stay in the
/// cache.
template <typename T>
static void packPanel(const PanelForm &form, const T *from, int64_t first, int64_t columns, T *to) {
  constexpr int64_t block = 16;
  int64_t kSize = form.k.size();
  ArrayRef<int64_t> n = ArrayRef<int64_t>(form.n).slice(first, columns);
  bool contiguous = true;
  for (int64_t j = 1; j < columns; ++j)
    contiguous &= n[j] == n[0] + j;
  if (contiguous) {
    for (int64_t i = 0; i < kSize; ++i)
      std::memcpy(to + i * form.panel, from + form.k[i] + n[0], columns * sizeof(T));
    return;
  }
  for (int64_t begin = 0; begin < kSize; begin += block)
    for (int64_t j = 0, end = std::min(begin + block, kSize); j < columns; ++j)
      for (int64_t i = begin; i < end; ++i)
        to[i * form.panel + j] = from[form.k[i] + n[j]];
}

LogicalResult PackOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  PanelForm form(inputs[0].getShape(), getBatch(), getK(), getN(), getPanel());
  auto run = [&](auto type) {
    using T = decltype(type);
    form.forEachPanel([&](int64_t batch, int64_t first, int64_t columns, int64_t packed) {
      packPanel(form, inputs[0].as<T>() + batch, first, columns, outputs[0].asMutable<T>() + packed);
    });
    return success();
  };
  switch (elementBytes(getType().getElementType())) {
  case 1:
    return run(uint8_t());
  case 2:
    return run(uint16_t());
  case 4:
    return run(uint32_t());
  case 16:
    return run(std::array<uint64_t, 2>());
  case 8:
    return run(uint64_t());
  }
  return failure();
}

LogicalResult UnpackOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  PanelForm form(outputs[0].getShape(), getBatch(), getK(), getN(), getPanel());
  form.forEachPanel([&](int64_t batch, int64_t first, int64_t columns, int64_t packed) {
    for (auto [i, k] : llvm::enumerate(form.k))
      for (int64_t j = 0; j < columns; ++j)
        copyElement(inputs[0], packed + i * form.panel + j, outputs[0], batch + k + form.n[first + j]);
  });
  return success();
}

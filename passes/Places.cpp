#include "passes/Places.h"
#include "passes/Values.h"

using namespace mlir;

namespace tenon {

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

Value rootOf(Value v) {
  while (auto reshape = v.getDefiningOp<tn::ReshapeOp>())
    v = reshape.getOperand();
  return v;
}

//===----------------------------------------------------------------------===//
// Strides
//===----------------------------------------------------------------------===//

std::optional<size_t> rowDimension(ArrayRef<int64_t> shape, int64_t length) {
  int64_t elements = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    elements *= shape[d];
    if (elements == length)
      return d;
  }
  return std::nullopt;
}

/// Sizes and strides of the dimensions longer than one, the last first.
static SmallVector<std::pair<int64_t, int64_t>> longDimensions(ArrayRef<int64_t> shape, ArrayRef<int64_t> strides) {
  SmallVector<std::pair<int64_t, int64_t>> result;
  for (size_t d = shape.size(); d-- > 0;)
    if (shape[d] != 1)
      result.emplace_back(shape[d], strides[d]);
  return result;
}

/// Whether elements lie as in a dense row-major tensor.
static bool isDense(ArrayRef<int64_t> shape, ArrayRef<int64_t> strides) {
  return longDimensions(shape, strides) == longDimensions(shape, rowMajorStrides(shape));
}

std::optional<SmallVector<int64_t>> reshapeStrides(ArrayRef<int64_t> from, ArrayRef<int64_t> strides,
                                                   ArrayRef<int64_t> to) {
  if (product(from) == 0)
    return rowMajorStrides(to);
  SmallVector<int64_t> result(to.size());
  auto dims = longDimensions(from, strides);
  size_t next = 0;
  int64_t left = 1, stride = 1; // of a run of evenly spaced elements
  for (size_t d = to.size(); d-- > 0;) {
    if (to[d] == 1) {
      result[d] = d + 1 < to.size() ? result[d + 1] * to[d + 1] : 1;
      continue;
    }
    if (left == 1) {
      std::tie(left, stride) = dims[next++];
      while (next < dims.size() && dims[next].second == stride * left)
        left *= dims[next++].first;
    }
    if (left % to[d] != 0)
      return std::nullopt;
    result[d] = stride;
    left /= to[d];
    stride *= to[d];
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

void Places::put(Value part, const Place &place) {
  places[part] = place;
  parts[place.whole].push_back(part);
}

void Places::remove(Value part) {
  llvm::erase(parts[places[part].whole], part);
  places.erase(part);
}

const Place *Places::placeOf(Value root) const {
  auto it = places.find(root);
  return it == places.end() ? nullptr : &it->second;
}

Value Places::ownerOf(Value v) const {
  Value root = rootOf(v);
  while (const Place *place = placeOf(root))
    root = place->whole;
  return root;
}

void Places::forMembers(Value owner, llvm::function_ref<void(Value)> visit) const {
  visit(owner);
  if (auto it = parts.find(owner); it != parts.end())
    for (Value part : it->second)
      forMembers(part, visit);
}

std::optional<Layout> Places::layoutOf(Value v) const {
  Value root = rootOf(v);
  ArrayRef<int64_t> shape = typeOf(root).getShape();
  Layout layout;
  layout.strides = rowMajorStrides(shape);
  if (const Place *place = placeOf(root)) {
    std::optional<Layout> whole = layoutOf(place->whole);
    auto outer = whole ? reshapeStrides(typeOf(place->whole).getShape(), whole->strides, place->wholeType.getShape())
                       : std::nullopt;
    auto own = outer ? reshapeStrides(place->type.getShape(), *outer, shape) : std::nullopt;
    if (!own)
      return std::nullopt;
    layout = {whole->offset, *own};
    for (auto [position, stride] : llvm::zip_equal(place->at, *outer))
      layout.offset += position * stride;
  } else if (int64_t length = rowsOf(root)) {
    int64_t stride = length + kLineBytes / elementBytes(typeOf(root).getElementType());
    for (size_t d = *rowDimension(shape, length); d-- > 0;) {
      layout.strides[d] = stride;
      stride *= shape[d];
    }
  }
  auto strides = reshapeStrides(shape, layout.strides, typeOf(v).getShape());
  if (!strides)
    return std::nullopt;
  layout.strides = *strides;
  return layout;
}

MemRefType Places::bufferType(Value v) const {
  RankedTensorType type = typeOf(v);
  Layout layout = *layoutOf(v);
  if (isDense(type.getShape(), layout.strides))
    return MemRefType::get(type.getShape(), type.getElementType());
  return MemRefType::get(type.getShape(), type.getElementType(),
                         StridedLayoutAttr::get(type.getContext(), 0, layout.strides));
}

int64_t Places::bytesOf(Value owner) const {
  RankedTensorType type = typeOf(owner);
  int64_t bytes = denseBytes(type), length = rowsOf(owner);
  return length ? bytes + type.getNumElements() / length * kLineBytes : bytes;
}

//===----------------------------------------------------------------------===//
// What kernels can do with
//===----------------------------------------------------------------------===//

std::string Places::refusal(Value owner) const {
  std::string reason;
  forMembers(owner, [&](Value member) {
    if (reason.empty())
      reason = writerRefuses(member);
    if (reason.empty())
      reason = readersRefuse(member);
  });
  return reason;
}

std::string Places::writerRefuses(Value member) const {
  auto kernel = member.getDefiningOp<tn::KernelOp>();
  if (!kernel || absorbed.contains(kernel))
    return "";
  std::optional<Layout> layout = layoutOf(member);
  if (!layout)
    return "it is written in a shape that does not fit there";
  ArrayRef<int64_t> shape = typeOf(member).getShape(), strides = layout->strides;
  if (isDense(shape, strides))
    return "";
  unsigned number = cast<OpResult>(member).getResultNumber();
  StringRef name = *kernel.getTemplateName();
  if (!library.find(name)->writesPaddedRows(kernel, number))
    return "template " + name.str() + " writes rows that follow each other";
  // Borders are filled in rows of the last dimension, all at one distance.
  if (kernel.getYield().getValues()[number].getDefiningOp<tn::PadOp>())
    for (size_t d = 0; d + 2 < shape.size(); ++d)
      if (strides[d] != strides[d + 1] * shape[d + 1])
        return "its border is written in rows at one distance";
  return "";
}

std::string Places::readersRefuse(Value v) const {
  std::optional<Layout> layout = layoutOf(v);
  if (!layout)
    return "it is read in a shape that does not fit there";
  ArrayRef<int64_t> shape = typeOf(v).getShape(), strides = layout->strides;
  auto dims = longDimensions(shape, strides);
  if (!dims.empty() && dims.front().second != 1)
    return "its rows have one element";
  bool dense = isDense(shape, strides);
  for (OpOperand &use : v.getUses()) {
    std::string reason;
    auto kernel = dyn_cast<tn::KernelOp>(use.getOwner());
    if (isa<tn::ReshapeOp>(use.getOwner()))
      reason = readersRefuse(use.getOwner()->getResult(0));
    else if (kernel && !dense && !absorbed.contains(kernel) &&
             !library.find(*kernel.getTemplateName())->readsPaddedRows(kernel, use.getOperandNumber()))
      reason = "template " + kernel.getTemplateName()->str() + " reads rows that follow each other";
    if (!reason.empty())
      return reason;
  }
  return "";
}

} // namespace tenon

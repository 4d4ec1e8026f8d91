// Operators that make values: Constant, ConstantOfShape, Range, EyeLike, OneHot, Trilu, CumSum, CumProd.

#include "frontend/onnx/NodeImporter.h"
#include "ir/Constant.h"
#include "ir/Folding.h"

#include <cmath>

using namespace mlir;

namespace tenon::onnx {

static Value index(NodeImporter &n, ArrayRef<int64_t> shape, int64_t axis) {
  return n.emitTyped<tn::IotaOp>(RankedTensorType::get(shape, n.getBuilder().getI64Type()),
                                 static_cast<uint64_t>(axis));
}

static LogicalResult constantFrom(NodeImporter &n, const TensorData &data) {
  mlir::Attribute attr = constantAttribute(data, n.context(), n.node.outputs.empty() ? "" : n.node.outputs[0]);
  if (!attr)
    return n.unsupported("element type " + Twine(elementTypeName(data.type()).data()));
  auto type = RankedTensorType::get(data.dims(), convertElementType(data.type(), n.context()));
  return n.result(tn::ConstantOp::create(n.getBuilder(), n.getLoc(), type, attr));
}

static LogicalResult importConstant(NodeImporter &n) {
  if (const auto *data = n.attrs.get<TensorData>("value"))
    return constantFrom(n, *data);
  if (const auto *value = n.attrs.get<int64_t>("value_int"))
    return n.result(n.intConstant({*value}, {}));
  if (const auto *values = n.attrs.get<std::vector<int64_t>>("value_ints"))
    return n.result(n.intConstant(*values, {static_cast<int64_t>(values->size())}));
  Type f32 = n.getBuilder().getF32Type();
  if (const auto *value = n.attrs.get<float>("value_float"))
    return n.result(n.scalar(f32, *value));
  if (const auto *values = n.attrs.get<std::vector<float>>("value_floats")) {
    Tensor tensor(RankedTensorType::get({static_cast<int64_t>(values->size())}, f32));
    std::copy(values->begin(), values->end(), tensor.asMutable<float>());
    return n.result(n.constant(tensor));
  }
  if (n.node.attributes.empty())
    return n.malformed("Constant has no value");
  return n.unsupported("a Constant with attribute " + quoted(n.node.attributes[0].name));
}

static LogicalResult importConstantOfShape(NodeImporter &n) {
  auto shape = n.constantInts(0, "shape");
  const auto *value = n.attrs.get<TensorData>("value");
  if (!shape)
    return failure();
  if (llvm::any_of(*shape, [](int64_t size) { return size < 0; }))
    return n.malformed("shape has a negative dimension");
  if (!value)
    return n.result(n.splat(RankedTensorType::get(*shape, n.getBuilder().getF32Type()), 0));
  std::optional<Tensor> one = toTensor(*value, n.context());
  if (!one)
    return n.unsupported("element type " + Twine(elementTypeName(value->type()).data()));
  if (one->getNumElements() != 1)
    return n.malformed("value must have one element");
  return n.result(n.broadcast(n.reshape(n.constant(*one), {}), *shape));
}

static LogicalResult importRange(NodeImporter &n) {
  n.ignore("stash_type");
  auto start = n.constantNumber(0, "start"), limit = n.constantNumber(1, "limit"), delta = n.constantNumber(2, "delta");
  if (!start || !limit || !delta)
    return failure();
  if (*delta == 0)
    return n.malformed("delta must not be 0");
  double count = std::max(0.0, std::ceil((*limit - *start) / *delta));
  if (!(count < 1e12))
    return n.malformed("the range has no end, or too many elements");
  Type type = elementOf(n.input(0));
  int64_t size = static_cast<int64_t>(count);
  if (size > tn::kMaxFoldedElements) {
    Value steps = n.emit<tn::MulOp>(n.cast(index(n, {size}, 0), type), n.reshape(n.input(2), {}));
    return n.result(n.emit<tn::AddOp>(steps, n.reshape(n.input(0), {})));
  }
  Tensor tensor(RankedTensorType::get({size}, type));
  for (int64_t i = 0; i < tensor.getNumElements(); ++i) {
    double value = *start + static_cast<double>(i) * *delta;
    tensor.set(i, {value, static_cast<int64_t>(value)});
  }
  return n.result(n.constant(tensor));
}

/// Column minus row of the last two dimensions.
static Value diagonalNumber(NodeImporter &n, int64_t rows, int64_t columns) {
  return n.emit<tn::SubOp>(index(n, {1, columns}, 1), index(n, {rows, 1}, 0));
}

static LogicalResult importEyeLike(NodeImporter &n) {
  Value x = n.input(0);
  if (rankOf(x) != 2)
    return n.malformed("needs a matrix");
  Type type = elementOf(x);
  if (n.attrs.has("dtype")) {
    auto element = elementTypeFromNumber(n.attrs.getInt("dtype", 0));
    type = element ? convertElementType(*element, n.context()) : Type();
  }
  if (!type)
    return n.unsupported("this dtype");
  Value offset = n.intConstant({n.attrs.getInt("k", 0)}, {});
  Value diagonal = diagonalNumber(n, shapeOf(x)[0], shapeOf(x)[1]);
  return n.result(n.cast(n.emit<tn::CompareOp>(tn::Predicate::Eq, diagonal, offset), type));
}

static LogicalResult importTrilu(NodeImporter &n) {
  Value x = n.input(0);
  int64_t rank = rankOf(x);
  auto k = n.has(1) ? n.constantInts(1, "k") : SmallVector<int64_t>{0};
  bool upper = n.attrs.getInt("upper", 1);
  if (!k)
    return failure();
  if (rank < 2 || k->size() != 1)
    return n.malformed("needs matrices and one k");
  Value diagonal = diagonalNumber(n, shapeOf(x)[rank - 2], shapeOf(x)[rank - 1]);
  Value kept = n.emit<tn::CompareOp>(upper ? tn::Predicate::Ge : tn::Predicate::Le, diagonal, n.intConstant(*k, {}));
  return n.result(n.emit<tn::SelectOp>(kept, x, n.scalarLike(x, 0)));
}

static LogicalResult importOneHot(NodeImporter &n) {
  Value indices = n.input(0), values = n.input(2);
  auto depth = n.constantNumber(1, "depth");
  int64_t rank = rankOf(indices);
  auto axis = n.axis(n.attrs.getInt("axis", -1), rank + 1);
  if (!depth || !axis)
    return failure();
  if (shapeOf(values) != ArrayRef<int64_t>({2}) || *depth < 0 || *depth > 1e9)
    return n.malformed("values must be [off, on] and depth not negative");
  Type i64 = n.getBuilder().getI64Type();
  SmallVector<int64_t> shape(shapeOf(indices)), line(rank + 1, 1);
  shape.insert(shape.begin() + *axis, 1);
  line[*axis] = static_cast<int64_t>(*depth);
  Value at = n.reshape(n.cast(indices, i64), shape);
  Value wrapped = n.emit<tn::AddOp>(at, n.scalar(i64, *depth));
  at = n.emit<tn::SelectOp>(n.emit<tn::CompareOp>(tn::Predicate::Lt, at, n.scalar(i64, 0)), wrapped, at);
  Value hit = n.emit<tn::CompareOp>(tn::Predicate::Eq, index(n, line, *axis), at);
  Value off = n.reshape(n.sliceAxis(values, 0, 0, 1), {}), on = n.reshape(n.sliceAxis(values, 0, 1, 2), {});
  return n.result(n.emit<tn::SelectOp>(hit, on, off));
}

//===----------------------------------------------------------------------===//
// Cumulative sum and product
//===----------------------------------------------------------------------===//

static std::optional<int64_t> cumulativeAxis(NodeImporter &n) {
  auto axis = n.constantInts(1, "axis");
  if (!axis)
    return std::nullopt;
  if (axis->size() == 1)
    return n.axis((*axis)[0], rankOf(n.input(0)));
  (void)n.malformed("axis must be one number");
  return std::nullopt;
}

/// A product with a triangular matrix of ones. A dimension above this would make the matrix too large.
constexpr int64_t maxCumulated = 4096;

static LogicalResult importCumSum(NodeImporter &n) {
  Value x = n.input(0);
  auto axis = cumulativeAxis(n);
  bool exclusive = n.attrs.getInt("exclusive", 0), reverse = n.attrs.getInt("reverse", 0);
  if (!axis)
    return failure();
  int64_t size = shapeOf(x)[*axis];
  if (size > maxCumulated)
    return n.unsupported("a cumulative sum over more than " + Twine(maxCumulated) + " elements");
  // Row i of the operand counts for column j: i <= j, and reversed i >= j.
  Value difference = diagonalNumber(n, size, size);
  tn::Predicate predicate = reverse ? (exclusive ? tn::Predicate::Lt : tn::Predicate::Le)
                                    : (exclusive ? tn::Predicate::Gt : tn::Predicate::Ge);
  Value mask = n.emit<tn::CompareOp>(predicate, difference, n.scalarLike(difference, 0));
  SmallVector<int64_t> lhs = llvm::to_vector(llvm::seq<int64_t>(0, rankOf(x))), result(lhs);
  result[*axis] = rankOf(x);
  return n.result(
      n.emit<tn::ContractOp>(x, n.cast(mask, elementOf(x)), lhs, SmallVector<int64_t>{*axis, rankOf(x)}, result));
}

/// The tensor moved by `distance` along the axis (backwards if reversed), ones moving in.
static Value shifted(NodeImporter &n, Value x, int64_t axis, int64_t distance, bool reverse) {
  if (!x)
    return {};
  int64_t size = shapeOf(x)[axis];
  SmallVector<int64_t> low(rankOf(x), 0), high(rankOf(x), 0);
  (reverse ? high : low)[axis] = distance;
  Value kept = reverse ? n.sliceAxis(x, axis, distance, size) : n.sliceAxis(x, axis, 0, size - distance);
  return n.emit<tn::PadOp>(kept, tn::PadMode::Constant, low, high, llvm::APFloat(1.0));
}

/// Doubling: after step k every element is the product of 2^k elements.
static LogicalResult importCumProd(NodeImporter &n) {
  Value x = n.input(0);
  auto axis = cumulativeAxis(n);
  bool exclusive = n.attrs.getInt("exclusive", 0), reverse = n.attrs.getInt("reverse", 0);
  if (!axis)
    return failure();
  int64_t size = shapeOf(x)[*axis];
  if (exclusive && size > 0)
    x = shifted(n, x, *axis, 1, reverse);
  for (int64_t distance = 1; distance < size; distance *= 2)
    x = n.emit<tn::MulOp>(x, shifted(n, x, *axis, distance, reverse));
  return n.result(x);
}

void registerGeneratorOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"Constant", 1, 0, 0, importConstant}, {"ConstantOfShape", 9, 1, 1, importConstantOfShape},
      {"Range", 11, 3, 3, importRange},      {"EyeLike", 9, 1, 1, importEyeLike},
      {"Trilu", 14, 1, 2, importTrilu},      {"OneHot", 9, 3, 3, importOneHot},
      {"CumSum", 11, 2, 2, importCumSum},    {"CumProd", 26, 2, 2, importCumProd},
  };
  registry.add(table);
}

} // namespace tenon::onnx

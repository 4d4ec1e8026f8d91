// Operators that change the shape or the type but no element's place, and those that tell the shape.

#include "frontend/onnx/NodeImporter.h"

using namespace mlir;

namespace tenon::onnx {

static LogicalResult importReshape(NodeImporter &n) {
  n.ignore("consumed_inputs");
  Value x = n.input(0);
  auto wanted = n.ints("shape", 1);
  bool allowZero = n.attrs.getInt("allowzero", 0);
  if (!wanted)
    return failure();
  SmallVector<int64_t> shape(*wanted);
  int64_t known = 1, open = -1;
  for (auto [d, size] : llvm::enumerate(shape)) {
    if (size == 0 && !allowZero) {
      if (static_cast<int64_t>(d) >= rankOf(x))
        return n.malformed("dimension " + Twine(d) + " is to be copied but the operand does not have it");
      size = shapeOf(x)[d];
    }
    if (size < -1 || (size == -1 && open >= 0))
      return n.malformed("shape has a negative dimension, or more than one -1");
    if (size == -1)
      open = d;
    else if (llvm::MulOverflow(known, size, known))
      return n.malformed("shape is too large");
  }
  if (open >= 0) {
    if (known == 0 || product(shapeOf(x)) % known)
      return n.malformed("the size of dimension " + Twine(open) + " does not follow from the others");
    shape[open] = product(shapeOf(x)) / known;
  }
  return n.result(n.reshape(x, shape));
}

static LogicalResult importFlatten(NodeImporter &n) {
  Value x = n.input(0);
  int64_t rank = rankOf(x), axis = n.attrs.getInt("axis", 1);
  if (axis < -rank || axis > rank)
    return n.malformed("axis is outside the rank");
  axis += axis < 0 ? rank : 0;
  ArrayRef<int64_t> shape = shapeOf(x);
  return n.result(n.reshape(x, {product(shape.take_front(axis)), product(shape.drop_front(axis))}));
}

static LogicalResult importSqueeze(NodeImporter &n) {
  Value x = n.input(0);
  auto given = n.ints("axes", 1);
  auto axes = given ? n.axes(*given, rankOf(x)) : std::nullopt;
  if (!axes)
    return failure();
  SmallVector<int64_t> shape;
  bool all = !n.has(1) && !n.attrs.has("axes");
  for (auto [d, size] : llvm::enumerate(shapeOf(x))) {
    bool named = llvm::is_contained(*axes, static_cast<int64_t>(d));
    if (named && size != 1)
      return n.malformed("dimension " + Twine(d) + " has size " + Twine(size) + ", not 1");
    if (!named && !(all && size == 1))
      shape.push_back(size);
  }
  return n.result(n.reshape(x, shape));
}

static LogicalResult importUnsqueeze(NodeImporter &n) {
  Value x = n.input(0);
  auto given = n.ints("axes", 1);
  auto axes = given ? n.axes(*given, rankOf(x) + given->size()) : std::nullopt;
  if (!axes)
    return failure();
  SmallVector<int64_t> shape(shapeOf(x));
  for (int64_t axis : *axes)
    shape.insert(shape.begin() + axis, 1);
  return n.result(n.reshape(x, shape));
}

static LogicalResult importExpand(NodeImporter &n) {
  auto wanted = n.constantInts(1, "shape");
  if (!wanted)
    return failure();
  if (llvm::any_of(*wanted, [](int64_t size) { return size < 0; }))
    return n.malformed("shape has a negative dimension");
  auto shape = tn::broadcastShapes(shapeOf(n.input(0)), *wanted);
  if (!shape)
    return n.malformed("the operand does not broadcast to the shape");
  return n.result(n.broadcast(n.input(0), *shape));
}

static LogicalResult importShape(NodeImporter &n) {
  ArrayRef<int64_t> shape = shapeOf(n.input(0));
  int64_t rank = shape.size();
  auto clamp = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank); };
  int64_t start = clamp(n.attrs.getInt("start", 0)), end = clamp(n.attrs.getInt("end", rank));
  ArrayRef<int64_t> part = shape.slice(start, std::max<int64_t>(0, end - start));
  return n.result(n.intConstant(part, {static_cast<int64_t>(part.size())}));
}

static LogicalResult importSize(NodeImporter &n) { return n.result(n.intConstant({product(shapeOf(n.input(0)))}, {})); }

static LogicalResult importIdentity(NodeImporter &n) { return n.result(n.input(0)); }

/// Inference: the operand itself and, where wanted, a mask that keeps everything.
static LogicalResult importDropout(NodeImporter &n) {
  for (const char *name : {"ratio", "seed", "is_test", "consumed_inputs"})
    n.ignore(name);
  if (n.has(2)) {
    auto training = n.constantNumber(2, "training_mode");
    if (!training)
      return failure();
    if (*training != 0 && !(n.has(1) && n.constantNumber(1, "ratio").value_or(1) == 0))
      return n.unsupported("Dropout in training mode");
  }
  SmallVector<Value> results = {n.input(0)};
  if (n.wantsOutput(1))
    results.push_back(n.splat(typeOf(n.input(0)).clone(n.getBuilder().getI1Type()), 1));
  return n.results(results);
}

static LogicalResult castTo(NodeImporter &n, Type type) {
  n.ignore("round_mode"); // of float8e8m0, which is refused
  auto target = mlir::dyn_cast<FloatType>(type);
  bool saturate = n.attrs.getInt("saturate", 1) && target && target.getWidth() <= 8;
  Value x = n.input(0);
  if (elementOf(x) == type)
    return n.result(x);
  return n.result(n.emitTyped<tn::CastOp>(typeOf(x).clone(type), x, saturate));
}

static LogicalResult importCast(NodeImporter &n) {
  if (!n.attrs.has("to"))
    return n.attrs.require<int64_t>("to"), failure();
  std::optional<ElementType> to;
  if (const auto *name = n.opset() < 6 ? n.attrs.get<std::string>("to") : nullptr) {
    for (int64_t number = 1; number <= 16 && !to; ++number)
      if (auto type = elementTypeFromNumber(number))
        if (StringRef(*name).equals_insensitive(StringRef(elementTypeName(*type))))
          to = type;
  } else if (n.opset() >= 6) {
    to = elementTypeFromNumber(n.attrs.getInt("to", 0));
  }
  if (!to)
    return n.malformed("attribute 'to' is no element type");
  Type type = convertElementType(*to, n.context());
  if (!type)
    return n.unsupported("casting to element type " + Twine(elementTypeName(*to).data()));
  return castTo(n, type);
}

static LogicalResult importCastLike(NodeImporter &n) { return castTo(n, elementOf(n.input(1))); }

void registerShapeOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"Reshape", 1, 1, 1, importReshape},     {"Reshape", 5, 2, 2, importReshape},
      {"Flatten", 1, 1, 1, importFlatten},     {"Squeeze", 1, 1, 2, importSqueeze},
      {"Unsqueeze", 1, 1, 1, importUnsqueeze}, {"Unsqueeze", 13, 2, 2, importUnsqueeze},
      {"Expand", 8, 2, 2, importExpand},       {"Shape", 1, 1, 1, importShape},
      {"Size", 1, 1, 1, importSize},           {"Identity", 1, 1, 1, importIdentity},
      {"Dropout", 1, 1, 3, importDropout},     {"Cast", 1, 1, 1, importCast},
      {"CastLike", 15, 2, 2, importCastLike},
  };
  registry.add(table);
}

} // namespace tenon::onnx

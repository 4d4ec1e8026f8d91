// QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear, QLinearMatMul by plain arithmetic.

#include "frontend/onnx/ops/Quantize.h"

#include <cmath>

using namespace mlir;

namespace tenon::onnx {

/// A scale or zero point shaped to broadcast against `x`: a scalar, one entry per index of `axis`, or one per
/// block of `blockSize` indices.
static Value alignParameter(NodeImporter &n, Value parameter, Value x, int64_t axis, int64_t blockSize) {
  if (!parameter || !x)
    return {};
  if (product(shapeOf(parameter)) == 1 && rankOf(parameter) <= 1)
    return n.reshape(parameter, {});
  auto resolved = n.axis(axis, rankOf(x));
  if (!resolved)
    return {};
  if (rankOf(parameter) == 1) {
    SmallVector<int64_t> shape(rankOf(x) - *resolved, 1);
    shape[0] = shapeOf(parameter)[0];
    return n.reshape(parameter, shape);
  }
  if (rankOf(parameter) != rankOf(x) || blockSize <= 0)
    return (void)n.malformed("the scale's shape does not fit the input"), Value();
  SmallVector<int64_t> split, spread, merged(shapeOf(parameter));
  for (auto [d, size] : llvm::enumerate(shapeOf(parameter))) {
    split.push_back(size);
    spread.push_back(size);
    if (static_cast<int64_t>(d) == *resolved) {
      split.push_back(1);
      spread.push_back(blockSize);
      merged[d] = size * blockSize;
    }
  }
  Value repeated = n.reshape(n.broadcast(n.reshape(parameter, split), spread), merged);
  return n.sliceAxis(repeated, *resolved, 0, std::min(merged[*resolved], shapeOf(x)[*resolved]));
}

Value quantizeScaled(NodeImporter &n, Value v, Value zero, Type type, bool saturate) {
  auto integer = mlir::dyn_cast<IntegerType>(type);
  if (integer)
    v = n.emit<tn::RoundOp>(v);
  if (zero && v)
    v = n.emit<tn::AddOp>(v, n.cast(zero, elementOf(v)));
  if (!v || !integer)
    return v ? n.emitTyped<tn::CastOp>(typeOf(v).clone(type), v, saturate) : Value();
  double width = integer.getWidth(), low = integer.isUnsigned() ? 0 : -std::ldexp(1, width - 1);
  double high = std::ldexp(1, integer.isUnsigned() ? width : width - 1) - 1;
  v = n.emit<tn::MinOp>(n.emit<tn::MaxOp>(v, n.scalarLike(v, low)), n.scalarLike(v, high));
  return n.cast(v, type);
}

static Value quantize(NodeImporter &n, Value x, Value scale, Value zero, Type type, bool saturate) {
  return quantizeScaled(n, n.emit<tn::DivOp>(x, scale), zero, type, saturate);
}

/// (x - zero) * scale in the scale's type.
static Value dequantize(NodeImporter &n, Value x, Value scale, Value zero) {
  if (!x || !scale)
    return {};
  Type type = elementOf(scale);
  if (zero && isFloat(x))
    return n.emit<tn::MulOp>(n.emit<tn::SubOp>(n.cast(x, type), n.cast(zero, type)), scale);
  if (zero) {
    Type wide = n.getBuilder().getI32Type();
    x = n.emit<tn::SubOp>(n.cast(x, wide), n.cast(zero, wide));
  }
  return n.emit<tn::MulOp>(n.cast(x, type), scale);
}

static LogicalResult importQuantizeLinear(NodeImporter &n) {
  Value x = n.input(0), scale = n.input(1);
  int64_t axis = n.attrs.getInt("axis", 1), block = n.attrs.getInt("block_size", 0);
  bool saturate = n.attrs.getInt("saturate", 1);
  n.ignore("precision");
  int64_t outputType = n.attrs.getInt("output_dtype", 0);
  Type type = n.getBuilder().getIntegerType(8, false);
  if (n.has(2))
    type = elementOf(n.input(2));
  else if (outputType)
    type = convertElementType(elementTypeFromNumber(outputType).value_or(ElementType::Undefined), n.context());
  if (!type)
    return n.unsupported("this output_dtype");
  if (!isFloat(x))
    x = n.cast(x, elementOf(scale));
  Value zero = n.has(2) ? alignParameter(n, n.input(2), x, axis, block) : Value();
  Value factor = n.cast(alignParameter(n, scale, x, axis, block), elementOf(x));
  return n.result(quantize(n, x, factor, zero, type, saturate));
}

static LogicalResult importDequantizeLinear(NodeImporter &n) {
  Value x = n.input(0), scale = n.input(1);
  int64_t axis = n.attrs.getInt("axis", 1), block = n.attrs.getInt("block_size", 0);
  int64_t outputType = n.attrs.getInt("output_dtype", 0);
  Type type = elementOf(scale);
  if (outputType)
    type = convertElementType(elementTypeFromNumber(outputType).value_or(ElementType::Undefined), n.context());
  if (!type)
    return n.unsupported("this output_dtype");
  Value zero = n.has(2) ? alignParameter(n, n.input(2), x, axis, block) : Value();
  return n.result(n.cast(dequantize(n, x, alignParameter(n, scale, x, axis, block), zero), type));
}

/// Scale and zero point of uint8 from the range of the data, which always includes 0.
static LogicalResult importDynamicQuantizeLinear(NodeImporter &n) {
  Value x = n.input(0), zero = n.scalarLike(x, 0);
  Type u8 = n.getBuilder().getIntegerType(8, false);
  SmallVector<int64_t> all = llvm::to_vector(llvm::seq<int64_t>(0, rankOf(x)));
  Value high = n.emit<tn::MaxOp>(n.reshape(n.reduce(tn::ReduceKind::Max, x, all), {}), zero);
  Value low = n.emit<tn::MinOp>(n.reshape(n.reduce(tn::ReduceKind::Min, x, all), {}), zero);
  Value scale = n.emit<tn::DivOp>(n.emit<tn::SubOp>(high, low), n.scalarLike(x, 255));
  Value point = n.emit<tn::RoundOp>(n.emit<tn::DivOp>(n.emit<tn::SubOp>(zero, low), scale));
  point = n.emit<tn::MinOp>(n.emit<tn::MaxOp>(point, zero), n.scalarLike(x, 255));
  point = n.cast(point, u8);
  return n.results({quantize(n, x, scale, point, u8, true), scale, point});
}

void registerQuantizationOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"QuantizeLinear", 10, 2, 3, importQuantizeLinear},
      {"DequantizeLinear", 10, 2, 3, importDequantizeLinear},
      {"DynamicQuantizeLinear", 11, 1, 1, importDynamicQuantizeLinear},
  };
  registry.add(table);
}

} // namespace tenon::onnx

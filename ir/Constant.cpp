#include "ir/Constant.h"
#include <algorithm>
#include <cmath>
#include <cstring>

using namespace mlir;

namespace tenon::tn {

/// Dense attributes hold i1 packed in splats and as bytes otherwise; reading through APInt/APFloat suits both.
static Tensor readDense(DenseElementsAttr dense, RankedTensorType type) {
  Tensor tensor(type);
  int64_t size = elementBytes(type.getElementType());
  if (dense.isSplat()) {
    if (tensor.getNumElements() == 0)
      return tensor;
    Type element = type.getElementType();
    if (isa<FloatType>(element))
      tensor.set(0, Scalar::real([&] {
                   APFloat f = dense.getSplatValue<APFloat>();
                   bool lost;
                   f.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
                   return f.convertToDouble();
                 }()));
    else
      tensor.set(0, Scalar::integer(dense.getSplatValue<APInt>().getZExtValue()));
    char *data = tensor.getMutableData();
    for (int64_t i = 1; i < tensor.getNumElements(); ++i)
      std::memcpy(data + i * size, data, size);
    return tensor;
  }
  if (type.getElementType().isInteger(1)) {
    int64_t i = 0;
    for (bool bit : dense.getValues<bool>())
      tensor.set(i++, Scalar::integer(bit));
    return tensor;
  }
  ArrayRef<char> raw = dense.getRawData();
  std::copy(raw.begin(), raw.end(), tensor.getMutableData()); // null where there is nothing
  return tensor;
}

std::optional<Tensor> constantValue(MLIRContext *context, Attribute value, RankedTensorType type) {
  if (auto dense = dyn_cast<DenseElementsAttr>(value))
    return readDense(dense, type);
  auto weight = dyn_cast<WeightAttr>(value);
  if (!weight)
    return std::nullopt;
  WeightStore &store = context->getLoadedDialect<TnDialect>()->getWeightStore();
  auto source = store.find(weight.getSource().getValue(), weight.getOffset(), weight.getSize());
  if (!source || source->size != product(type.getShape()) * elementBytes(type.getElementType()))
    return std::nullopt;
  return Tensor(type, source->data, source->owner);
}

std::optional<Tensor> constantValue(Value v) {
  auto constant = v.getDefiningOp<ConstantOp>();
  if (!constant)
    return std::nullopt;
  return constantValue(constant.getContext(), constant.getValue(), constant.getType());
}

static bool isSplat(const Tensor &tensor) {
  int64_t size = elementBytes(tensor.getElementType());
  int64_t bytes = tensor.getNumBytes();
  return bytes > size && std::memcmp(tensor.getData(), tensor.getData() + size, bytes - size) == 0;
}

Attribute constantAttribute(const Tensor &tensor) {
  RankedTensorType type = tensor.getType();
  Type element = type.getElementType();
  bool splat = isSplat(tensor);
  if (element.isInteger(1) && (splat || tensor.getNumBytes() <= kMaxInlineBytes)) {
    SmallVector<bool> bits;
    for (int64_t i = 0, e = splat ? 1 : tensor.getNumElements(); i < e; ++i)
      bits.push_back(tensor.get(i).i != 0);
    return DenseElementsAttr::get(type, ArrayRef<bool>(bits));
  }
  if (!element.isInteger(1) && (splat || tensor.getNumBytes() <= kMaxInlineBytes)) {
    int64_t bytes = splat ? elementBytes(element) : tensor.getNumBytes();
    return DenseElementsAttr::getFromRawBuffer(type, ArrayRef<char>(tensor.getData(), bytes));
  }
  MLIRContext *context = type.getContext();
  WeightStore &store = context->getLoadedDialect<TnDialect>()->getWeightStore();
  std::string name = store.addComputed({tensor.getData(), tensor.getNumBytes(), tensor.getOwner()});
  return WeightAttr::get(context, StringAttr::get(context, name), 0, tensor.getNumBytes());
}

/// The integer of a type that is nearest to `value`; 0 for NaN.
static int64_t nearestInteger(double value, Type type) {
  if (std::isnan(value))
    return 0;
  bool isUnsigned = type.isUnsignedInteger();
  unsigned bits = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  double limit = std::ldexp(1.0, isUnsigned ? bits : bits - 1);
  if (value >= limit)
    return static_cast<int64_t>(isUnsigned ? APInt::getMaxValue(bits).getZExtValue()
                                           : APInt::getSignedMaxValue(bits).getZExtValue());
  if (value <= (isUnsigned ? 0 : -limit))
    return isUnsigned ? 0 : APInt::getSignedMinValue(bits).getSExtValue();
  return isUnsigned ? static_cast<int64_t>(static_cast<uint64_t>(value)) : static_cast<int64_t>(value);
}

Value splatConstant(OpBuilder &b, Location loc, RankedTensorType type, double value) {
  Tensor one(RankedTensorType::get({1}, type.getElementType()));
  if (isa<FloatType>(type.getElementType()))
    one.set(0, Scalar::real(value));
  else if (type.getElementType().isInteger(1))
    one.set(0, Scalar::integer(value != 0));
  else
    one.set(0, Scalar::integer(nearestInteger(value, type.getElementType())));
  Attribute attr;
  if (type.getElementType().isInteger(1))
    attr = DenseElementsAttr::get(type, one.get(0).i != 0);
  else
    attr = DenseElementsAttr::getFromRawBuffer(type, ArrayRef<char>(one.getData(), one.getNumBytes()));
  return ConstantOp::create(b, loc, type, attr);
}

std::optional<double> splatValue(Value v) {
  auto constant = v.getDefiningOp<ConstantOp>();
  if (!constant)
    return std::nullopt;
  auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
  if (!dense || !dense.isSplat())
    return std::nullopt;
  Tensor one = readDense(dense.resizeSplat(RankedTensorType::get({1}, dense.getElementType())),
                         RankedTensorType::get({1}, dense.getElementType()));
  Scalar s = one.get(0);
  return isa<FloatType>(dense.getElementType()) ? s.f : static_cast<double>(s.i);
}

std::optional<SmallVector<int64_t>> constantIntegers(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  if (!type || !type.getElementType().isIntOrIndex())
    return std::nullopt;
  std::optional<Tensor> tensor = constantValue(v);
  if (!tensor)
    return std::nullopt;
  SmallVector<int64_t> result;
  for (int64_t i = 0; i < tensor->getNumElements(); ++i)
    result.push_back(tensor->get(i).i);
  return result;
}

} // namespace tenon::tn

#include "frontend/onnx/Constants.h"
#include "ir/Constant.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

using namespace mlir;

namespace tenon::onnx {

Type convertElementType(ElementType type, MLIRContext *context) {
  auto integer = [&](unsigned width, bool isSigned) -> Type {
    return IntegerType::get(context, width, isSigned ? IntegerType::Signless : IntegerType::Unsigned);
  };
  switch (type) {
  case ElementType::Bool:
    return integer(1, true);
  case ElementType::Int8:
  case ElementType::Int16:
  case ElementType::Int32:
  case ElementType::Int64:
    return integer(bitWidth(type), true);
  case ElementType::UInt8:
  case ElementType::UInt16:
  case ElementType::UInt32:
  case ElementType::UInt64:
    return integer(bitWidth(type), false);
  case ElementType::Double:
    return Float64Type::get(context);
  case ElementType::Float:
    return Float32Type::get(context);
  case ElementType::Float16:
    return Float16Type::get(context);
  case ElementType::BFloat16:
    return BFloat16Type::get(context);
  case ElementType::Float8E4M3FN:
    return Float8E4M3FNType::get(context);
  case ElementType::Float8E4M3FNUZ:
    return Float8E4M3FNUZType::get(context);
  case ElementType::Float8E5M2:
    return Float8E5M2Type::get(context);
  case ElementType::Float8E5M2FNUZ:
    return Float8E5M2FNUZType::get(context);
  default:
    return {};
  }
}

static std::string describeElement(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type)) {
    if (integer.getWidth() == 1)
      return "bool";
    return (integer.isUnsigned() ? "uint" : "int") + std::to_string(integer.getWidth());
  }
  if (type.isF32() || type.isF64())
    return type.isF32() ? "float" : "double";
  if (type.isF16() || type.isBF16())
    return type.isF16() ? "float16" : "bfloat16";
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

std::string describeType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return describeElement(type);
  std::string text = describeElement(tensor.getElementType()) + "[";
  llvm::raw_string_ostream stream(text);
  llvm::interleave(
      tensor.getShape(), stream, [&](int64_t dim) { ShapedType::isDynamic(dim) ? stream << "?" : stream << dim; }, ",");
  stream << "]";
  return text;
}

bool fitsBytes(RankedTensorType type, int64_t limit) {
  int64_t bytes = elementBytes(type.getElementType());
  for (int64_t dim : type.getShape())
    if (dim < 0 || llvm::MulOverflow(bytes, std::max<int64_t>(dim, 1), bytes) || bytes > limit)
      return false;
  return true;
}

std::optional<Tensor> toTensor(const TensorData &data, MLIRContext *context) {
  Type element = convertElementType(data.type(), context);
  if (!element)
    return std::nullopt;
  return Tensor(RankedTensorType::get(data.dims(), element), data.data(), data.owner());
}

/// A name in the weight store whose range holds exactly these bytes; another model in the same context may
/// have taken the plain name for other bytes.
static std::string addSource(WeightStore &store, const std::string &name, const TensorData &data) {
  int64_t size = static_cast<int64_t>(data.sizeInBytes());
  int64_t offset = data.source() ? static_cast<int64_t>(data.source()->offset) : 0;
  int64_t sourceSize = data.source() ? static_cast<int64_t>(data.source()->fileSize) : size;
  for (int copy = 1;; ++copy) {
    std::string unique = copy == 1 ? name : name + "#" + std::to_string(copy);
    store.add(unique, {data.data() - offset, sourceSize, data.owner()});
    auto found = store.find(unique, offset, size);
    if (found && found->data == data.data())
      return unique;
  }
}

mlir::Attribute constantAttribute(const TensorData &data, MLIRContext *context, llvm::StringRef name) {
  std::optional<Tensor> tensor = toTensor(data, context);
  if (!tensor)
    return {};
  int64_t size = tensor->getNumBytes(), element = elementBytes(tensor->getElementType());
  bool isSplat = size <= element || std::memcmp(data.data(), data.data() + element, size - element) == 0;
  if (isSplat || size <= tn::kMaxInlineBytes)
    return tn::constantAttribute(*tensor);
  WeightStore &store = context->getOrLoadDialect<tn::TnDialect>()->getWeightStore();
  int64_t offset = data.source() ? static_cast<int64_t>(data.source()->offset) : 0;
  std::string source = addSource(store, data.source() ? data.source()->location : "model#" + name.str(), data);
  return tn::WeightAttr::get(context, StringAttr::get(context, source), offset, size);
}

} // namespace tenon::onnx

#include "frontend/onnx/ProtoTypes.h"

#include "onnx.pb.h"

namespace tenon::onnx {

static ElementType readElementType(int32_t number, std::string &error) {
  if (number == 0) {
    error = "has no element type";
    return ElementType::Undefined;
  }
  std::optional<ElementType> type = elementTypeFromNumber(number);
  if (!type)
    error = "has the unknown element type " + std::to_string(number);
  return type.value_or(ElementType::Undefined);
}

static Dim readDim(const TensorShapeProto::Dimension &proto) {
  // Exporters write -1 for a dim they don't know.
  if (proto.has_dim_value() && proto.dim_value() >= 0)
    return Dim::fixed(proto.dim_value());
  if (proto.has_dim_param() && !proto.dim_param().empty())
    return Dim::named(proto.dim_param());
  return {};
}

template <typename TensorTypeProto>
static ValueType readTensorType(ValueType::Kind kind, const TensorTypeProto &proto, std::string &error) {
  ValueType type;
  type.kind = kind;
  type.elementType = readElementType(proto.elem_type(), error);
  type.hasRank = proto.has_shape();
  for (const TensorShapeProto::Dimension &dim : proto.shape().dim())
    type.dims.push_back(readDim(dim));
  return type;
}

ValueType readType(const TypeProto &proto, std::string &error) {
  ValueType type;
  switch (proto.value_case()) {
  case TypeProto::kTensorType:
    type = readTensorType(ValueType::Tensor, proto.tensor_type(), error);
    break;
  case TypeProto::kSparseTensorType:
    type = readTensorType(ValueType::SparseTensor, proto.sparse_tensor_type(), error);
    break;
  case TypeProto::kSequenceType:
    type = ValueType::container(ValueType::Sequence, readType(proto.sequence_type().elem_type(), error));
    break;
  case TypeProto::kOptionalType:
    type = ValueType::container(ValueType::Optional, readType(proto.optional_type().elem_type(), error));
    break;
  case TypeProto::kMapType:
    type = ValueType::container(ValueType::Map, readType(proto.map_type().value_type(), error));
    type.elementType = readElementType(proto.map_type().key_type(), error);
    break;
  case TypeProto::kOpaqueType:
    type.kind = ValueType::Opaque;
    break;
  case TypeProto::VALUE_NOT_SET:
    break;
  }
  return error.empty() ? type : ValueType();
}

} // namespace tenon::onnx

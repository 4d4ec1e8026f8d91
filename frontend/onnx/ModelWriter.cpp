#include "frontend/onnx/ModelWriter.h"

#include "onnx.pb.h"

#include <algorithm>
#include <climits>
#include <fmt/format.h>

namespace tenon::onnx {

namespace {

/// Fills messages with what the structures say.
class Writer {
public:
  Writer(const TensorPlacement &place, Diagnostics &diags) : place(place), diags(diags) {}

  void write(const Model &model, ModelProto &proto);

private:
  void write(const Graph &graph, GraphProto &proto);
  void write(const Node &node, NodeProto &proto);
  void write(const Attribute &attribute, AttributeProto &proto);
  void write(const ValueInfo &value, ValueInfoProto &proto);
  void write(const TensorData &tensor, TensorProto &proto);
  void write(const SparseTensorData &tensor, SparseTensorProto &proto);
  template <typename Proto> void writeShape(const ValueType &type, Proto &proto);
  void write(const ValueType &type, TypeProto &proto);
  void noteOpset(const Node &node);

  // One per kind of attribute value.
  void value(float v, AttributeProto &proto) { proto.set_f(v); }
  void value(int64_t v, AttributeProto &proto) { proto.set_i(v); }
  void value(const std::string &v, AttributeProto &proto) { proto.set_s(v); }
  void value(const TensorData &v, AttributeProto &proto) { write(v, *proto.mutable_t()); }
  void value(const GraphPtr &v, AttributeProto &proto) { write(*v, *proto.mutable_g()); }
  void value(const SparseTensorData &v, AttributeProto &proto) { write(v, *proto.mutable_sparse_tensor()); }
  void value(const ValueType &v, AttributeProto &proto) { write(v, *proto.mutable_tp()); }
  void value(const std::vector<float> &list, AttributeProto &proto) {
    proto.mutable_floats()->Add(list.begin(), list.end());
  }
  void value(const std::vector<int64_t> &list, AttributeProto &proto) {
    proto.mutable_ints()->Add(list.begin(), list.end());
  }
  void value(const std::vector<std::string> &list, AttributeProto &proto) {
    for (const std::string &v : list)
      proto.add_strings(v);
  }
  void value(const std::vector<TensorData> &list, AttributeProto &proto) {
    for (const TensorData &v : list)
      write(v, *proto.add_tensors());
  }
  void value(const std::vector<GraphPtr> &list, AttributeProto &proto) {
    for (const GraphPtr &v : list)
      write(*v, *proto.add_graphs());
  }
  void value(const std::vector<SparseTensorData> &list, AttributeProto &proto) {
    for (const SparseTensorData &v : list)
      write(v, *proto.add_sparse_tensors());
  }
  void value(const std::vector<ValueType> &list, AttributeProto &proto) {
    for (const ValueType &v : list)
      write(v, *proto.add_type_protos());
  }

  const TensorPlacement &place;
  Diagnostics &diags;
  std::map<std::string, int64_t> opsets;
};

} // namespace

/// ONNX's number for each alternative of AttributeValue, in their order.
static int32_t attributeType(const Attribute &attribute) {
  constexpr AttributeProto::AttributeType types[] = {
      AttributeProto::FLOAT,      AttributeProto::INT,           AttributeProto::STRING,
      AttributeProto::TENSOR,     AttributeProto::GRAPH,         AttributeProto::FLOATS,
      AttributeProto::INTS,       AttributeProto::STRINGS,       AttributeProto::TENSORS,
      AttributeProto::GRAPHS,     AttributeProto::SPARSE_TENSOR, AttributeProto::SPARSE_TENSORS,
      AttributeProto::TYPE_PROTO, AttributeProto::TYPE_PROTOS};
  static_assert(std::size(types) == std::variant_size_v<AttributeValue>);
  return types[attribute.value->index()];
}

void Writer::write(const Attribute &attribute, AttributeProto &proto) {
  proto.set_name(attribute.name);
  proto.set_type(attributeType(attribute));
  std::visit([&](const auto &v) { value(v, proto); }, *attribute.value);
}

void Writer::noteOpset(const Node &node) {
  auto [entry, isNew] = opsets.try_emplace(node.domain, node.opset);
  if (!isNew && entry->second != node.opset)
    diags.error(Status::Unsupported,
                fmt::format("nodes are written for versions {} and {} of operator set '{}' (functions of the model "
                            "import another one than the model); one ONNX graph can't say that",
                            entry->second, node.opset, node.domain),
                node.name);
}

void Writer::write(const Node &node, NodeProto &proto) {
  noteOpset(node);
  proto.set_name(node.name);
  proto.set_op_type(node.opType);
  proto.set_domain(node.domain);
  for (const std::string &input : node.inputs)
    proto.add_input(input);
  for (const std::string &output : node.outputs)
    proto.add_output(output);
  for (const Attribute &attribute : node.attributes)
    write(attribute, *proto.add_attribute());
}

template <typename Proto> void Writer::writeShape(const ValueType &type, Proto &proto) {
  proto.set_elem_type(static_cast<int32_t>(type.elementType));
  if (type.hasRank)
    proto.mutable_shape();
  for (const Dim &dim : type.dims) {
    TensorShapeProto::Dimension &added = *proto.mutable_shape()->add_dim();
    if (dim.kind == Dim::Fixed)
      added.set_dim_value(dim.size);
    else if (dim.kind == Dim::Symbol)
      added.set_dim_param(dim.symbol);
  }
}

void Writer::write(const ValueType &type, TypeProto &proto) {
  switch (type.kind) {
  case ValueType::Unspecified:
    return;
  case ValueType::Tensor:
    return writeShape(type, *proto.mutable_tensor_type());
  case ValueType::SparseTensor:
    return writeShape(type, *proto.mutable_sparse_tensor_type());
  case ValueType::Sequence:
    return write(*type.element, *proto.mutable_sequence_type()->mutable_elem_type());
  case ValueType::Optional:
    return write(*type.element, *proto.mutable_optional_type()->mutable_elem_type());
  case ValueType::Map:
    proto.mutable_map_type()->set_key_type(static_cast<int32_t>(type.elementType));
    return write(*type.element, *proto.mutable_map_type()->mutable_value_type());
  case ValueType::Opaque:
    proto.mutable_opaque_type();
  }
}

void Writer::write(const ValueInfo &value, ValueInfoProto &proto) {
  proto.set_name(value.name);
  if (value.type.kind != ValueType::Unspecified)
    write(value.type, *proto.mutable_type());
}

void Writer::write(const TensorData &tensor, TensorProto &proto) {
  proto.set_name(tensor.name());
  proto.set_data_type(static_cast<int32_t>(tensor.type()));
  for (int64_t dim : tensor.dims())
    proto.add_dims(dim);
  if (tensor.type() == ElementType::String) {
    for (const std::string &text : tensor.strings())
      proto.add_string_data(text);
    return;
  }
  std::optional<TensorSource> outside = place(tensor);
  if (!outside) {
    proto.set_raw_data(tensor.data(), tensor.sizeInBytes());
    return;
  }
  auto add = [&](const char *key, std::string value) {
    StringStringEntryProto &entry = *proto.add_external_data();
    entry.set_key(key);
    entry.set_value(std::move(value));
  };
  add("location", outside->location);
  add("offset", std::to_string(outside->offset));
  add("length", std::to_string(outside->length));
  proto.set_data_location(TensorProto::EXTERNAL);
}

void Writer::write(const SparseTensorData &tensor, SparseTensorProto &proto) {
  write(tensor.values, *proto.mutable_values());
  write(tensor.indices, *proto.mutable_indices());
  for (int64_t dim : tensor.dims)
    proto.add_dims(dim);
}

void Writer::write(const Graph &graph, GraphProto &proto) {
  proto.set_name(graph.name);
  for (const Node &node : graph.nodes)
    write(node, *proto.add_node());
  for (const TensorData &initializer : graph.initializers)
    write(initializer, *proto.add_initializer());
  for (const SparseTensorData &initializer : graph.sparseInitializers)
    write(initializer, *proto.add_sparse_initializer());
  for (const ValueInfo &input : graph.inputs)
    write(input, *proto.add_input());
  for (const ValueInfo &output : graph.outputs)
    write(output, *proto.add_output());
}

void Writer::write(const Model &model, ModelProto &proto) {
  // Before IR version 4 initializers had to be listed as inputs.
  proto.set_ir_version(std::max<int64_t>(model.irVersion, 4));
  proto.set_producer_name(model.producerName);
  proto.set_producer_version(model.producerVersion);
  write(model.graph, *proto.mutable_graph());
  for (const auto &[domain, version] : model.opsets)
    opsets.try_emplace(domain, version);
  for (const auto &[domain, version] : opsets) {
    OperatorSetIdProto &import = *proto.add_opset_import();
    import.set_domain(domain);
    import.set_version(version);
  }
}

std::string serializeModel(const Model &model, const TensorPlacement &place, Diagnostics &diags) {
  size_t errorsBefore = diags.errorCount();
  ModelProto proto;
  Writer(place, diags).write(model, proto);
  if (proto.ByteSizeLong() > INT_MAX)
    diags.error(Status::LimitExceeded, fmt::format("the model has {} bytes, a protobuf message can't have more than {}",
                                                   proto.ByteSizeLong(), INT_MAX));
  return diags.errorCount() == errorsBefore ? proto.SerializePartialAsString() : std::string();
}

} // namespace tenon::onnx

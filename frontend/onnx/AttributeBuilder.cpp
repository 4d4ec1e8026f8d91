// The attribute part of GraphBuilder.

#include "frontend/onnx/GraphBuilder.h"
#include "frontend/onnx/ProtoTypes.h"
#include "onnx.pb.h"

#include <fmt/format.h>

namespace tenon::onnx {

namespace {
struct KindEntry {
  int type;
  AttributeKind kind;
};
constexpr KindEntry kindTable[] = {
    {AttributeProto::FLOAT, AttributeKind::Float},
    {AttributeProto::INT, AttributeKind::Int},
    {AttributeProto::STRING, AttributeKind::String},
    {AttributeProto::TENSOR, AttributeKind::Tensor},
    {AttributeProto::GRAPH, AttributeKind::Graph},
    {AttributeProto::FLOATS, AttributeKind::Floats},
    {AttributeProto::INTS, AttributeKind::Ints},
    {AttributeProto::STRINGS, AttributeKind::Strings},
    {AttributeProto::TENSORS, AttributeKind::Tensors},
    {AttributeProto::GRAPHS, AttributeKind::Graphs},
    {AttributeProto::SPARSE_TENSOR, AttributeKind::SparseTensor},
    {AttributeProto::SPARSE_TENSORS, AttributeKind::SparseTensors},
    {AttributeProto::TYPE_PROTO, AttributeKind::Type},
    {AttributeProto::TYPE_PROTOS, AttributeKind::Types},
};
} // namespace

static std::optional<AttributeKind> kindOf(int type) {
  for (const KindEntry &entry : kindTable)
    if (entry.type == type)
      return entry.kind;
  return std::nullopt;
}

/// The type of an attribute from before IR version 2, which says it only by the field that is set.
static int inferType(const AttributeProto &proto) {
  const std::pair<bool, int> fields[] = {
      {proto.has_f(), AttributeProto::FLOAT},
      {proto.has_i(), AttributeProto::INT},
      {proto.has_s(), AttributeProto::STRING},
      {proto.has_t(), AttributeProto::TENSOR},
      {proto.has_g(), AttributeProto::GRAPH},
      {proto.floats_size() > 0, AttributeProto::FLOATS},
      {proto.ints_size() > 0, AttributeProto::INTS},
      {proto.strings_size() > 0, AttributeProto::STRINGS},
      {proto.tensors_size() > 0, AttributeProto::TENSORS},
      {proto.graphs_size() > 0, AttributeProto::GRAPHS},
      {proto.has_sparse_tensor(), AttributeProto::SPARSE_TENSOR},
      {proto.sparse_tensors_size() > 0, AttributeProto::SPARSE_TENSORS},
      {proto.has_tp(), AttributeProto::TYPE_PROTO},
      {proto.type_protos_size() > 0, AttributeProto::TYPE_PROTOS},
  };
  int type = AttributeProto::UNDEFINED;
  for (auto [isSet, candidate] : fields) {
    if (isSet && type != AttributeProto::UNDEFINED)
      return AttributeProto::UNDEFINED;
    if (isSet)
      type = candidate;
  }
  return type;
}

std::vector<Attribute> GraphBuilder::buildAttributes(NodeProto &proto, const Context &context,
                                                     const std::string &node) {
  std::vector<Attribute> attributes;
  std::unordered_set<std::string_view> names;
  for (AttributeProto &attribute : *proto.mutable_attribute()) {
    if (attribute.name().empty())
      diags.error(Status::Malformed, "an attribute has no name", node);
    else if (!names.insert(attribute.name()).second)
      diags.error(Status::Malformed, fmt::format("attribute {} is given twice", quoted(attribute.name())), node);
    else if (auto value = buildAttribute(attribute, context, node))
      attributes.push_back({attribute.name(), std::move(value)});
  }
  return attributes;
}

std::shared_ptr<const AttributeValue> GraphBuilder::resolveReference(const AttributeProto &proto,
                                                                     const Context &context, const std::string &node) {
  std::string what =
      fmt::format("attribute {} refers to attribute {}", quoted(proto.name()), quoted(proto.ref_attr_name()));
  if (!context.call) {
    diags.error(Status::Malformed, what + ", which only nodes of functions can", node);
    return nullptr;
  }
  auto entry = context.call->attributes.find(proto.ref_attr_name());
  if (entry == context.call->attributes.end())
    return nullptr; // neither the call nor a default gives a value: the attribute is absent here too
  Attribute attribute{entry->first, entry->second};
  if (proto.type() && kindOf(proto.type()) != attribute.kind()) {
    diags.error(Status::Malformed,
                fmt::format("{} of the call {}, which is {}, not of the type that is declared here", what,
                            quoted(context.call->name), attributeKindName(attribute.kind())),
                node);
    return nullptr;
  }
  if (auto graph = attribute.getIf<GraphPtr>())
    charge(graphCosts[graph->get()]);
  if (auto graphs = attribute.getIf<std::vector<GraphPtr>>())
    for (const GraphPtr &graph : *graphs)
      charge(graphCosts[graph.get()]);
  return attribute.value;
}

std::shared_ptr<const AttributeValue> GraphBuilder::buildGraphAttribute(AttributeProto &proto, const Context &context,
                                                                        const std::string &node) {
  if (proto.type() == AttributeProto::GRAPHS || (!proto.type() && proto.graphs_size())) {
    std::vector<GraphPtr> graphs;
    for (int i = 0; i < proto.graphs_size(); ++i) {
      GraphPtr graph = buildSubgraph(*proto.mutable_graphs(i), context, fmt::format("{}.{}", proto.name(), i), node);
      if (!graph)
        return nullptr;
      graphs.push_back(std::move(graph));
    }
    return std::make_shared<AttributeValue>(std::move(graphs));
  }
  GraphPtr graph = buildSubgraph(*proto.mutable_g(), context, proto.name(), node);
  return graph ? std::make_shared<AttributeValue>(std::move(graph)) : nullptr;
}

template <typename Data, typename Field, typename Decoder>
static std::optional<AttributeValue> decodeAll(Field &field, const std::string &what, const std::string &node,
                                               Decoder &decoder) {
  std::vector<Data> values;
  for (int i = 0; i < field.size(); ++i) {
    std::optional<Data> value = decoder.decode(field[i], fmt::format("{}, element {},", what, i), node);
    if (!value)
      return std::nullopt;
    values.push_back(std::move(*value));
  }
  return values;
}

template <typename T> static std::optional<AttributeValue> toValue(std::optional<T> value) {
  if (!value)
    return std::nullopt;
  return AttributeValue(std::move(*value));
}

/// All kinds but graphs. Nothing after an error, which is reported.
std::optional<AttributeValue> GraphBuilder::buildPlainValue(AttributeProto &proto, int type, const std::string &what,
                                                            const std::string &node) {
  std::string error;
  AttributeValue value;
  switch (type) {
  case AttributeProto::FLOAT:
    return proto.f();
  case AttributeProto::INT:
    return proto.i();
  case AttributeProto::STRING:
    return proto.s();
  case AttributeProto::FLOATS:
    return std::vector<float>(proto.floats().begin(), proto.floats().end());
  case AttributeProto::INTS:
    return std::vector<int64_t>(proto.ints().begin(), proto.ints().end());
  case AttributeProto::STRINGS:
    return std::vector<std::string>(proto.strings().begin(), proto.strings().end());
  case AttributeProto::TENSOR:
    return toValue(tensors.decode(*proto.mutable_t(), what, node));
  case AttributeProto::TENSORS:
    return decodeAll<TensorData>(*proto.mutable_tensors(), what, node, tensors);
  case AttributeProto::SPARSE_TENSOR:
    return toValue(tensors.decode(*proto.mutable_sparse_tensor(), what, node));
  case AttributeProto::SPARSE_TENSORS:
    return decodeAll<SparseTensorData>(*proto.mutable_sparse_tensors(), what, node, tensors);
  case AttributeProto::TYPE_PROTO:
    value = readType(proto.tp(), error);
    break;
  case AttributeProto::TYPE_PROTOS: {
    std::vector<ValueType> types;
    for (const TypeProto &item : proto.type_protos())
      types.push_back(readType(item, error));
    value = std::move(types);
    break;
  }
  default:
    error = proto.type() ? fmt::format("has the unknown attribute type {}", proto.type())
                         : "has no type, and not exactly one value that would tell it";
    break;
  }
  if (error.empty())
    return value;
  diags.error(Status::Malformed, what + " " + error, node);
  return std::nullopt;
}

std::shared_ptr<const AttributeValue> GraphBuilder::buildAttribute(AttributeProto &proto, const Context &context,
                                                                   const std::string &node) {
  if (!proto.ref_attr_name().empty())
    return resolveReference(proto, context, node);
  int type = proto.type() ? proto.type() : inferType(proto);
  std::string what = "attribute " + quoted(proto.name());
  bool isMissing = (type == AttributeProto::GRAPH && !proto.has_g()) ||
                   (type == AttributeProto::TENSOR && !proto.has_t()) ||
                   (type == AttributeProto::SPARSE_TENSOR && !proto.has_sparse_tensor());
  if (isMissing) {
    diags.error(Status::Malformed, what + " has no value", node);
    return nullptr;
  }
  if (type == AttributeProto::GRAPH || type == AttributeProto::GRAPHS)
    return buildGraphAttribute(proto, context, node);
  if (context.call) {
    auto shared = sharedAttributes.find(&proto);
    if (shared != sharedAttributes.end())
      return shared->second;
  }
  std::optional<AttributeValue> value = buildPlainValue(proto, type, what, node);
  auto result = value ? std::make_shared<const AttributeValue>(std::move(*value)) : nullptr;
  if (context.call)
    sharedAttributes.emplace(&proto, result);
  return result;
}

} // namespace tenon::onnx

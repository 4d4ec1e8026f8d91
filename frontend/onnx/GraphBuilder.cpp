#include "frontend/onnx/GraphBuilder.h"

#include "frontend/onnx/GraphChecks.h"
#include "frontend/onnx/ProtoTypes.h"
#include "onnx.pb.h"

#include <fmt/format.h>

namespace tenon::onnx {

/// Longer names are refused: they are copied into captures and into the names of inlined values.
static constexpr size_t maxNameLength = 65536;

std::string shortenedName(std::string name) {
  constexpr size_t maxLength = 256, keptEnd = 128;
  if (name.size() > maxLength)
    name = name.substr(0, maxLength - keptEnd) + "..." + name.substr(name.size() - keptEnd);
  return name;
}

GraphBuilder::GraphBuilder(ModelProto &model, const OpsetMap &opsets, const std::string &directory,
                           const LoadOptions &options, Diagnostics &diags)
    : model(model), modelOpsets(opsets), options(options), diags(diags), tensors(directory, diags),
      functions(model, diags) {}

void GraphBuilder::build(Graph &graph) {
  Context context;
  context.opsets = &modelOpsets;
  buildGraph(*model.mutable_graph(), context, graph);
}

std::string GraphBuilder::valueName(const std::string &name, const Context &context) {
  if (name.size() > maxNameLength) {
    diags.error(Status::LimitExceeded,
                fmt::format("the name {} has {} bytes; Tenon supports {}", quoted(name), name.size(), maxNameLength));
    return {};
  }
  if (!context.scope || name.empty())
    return name;
  for (NameScope *scope = context.scope; scope; scope = scope->parent) {
    auto entry = scope->names.find(name);
    if (entry != scope->names.end())
      return entry->second;
    // A name that the body never defines; it becomes one that the graph doesn't define either.
    if (!scope->parent)
      return scope->names.try_emplace(name, uniqueNames.fresh(context.call->name, name)).first->second;
  }
  return name;
}

ValueInfo GraphBuilder::buildValueInfo(const ValueInfoProto &proto, const Context &context, bool isModelInput) {
  std::string error;
  ValueInfo info{valueName(proto.name(), context), readType(proto.type(), error)};
  if (isModelInput && error.empty() && info.type.kind == ValueType::Unspecified)
    error = "has no type";
  if (isModelInput && info.name.empty())
    error = "has no name";
  // A subgraph's declarations may be left open; they are inferred.
  if (!error.empty() && (isModelInput || error != "has no element type"))
    diags.error(Status::Malformed,
                fmt::format("{} {} {}", isModelInput ? "graph input" : "value", quoted(proto.name()), error));
  return info;
}

void GraphBuilder::checkInitializerType(const ValueInfo &input, const TensorData &initializer) {
  const ValueType &type = input.type;
  bool matches = type.kind == ValueType::Tensor && type.elementType == initializer.type();
  if (type.kind == ValueType::Unspecified)
    return;
  if (matches && type.hasRank) {
    matches = type.dims.size() == initializer.rank();
    for (size_t i = 0; matches && i < type.dims.size(); ++i)
      matches = type.dims[i].kind != Dim::Fixed || type.dims[i].size == initializer.dims()[i];
  }
  if (matches)
    return;
  std::vector<Dim> dims;
  for (int64_t dim : initializer.dims())
    dims.push_back(Dim::fixed(dim));
  diags.error(Status::Malformed,
              fmt::format("graph input {} is declared as {}, its initializer is {}", quoted(input.name), type.str(),
                          ValueType::tensor(initializer.type(), dims).str()));
}

void GraphBuilder::buildInitializers(GraphProto &proto, const Context &context, Graph &graph) {
  for (TensorProto &tensor : *proto.mutable_initializer()) {
    std::string what = "initializer " + quoted(tensor.name());
    if (tensor.name().empty())
      diags.error(Status::Malformed, "an initializer has no name");
    // A broken one still defines its name, so that it is reported once.
    TensorData data = tensors.decode(tensor, what, {}).value_or(TensorData());
    data.setName(valueName(tensor.name(), context));
    graph.initializerIndex.try_emplace(data.name(), graph.initializers.size());
    graph.initializers.push_back(std::move(data));
  }
  for (SparseTensorProto &tensor : *proto.mutable_sparse_initializer()) {
    std::string what = "sparse initializer " + quoted(tensor.values().name());
    SparseTensorData data = tensors.decode(tensor, what, {}).value_or(SparseTensorData());
    data.values.setName(valueName(tensor.values().name(), context));
    graph.sparseInitializers.push_back(std::move(data));
  }
  for (const ValueInfo &input : graph.inputs) {
    const TensorData *initializer = graph.findInitializer(input.name);
    if (initializer && initializer->type() != ElementType::Undefined)
      checkInitializerType(input, *initializer);
  }
}

void GraphBuilder::buildGraph(GraphProto &proto, const Context &context, Graph &graph) {
  bool isMain = context.subgraphDepth == 0;
  if (budgetExceeded)
    return;
  graph.name = proto.name();
  for (const ValueInfoProto &input : proto.input())
    graph.inputs.push_back(buildValueInfo(input, context, isMain));
  for (const ValueInfoProto &output : proto.output())
    graph.outputs.push_back(buildValueInfo(output, context, false));
  buildInitializers(proto, context, graph);
  for (const ValueInfoProto &value : proto.value_info()) {
    std::string error;
    ValueType type = readType(value.type(), error);
    if (type.kind != ValueType::Unspecified)
      graph.valueTypes.insert_or_assign(valueName(value.name(), context), std::move(type));
  }
  for (const TensorAnnotation &annotation : proto.quantization_annotation()) {
    QuantizationAnnotation &copy = graph.quantization.emplace_back();
    copy.tensor = valueName(annotation.tensor_name(), context);
    for (const StringStringEntryProto &entry : annotation.quant_parameter_tensor_names())
      copy.parameters.emplace_back(entry.key(), valueName(entry.value(), context));
  }
  for (int i = 0; i < proto.node_size() && !budgetExceeded; ++i)
    buildNode(*proto.mutable_node(i), i, context, graph);
  if (!budgetExceeded)
    orderGraph(graph, isMain, diags);
}

GraphPtr GraphBuilder::buildSubgraph(GraphProto &proto, const Context &context, const std::string &attribute,
                                     const std::string &node) {
  if (context.subgraphDepth >= options.maxSubgraphDepth) {
    diags.error(Status::LimitExceeded,
                fmt::format("subgraphs are nested deeper than {} levels", options.maxSubgraphDepth), node);
    return nullptr;
  }
  Context inner = context;
  inner.subgraphDepth = context.subgraphDepth + 1;
  inner.namelessPrefix = shortenedName(node + "/" + attribute + "/");
  NameScope scope{context.scope, {}};
  if (context.scope) {
    inner.scope = &scope;
    auto define = [&](const std::string &name) { defineFresh(name, context.call->name, scope); };
    chargeGraph(proto);
    for (const ValueInfoProto &input : proto.input())
      define(input.name());
    for (const TensorProto &initializer : proto.initializer())
      define(initializer.name());
    for (const SparseTensorProto &initializer : proto.sparse_initializer())
      define(initializer.values().name());
    for (const NodeProto &inside : proto.node())
      for (const std::string &output : inside.output())
        define(output);
  }
  auto graph = std::make_shared<Graph>();
  size_t before = inlinedBytes;
  buildGraph(proto, inner, *graph);
  graphCosts[graph.get()] = context.call ? inlinedBytes - before : proto.ByteSizeLong();
  return graph;
}

int64_t GraphBuilder::resolveOpset(const Node &node, const Context &context) {
  auto entry = context.opsets->find(node.domain);
  if (entry != context.opsets->end())
    return entry->second;
  if (reportedDomains.emplace(context.opsets, node.domain).second) {
    std::string who = context.call ? "function " + quoted(context.call->function->displayName) : "the model";
    diags.error(Status::Malformed,
                fmt::format("operator {} is of domain {}, which {} does not import (opset_import)", quoted(node.opType),
                            quoted(node.domain.empty() ? "ai.onnx" : node.domain), who),
                node.name);
  }
  return 0;
}

void GraphBuilder::buildNode(NodeProto &proto, size_t index, const Context &context, Graph &graph) {
  Node node;
  node.opType = proto.op_type();
  node.domain = normalizedDomain(proto.domain());
  node.index = index;
  node.name = proto.name().empty() ? fmt::format("{}{}#{}", context.namelessPrefix, node.opType, index)
                                   : context.namedPrefix + proto.name();
  if (node.name.size() > maxNameLength)
    node.name = shortenedName(std::move(node.name));
  for (const std::string &input : proto.input())
    node.inputs.push_back(valueName(input, context));
  for (const std::string &output : proto.output())
    node.outputs.push_back(valueName(output, context));
  if (context.call && !charge(node, proto.attribute_size()))
    return;
  if (node.opType.empty())
    diags.error(Status::Malformed, "the node has no op_type", node.name);
  node.attributes = buildAttributes(proto, context, node.name);
  if (Function *function = functions.find(node.domain, node.opType, proto.overload())) {
    inlineCall(*function, node, context, graph);
    return;
  }
  if (!proto.overload().empty())
    diags.error(Status::Malformed,
                fmt::format("the node calls overload {} of function {}, which the model does not define",
                            quoted(proto.overload()), quoted(node.opType)),
                node.name);
  node.opset = resolveOpset(node, context);
  graph.nodes.push_back(std::move(node));
}

} // namespace tenon::onnx

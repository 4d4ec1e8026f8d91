// The part of GraphBuilder that replaces calls of model-local functions by their bodies.

#include "frontend/onnx/GraphBuilder.h"
#include "onnx.pb.h"

#include <fmt/format.h>

namespace tenon::onnx {

bool GraphBuilder::charge(size_t bytes) {
  inlinedBytes += bytes;
  constexpr size_t bytesPerNode = 256;
  if (inlinedBytes / bytesPerNode <= options.maxInlinedNodes && inlinedNodes <= options.maxInlinedNodes)
    return true;
  if (!budgetExceeded)
    diags.error(Status::LimitExceeded,
                fmt::format("inlining the model's functions gives more than {} nodes", options.maxInlinedNodes));
  budgetExceeded = true;
  return false;
}

bool GraphBuilder::charge(const Node &node, size_t attributes) {
  ++inlinedNodes;
  size_t bytes = node.name.size() + 16 * attributes;
  for (const std::string &input : node.inputs)
    bytes += 16 + input.size();
  for (const std::string &output : node.outputs)
    bytes += 16 + output.size();
  return charge(bytes);
}

/// What a subgraph in a function holds beside its nodes.
void GraphBuilder::chargeGraph(const GraphProto &proto) {
  size_t bytes = 64;
  for (const ValueInfoProto &value : proto.input())
    bytes += value.ByteSizeLong();
  for (const ValueInfoProto &value : proto.output())
    bytes += value.ByteSizeLong();
  for (const ValueInfoProto &value : proto.value_info())
    bytes += value.ByteSizeLong();
  for (const TensorAnnotation &annotation : proto.quantization_annotation())
    bytes += annotation.ByteSizeLong();
  for (const TensorProto &tensor : proto.initializer())
    bytes += 64 + tensor.name().size() + 8 * static_cast<size_t>(tensor.dims_size());
  for (const SparseTensorProto &tensor : proto.sparse_initializer())
    bytes += tensor.ByteSizeLong();
  charge(bytes);
}

void GraphBuilder::defineFresh(const std::string &name, const std::string &prefix, NameScope &scope) {
  if (name.empty() || scope.names.count(name) || !charge(prefix.size() + name.size() + 16))
    return;
  scope.names.emplace(name, uniqueNames.fresh(prefix, name));
}

/// Reports calls that can't be inlined: recursion, wrong numbers of values.
bool GraphBuilder::mayInline(const Function &function, const Node &node, const Context &context) {
  unsigned depth = 0;
  std::string chain = quoted(function.displayName);
  for (const Call *call = context.call; call; call = call->caller, ++depth) {
    chain = quoted(call->function->displayName) + " -> " + chain;
    if (call->function != &function)
      continue;
    diags.error(Status::Malformed, fmt::format("function {} calls itself: {}", quoted(function.displayName), chain),
                node.name);
    return false;
  }
  if (depth >= options.maxFunctionDepth) {
    diags.error(Status::LimitExceeded,
                fmt::format("calls of functions are nested deeper than {} levels", options.maxFunctionDepth),
                node.name);
    return false;
  }
  auto checkCount = [&](const char *what, size_t actual, size_t expected) {
    if (actual <= expected)
      return true;
    diags.error(
        Status::Malformed,
        fmt::format("the call has {} {}s, function {} has {}", actual, what, quoted(function.displayName), expected),
        node.name);
    return false;
  };
  return function.valid && checkCount("input", node.inputs.size(), function.proto->input_size()) &&
         checkCount("output", node.outputs.size(), function.proto->output_size());
}

/// Maps the function's inputs and outputs to the caller's values and its inner values to new names. Returns
/// the copies that are needed because an output is an input itself or is listed twice.
std::vector<Node> GraphBuilder::bindValues(const Function &function, const Node &node, const std::string &prefix,
                                           NameScope &scope) {
  const FunctionProto &proto = *function.proto;
  std::vector<Node> copies;
  for (int i = 0; i < proto.input_size(); ++i)
    scope.names.try_emplace(proto.input(i), node.hasInput(i) ? node.inputs[i] : "");
  for (int i = 0; i < proto.output_size(); ++i) {
    if (!node.hasOutput(i))
      continue;
    auto [entry, isNew] = scope.names.try_emplace(proto.output(i), node.outputs[i]);
    if (isNew)
      continue;
    Node copy;
    copy.name = fmt::format("{}/Identity#{}", prefix, i);
    copy.opType = "Identity";
    auto opset = function.opsets.find("");
    copy.opset = opset != function.opsets.end() ? opset->second : maxOpset;
    copy.inputs = {entry->second};
    copy.outputs = {node.outputs[i]};
    copy.index = i;
    if (entry->second.empty())
      diags.error(Status::Malformed,
                  fmt::format("output {} of function {} is its input {}, which the call leaves out", i,
                              quoted(function.displayName), quoted(proto.output(i))),
                  node.name);
    else
      copies.push_back(std::move(copy));
  }
  for (const NodeProto &inner : proto.node())
    for (const std::string &output : inner.output())
      defineFresh(output, prefix, scope);
  return copies;
}

void GraphBuilder::inlineCall(Function &function, const Node &node, const Context &context, Graph &graph) {
  if (!mayInline(function, node, context)) {
    graph.nodes.push_back(node); // so that what it defines is not reported as undefined, too
    return;
  }
  FunctionProto &proto = *function.proto;
  if (!charge(16 * (proto.input_size() + proto.output_size() + proto.attribute_proto_size() + 1)))
    return;
  if (!namesReserved) {
    uniqueNames.reserve(model.graph());
    namesReserved = true;
  }
  Call call{&function, context.call, {}, shortenedName(node.name)};
  for (const Attribute &attribute : node.attributes)
    call.attributes.emplace(attribute.name, attribute.value);
  NameScope scope;
  Context inner;
  inner.opsets = &function.opsets;
  inner.call = &call;
  inner.scope = &scope;
  inner.namedPrefix = inner.namelessPrefix = call.name + "/";
  inner.subgraphDepth = context.subgraphDepth;
  std::vector<Node> copies = bindValues(function, node, call.name, scope);
  for (AttributeProto &fallback : *proto.mutable_attribute_proto())
    if (!call.attributes.count(fallback.name()))
      if (auto value = buildAttribute(fallback, inner, node.name))
        call.attributes.emplace(fallback.name(), std::move(value));
  for (int i = 0; i < proto.node_size() && !budgetExceeded; ++i)
    buildNode(*proto.mutable_node(i), i, inner, graph);
  for (Node &copy : copies)
    graph.nodes.push_back(std::move(copy));
}

} // namespace tenon::onnx

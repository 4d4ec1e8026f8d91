#include "tools/reduce/Subject.h"
#include "llvm/ADT/STLExtras.h"

using namespace tenon::onnx;

namespace tenon::reduce {

void forEachRead(const Node &node, llvm::function_ref<void(const std::string &)> visit) {
  for (const std::string &input : node.inputs)
    if (!input.empty())
      visit(input);
  for (const GraphPtr &graph : node.subgraphs())
    for (const std::string &name : graph->captures)
      visit(name);
}

//===----------------------------------------------------------------------===//
// From and to models
//===----------------------------------------------------------------------===//

Subject makeSubject(const Model &model, std::map<std::string, TensorData> inputs) {
  Subject subject;
  subject.irVersion = model.irVersion;
  subject.nodes = model.graph.nodes;
  if (auto standard = model.opsets.find(""); standard != model.opsets.end())
    subject.opsets.insert(*standard);
  for (const TensorData &initializer : model.graph.initializers)
    subject.constants[initializer.name()] = initializer;
  for (const SparseTensorData &initializer : model.graph.sparseInitializers)
    subject.sparseConstants[initializer.values.name()] = initializer;
  subject.inputs = std::move(inputs);
  std::set<std::string> computed;
  for (const Node &node : subject.nodes)
    computed.insert(node.outputs.begin(), node.outputs.end());
  for (const ValueInfo &output : model.graph.outputs)
    if (computed.count(output.name))
      subject.outputs.push_back(output.name);
  return subject;
}

static ValueType typeOf(const TensorData &data) {
  std::vector<Dim> dims;
  for (int64_t size : data.dims())
    dims.push_back(Dim::fixed(size));
  return ValueType::tensor(data.type(), std::move(dims));
}

Model makeModel(const Subject &subject, const Record &record) {
  Model model;
  model.irVersion = subject.irVersion;
  model.producerName = "tenon reduce";
  model.opsets = subject.opsets;
  model.graph.name = "reduced";
  model.graph.nodes = subject.nodes;
  for (const auto &[name, data] : subject.constants) {
    model.graph.initializers.push_back(data);
    model.graph.initializers.back().setName(name);
  }
  for (const auto &[name, data] : subject.sparseConstants)
    model.graph.sparseInitializers.push_back(data);
  for (const auto &[name, data] : subject.inputs)
    model.graph.inputs.push_back({name, typeOf(data)});
  for (const std::string &name : subject.outputs) {
    auto value = record.find(name);
    model.graph.outputs.push_back({name, value == record.end() ? ValueType() : typeOf(value->second.data)});
  }
  return model;
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

void dropUnread(Subject &subject) {
  std::set<std::string> read;
  for (const Node &node : subject.nodes)
    forEachRead(node, [&](const std::string &name) { read.insert(name); });
  auto drop = [&](auto &values) {
    for (auto it = values.begin(); it != values.end();)
      it = read.count(it->first) ? std::next(it) : values.erase(it);
  };
  drop(subject.constants);
  drop(subject.sparseConstants);
  drop(subject.inputs);
}

/// Gives names that no node of the subject computes any more their recorded values. False if one has none.
static bool supplyMissing(Subject &part, const Record &record) {
  std::set<std::string> known;
  bool complete = true;
  for (const Node &node : part.nodes) {
    forEachRead(node, [&](const std::string &name) {
      if (known.count(name) || part.constants.count(name) || part.sparseConstants.count(name) ||
          part.inputs.count(name))
        return;
      auto value = record.find(name);
      if (value == record.end())
        complete = false;
      else
        (value->second.isConstant ? part.constants : part.inputs)[name] = value->second.data;
    });
    known.insert(node.outputs.begin(), node.outputs.end());
  }
  return complete;
}

std::optional<Subject> cutNodes(const Subject &subject, const Record &record, const std::vector<bool> &keep) {
  Subject part = subject;
  part.nodes.clear();
  part.outputs.clear();
  std::set<std::string> readInside, wanted(subject.outputs.begin(), subject.outputs.end());
  for (size_t i = 0; i < subject.nodes.size(); ++i) {
    if (keep[i])
      part.nodes.push_back(subject.nodes[i]);
    forEachRead(subject.nodes[i], [&](const std::string &name) { (keep[i] ? readInside : wanted).insert(name); });
  }
  for (const Node &node : part.nodes)
    for (const std::string &output : node.outputs)
      if (!output.empty() && (wanted.count(output) || (!readInside.count(output) && output == node.outputs[0])))
        part.outputs.push_back(output);
  if (part.nodes.empty() || part.outputs.empty() || !supplyMissing(part, record))
    return std::nullopt;
  dropUnread(part);
  return part;
}

std::optional<Subject> keepOutputs(const Subject &subject, const std::vector<std::string> &outputs) {
  std::set<std::string> needed(outputs.begin(), outputs.end());
  Subject part = subject;
  part.nodes.clear();
  part.outputs = outputs;
  for (const Node &node : llvm::reverse(subject.nodes)) {
    if (llvm::none_of(node.outputs, [&](const std::string &output) { return needed.count(output) != 0; }))
      continue;
    forEachRead(node, [&](const std::string &name) { needed.insert(name); });
    part.nodes.push_back(node);
  }
  std::reverse(part.nodes.begin(), part.nodes.end());
  if (part.nodes.empty())
    return std::nullopt;
  dropUnread(part);
  return part;
}

std::optional<Subject> bypassNode(const Subject &subject, size_t number, const std::string &replacement) {
  const Node &bypassed = subject.nodes[number];
  const std::string &output = bypassed.outputs[0];
  Subject result = subject;
  result.nodes.erase(result.nodes.begin() + number);
  bool isComputed = false;
  for (Node &node : result.nodes) {
    for (const GraphPtr &graph : node.subgraphs())
      if (llvm::is_contained(graph->captures, output))
        return std::nullopt;
    std::replace(node.inputs.begin(), node.inputs.end(), output, replacement);
    isComputed |= llvm::is_contained(node.outputs, replacement);
  }
  std::vector<std::string> outputs;
  for (const std::string &name : subject.outputs) {
    const std::string &renamed = name == output ? replacement : name;
    if ((name != output || isComputed) && !llvm::is_contained(outputs, renamed))
      outputs.push_back(renamed);
  }
  return outputs.empty() ? std::nullopt : keepOutputs(result, outputs);
}

} // namespace tenon::reduce

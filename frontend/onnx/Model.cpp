#include "frontend/onnx/Model.h"

#include "frontend/onnx/GraphBuilder.h"
#include "frontend/onnx/GraphChecks.h"
#include "frontend/onnx/ProtoParser.h"
#include "onnx.pb.h"

#include <algorithm>
#include <fmt/format.h>
#include <new>

namespace tenon::onnx {

const Attribute *Node::findAttribute(std::string_view name) const {
  auto entry = std::find_if(attributes.begin(), attributes.end(),
                            [&](const Attribute &attribute) { return attribute.name == name; });
  return entry == attributes.end() ? nullptr : &*entry;
}

std::vector<GraphPtr> Node::subgraphs() const {
  std::vector<GraphPtr> graphs;
  for (const Attribute &attribute : attributes) {
    if (auto graph = attribute.getIf<GraphPtr>())
      graphs.push_back(*graph);
    if (auto list = attribute.getIf<std::vector<GraphPtr>>())
      graphs.insert(graphs.end(), list->begin(), list->end());
  }
  return graphs;
}

const TensorData *Graph::findInitializer(std::string_view name) const {
  auto entry = initializerIndex.find(std::string(name));
  return entry == initializerIndex.end() ? nullptr : &initializers[entry->second];
}

const SparseTensorData *Graph::findSparseInitializer(std::string_view name) const {
  for (const SparseTensorData &initializer : sparseInitializers)
    if (initializer.values.name() == name)
      return &initializer;
  return nullptr;
}

/// Nesting of messages that a model with `depth` levels of subgraphs needs: graph, node and attribute at each
/// level, and types inside the innermost.
static int messageNesting(unsigned depth) { return 3 * static_cast<int>(std::min(depth, 1000u)) + 32; }

static bool checkHeader(const ModelProto &proto, const std::string &path, Diagnostics &diags) {
  size_t errorsBefore = diags.errorCount();
  if (!proto.has_graph() && !proto.has_ir_version()) {
    diags.error(Status::Malformed,
                fmt::format("not an ONNX model: {} has neither an ir_version nor a graph", quoted(path)));
    return false;
  }
  if (proto.ir_version() > maxIrVersion) {
    diags.error(Status::Unsupported, fmt::format("{} has IR version {}; Tenon supports IR versions up to {}",
                                                 quoted(path), proto.ir_version(), maxIrVersion));
    return false;
  }
  if (proto.ir_version() < 1)
    diags.error(Status::Malformed,
                fmt::format("{} has {} IR version", quoted(path), proto.has_ir_version() ? "an invalid" : "no"));
  if (!proto.has_graph())
    diags.error(Status::Malformed, fmt::format("the model {} has no graph", quoted(path)));
  return diags.errorCount() == errorsBefore;
}

static std::shared_ptr<const Model> build(ModelProto &proto, const std::string &directory, const LoadOptions &options,
                                          Diagnostics &diags) {
  auto model = std::make_shared<Model>();
  model->irVersion = proto.ir_version();
  model->producerName = proto.producer_name();
  model->producerVersion = proto.producer_version();
  model->opsets = readOpsets(proto.opset_import(), "the model", diags);
  // Imports came with IR version 3; before it, there was one operator set.
  if (proto.ir_version() < 3)
    model->opsets.try_emplace("", 1);
  for (const StringStringEntryProto &entry : proto.metadata_props())
    model->metadata.emplace_back(entry.key(), entry.value());
  GraphBuilder builder(proto, model->opsets, directory, options, diags);
  builder.build(model->graph);
  if (builder.isComplete())
    checkNames(model->graph, diags);
  return model;
}

static std::shared_ptr<const Model> parseAndBuild(std::string_view bytes, const std::string &path,
                                                  const std::string &directory, const LoadOptions &options,
                                                  Diagnostics &diags) {
  size_t errorsBefore = diags.errorCount();
  ModelProto proto;
  if (!parseMessage(bytes, messageNesting(options.maxSubgraphDepth), "an ONNX model", path, proto, diags) ||
      !checkHeader(proto, path, diags))
    return nullptr;
  std::shared_ptr<const Model> model = build(proto, directory, options, diags);
  return diags.errorCount() == errorsBefore ? model : nullptr;
}

std::shared_ptr<const Model> Model::load(const std::string &path, const LoadOptions &options, Diagnostics &diags) {
  try {
    std::shared_ptr<const MappedFile> file = mapInput(path, diags);
    if (!file)
      return nullptr;
    std::string directory = options.externalDataDir.empty() ? directoryOf(path) : options.externalDataDir;
    return parseAndBuild(file->bytes(), path, directory, options, diags);
  } catch (const std::bad_alloc &) {
    diags.error(Status::LimitExceeded, fmt::format("out of memory while loading {}", quoted(path)));
    return nullptr;
  }
}

std::shared_ptr<const Model> Model::loadFromMemory(std::string_view bytes, const std::string &path,
                                                   const LoadOptions &options, Diagnostics &diags) {
  try {
    return parseAndBuild(bytes, path, options.externalDataDir, options, diags);
  } catch (const std::bad_alloc &) {
    diags.error(Status::LimitExceeded, fmt::format("out of memory while loading {}", quoted(path)));
    return nullptr;
  }
}

} // namespace tenon::onnx

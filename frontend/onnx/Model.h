// ONNX models as validated plain structures. This is what the importer walks.
//
//   Diagnostics diags;
//   std::shared_ptr<const Model> model = Model::load("model.onnx", {}, diags);
//   if (!model) { print(diags.str()); return int(diags.status()); }
//
// After a load without errors:
// - nodes of every graph are in topological order (a subgraph's captures count as inputs of its node),
// otherwise
//   in file order;
// - every name a node reads is defined: in its graph before it, or in an enclosing graph before the owner;
// - no value is defined twice in one graph; every graph output is defined;
// - model-local functions are gone, inlined where they were called, and no attribute is a reference;
// - every node has its domain normalised ("" for "ai.onnx") and carries the opset version it is written for;
// - every tensor's bytes are present and of the right length.

#ifndef TENON_FRONTEND_ONNX_MODEL_H
#define TENON_FRONTEND_ONNX_MODEL_H

#include "frontend/onnx/Attributes.h"
#include "frontend/onnx/Diagnostics.h"
#include "frontend/onnx/ModelTypes.h"
#include "frontend/onnx/TensorData.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tenon::onnx {

/// The newest format that the loader accepts.
inline constexpr int64_t maxIrVersion = 14;
inline constexpr int64_t maxOpset = 28;
inline constexpr int64_t maxMlOpset = 5;

struct Node {
  /// The name from the file or, for a node without one, "Conv#12" (12: position in its node list). Nodes of
  /// an inlined function are "caller/inner"; nameless nodes of subgraphs "If#3/then_branch/Conv#0". For
  /// messages and locations; not guaranteed to be unique.
  std::string name;
  std::string opType;
  std::string domain; ///< "" is the standard domain
  int64_t opset = 0;  ///< version of `domain` that this node is written for
  /// Value names; "" is an optional input that is left out.
  std::vector<std::string> inputs;
  /// Value names; "" is an optional output that nobody wants.
  std::vector<std::string> outputs;
  std::vector<Attribute> attributes; ///< in file order; names are unique
  /// Position in the node list of the file (of its graph or its function).
  size_t index = 0;

  const Attribute *findAttribute(std::string_view name) const;
  bool hasInput(size_t i) const { return i < inputs.size() && !inputs[i].empty(); }
  bool hasOutput(size_t i) const { return i < outputs.size() && !outputs[i].empty(); }
  /// All subgraphs, of GRAPH and GRAPHS attributes, in order.
  std::vector<GraphPtr> subgraphs() const;
};

/// A graph input or output. Subgraphs and outputs may leave the type unspecified; a model's inputs never do.
struct ValueInfo {
  std::string name;
  ValueType type;
};

/// Which tensors hold the quantization parameters of a tensor (key: SCALE_TENSOR, ZERO_POINT_TENSOR).
struct QuantizationAnnotation {
  std::string tensor;
  std::vector<std::pair<std::string, std::string>> parameters;
};

struct Graph {
  std::string name;
  /// Files before IR version 4 list initializers here too; later an input with an initializer has a default
  /// that the caller may override. findInitializer tells.
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
  std::vector<Node> nodes;
  std::vector<TensorData> initializers; ///< in file order; TensorData::name is the value's name
  std::vector<SparseTensorData> sparseInitializers;
  /// Types of inner values as the file declares them, unchecked. Functions' are not carried over.
  std::unordered_map<std::string, ValueType> valueTypes;
  std::vector<QuantizationAnnotation> quantization;
  /// Names of enclosing graphs' values that this graph or its subgraphs read, in order of first use. Empty
  /// for the main graph.
  std::vector<std::string> captures;

  const TensorData *findInitializer(std::string_view name) const;
  const SparseTensorData *findSparseInitializer(std::string_view name) const;

private:
  friend class GraphBuilder;
  std::unordered_map<std::string, size_t> initializerIndex;
};

struct LoadOptions {
  /// Directory that external data locations are relative to; empty: the directory of the model file.
  std::string externalDataDir;
  /// Nesting of If/Loop/Scan bodies.
  unsigned maxSubgraphDepth = 64;
  /// Nesting of function calls.
  unsigned maxFunctionDepth = 64;
  /// Nodes that inlining functions may create. Their names and lists may take 256 bytes per node on average.
  size_t maxInlinedNodes = 1000000;
};

class Model {
public:
  /// Loads and checks a model file. Errors go to `diags`, all that are found in one run (diags.status() is
  /// the exit code); then the result is null. Warnings alone don't fail. Never throws. External data files
  /// stay mapped while a TensorData of them lives; they must not be truncated meanwhile.
  static std::shared_ptr<const Model> load(const std::string &path, const LoadOptions &options, Diagnostics &diags);
  /// The same for a model in memory (not referred to afterwards). Without options.externalDataDir a tensor
  /// with external data is an error. `path` is used in messages only.
  static std::shared_ptr<const Model> loadFromMemory(std::string_view bytes, const std::string &path,
                                                     const LoadOptions &options, Diagnostics &diags);

  int64_t irVersion = 0;
  std::string producerName;
  std::string producerVersion;
  /// Domain (normalised) -> version, as imported by the model; functions may import others, see Node::opset.
  std::map<std::string, int64_t> opsets;
  std::vector<std::pair<std::string, std::string>> metadata;
  Graph graph;
};

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_MODEL_H

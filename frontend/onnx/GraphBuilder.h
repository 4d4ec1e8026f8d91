// Protobuf messages -> Graph, with functions inlined. Internal to the loader.

#ifndef TENON_FRONTEND_ONNX_GRAPHBUILDER_H
#define TENON_FRONTEND_ONNX_GRAPHBUILDER_H

#include "frontend/onnx/Functions.h"
#include "frontend/onnx/Model.h"
#include "frontend/onnx/TensorDecoder.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tenon::onnx {

class TypeProto;
class ValueInfoProto;

/// Builds the main graph of a model and everything below it. Takes tensor data out of the messages.
class GraphBuilder {
public:
  GraphBuilder(ModelProto &model, const OpsetMap &opsets, const std::string &directory, const LoadOptions &options,
               Diagnostics &diags);

  /// On exceeding a limit of inlining stops early; then the graph is incomplete.
  void build(Graph &graph);
  bool isComplete() const { return !budgetExceeded; }

private:
  /// A function that is being inlined.
  struct Call {
    const Function *function;
    const Call *caller;
    /// Those of the calling node and the function's defaults for the rest.
    std::unordered_map<std::string, std::shared_ptr<const AttributeValue>> attributes;
    std::string name; ///< display name of the calling node, shortened
  };

  /// What the meaning of a node list depends on.
  struct Context {
    const OpsetMap *opsets = nullptr;
    const Call *call = nullptr; ///< null in the model's own graphs
    NameScope *scope = nullptr; ///< null: names are what they are
    std::string namedPrefix;    ///< of display names of nodes that have a name
    std::string namelessPrefix; ///< of those that don't
    unsigned subgraphDepth = 0;
  };

  // GraphBuilder.cpp
  void buildGraph(GraphProto &proto, const Context &context, Graph &graph);
  void buildInitializers(GraphProto &proto, const Context &context, Graph &graph);
  void checkInitializerType(const ValueInfo &input, const TensorData &initializer);
  ValueInfo buildValueInfo(const ValueInfoProto &proto, const Context &context, bool isModelInput);
  GraphPtr buildSubgraph(GraphProto &proto, const Context &context, const std::string &attribute,
                         const std::string &node);
  void buildNode(NodeProto &proto, size_t index, const Context &context, Graph &graph);
  int64_t resolveOpset(const Node &node, const Context &context);
  std::string valueName(const std::string &name, const Context &context);

  // AttributeBuilder.cpp
  std::vector<Attribute> buildAttributes(NodeProto &proto, const Context &context, const std::string &node);
  std::shared_ptr<const AttributeValue> buildAttribute(AttributeProto &proto, const Context &context,
                                                       const std::string &node);
  std::shared_ptr<const AttributeValue> resolveReference(const AttributeProto &proto, const Context &context,
                                                         const std::string &node);
  std::shared_ptr<const AttributeValue> buildGraphAttribute(AttributeProto &proto, const Context &context,
                                                            const std::string &node);
  std::optional<AttributeValue> buildPlainValue(AttributeProto &proto, int type, const std::string &what,
                                                const std::string &node);

  // FunctionInliner.cpp
  void inlineCall(Function &function, const Node &node, const Context &context, Graph &graph);
  bool mayInline(const Function &function, const Node &node, const Context &context);
  std::vector<Node> bindValues(const Function &function, const Node &node, const std::string &prefix, NameScope &scope);
  void defineFresh(const std::string &name, const std::string &prefix, NameScope &scope);
  void chargeGraph(const GraphProto &proto);
  /// Counts what inlining makes; false, and reported once, when it is more than the options allow.
  bool charge(const Node &node, size_t attributes);
  bool charge(size_t bytes);

  ModelProto &model;
  const OpsetMap &modelOpsets;
  const LoadOptions &options;
  Diagnostics &diags;
  TensorDecoder tensors;
  FunctionTable functions;
  UniqueNames uniqueNames;
  bool namesReserved = false;
  size_t inlinedBytes = 0;
  size_t inlinedNodes = 0;
  bool budgetExceeded = false;
  /// Function bodies' attributes that don't depend on the call, built once.
  std::unordered_map<const AttributeProto *, std::shared_ptr<const AttributeValue>> sharedAttributes;
  /// What a copy of a subgraph costs, for subgraphs that are passed to functions.
  std::unordered_map<const Graph *, size_t> graphCosts;
  std::set<std::pair<const OpsetMap *, std::string>> reportedDomains;
};

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_GRAPHBUILDER_H

// The loader on arbitrary bytes: whatever they are, it returns, and a model that it accepts keeps its
// promises.
//   onnx-model-fuzzer -max_len=4096 CORPUS_DIR

#include "frontend/onnx/Model.h"

#include <cstdint>
#include <cstdlib>
#include <unordered_set>

using namespace tenon::onnx;

static void require(bool condition) {
  if (!condition)
    std::abort();
}

/// Names are defined before they are read, tensors have their bytes.
static void walk(const Graph &graph, std::unordered_set<std::string> visible) {
  for (const ValueInfo &input : graph.inputs)
    visible.insert(input.name);
  for (const TensorData &tensor : graph.initializers) {
    visible.insert(tensor.name());
    require(tensor.type() == ElementType::String
                ? tensor.strings().size() == static_cast<size_t>(tensor.numElements())
                : tensor.sizeInBytes() == packedByteSize(tensor.type(), tensor.numElements()));
    if (tensor.numElements() > 0) {
      tensor.bitsAt(0);
      tensor.bitsAt(tensor.numElements() - 1);
    }
  }
  for (const SparseTensorData &tensor : graph.sparseInitializers)
    visible.insert(tensor.values.name());
  for (const Node &node : graph.nodes) {
    require(!node.opType.empty() && node.opset > 0);
    for (const std::string &input : node.inputs)
      require(input.empty() || visible.count(input));
    for (const GraphPtr &subgraph : node.subgraphs())
      walk(*subgraph, visible);
    for (const std::string &output : node.outputs)
      visible.insert(output);
  }
  for (const ValueInfo &output : graph.outputs)
    require(visible.count(output.name));
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  LoadOptions options;
  options.maxInlinedNodes = 1000; // keeps one input fast
  Diagnostics diags;
  std::string_view bytes(reinterpret_cast<const char *>(data), size);
  std::shared_ptr<const Model> model = Model::loadFromMemory(bytes, "fuzz.onnx", options, diags);
  require((model != nullptr) == (diags.errorCount() == 0));
  require(diags.list().size() <= 100);
  if (model)
    walk(model->graph, {});
  return 0;
}

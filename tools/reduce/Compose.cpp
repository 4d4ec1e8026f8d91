//===- Compose.cpp - One node in place of several ------------------------===//
//
// What ONNX has an operator for is often written with many: a layer normalization takes eight. Compilers put them
// together again, and a fault behind that needs all of them to show, or the one operator. It need not compute the same.
//
//===----------------------------------------------------------------------===//
#include "tools/reduce/Search.h"
#include "tools/reduce/TensorEdit.h"

using namespace tenon::onnx;

namespace tenon::reduce {

namespace {
/// An operator from a tensor to one of the same type.
struct Composite {
  const char *name;
  int64_t since; ///< version of the operator set that has it
  bool isScaled; ///< it takes a factor per element of the last dimension
};
} // namespace

constexpr Composite kComposites[] = {
    {"LayerNormalization", 17, true}, {"Softmax", 13, false}, {"LogSoftmax", 13, false}, {"Gelu", 20, false}};

/// Where more nodes are left there are too many pairs of values.
constexpr size_t kMostNodes = 24;

/// A subject whose node `number` is `composite` of `from`. Nothing if that makes it no smaller.
static std::optional<Subject> composed(const Subject &subject, size_t number, const std::string &from,
                                       const TensorData &like, const Composite &composite) {
  Subject variant = subject;
  Node &node = variant.nodes[number];
  node.opType = composite.name;
  node.opset = variant.opsets.at("");
  node.inputs = {from};
  node.attributes.clear();
  if (composite.isScaled) {
    std::string scale = node.outputs[0] + "/scale";
    std::vector<float> ones(like.dims().back(), 1);
    variant.constants[scale] = {ElementType::Float,
                                {like.dims().back()},
                                std::string(reinterpret_cast<const char *>(ones.data()), ones.size() * sizeof(float))};
    node.inputs.push_back(scale);
  }
  std::optional<Subject> part = keepOutputs(variant, variant.outputs);
  return part && part->nodes.size() < subject.nodes.size() ? part : std::nullopt;
}

/// The values that a node may be computed from instead: those of its type that are there before it, the earliest first.
static std::vector<std::string> valuesBefore(const Search &search, size_t number, const TensorData &like) {
  const Subject &subject = search.best();
  std::vector<std::string> names;
  names.reserve(subject.inputs.size());
  for (const auto &[name, tensor] : subject.inputs)
    names.push_back(name);
  for (size_t i = 0; i < number; ++i)
    names.insert(names.end(), subject.nodes[i].outputs.begin(), subject.nodes[i].outputs.end());
  std::vector<std::string> same;
  for (const std::string &name : names) {
    const TensorData *value = name.empty() ? nullptr : search.valueOf(name);
    if (value && value->type() == like.type() && value->dims() == like.dims())
      same.push_back(name);
  }
  return same;
}

static bool composeNode(Search &search, size_t number) {
  const Node node = search.best().nodes[number];
  const TensorData *value = node.outputs.size() == 1 && node.domain.empty() ? search.valueOf(node.outputs[0]) : nullptr;
  auto opset = search.best().opsets.find("");
  if (!value || value->type() != ElementType::Float || value->rank() == 0 || opset == search.best().opsets.end())
    return false;
  const TensorData like = *value;
  for (const std::string &from : valuesBefore(search, number, like))
    for (const Composite &composite : kComposites)
      if (opset->second >= composite.since &&
          search.attemptVariant(composed(search.best(), number, from, like, composite)))
        return true;
  return false;
}

bool composeNodes(Search &search) {
  search.enter("compose");
  bool changed = false;
  if (search.best().nodes.size() > kMostNodes)
    return false;
  for (size_t i = search.best().nodes.size(); i-- > 0;) {
    changed |= composeNode(search, i);
    i = std::min(i, search.best().nodes.size());
  }
  return changed;
}

} // namespace tenon::reduce

//===- Simplify.cpp - Attributes, types and values -----------------------===//
#include "tools/reduce/Search.h"
#include "tools/reduce/TensorEdit.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace tenon::onnx;

namespace tenon::reduce {

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

/// The best with one node changed.
static bool attemptNode(Search &search, size_t number, llvm::function_ref<void(Node &)> change) {
  Subject variant = search.best();
  change(variant.nodes[number]);
  dropUnread(variant);
  return search.attemptVariant(variant);
}

/// Leaves out optional operands, the last first.
static bool dropOperands(Search &search, size_t number) {
  bool changed = false;
  for (size_t i = search.best().nodes[number].inputs.size(); i-- > 1;)
    if (search.best().nodes[number].hasInput(i))
      changed |= attemptNode(search, number, [&](Node &node) {
        node.inputs[i].clear();
        while (node.inputs.back().empty())
          node.inputs.pop_back();
      });
  return changed;
}

/// A number nearer to what is usual: 0, 1, or one in place of every number of a list. Null if it is that already.
static std::shared_ptr<const AttributeValue> plainer(const AttributeValue &value, int64_t number) {
  AttributeValue simple;
  if (const auto *old = std::get_if<int64_t>(&value); old && *old > number)
    simple = number;
  else if (const auto *list = std::get_if<std::vector<int64_t>>(&value);
           list && llvm::any_of(*list, [&](int64_t n) { return n > number; }))
    simple = std::vector<int64_t>(list->size(), number);
  else
    return nullptr;
  return std::make_shared<const AttributeValue>(std::move(simple));
}

static bool simplifyAttribute(Search &search, size_t number, const std::string &name) {
  if (attemptNode(search, number, [&](Node &node) {
        llvm::erase_if(node.attributes, [&](const Attribute &attribute) { return attribute.name == name; });
      }))
    return true;
  for (int64_t simple : {0, 1}) {
    auto value = plainer(*search.best().nodes[number].findAttribute(name)->value, simple);
    if (value && attemptNode(search, number, [&](Node &node) {
          for (Attribute &attribute : node.attributes)
            if (attribute.name == name)
              attribute.value = value;
        }))
      return true;
  }
  return false;
}

bool simplifyAttributes(Search &search) {
  search.enter("attributes");
  bool changed = false;
  for (size_t i = 0; i < search.best().nodes.size(); ++i) {
    std::vector<std::string> names;
    for (const Attribute &attribute : search.best().nodes[i].attributes)
      names.push_back(attribute.name);
    for (const std::string &name : names)
      changed |= simplifyAttribute(search, i, name);
    changed |= dropOperands(search, i);
  }
  return changed;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

static bool attemptTensor(Search &search, const std::string &name, const TensorData &tensor) {
  Subject variant = search.best();
  (variant.inputs.count(name) ? variant.inputs : variant.constants)[name] = tensor;
  return search.attemptVariant(variant);
}

/// Zeros, ones, small whole numbers, a few bits after the point.
static bool simplifyTensor(Search &search, const std::string &name) {
  const TensorData tensor = *search.valueOf(name);
  if (tensor.numElements() < 1 || bitWidth(tensor.type()) < 8)
    return false;
  if (isSplat(tensor) && tensor.data()[0] == 0)
    return false;
  if (attemptTensor(search, name, zerosLike(tensor)))
    return true;
  if (!isPlainFloat(tensor.type()))
    return false;
  if (attemptTensor(search, name, mapFloats(tensor, tensor.type(), [](double) { return 1.0; })))
    return true;
  for (double scale : {1.0, 16.0})
    if (attemptTensor(search, name, mapFloats(tensor, tensor.type(), [&](double value) {
                        return std::nearbyint(value * scale) / scale;
                      })))
      return true;
  return false;
}

bool simplifyValues(Search &search) {
  search.enter("values");
  std::vector<std::string> names;
  for (const auto *tensors : {&search.best().constants, &search.best().inputs})
    for (const auto &[name, tensor] : *tensors)
      names.push_back(name);
  bool changed = false;
  for (const std::string &name : names)
    changed |= simplifyTensor(search, name);
  return changed;
}

/// Makes constants of inputs that are small, as long as one is left: fewer files belong to the report.
bool fixInputs(Search &search) {
  search.enter("inputs");
  constexpr size_t maxBytes = 4096;
  bool changed = false;
  std::vector<std::pair<size_t, std::string>> bySize;
  for (const auto &[name, tensor] : search.best().inputs)
    bySize.emplace_back(tensor.sizeInBytes(), name);
  llvm::sort(bySize);
  for (auto &[size, name] : bySize) {
    if (size > maxBytes || search.best().inputs.size() == 1)
      break;
    Subject variant = search.best();
    variant.constants[name] = variant.inputs[name];
    variant.inputs.erase(name);
    changed |= search.attemptVariant(variant);
  }
  return changed;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// f32 in place of another float type, everywhere: in tensors and in what casts ask for.
static Subject withoutType(Subject subject, ElementType type) {
  auto map = [&](std::map<std::string, TensorData> &tensors) {
    for (auto &[name, tensor] : tensors)
      if (tensor.type() == type)
        tensor = mapFloats(tensor, ElementType::Float, [](double value) { return value; });
  };
  map(subject.inputs);
  map(subject.constants);
  for (Node &node : subject.nodes)
    for (Attribute &attribute : node.attributes)
      if (const auto *number = attribute.getIf<int64_t>();
          number && (attribute.name == "to" || attribute.name == "dtype") && *number == static_cast<int64_t>(type))
        attribute.value = std::make_shared<const AttributeValue>(static_cast<int64_t>(ElementType::Float));
  return subject;
}

bool simplifyTypes(Search &search) {
  search.enter("types");
  bool changed = false;
  for (ElementType type : {ElementType::Double, ElementType::Float16, ElementType::BFloat16})
    changed |= search.attemptVariant(withoutType(search.best(), type));
  return changed;
}

} // namespace tenon::reduce

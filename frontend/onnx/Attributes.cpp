#include "frontend/onnx/Attributes.h"

#include "frontend/onnx/Model.h"

#include <fmt/format.h>

namespace tenon::onnx {

std::string_view attributeKindName(AttributeKind kind) {
  constexpr std::string_view names[] = {"a float",         "an int",         "a string", "a tensor", "a graph",
                                        "floats",          "ints",           "strings",  "tensors",  "graphs",
                                        "a sparse tensor", "sparse tensors", "a type",   "types"};
  return names[static_cast<size_t>(kind)];
}

AttributeReader::AttributeReader(const Node &node) : node(node), read(node.attributes.size()) {}

bool AttributeReader::has(std::string_view name) const { return node.findAttribute(name) != nullptr; }

const Attribute *AttributeReader::find(std::string_view name) {
  const Attribute *attribute = node.findAttribute(name);
  if (attribute)
    read[attribute - node.attributes.data()] = true;
  return attribute;
}

template <typename T> static T valueOr(const T *value, T fallback) { return value ? *value : fallback; }

float AttributeReader::getFloat(std::string_view name, float fallback) { return valueOr(get<float>(name), fallback); }

int64_t AttributeReader::getInt(std::string_view name, int64_t fallback) {
  return valueOr(get<int64_t>(name), fallback);
}

std::string AttributeReader::getString(std::string_view name, std::string_view fallback) {
  return valueOr(get<std::string>(name), std::string(fallback));
}

std::vector<float> AttributeReader::getFloats(std::string_view name, std::vector<float> fallback) {
  return valueOr(get<std::vector<float>>(name), std::move(fallback));
}

std::vector<int64_t> AttributeReader::getInts(std::string_view name, std::vector<int64_t> fallback) {
  return valueOr(get<std::vector<int64_t>>(name), std::move(fallback));
}

std::vector<std::string> AttributeReader::getStrings(std::string_view name, std::vector<std::string> fallback) {
  return valueOr(get<std::vector<std::string>>(name), std::move(fallback));
}

void AttributeReader::wrongKind(const Attribute &attribute, AttributeKind wanted) {
  errors.push_back(fmt::format("attribute {} is {}, expected {}", quoted(attribute.name),
                               attributeKindName(attribute.kind()), attributeKindName(wanted)));
}

void AttributeReader::missing(std::string_view name, AttributeKind wanted) {
  errors.push_back(fmt::format("attribute {} ({}) is missing", quoted(name), attributeKindName(wanted)));
}

bool AttributeReader::finish(Diagnostics &diags) const {
  bool ok = errors.empty();
  for (const std::string &error : errors)
    diags.error(Status::Malformed, error, node.name);
  for (size_t i = 0; i < read.size(); ++i) {
    if (read[i])
      continue;
    ok = false;
    diags.error(Status::Unsupported,
                fmt::format("operator {} of opset {} has no attribute {} that Tenon knows", quoted(node.opType),
                            node.opset, quoted(node.attributes[i].name)),
                node.name);
  }
  return ok;
}

} // namespace tenon::onnx

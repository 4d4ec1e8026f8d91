// Node attributes with typed access.

#ifndef TENON_FRONTEND_ONNX_ATTRIBUTES_H
#define TENON_FRONTEND_ONNX_ATTRIBUTES_H

#include "frontend/onnx/ModelTypes.h"
#include "frontend/onnx/TensorData.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tenon::onnx {

class Diagnostics;
struct Graph;
struct Node;
using GraphPtr = std::shared_ptr<const Graph>;

/// An attribute's value. The alternatives stand in the order of AttributeKind.
using AttributeValue =
    std::variant<float, int64_t, std::string, TensorData, GraphPtr, std::vector<float>, std::vector<int64_t>,
                 std::vector<std::string>, std::vector<TensorData>, std::vector<GraphPtr>, SparseTensorData,
                 std::vector<SparseTensorData>, ValueType, std::vector<ValueType>>;

enum class AttributeKind {
  Float,
  Int,
  String,
  Tensor,
  Graph,
  Floats,
  Ints,
  Strings,
  Tensors,
  Graphs,
  SparseTensor,
  SparseTensors,
  Type,
  Types,
};

std::string_view attributeKindName(AttributeKind kind);

/// One attribute of a node. Graph pointers are never null. The value is shared and immutable.
struct Attribute {
  std::string name;
  std::shared_ptr<const AttributeValue> value;

  AttributeKind kind() const { return static_cast<AttributeKind>(value->index()); }
  /// The value when it is of type T (one of AttributeValue's alternatives), else null.
  template <typename T> const T *getIf() const { return std::get_if<T>(value.get()); }
};

/// Reads the attributes of one node, op by op, and remembers what went wrong: attributes of the wrong kind,
/// required ones that are missing, and those that nobody asked for.
///
///   AttributeReader attrs(node);
///   int64_t axis = attrs.getInt("axis", -1);
///   std::vector<int64_t> perm = attrs.getInts("perm");
///   if (!attrs.finish(diags))   // errors name the node
///     return failure;
class AttributeReader {
public:
  explicit AttributeReader(const Node &node);

  bool has(std::string_view name) const;
  /// The attribute (which then counts as read), or null.
  const Attribute *find(std::string_view name);

  /// The value, or `fallback` when the attribute is absent; with the wrong kind also `fallback`, and an
  /// error.
  float getFloat(std::string_view name, float fallback);
  int64_t getInt(std::string_view name, int64_t fallback);
  std::string getString(std::string_view name, std::string_view fallback);
  std::vector<float> getFloats(std::string_view name, std::vector<float> fallback = {});
  std::vector<int64_t> getInts(std::string_view name, std::vector<int64_t> fallback = {});
  std::vector<std::string> getStrings(std::string_view name, std::vector<std::string> fallback = {});

  /// The value, or null when the attribute is absent; with the wrong kind null, and an error. For any of
  /// AttributeValue's alternatives: get<TensorData>("value"), get<GraphPtr>("then_branch"),
  /// get<ValueType>("type").
  template <typename T> const T *get(std::string_view name) {
    const Attribute *attribute = find(name);
    if (!attribute)
      return nullptr;
    const T *value = attribute->getIf<T>();
    if (!value)
      wrongKind(*attribute, static_cast<AttributeKind>(AttributeValue(T()).index()));
    return value;
  }
  /// As get, and absence is an error too.
  template <typename T> const T *require(std::string_view name) {
    if (!has(name))
      missing(name, static_cast<AttributeKind>(AttributeValue(T()).index()));
    return get<T>(name);
  }

  /// Reports what was collected, and every attribute that was not read: the op version the importer
  /// implements does not have it, so its meaning would be lost. Returns whether there was nothing to report.
  bool finish(Diagnostics &diags) const;

private:
  void wrongKind(const Attribute &attribute, AttributeKind wanted);
  void missing(std::string_view name, AttributeKind wanted);

  const Node &node;
  std::vector<bool> read;
  std::vector<std::string> errors;
};

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_ATTRIBUTES_H

// Small ONNX models for the tests.

#ifndef TENON_TEST_FRONTEND_BUILD_H
#define TENON_TEST_FRONTEND_BUILD_H

#include "frontend/onnx/Model.h"
#include "onnx.pb.h"

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <stdlib.h>
#include <string>

namespace tenon::onnx::test {

using Names = std::initializer_list<const char *>;

inline ModelProto emptyModel(int64_t irVersion = 10, int64_t opset = 21) {
  ModelProto model;
  model.set_ir_version(irVersion);
  model.add_opset_import()->set_version(opset);
  model.mutable_graph()->set_name("g");
  return model;
}

inline void addOpset(ModelProto &model, const char *domain, int64_t version) {
  OperatorSetIdProto *import = model.add_opset_import();
  import->set_domain(domain);
  import->set_version(version);
}

/// Appends to a graph's or a function's node list.
template <typename Owner>
NodeProto &addNode(Owner &owner, const char *opType, Names inputs, Names outputs, const char *name = "") {
  NodeProto &node = *owner.add_node();
  node.set_op_type(opType);
  node.set_name(name);
  for (const char *input : inputs)
    node.add_input(input);
  for (const char *output : outputs)
    node.add_output(output);
  return node;
}

inline void setFloatType(ValueInfoProto &value, const char *name, std::initializer_list<int64_t> dims) {
  value.set_name(name);
  TypeProto::Tensor &type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(TensorProto::FLOAT);
  type.mutable_shape();
  for (int64_t dim : dims)
    type.mutable_shape()->add_dim()->set_dim_value(dim);
}

inline void addInput(GraphProto &graph, const char *name, std::initializer_list<int64_t> dims = {2}) {
  setFloatType(*graph.add_input(), name, dims);
}

inline void addOutput(GraphProto &graph, const char *name) { graph.add_output()->set_name(name); }

inline TensorProto &addInitializer(GraphProto &graph, const char *name, int type, std::initializer_list<int64_t> dims) {
  TensorProto &tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (int64_t dim : dims)
    tensor.add_dims(dim);
  return tensor;
}

inline void addExternal(TensorProto &tensor, const std::string &key, const std::string &value) {
  tensor.set_data_location(TensorProto::EXTERNAL);
  StringStringEntryProto &entry = *tensor.add_external_data();
  entry.set_key(key);
  entry.set_value(value);
}

inline AttributeProto &addAttribute(NodeProto &node, const char *name, AttributeProto::AttributeType type) {
  AttributeProto &attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

inline AttributeProto &addInt(NodeProto &node, const char *name, int64_t value) {
  AttributeProto &attribute = addAttribute(node, name, AttributeProto::INT);
  attribute.set_i(value);
  return attribute;
}

/// x -> Relu -> y
inline ModelProto reluModel() {
  ModelProto model = emptyModel();
  addInput(*model.mutable_graph(), "x");
  addNode(*model.mutable_graph(), "Relu", {"x"}, {"y"});
  addOutput(*model.mutable_graph(), "y");
  return model;
}

struct Loaded {
  std::shared_ptr<const Model> model;
  Diagnostics diags;

  /// Whether some diagnostic (with its notes) contains `text`.
  bool says(const std::string &text) const { return diags.str().find(text) != std::string::npos; }
  const Graph &graph() const { return model->graph; }
};

inline Loaded load(const ModelProto &proto, const LoadOptions &options = {}) {
  Loaded loaded;
  loaded.model = Model::loadFromMemory(proto.SerializeAsString(), "test.onnx", options, loaded.diags);
  return loaded;
}

/// A directory that goes with this object.
class TempDir {
public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "tenon-onnx-XXXXXX").string();
    directory = ::mkdtemp(name.data());
  }
  ~TempDir() { std::filesystem::remove_all(directory); }

  std::string path(const std::string &name) const { return (directory / name).string(); }
  std::string write(const std::string &name, const std::string &bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }

private:
  std::filesystem::path directory;
};

} // namespace tenon::onnx::test

#endif // TENON_TEST_FRONTEND_BUILD_H

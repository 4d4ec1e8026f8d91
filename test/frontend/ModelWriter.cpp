#include "frontend/onnx/ModelWriter.h"
#include "test/frontend/Build.h"

#include <catch2/catch.hpp>

using namespace tenon::onnx;
using namespace tenon::onnx::test;

namespace {

std::optional<TensorSource> inside(const TensorData &) { return std::nullopt; }

/// The model written and read again.
Loaded rewritten(const Loaded &first, std::string *bytes = nullptr) {
  Diagnostics diags;
  std::string written = serializeModel(*first.model, inside, diags);
  INFO(diags.str());
  REQUIRE(!written.empty());
  if (bytes)
    *bytes = written;
  Loaded second;
  second.model = Model::loadFromMemory(written, "written.onnx", {}, second.diags);
  INFO(second.diags.str());
  REQUIRE(second.model);
  return second;
}

TensorProto floats(std::initializer_list<float> values) {
  TensorProto tensor;
  tensor.set_data_type(TensorProto::FLOAT);
  tensor.add_dims(static_cast<int64_t>(values.size()));
  for (float value : values)
    tensor.add_float_data(value);
  return tensor;
}

/// A node that has an attribute of every kind.
void addEverything(NodeProto &node) {
  addInt(node, "int", -3);
  addAttribute(node, "float", AttributeProto::FLOAT).set_f(0.1f);
  addAttribute(node, "string", AttributeProto::STRING).set_s("a\xff b");
  *addAttribute(node, "tensor", AttributeProto::TENSOR).mutable_t() = floats({1, 2});
  AttributeProto &ints = addAttribute(node, "ints", AttributeProto::INTS);
  ints.add_ints(INT64_MIN);
  ints.add_ints(7);
  addAttribute(node, "floats", AttributeProto::FLOATS).add_floats(2.5f);
  addAttribute(node, "strings", AttributeProto::STRINGS).add_strings("s");
  *addAttribute(node, "tensors", AttributeProto::TENSORS).add_tensors() = floats({3});
  TypeProto &type = *addAttribute(node, "type", AttributeProto::TYPE_PROTO).mutable_tp();
  type.mutable_sequence_type()->mutable_elem_type()->mutable_tensor_type()->set_elem_type(TensorProto::INT64);
  *addAttribute(node, "types", AttributeProto::TYPE_PROTOS).add_type_protos() = type;
  SparseTensorProto &sparse = *addAttribute(node, "sparse", AttributeProto::SPARSE_TENSOR).mutable_sparse_tensor();
  *sparse.mutable_values() = floats({5});
  sparse.mutable_indices()->set_data_type(TensorProto::INT64);
  sparse.mutable_indices()->add_dims(1);
  sparse.mutable_indices()->add_int64_data(2);
  sparse.add_dims(4);
  GraphProto &graph = *addAttribute(node, "graph", AttributeProto::GRAPH).mutable_g();
  addNode(graph, "Neg", {"x"}, {"inner"});
  addOutput(graph, "inner");
  *addAttribute(node, "graphs", AttributeProto::GRAPHS).add_graphs() = graph;
}

} // namespace

TEST_CASE("a written model is the model that was read") {
  ModelProto proto = emptyModel();
  addOpset(proto, "my.domain", 3);
  GraphProto &graph = *proto.mutable_graph();
  addInput(graph, "x", {2, 3});
  NodeProto &node = addNode(graph, "Thing", {"x", "", "w"}, {"", "y"}, "thing");
  node.set_domain("my.domain");
  addEverything(node);
  *graph.add_initializer() = floats({1, -0.0f, 3});
  graph.mutable_initializer(0)->set_name("w");
  TensorProto &text = addInitializer(graph, "text", TensorProto::STRING, {2});
  text.add_string_data("one");
  text.add_string_data("two");
  addOutput(graph, "y");

  Loaded first = load(proto);
  INFO(first.diags.str());
  REQUIRE(first.model);
  std::string once, twice;
  Loaded second = rewritten(first, &once);
  rewritten(second, &twice);
  CHECK(once == twice);
  const Node &read = second.graph().nodes[0];
  CHECK(read.name == "thing");
  CHECK(read.domain == "my.domain");
  CHECK(read.opset == 3);
  CHECK(read.inputs == std::vector<std::string>{"x", "", "w"});
  CHECK(read.outputs == std::vector<std::string>{"", "y"});
  REQUIRE(read.attributes.size() == first.graph().nodes[0].attributes.size());
  for (size_t i = 0; i < read.attributes.size(); ++i) {
    CHECK(read.attributes[i].name == first.graph().nodes[0].attributes[i].name);
    CHECK(read.attributes[i].kind() == first.graph().nodes[0].attributes[i].kind());
  }
  CHECK(*read.findAttribute("int")->getIf<int64_t>() == -3);
  CHECK(*read.findAttribute("string")->getIf<std::string>() == "a\xff b");
  CHECK(read.findAttribute("ints")->getIf<std::vector<int64_t>>()->front() == INT64_MIN);
  CHECK(read.findAttribute("tensor")->getIf<TensorData>()->doubleAt(1) == 2);
  CHECK(read.findAttribute("sparse")->getIf<SparseTensorData>()->indices.intAt(0) == 2);
  CHECK((*read.findAttribute("graph")->getIf<GraphPtr>())->captures == std::vector<std::string>{"x"});
  CHECK(second.graph().inputs[0].type.str() == "float[2, 3]");
  CHECK(second.graph().findInitializer("w")->bytes() == first.graph().findInitializer("w")->bytes());
  CHECK(second.graph().findInitializer("text")->strings() == std::vector<std::string>{"one", "two"});
}

TEST_CASE("tensors are written where the caller says") {
  ModelProto proto = reluModel();
  *proto.mutable_graph()->add_initializer() = floats({1, 2, 3});
  proto.mutable_graph()->mutable_initializer(0)->set_name("w");
  Loaded first = load(proto);
  REQUIRE(first.model);
  TempDir folder;
  folder.write("w.bin", "####" + std::string(first.graph().findInitializer("w")->bytes()));
  Diagnostics diags;
  auto place = [](const TensorData &tensor) {
    TensorSource source;
    source.location = "w.bin";
    source.offset = 4;
    source.length = tensor.sizeInBytes();
    return std::optional<TensorSource>(source);
  };
  std::string path = folder.write("m.onnx", serializeModel(*first.model, place, diags));
  auto second = Model::load(path, {}, diags);
  INFO(diags.str());
  REQUIRE(second);
  CHECK(second->graph.findInitializer("w")->doubleAt(2) == 3);
  CHECK(second->graph.findInitializer("w")->source()->location == "w.bin");
}

TEST_CASE("nodes of two versions of an operator set can't be written") {
  ModelProto proto = reluModel();
  addOpset(proto, "f", 1);
  FunctionProto &function = *proto.add_functions();
  function.set_domain("f");
  function.set_name("Double");
  function.add_input("a");
  function.add_output("b");
  function.add_opset_import()->set_version(13);
  addNode(function, "Add", {"a", "a"}, {"b"});
  addNode(*proto.mutable_graph(), "Double", {"y"}, {"z"}).set_domain("f");
  Loaded loaded = load(proto);
  INFO(loaded.diags.str());
  REQUIRE(loaded.model);
  Diagnostics diags;
  CHECK(serializeModel(*loaded.model, inside, diags).empty());
  CHECK(diags.status() == Status::Unsupported);
  CHECK(diags.str().find("versions 21 and 13") != std::string::npos);
}

#include "test/frontend/Build.h"

#include <catch2/catch.hpp>

using namespace tenon::onnx;
using namespace tenon::onnx::test;

static Loaded loadWith(void (*edit)(NodeProto &)) {
  ModelProto proto = reluModel();
  edit(*proto.mutable_graph()->mutable_node(0));
  return load(proto);
}

TEST_CASE("attributes of every type") {
  Loaded loaded = loadWith([](NodeProto &node) {
    addInt(node, "i", -3);
    addAttribute(node, "f", AttributeProto::FLOAT).set_f(0.5f);
    addAttribute(node, "s", AttributeProto::STRING).set_s("text");
    addAttribute(node, "floats", AttributeProto::FLOATS).add_floats(1.5f);
    addAttribute(node, "ints", AttributeProto::INTS).add_ints(7);
    addAttribute(node, "strings", AttributeProto::STRINGS).add_strings("a");
    addAttribute(node, "none", AttributeProto::INTS);
    TensorProto &tensor = *addAttribute(node, "t", AttributeProto::TENSOR).mutable_t();
    tensor.set_data_type(TensorProto::INT64);
    tensor.add_int64_data(42);
    *addAttribute(node, "ts", AttributeProto::TENSORS).add_tensors() = tensor;
    addAttribute(node, "tp", AttributeProto::TYPE_PROTO)
        .mutable_tp()
        ->mutable_tensor_type()
        ->set_elem_type(TensorProto::FLOAT);
    addAttribute(node, "gs", AttributeProto::GRAPHS).add_graphs();
  });
  REQUIRE(loaded.model);
  AttributeReader attrs(loaded.graph().nodes[0]);
  CHECK(attrs.getInt("i", 0) == -3);
  CHECK(attrs.getFloat("f", 0) == 0.5f);
  CHECK(attrs.getString("s", "") == "text");
  CHECK(attrs.getFloats("floats") == std::vector<float>{1.5f});
  CHECK(attrs.getInts("ints") == std::vector<int64_t>{7});
  CHECK(attrs.getStrings("strings") == std::vector<std::string>{"a"});
  CHECK(attrs.getInts("none", {1}).empty());
  CHECK(attrs.getInts("absent", {1}) == std::vector<int64_t>{1});
  CHECK(attrs.require<TensorData>("t")->intAt(0) == 42);
  CHECK(attrs.get<std::vector<TensorData>>("ts")->at(0).intAt(0) == 42);
  CHECK(attrs.get<ValueType>("tp")->str() == "float[*]");
  CHECK(attrs.get<std::vector<GraphPtr>>("gs")->size() == 1);
  Diagnostics diags;
  CHECK(attrs.finish(diags));
}

TEST_CASE("the reader reports wrong kinds, missing and unread attributes") {
  Loaded loaded = loadWith([](NodeProto &node) {
    addInt(node, "axis", 1);
    addInt(node, "surprise", 1);
  });
  AttributeReader attrs(loaded.graph().nodes[0]);
  CHECK(attrs.getFloat("axis", 2) == 2);
  CHECK(!attrs.require<TensorData>("value"));
  Diagnostics diags;
  CHECK(!attrs.finish(diags));
  CHECK_THAT(diags.str(), Catch::Contains("node 'Relu#0': attribute 'axis' is an int, expected a float"));
  CHECK_THAT(diags.str(), Catch::Contains("attribute 'value' (a tensor) is missing"));
  CHECK_THAT(diags.str(), Catch::Contains("'Relu' of opset 21 has no attribute 'surprise'"));
}

TEST_CASE("an attribute without a type has that of its value") {
  Loaded loaded = loadWith([](NodeProto &node) {
    AttributeProto &attribute = *node.add_attribute();
    attribute.set_name("axis");
    attribute.set_i(2);
  });
  REQUIRE(loaded.model);
  CHECK(*loaded.graph().nodes[0].findAttribute("axis")->getIf<int64_t>() == 2);
}

TEST_CASE("broken attributes") {
  CHECK(loadWith([](NodeProto &node) {
          addInt(node, "a", 1);
          addInt(node, "a", 2);
        }).says("attribute 'a' is given twice"));
  CHECK(loadWith([](NodeProto &node) { addInt(node, "", 1); }).says("an attribute has no name"));
  CHECK(loadWith([](NodeProto &node) { addInt(node, "a", 1).set_type(77); }).says("unknown attribute type 77"));
  CHECK(loadWith([](NodeProto &node) {
          addInt(node, "a", 1).set_ref_attr_name("b");
        }).says("which only nodes of functions can"));
  CHECK(loadWith([](NodeProto &node) { addAttribute(node, "t", AttributeProto::TENSOR); }).says("has no value"));
  CHECK(loadWith([](NodeProto &node) { addAttribute(node, "g", AttributeProto::GRAPH); }).says("has no value"));
  CHECK(loadWith([](NodeProto &node) { node.add_attribute()->set_name("a"); }).says("has no type"));
}

// Damaged models: whatever the bytes are, loading returns, and says something when it gives no model.

#include "test/frontend/Build.h"

#include <catch2/catch.hpp>
#include <random>

using namespace tenon::onnx;
using namespace tenon::onnx::test;

/// Something of everything: subgraph, function, attributes, tensors in several encodings.
static ModelProto richModel() {
  ModelProto proto = emptyModel();
  GraphProto &graph = *proto.mutable_graph();
  addInput(graph, "x", {2, 3});
  addInput(graph, "c", {});
  addInitializer(graph, "w", TensorProto::FLOAT, {2, 3}).set_raw_data(std::string(24, 'a'));
  addInitializer(graph, "i", TensorProto::INT4, {3}).add_int32_data(0x12);
  graph.mutable_initializer(1)->add_int32_data(3);
  addInitializer(graph, "s", TensorProto::STRING, {1}).add_string_data("text");
  addExternal(addInitializer(graph, "e", TensorProto::UINT8, {0}), "location", "/etc/hostname");
  graph.mutable_initializer(3)->clear_data_location();
  NodeProto &node = addNode(graph, "If", {"c"}, {"u"}, "if");
  GraphProto &branch = *addAttribute(node, "then_branch", AttributeProto::GRAPH).mutable_g();
  addInt(addNode(branch, "Softmax", {"x"}, {"a"}), "axis", -1);
  addOutput(branch, "a");
  addOutput(*addAttribute(node, "else_branch", AttributeProto::GRAPH).mutable_g(), "x");
  FunctionProto &function = *proto.add_functions();
  function.set_domain("local");
  function.set_name("F");
  function.add_input("p");
  function.add_output("q");
  function.add_attribute("n");
  function.add_opset_import()->set_version(13);
  NodeProto &body = addNode(function, "Add", {"p", "p"}, {"q"});
  addAttribute(body, "m", AttributeProto::INTS).set_ref_attr_name("n");
  NodeProto &call = addNode(graph, "F", {"u"}, {"y"});
  call.set_domain("local");
  addAttribute(call, "n", AttributeProto::INTS).add_ints(4);
  addOutput(graph, "y");
  return proto;
}

static void loadBytes(const std::string &bytes) {
  LoadOptions options;
  options.maxInlinedNodes = 1000;
  Diagnostics diags;
  std::shared_ptr<const Model> model = Model::loadFromMemory(bytes, "damaged.onnx", options, diags);
  if ((model == nullptr) != (diags.errorCount() > 0))
    FAIL("no model without an error, or a model with one: " << diags.str());
}

TEST_CASE("the undamaged model loads") {
  Loaded loaded = load(richModel());
  INFO(loaded.diags.str());
  CHECK(loaded.model);
}

TEST_CASE("a model that is cut off anywhere") {
  std::string bytes = richModel().SerializeAsString();
  for (size_t length = 0; length < bytes.size(); ++length)
    loadBytes(bytes.substr(0, length));
}

TEST_CASE("a model with flipped bits and bytes") {
  const std::string bytes = richModel().SerializeAsString();
  std::mt19937 random(1);
  for (int round = 0; round < 8000; ++round) {
    std::string damaged = bytes;
    for (unsigned flips = 1 + random() % 3; flips > 0; --flips) {
      char &byte = damaged[random() % damaged.size()];
      byte = static_cast<char>(random() % 4 == 0 ? random() : byte ^ (1 << random() % 8));
    }
    loadBytes(damaged);
  }
}

TEST_CASE("a model with parts doubled and dropped") {
  const std::string bytes = richModel().SerializeAsString();
  std::mt19937 random(2);
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = bytes;
    size_t start = random() % damaged.size(), length = random() % 40;
    if (random() % 2)
      damaged.erase(start, length);
    else
      damaged.insert(random() % damaged.size(), bytes.substr(start, length));
    loadBytes(damaged);
  }
}

TEST_CASE("names of any bytes and length") {
  ModelProto proto = reluModel();
  proto.mutable_graph()->mutable_node(0)->set_input(0, std::string("a\n\x1b[31m\0b", 9));
  CHECK(load(proto).says("'a\\x0a\\x1b[31m\\x00b'"));
  proto.mutable_graph()->mutable_node(0)->set_input(0, std::string(100000, 'a'));
  Loaded loaded = load(proto);
  CHECK(loaded.diags.status() == Status::LimitExceeded);
  CHECK(loaded.diags.str().size() < 2000);
}

TEST_CASE("long names don't multiply when functions are nested") {
  ModelProto proto = emptyModel();
  std::string name(60000, 'n');
  for (int level = 0; level < 40; ++level) {
    FunctionProto &function = *proto.add_functions();
    function.set_domain("local");
    function.set_name("F" + std::to_string(level));
    function.add_opset_import()->set_version(13);
    for (int i = 0; i < (level + 1 < 40 ? 20 : 0); ++i) {
      NodeProto &node = addNode(function, ("F" + std::to_string(level + 1)).c_str(), {}, {}, name.c_str());
      node.set_domain("local");
    }
    for (int i = 0; i < 5; ++i)
      addNode(function, "Op", {}, {(name + std::to_string(i)).c_str()}, name.c_str());
  }
  addNode(*proto.mutable_graph(), "F0", {}, {}).set_domain("local");
  CHECK(load(proto).diags.status() == Status::LimitExceeded);
}

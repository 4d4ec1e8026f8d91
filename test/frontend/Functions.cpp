#include "test/frontend/Build.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace tenon::onnx;
using namespace tenon::onnx::test;

static FunctionProto &addFunction(ModelProto &model, const char *name, Names inputs, Names outputs,
                                  int64_t opset = 13) {
  FunctionProto &function = *model.add_functions();
  function.set_domain("local");
  function.set_name(name);
  for (const char *input : inputs)
    function.add_input(input);
  for (const char *output : outputs)
    function.add_output(output);
  function.add_opset_import()->set_version(opset);
  return function;
}

template <typename Owner>
static NodeProto &addCall(Owner &owner, const char *function, Names inputs, Names outputs, const char *name = "") {
  NodeProto &node = addNode(owner, function, inputs, outputs, name);
  node.set_domain("local");
  return node;
}

static ModelProto callingModel() {
  ModelProto model = emptyModel();
  addInput(*model.mutable_graph(), "x");
  addOutput(*model.mutable_graph(), "y");
  return model;
}

TEST_CASE("functions are inlined, with names of their own and their opset") {
  ModelProto proto = callingModel();
  FunctionProto &inner = addFunction(proto, "Inner", {"a"}, {"b"}, 17);
  addNode(inner, "Neg", {"a"}, {"t"}, "neg");
  addNode(inner, "Abs", {"t"}, {"b"});
  FunctionProto &outer = addFunction(proto, "Outer", {"a"}, {"b"});
  addCall(outer, "Inner", {"a"}, {"t"}, "call");
  addNode(outer, "Relu", {"t"}, {"b"});
  addCall(*proto.mutable_graph(), "Outer", {"x"}, {"u"}, "first");
  addCall(*proto.mutable_graph(), "Outer", {"u"}, {"y"}, "first");
  Loaded loaded = load(proto);
  INFO(loaded.diags.str());
  REQUIRE(loaded.model);
  const std::vector<Node> &nodes = loaded.graph().nodes;
  REQUIRE(nodes.size() == 6);
  CHECK(nodes[0].name == "first/call/neg");
  CHECK(nodes[0].opset == 17);
  CHECK(nodes[0].inputs[0] == "x");
  CHECK(nodes[0].outputs[0] == "first/call/t");
  CHECK(nodes[1].name == "first/call/Abs#1");
  CHECK(nodes[1].outputs[0] == "first/t");
  CHECK(nodes[2].outputs[0] == "u");
  CHECK(nodes[2].opset == 13);
  CHECK(nodes[3].outputs[0] == "first/call/t.1");
  CHECK(nodes[5].outputs[0] == "y");
}

TEST_CASE("inlined names keep clear of the model's") {
  ModelProto proto = callingModel();
  FunctionProto &function = addFunction(proto, "F", {"a"}, {"b"});
  addNode(function, "Neg", {"a"}, {"t"});
  addNode(function, "Neg", {"t"}, {"b"});
  addCall(*proto.mutable_graph(), "F", {"x"}, {"call/t"}, "call");
  addNode(*proto.mutable_graph(), "Neg", {"call/t"}, {"y"});
  Loaded loaded = load(proto);
  REQUIRE(loaded.model);
  CHECK(loaded.graph().nodes[0].outputs[0] == "call/t.1");
}

TEST_CASE("attribute references are replaced") {
  ModelProto proto = callingModel();
  FunctionProto &function = addFunction(proto, "F", {"a"}, {"b"});
  function.add_attribute("given");
  AttributeProto &fallback = *function.add_attribute_proto();
  fallback.set_name("fallback");
  fallback.set_type(AttributeProto::INT);
  fallback.set_i(5);
  NodeProto &body = addNode(function, "Op", {"a"}, {"b"});
  addAttribute(body, "p", AttributeProto::INT).set_ref_attr_name("given");
  addAttribute(body, "q", AttributeProto::INT).set_ref_attr_name("fallback");
  addAttribute(body, "r", AttributeProto::INT).set_ref_attr_name("absent");
  NodeProto &call = addCall(*proto.mutable_graph(), "F", {"x"}, {"y"}, "call");
  AttributeProto &given = addInt(call, "given", 3);
  Loaded loaded = load(proto);
  REQUIRE(loaded.model);
  const Node &node = loaded.graph().nodes[0];
  CHECK(*node.findAttribute("p")->getIf<int64_t>() == 3);
  CHECK(*node.findAttribute("q")->getIf<int64_t>() == 5);
  CHECK(!node.findAttribute("r"));
  given.set_type(AttributeProto::FLOAT);
  CHECK(load(proto).says("attribute 'p' refers to attribute 'given' of the call 'call', which is a float"));
}

TEST_CASE("optional inputs and outputs that a call leaves out") {
  ModelProto proto = callingModel();
  FunctionProto &function = addFunction(proto, "F", {"a", "min", "max"}, {"b", "unused"});
  addNode(function, "Clip", {"a", "min", "max"}, {"b"});
  addNode(function, "Neg", {"a"}, {"unused"});
  addCall(*proto.mutable_graph(), "F", {"x", ""}, {"y"}, "call");
  Loaded loaded = load(proto);
  REQUIRE(loaded.model);
  CHECK(loaded.graph().nodes[0].inputs == std::vector<std::string>{"x", "", ""});
  CHECK(loaded.graph().nodes[1].outputs[0] == "call/unused");
}

TEST_CASE("an output that is an input becomes a copy") {
  ModelProto proto = callingModel();
  addFunction(proto, "F", {"a"}, {"a"});
  addCall(*proto.mutable_graph(), "F", {"x"}, {"y"});
  Loaded loaded = load(proto);
  REQUIRE(loaded.model);
  CHECK(loaded.graph().nodes[0].opType == "Identity");
  proto.mutable_graph()->mutable_node(0)->set_input(0, "");
  CHECK(load(proto).says("which the call leaves out"));
}

TEST_CASE("subgraphs of functions are renamed in scope") {
  ModelProto proto = callingModel();
  FunctionProto &function = addFunction(proto, "F", {"a"}, {"b"});
  addNode(function, "Neg", {"a"}, {"t"});
  NodeProto &node = addNode(function, "If", {"a"}, {"b"}, "if");
  GraphProto &branch = *addAttribute(node, "then_branch", AttributeProto::GRAPH).mutable_g();
  addNode(branch, "Add", {"t", "a"}, {"s"});
  addOutput(branch, "s");
  addCall(*proto.mutable_graph(), "F", {"x"}, {"u"}, "c");
  addCall(*proto.mutable_graph(), "F", {"u"}, {"y"}, "d");
  Loaded loaded = load(proto);
  INFO(loaded.diags.str());
  REQUIRE(loaded.model);
  CHECK(loaded.diags.list().empty());
  GraphPtr inlined = loaded.graph().nodes[3].subgraphs()[0];
  CHECK(inlined->nodes[0].inputs == std::vector<std::string>{"d/t", "u"});
  CHECK(inlined->outputs[0].name == "d/s");
  CHECK(inlined->captures == std::vector<std::string>{"d/t", "u"});
}

TEST_CASE("overloads are told apart") {
  ModelProto proto = callingModel();
  addNode(addFunction(proto, "F", {"a"}, {"b"}), "Neg", {"a"}, {"b"});
  FunctionProto &second = addFunction(proto, "F", {"a"}, {"b"});
  second.set_overload("abs");
  addNode(second, "Abs", {"a"}, {"b"});
  NodeProto &call = addCall(*proto.mutable_graph(), "F", {"x"}, {"y"});
  call.set_overload("abs");
  Loaded loaded = load(proto);
  REQUIRE(loaded.model);
  CHECK(loaded.graph().nodes[0].opType == "Abs");
  call.set_overload("none");
  CHECK(load(proto).says("overload 'none' of function 'F', which the model does not define"));
}

TEST_CASE("broken functions") {
  ModelProto proto = callingModel();
  FunctionProto &function = addFunction(proto, "F", {"a"}, {"b"});
  NodeProto &body = addNode(function, "Neg", {"a"}, {"b"});
  NodeProto &call = addCall(*proto.mutable_graph(), "F", {"x"}, {"y"}, "call");
  SECTION("too many inputs") {
    call.add_input("x");
    CHECK(load(proto).says("node 'call': the call has 2 inputs, function 'local.F' has 1"));
  }
  SECTION("an output that nothing produces") {
    body.set_output(0, "c");
    CHECK(load(proto).says("function 'local.F' never produces its output 'b'"));
  }
  SECTION("an undefined name") {
    body.set_input(0, "zzz");
    CHECK(load(proto).says("node 'call/Neg#0': input 0 ('call/zzz') is not defined"));
  }
  SECTION("no import") {
    function.clear_opset_import();
    CHECK(load(proto).says("which function 'local.F' does not import"));
  }
  SECTION("twice") {
    addFunction(proto, "F", {"a"}, {"b"});
    CHECK(load(proto).says("function 'local.F' is defined twice"));
  }
  SECTION("recursion") {
    FunctionProto &other = addFunction(proto, "G", {"a"}, {"b"});
    addCall(other, "F", {"a"}, {"b"});
    body.set_op_type("G");
    body.set_domain("local");
    CHECK(load(proto).says("calls itself: 'local.F' -> 'local.G' -> 'local.F'"));
  }
}

/// F0 calls F1 `width` times, F1 calls F2, ...
static ModelProto callTree(int depth, int width) {
  ModelProto proto = callingModel();
  for (int level = 0; level < depth; ++level) {
    FunctionProto &function = addFunction(proto, ("F" + std::to_string(level)).c_str(), {"a"}, {"b0"});
    for (int i = 0; i < width; ++i) {
      NodeProto &node = addNode(function, ("F" + std::to_string(level + 1)).c_str(), {"a"}, {});
      node.add_output("b" + std::to_string(i));
      node.set_domain(level + 1 < depth ? "local" : "");
    }
  }
  addCall(*proto.mutable_graph(), "F0", {"x"}, {"y"});
  return proto;
}

TEST_CASE("inlining is bounded") {
  CHECK(load(callTree(4, 3)).graph().nodes.size() == 81);
  Loaded wide = load(callTree(40, 10));
  CHECK(wide.diags.status() == Status::LimitExceeded);
  CHECK(wide.says("gives more than 1000000 nodes"));
  Loaded deep = load(callTree(200, 1));
  CHECK(deep.diags.status() == Status::LimitExceeded);
  CHECK(deep.says("nested deeper than 64 levels"));
}

#include "test/frontend/Build.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>

using namespace tenon::onnx;
using namespace tenon::onnx::test;

TEST_CASE("a small model is read") {
  ModelProto proto = reluModel();
  proto.set_producer_name("test");
  proto.mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->add_dim()
      ->set_dim_param("batch");
  proto.mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->add_dim()
      ->set_dim_value(-1);
  Loaded loaded = load(proto);
  REQUIRE(loaded.model);
  CHECK(loaded.diags.list().empty());
  CHECK(loaded.model->opsets.at("") == 21);
  CHECK(loaded.model->producerName == "test");
  REQUIRE(loaded.graph().nodes.size() == 1);
  const Node &node = loaded.graph().nodes[0];
  CHECK(node.name == "Relu#0");
  CHECK(node.opset == 21);
  CHECK(node.inputs == std::vector<std::string>{"x"});
  CHECK(loaded.graph().inputs[0].type.str() == "float[2, batch, ?]");
  CHECK(loaded.graph().outputs[0].type.kind == ValueType::Unspecified);
}

TEST_CASE("the domain ai.onnx is the standard domain") {
  ModelProto proto = reluModel();
  proto.mutable_graph()->mutable_node(0)->set_domain("ai.onnx");
  Loaded loaded = load(proto);
  REQUIRE(loaded.model);
  CHECK(loaded.graph().nodes[0].domain.empty());
}

TEST_CASE("without opset imports files before IR version 3 are of opset 1") {
  ModelProto proto = reluModel();
  proto.clear_opset_import();
  CHECK(load(proto).says("'ai.onnx', which the model does not import"));
  proto.set_ir_version(2);
  Loaded loaded = load(proto);
  REQUIRE(loaded.model);
  CHECK(loaded.graph().nodes[0].opset == 1);
}

TEST_CASE("versions that are not supported are told from malformed ones") {
  ModelProto proto = reluModel();
  SECTION("IR version") {
    proto.set_ir_version(15);
    Loaded loaded = load(proto);
    CHECK(loaded.diags.status() == Status::Unsupported);
    CHECK(loaded.says("IR version 15; Tenon supports IR versions up to 14"));
  }
  SECTION("opset") {
    proto.mutable_opset_import(0)->set_version(29);
    Loaded loaded = load(proto);
    CHECK(loaded.diags.status() == Status::Unsupported);
    CHECK(loaded.says("versions 1 to 28"));
  }
  SECTION("no IR version") {
    proto.clear_ir_version();
    CHECK(load(proto).diags.status() == Status::Malformed);
  }
  SECTION("opset 0") {
    proto.mutable_opset_import(0)->set_version(0);
    CHECK(load(proto).diags.status() == Status::Malformed);
  }
  SECTION("conflicting imports") {
    addOpset(proto, "ai.onnx", 13);
    CHECK(load(proto).says("in two versions, 21 and 13"));
  }
  SECTION("no graph") {
    proto.clear_graph();
    CHECK(load(proto).says("has no graph"));
  }
}

TEST_CASE("nodes are put in topological order, else file order") {
  ModelProto proto = emptyModel();
  GraphProto &graph = *proto.mutable_graph();
  addInput(graph, "x");
  addNode(graph, "Add", {"b", "a"}, {"y"}, "last");
  addNode(graph, "Relu", {"x"}, {"b"}, "first");
  addNode(graph, "Relu", {"x"}, {"a"}, "second");
  addOutput(graph, "y");
  Loaded loaded = load(proto);
  REQUIRE(loaded.model);
  CHECK(loaded.graph().nodes[0].name == "first");
  CHECK(loaded.graph().nodes[1].name == "second");
  CHECK(loaded.graph().nodes[2].name == "last");
  CHECK(loaded.graph().nodes[2].index == 0);
}

TEST_CASE("a cycle is reported with its nodes") {
  ModelProto proto = emptyModel();
  GraphProto &graph = *proto.mutable_graph();
  addInput(graph, "x");
  addNode(graph, "Relu", {"x"}, {"p"}, "before");
  addNode(graph, "Add", {"p", "c"}, {"a"}, "one");
  addNode(graph, "Relu", {"a"}, {"b"}, "two");
  addNode(graph, "Relu", {"b"}, {"c"}, "three");
  addNode(graph, "Relu", {"c"}, {"y"}, "after");
  addOutput(graph, "y");
  Loaded loaded = load(proto);
  CHECK(!loaded.model);
  CHECK(loaded.says("the graph has a cycle: 'one' -> 'two' -> 'three' -> 'one'"));
}

TEST_CASE("all broken names are reported in one run") {
  ModelProto proto = emptyModel();
  GraphProto &graph = *proto.mutable_graph();
  addInput(graph, "features");
  addNode(graph, "Relu", {"feature"}, {"y"}, "misspelt");
  addNode(graph, "Relu", {"features"}, {"y"}, "again");
  addNode(graph, "", {"features"}, {"z"});
  addOutput(graph, "nowhere");
  addOutput(graph, "");
  Loaded loaded = load(proto);
  CHECK(loaded.diags.status() == Status::Malformed);
  CHECK(loaded.says("node 'misspelt': input 0 ('feature') is not defined\n  note: did you mean 'features'?"));
  CHECK(loaded.says("node 'again': value 'y' is defined twice\n  note: first defined by node 'misspelt'"));
  CHECK(loaded.says("node '#2': the node has no op_type"));
  CHECK(loaded.says("graph output 'nowhere' is never produced"));
  CHECK(loaded.diags.errorCount() == 5);
}

TEST_CASE("diagnostics are bounded and counted") {
  ModelProto proto = emptyModel();
  for (int i = 0; i < 200; ++i)
    addNode(*proto.mutable_graph(), "Relu", {"missing"}, {""});
  Loaded loaded = load(proto);
  CHECK(loaded.diags.list().size() == 50);
  CHECK(loaded.diags.errorCount() == 200);
  CHECK(loaded.says("... and 150 more errors"));
}

TEST_CASE("initializers and inputs agree") {
  ModelProto proto = reluModel();
  GraphProto &graph = *proto.mutable_graph();
  SECTION("a default is no second definition") {
    addInitializer(graph, "x", TensorProto::FLOAT, {2}).set_raw_data(std::string(8, '\0'));
    Loaded loaded = load(proto);
    REQUIRE(loaded.model);
    CHECK(loaded.graph().findInitializer("x") == &loaded.graph().initializers[0]);
  }
  SECTION("element type") {
    addInitializer(graph, "x", TensorProto::INT32, {2}).set_raw_data(std::string(8, '\0'));
    CHECK(load(proto).says("graph input 'x' is declared as float[2], its initializer is int32[2]"));
  }
  SECTION("shape") {
    addInitializer(graph, "x", TensorProto::FLOAT, {3}).set_raw_data(std::string(12, '\0'));
    CHECK(load(proto).says("its initializer is float[3]"));
  }
  SECTION("twice") {
    for (int i = 0; i < 2; ++i)
      addInitializer(graph, "w", TensorProto::FLOAT, {0});
    CHECK(load(proto).says("value 'w' is defined twice"));
  }
  SECTION("an input without a type") {
    graph.mutable_input(0)->clear_type();
    CHECK(load(proto).says("graph input 'x' has no type"));
  }
  SECTION("an input of an unknown type") {
    graph.mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(99);
    CHECK(load(proto).says("unknown element type 99"));
  }
}

/// y = If(c) { then: a = Relu(<inner>) } else { x }
static ModelProto ifModel(const char *inner) {
  ModelProto proto = emptyModel();
  GraphProto &graph = *proto.mutable_graph();
  addInput(graph, "x");
  addInput(graph, "c", {});
  NodeProto &node = addNode(graph, "If", {"c"}, {"y"});
  GraphProto &thenGraph = *addAttribute(node, "then_branch", AttributeProto::GRAPH).mutable_g();
  addNode(thenGraph, "Relu", {inner}, {"a"});
  addOutput(thenGraph, "a");
  GraphProto &elseGraph = *addAttribute(node, "else_branch", AttributeProto::GRAPH).mutable_g();
  addOutput(elseGraph, "x");
  addOutput(graph, "y");
  return proto;
}

TEST_CASE("subgraphs see outer names and say which they use") {
  Loaded loaded = load(ifModel("x"));
  REQUIRE(loaded.model);
  std::vector<GraphPtr> subgraphs = loaded.graph().nodes[0].subgraphs();
  REQUIRE(subgraphs.size() == 2);
  CHECK(subgraphs[0]->captures == std::vector<std::string>{"x"});
  CHECK(subgraphs[1]->captures == std::vector<std::string>{"x"});
  CHECK(subgraphs[0]->nodes[0].name == "If#0/then_branch/Relu#0");
  CHECK(load(ifModel("nothing")).says("node 'If#0/then_branch/Relu#0': input 0 ('nothing') is not defined"));
  CHECK(load(ifModel("y")).says("the graph has a cycle: 'If#0' -> 'If#0'"));
}

TEST_CASE("captures count in the topological order") {
  ModelProto proto = ifModel("late");
  addNode(*proto.mutable_graph(), "Relu", {"x"}, {"late"}, "producer");
  Loaded loaded = load(proto);
  REQUIRE(loaded.model);
  CHECK(loaded.graph().nodes[0].name == "producer");
}

TEST_CASE("names inside a subgraph are not visible outside, and hiding is warned of") {
  ModelProto proto = ifModel("x");
  addNode(*proto.mutable_graph(), "Relu", {"a"}, {"z"});
  CHECK(load(proto).says("input 0 ('a') is not defined"));
  proto.mutable_graph()->mutable_node(1)->set_input(0, "x");
  proto.mutable_graph()->mutable_node(1)->set_output(0, "a");
  Loaded loaded = load(proto);
  CHECK(loaded.model);
  CHECK(loaded.says("warning: node 'If#0': value 'a' of a subgraph hides an outer value"));
}

static ModelProto nestedModel(int depth) {
  ModelProto proto = emptyModel();
  GraphProto *graph = proto.mutable_graph();
  addInput(*graph, "c", {});
  for (int i = 0; i < depth; ++i)
    graph = addAttribute(addNode(*graph, "If", {"c"}, {""}), "then_branch", AttributeProto::GRAPH).mutable_g();
  return proto;
}

TEST_CASE("nesting of subgraphs is bounded") {
  CHECK(load(nestedModel(64)).model);
  Loaded tooDeep = load(nestedModel(65));
  CHECK(tooDeep.diags.status() == Status::LimitExceeded);
  CHECK(tooDeep.says("nested deeper than 64 levels"));
  CHECK(load(nestedModel(5000)).diags.status() == Status::Malformed);
}

TEST_CASE("types of all kinds") {
  ModelProto proto = reluModel();
  TypeProto &type = *proto.mutable_graph()->mutable_input(0)->mutable_type();
  TypeProto::Map &map = *type.mutable_optional_type()
                             ->mutable_elem_type()
                             ->mutable_sequence_type()
                             ->mutable_elem_type()
                             ->mutable_map_type();
  map.set_key_type(TensorProto::INT64);
  map.mutable_value_type()->mutable_sparse_tensor_type()->set_elem_type(TensorProto::BFLOAT16);
  Loaded loaded = load(proto);
  REQUIRE(loaded.model);
  CHECK(loaded.graph().inputs[0].type.str() == "optional<sequence<map<int64, sparse<bfloat16[*]>>>>");
}

TEST_CASE("files that are no models") {
  TempDir dir;
  auto status = [&](const std::string &path, const char *text) {
    Diagnostics diags;
    CHECK(!Model::load(path, {}, diags));
    CHECK_THAT(diags.str(), Catch::Contains(text));
    return diags.status();
  };
  CHECK(status(dir.path("absent.onnx"), "No such file") == Status::IoError);
  CHECK(status(dir.path(""), "it is a directory") == Status::IoError);
  REQUIRE(::mkfifo(dir.path("fifo").c_str(), 0600) == 0);
  CHECK(status(dir.path("fifo"), "it is a FIFO") == Status::IoError);
  CHECK(status("/dev/null", "it is a device") == Status::IoError);
  CHECK(status(dir.write("empty.onnx", ""), "not an ONNX model: ") == Status::Malformed);
  CHECK(status(dir.write("text.onnx", "import numpy as np\n"), "not an ONNX model: ") == Status::Malformed);
  CHECK(status(dir.write("zeros.onnx", std::string(100, '\0')), "not an ONNX model: ") == Status::Malformed);
  std::string file = dir.write("relu.onnx", reluModel().SerializeAsString());
  Diagnostics diags;
  diags.error(Status::IoError, "of another file");
  CHECK(Model::load(file, {}, diags));
}

TEST_CASE("a file above 2 GiB is refused before it is parsed") {
  TempDir dir;
  std::string path = dir.write("large.onnx", "");
  std::filesystem::resize_file(path, (int64_t(1) << 31) + 5);
  Diagnostics diags;
  CHECK(!Model::load(path, {}, diags));
  CHECK_THAT(diags.str(), Catch::Contains("external data"));
}

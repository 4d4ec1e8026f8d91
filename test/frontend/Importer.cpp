// The importer: structure of modules, diagnostics.

#include "frontend/onnx/Importer.h"
#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "test/frontend/Build.h"

#include <catch2/catch.hpp>

using namespace tenon;
using namespace tenon::onnx;
using namespace tenon::onnx::test;

namespace {
/// A model imported in its own context.
struct Imported {
  explicit Imported(const ModelProto &proto, const ImportOptions &options = {}) {
    Loaded loaded = load(proto);
    INFO(loaded.diags.str());
    REQUIRE(loaded.model);
    module = importModel(*loaded.model, options, context, diags);
    if (module) {
      llvm::raw_string_ostream stream(text);
      module->print(stream);
    }
  }

  bool has(const std::string &part) const { return text.find(part) != std::string::npos; }
  bool says(const std::string &part) const { return diags.str().find(part) != std::string::npos; }

  mlir::MLIRContext context;
  Diagnostics diags;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string text;
};

TensorProto &addFloats(GraphProto &graph, const char *name, std::initializer_list<int64_t> dims, float start = 0.5f) {
  TensorProto &tensor = addInitializer(graph, name, TensorProto::FLOAT, dims);
  int64_t count = 1;
  for (int64_t dim : dims)
    count *= dim;
  for (int64_t i = 0; i < count; ++i)
    tensor.add_float_data(start + static_cast<float>(i));
  return tensor;
}

TensorProto &addInts(GraphProto &graph, const char *name, std::initializer_list<int64_t> values) {
  TensorProto &tensor = addInitializer(graph, name, TensorProto::INT64, {static_cast<int64_t>(values.size())});
  for (int64_t value : values)
    tensor.add_int64_data(value);
  return tensor;
}

/// x[2,3,8,8] -> one node -> y
ModelProto oneNode(const char *op, Names inputs, int64_t opset = 20) {
  ModelProto model = emptyModel(10, opset);
  addInput(*model.mutable_graph(), "x", {2, 3, 8, 8});
  addNode(*model.mutable_graph(), op, inputs, {"y"}, "the node");
  addOutput(*model.mutable_graph(), "y");
  return model;
}
} // namespace

TEST_CASE("names of inputs and outputs are attributes of arguments and results", "[import]") {
  Imported result(oneNode("Relu", {"x"}));
  INFO(result.diags.str());
  REQUIRE(result.module);
  CHECK(result.has("tn.name = \"x\""));
  CHECK(result.has("tn.name = \"y\""));
  CHECK(result.has("tn.relu"));
  auto main = result.module->lookupSymbol<mlir::func::FuncOp>("main");
  REQUIRE(main);
  auto loc = mlir::dyn_cast<mlir::NameLoc>(main.getBody().front().front().getLoc());
  REQUIRE(loc);
  CHECK(loc.getName() == "the node");
}

TEST_CASE("an initializer that is also an input is a constant", "[import]") {
  ModelProto model = oneNode("Add", {"x", "w"});
  addInput(*model.mutable_graph(), "w", {8});
  addFloats(*model.mutable_graph(), "w", {8});
  Imported result(model);
  REQUIRE(result.module);
  auto main = result.module->lookupSymbol<mlir::func::FuncOp>("main");
  CHECK(main.getNumArguments() == 1);
  CHECK(result.has("tn.constant"));
}

TEST_CASE("small constants and splats are inline, others are weights of the store", "[import]") {
  ModelProto model = oneNode("Conv", {"x", "w"});
  addFloats(*model.mutable_graph(), "w", {16, 3, 3, 3});
  Imported result(model);
  REQUIRE(result.module);
  CHECK(result.has("#tn.weight<\"model#w\", 0, 1728>"));
  auto &store = result.context.getLoadedDialect<tn::TnDialect>()->getWeightStore();
  CHECK(store.find("model#w", 0, 1728));
}

TEST_CASE("shape computations fold away", "[import]") {
  ModelProto model = emptyModel(10, 20);
  GraphProto &graph = *model.mutable_graph();
  addInput(graph, "x", {2, 3, 4});
  addInts(graph, "minus", {-1});
  addNode(graph, "Shape", {"x"}, {"shape"});
  addInts(graph, "zero", {0});
  addNode(graph, "Gather", {"shape", "zero"}, {"batch"});
  addNode(graph, "Concat", {"batch", "minus"}, {"wanted"});
  addInt(*graph.mutable_node(2), "axis", 0);
  addNode(graph, "Reshape", {"x", "wanted"}, {"y"});
  addOutput(graph, "y");
  Imported result(model);
  INFO(result.diags.str());
  REQUIRE(result.module);
  CHECK(result.has("tensor<2x12xf32>"));
  CHECK_FALSE(result.has("tn.concat"));
  CHECK_FALSE(result.has("tn.constant"));
}

TEST_CASE("a large splat stays a splat", "[import]") {
  ModelProto model = emptyModel(10, 20);
  GraphProto &graph = *model.mutable_graph();
  addInput(graph, "x", {4096});
  addInts(graph, "shape", {4096, 4096});
  addInts(graph, "axes", {0});
  addNode(graph, "ConstantOfShape", {"shape"}, {"w"});
  addNode(graph, "Transpose", {"w"}, {"t"});
  addNode(graph, "Exp", {"t"}, {"e"});
  addNode(graph, "MatMul", {"x", "e"}, {"y"});
  addOutput(graph, "y");
  Imported result(model);
  INFO(result.diags.str());
  REQUIRE(result.module);
  CHECK(result.has("dense<1.000000e+00> : tensor<4096x4096xf32>"));
  CHECK_FALSE(result.has("tn.exp"));
}

TEST_CASE("every unsupported node is reported once, what depends on it is not", "[import]") {
  ModelProto model = emptyModel(10, 20);
  GraphProto &graph = *model.mutable_graph();
  addInput(graph, "x", {2});
  addNode(graph, "NonZero", {"x"}, {"a"}, "first");
  addNode(graph, "Relu", {"a"}, {"b"}, "dependent");
  addNode(graph, "Unique", {"x"}, {"c"}, "second");
  addOutput(graph, "b");
  addOutput(graph, "c");
  Imported result(model);
  CHECK_FALSE(result.module);
  CHECK(result.diags.status() == Status::Unsupported);
  CHECK(result.diags.errorCount() == 2);
  CHECK(result.says("first"));
  CHECK(result.says("second"));
  CHECK(result.says("float[2]"));
  CHECK_FALSE(result.says("dependent"));
}

TEST_CASE("operands that do not fit are a malformed model", "[import]") {
  ModelProto model = oneNode("Add", {"x", "w"});
  addFloats(*model.mutable_graph(), "w", {7});
  Imported result(model);
  CHECK_FALSE(result.module);
  CHECK(result.diags.status() == Status::Malformed);
  CHECK(result.says("the node"));
}

TEST_CASE("an attribute that the importer does not know is refused", "[import]") {
  ModelProto model = oneNode("Relu", {"x"});
  addInt(*model.mutable_graph()->mutable_node(0), "surprise", 1);
  Imported result(model);
  CHECK_FALSE(result.module);
  CHECK(result.says("surprise"));
}

TEST_CASE("a shape that is computed at run time is unsupported", "[import]") {
  ModelProto model = oneNode("Reshape", {"x", "shape"});
  ValueInfoProto &input = *model.mutable_graph()->add_input();
  setFloatType(input, "shape", {2});
  input.mutable_type()->mutable_tensor_type()->set_elem_type(TensorProto::INT64);
  Imported result(model);
  CHECK_FALSE(result.module);
  CHECK(result.diags.status() == Status::Unsupported);
  CHECK(result.says("must be a constant"));
}

TEST_CASE("open dimensions are listed with what to do", "[import]") {
  ModelProto model = oneNode("Relu", {"x"});
  auto &dim =
      *model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0);
  dim.set_dim_param("batch");
  Imported open(model);
  CHECK_FALSE(open.module);
  CHECK(open.says("batch"));
  CHECK(open.says("--dim"));
  ImportOptions options;
  options.dims["batch"] = 5;
  Imported bound(model, options);
  REQUIRE(bound.module);
  CHECK(bound.has("tensor<5x3x8x8xf32>"));
  options.dims.clear();
  options.shapes["x"] = {7, 3, 8, 8};
  Imported shaped(model, options);
  REQUIRE(shaped.module);
  CHECK(shaped.has("tensor<7x3x8x8xf32>"));
}

TEST_CASE("softmax flattens before opset 13", "[import]") {
  Imported before(oneNode("Softmax", {"x"}, 12)), after(oneNode("Softmax", {"x"}, 13));
  REQUIRE(before.module);
  REQUIRE(after.module);
  CHECK(before.has("tensor<2x192xf32>"));
  CHECK_FALSE(after.has("tn.reshape"));
  CHECK(after.has("axis 3"));
}

TEST_CASE("a transposed convolution whose windows tile is a contraction", "[import]") {
  ModelProto model = oneNode("ConvTranspose", {"x", "w"});
  addFloats(*model.mutable_graph(), "w", {3, 4, 2, 2});
  AttributeProto &strides = addAttribute(*model.mutable_graph()->mutable_node(0), "strides", AttributeProto::INTS);
  strides.add_ints(2);
  strides.add_ints(2);
  Imported result(model);
  INFO(result.diags.str());
  REQUIRE(result.module);
  CHECK(result.has("tn.contract"));
  CHECK(result.has("tensor<2x4x16x16xf32>"));
  CHECK_FALSE(result.has("tn.conv"));
}

TEST_CASE("a value above the cap is refused", "[import]") {
  ModelProto model = emptyModel(10, 20);
  GraphProto &graph = *model.mutable_graph();
  addInts(graph, "shape", {int64_t(1) << 40, int64_t(1) << 40});
  addNode(graph, "ConstantOfShape", {"shape"}, {"y"});
  addOutput(graph, "y");
  Imported result(model);
  CHECK_FALSE(result.module);
  CHECK(result.diags.status() == Status::LimitExceeded);
}

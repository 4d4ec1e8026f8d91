//===- Stages.cpp - Every stage of a program computes the same -----------===//
//
// The reference interpreter runs each program as it was written and again after every stage, in a poisoned
// arena once buffers are planned; then the compiled artifact runs in the public runtime.
//
//===----------------------------------------------------------------------===//
#include "ir/Interpreter.h"
#include "runtime/include/tenon/tenon.h"
#include "test/e2e/Programs.h"
#include "tools/compiler/Compiler.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>

using namespace mlir;
using namespace tenon;

namespace {

/// A temporary directory that is gone when the object is.
struct Directory {
  Directory() { REQUIRE_FALSE(llvm::sys::fs::createUniqueDirectory("tenon-e2e", path)); }
  ~Directory() { llvm::sys::fs::remove_directories(path); }
  std::string file(const char *name) const { return (path + "/" + name).str(); }
  llvm::SmallString<128> path;
};

func::FuncOp mainOf(ModuleOp module) { return module.lookupSymbol<func::FuncOp>("main"); }

std::vector<Tensor> randomInputs(func::FuncOp main) {
  std::mt19937 random(7);
  // Small enough that a softmax in between does not blow up rounding differences.
  std::normal_distribution<double> normal(0, 0.3);
  std::vector<Tensor> inputs;
  for (Type type : main.getArgumentTypes()) {
    Tensor tensor(cast<RankedTensorType>(type));
    bool isFloat = isa<FloatType>(tensor.getElementType());
    for (int64_t i = 0; i < tensor.getNumElements(); ++i)
      tensor.set(i, isFloat ? Scalar::real(normal(random)) : Scalar::integer(random() % 3));
    inputs.push_back(tensor);
  }
  return inputs;
}

std::vector<Tensor> runTensors(func::FuncOp main, const std::vector<Tensor> &inputs) {
  SmallVector<Tensor> results;
  REQUIRE(succeeded(interpret(main, inputs, results)));
  return std::vector<Tensor>(results.begin(), results.end());
}

/// Runs a program in buffer form. Arena, weights and outputs start as NaN patterns, so that a read before a
/// write shows in the result.
std::vector<Tensor> runBuffers(ModuleOp module, const std::vector<Tensor> &inputs) {
  func::FuncOp main = mainOf(module);
  auto bytes = [&](StringRef name) { return main->getAttrOfType<IntegerAttr>(name).getInt(); };
  Builder b(module.getContext());
  auto poisoned = [&](RankedTensorType type) {
    Tensor tensor(type);
    std::memset(tensor.getMutableData(), 0xff, tensor.getNumBytes());
    return tensor;
  };
  Tensor arena = poisoned(RankedTensorType::get({bytes("tn.arena_bytes")}, b.getI8Type()));
  Tensor block = poisoned(RankedTensorType::get({bytes("tn.weights_bytes")}, b.getI8Type()));
  auto weights = module.lookupSymbol<func::FuncOp>("weights");
  auto offsets = weights->getAttrOfType<DenseI64ArrayAttr>("tn.offsets").asArrayRef();
  std::vector<Tensor> constants = runTensors(weights, {});
  for (auto [constant, offset] : llvm::zip(constants, offsets))
    std::memcpy(block.getMutableData() + offset, constant.getData(), constant.getNumBytes());
  SmallVector<Tensor> arguments = {arena, block};
  llvm::append_range(arguments, inputs);
  std::vector<Tensor> outputs;
  for (Type type : main.getArgumentTypes().drop_front(arguments.size())) {
    auto memref = cast<MemRefType>(type);
    outputs.push_back(poisoned(RankedTensorType::get(memref.getShape(), memref.getElementType())));
    arguments.push_back(outputs.back());
  }
  SmallVector<Tensor> none;
  REQUIRE(succeeded(interpret(main, arguments, none)));
  return outputs;
}

void requireClose(const std::vector<Tensor> &actual, const std::vector<Tensor> &expected) {
  REQUIRE(actual.size() == expected.size());
  for (auto [a, e] : llvm::zip(actual, expected)) {
    REQUIRE(a.getNumElements() == e.getNumElements());
    for (int64_t i = 0; i < a.getNumElements(); ++i) {
      double x = a.get(i).f, y = e.get(i).f;
      if (!(std::fabs(x - y) <= 1e-5 + 1e-5 * std::fabs(y)))
        FAIL("element " << i << " is " << x << ", expected " << y);
    }
  }
}

tn_tensor view(const Tensor &tensor) {
  tn_tensor result = {};
  result.dtype = tensor.getElementType().isF32() ? TN_F32 : TN_I64;
  result.rank = tensor.getRank();
  result.dims = tensor.getShape().data();
  result.data = const_cast<char *>(tensor.getData());
  result.bytes = tensor.getNumBytes();
  return result;
}

/// Runs the artifact with the runtime; `exclude` hides CPU features, to reach every level of code.
std::vector<Tensor> runArtifact(const std::string &path, const std::vector<Tensor> &inputs,
                                const std::vector<Tensor> &like, uint32_t exclude, uint32_t threads) {
  tn_model_options modelOptions = {};
  modelOptions.size = sizeof modelOptions;
  modelOptions.cpu_exclude = exclude;
  tn_model *model = nullptr;
  INFO(tn_last_error());
  REQUIRE(tn_model_load(path.c_str(), &modelOptions, &model) == TN_OK);
  tn_context_options contextOptions = {};
  contextOptions.size = sizeof contextOptions;
  contextOptions.n_threads = threads;
  tn_context *context = nullptr;
  REQUIRE(tn_context_create(model, &contextOptions, &context) == TN_OK);
  std::vector<tn_tensor> in, out;
  std::vector<Tensor> results;
  for (const Tensor &input : inputs)
    in.push_back(view(input));
  for (const Tensor &expected : like) {
    results.emplace_back(expected.getType());
    out.push_back(view(results.back()));
  }
  tn_status status = tn_run(context, 0, in.data(), in.size(), out.data(), out.size());
  INFO(tn_last_error());
  REQUIRE(status == TN_OK);
  tn_context_destroy(context);
  tn_model_destroy(model);
  return results;
}

void writeText(const std::string &path, const char *text) {
  std::error_code code;
  llvm::raw_fd_ostream out(path, code);
  REQUIRE_FALSE(code);
  out << text;
}

} // namespace

TEST_CASE("every stage computes what the program says") {
  for (const test::Program &program : test::programs()) {
    DYNAMIC_SECTION(program.name) {
      Directory directory;
      writeText(directory.file("program.mlir"), program.text);
      Compiler compiler((CompilerOptions()));
      INFO(compiler.getError().message);
      REQUIRE(compiler.load(directory.file("program.mlir")));
      std::vector<Tensor> inputs = randomInputs(mainOf(compiler.getModule()));
      std::vector<Tensor> expected = runTensors(mainOf(compiler.getModule()), inputs);
      for (Stage stage : {Stage::Graph, Stage::Raise, Stage::Layout, Stage::Fuse, Stage::Schedule}) {
        INFO("after stage " << stageNames()[static_cast<int>(stage)].str());
        REQUIRE(compiler.runUntil(stage));
        requireClose(runTensors(mainOf(compiler.getModule()), inputs), expected);
      }
      REQUIRE(compiler.runUntil(Stage::Memory));
      requireClose(runBuffers(compiler.getModule(), inputs), expected);

      std::string artifact = directory.file("program.so");
      REQUIRE(compiler.emit(artifact, OutputKind::SharedLibrary, "program"));
      std::vector<Tensor> one = runArtifact(artifact, inputs, expected, 0, 1);
      requireClose(one, expected);
      requireClose(runArtifact(artifact, inputs, expected, TN_CPU_X86_64_V4, 1), expected);
      std::vector<Tensor> three = runArtifact(artifact, inputs, expected, 0, 3);
      for (auto [x, y] : llvm::zip(one, three))
        CHECK(std::memcmp(x.getData(), y.getData(), x.getNumBytes()) == 0);
    }
  }
}

// Elementwise operations on every element type, in vectors and scalars, broadcast in every way.
#include "KernelCheck.h"
#include "codegen/cpu/LoadedKernels.h"
#include "mlir/Parser/Parser.h"

#include <catch2/catch.hpp>

using namespace tenon::test;

namespace {

const char *const kFloats[] = {"f32", "f64", "f16", "bf16"};
const char *const kIntegers[] = {"i8", "i16", "i32", "i64", "ui8", "ui16", "ui32", "ui64"};

KernelOptions elementwise(double low = -2, double high = 2, bool special = false) {
  KernelOptions options;
  options.templateName = "elementwise";
  options.low = low;
  options.high = high;
  options.special = special;
  return options;
}

std::string type(const std::string &shape, const std::string &element) {
  return "tensor<" + shape + "x" + element + ">";
}

void checkUnary(const std::string &op, const std::string &from, const std::string &to, const KernelOptions &options) {
  checkKernel(unaryFunction("tn." + op + " %0", type("3x37", from), type("3x37", to)), options);
}

void checkBinary(const std::string &op, const std::string &from, const std::string &to, const KernelOptions &options) {
  checkKernel(binaryFunction("tn." + op + " %0, %1", type("3x37", from), type("3x37", from), type("3x37", to)),
              options);
}

} // namespace

TEST_CASE("float functions", "[elementwise]") {
  for (const char *op : {"neg",  "abs",   "sign",  "floor", "ceil",    "round", "sqrt", "reciprocal", "relu", "exp",
                         "log",  "tanh",  "erf",   "sin",   "cos",     "tan",   "asin", "acos",       "atan", "sinh",
                         "cosh", "asinh", "acosh", "atanh", "sigmoid", "silu",  "gelu", "gelu_tanh"})
    for (const char *element : kFloats) {
      checkUnary(op, element, element, elementwise());
      checkUnary(op, element, element, elementwise(-2, 2, /*special=*/true));
    }
  for (const char *element : kFloats)
    for (const char *op : {"is_nan", "is_inf"})
      checkUnary(op, element, "i1", elementwise(-2, 2, true));
}

TEST_CASE("float arithmetic", "[elementwise]") {
  for (const char *op : {"add", "sub", "mul", "div", "rem", "mod", "pow", "max", "min"})
    for (const char *element : kFloats) {
      checkBinary(op, element, element, elementwise(-9, 9));
      checkBinary(op, element, element, elementwise(-9, 9, true));
    }
}

TEST_CASE("integer arithmetic", "[elementwise]") {
  for (const char *element : kIntegers) {
    for (const char *op : {"add", "sub", "mul", "div", "rem", "mod", "max", "min", "and", "or", "xor"}) {
      checkBinary(op, element, element, elementwise(-9, 9));
      checkBinary(op, element, element, elementwise(-9, 9, true));
    }
    for (const char *op : {"shl", "shr"}) {
      checkBinary(op, element, element, elementwise(0, 70));
      checkBinary(op, element, element, elementwise(0, 9, true));
    }
    for (const char *op : {"neg", "abs", "sign", "not", "relu"})
      if (element[0] != 'u' || std::string(op) == "not")
        checkUnary(op, element, element, elementwise(-9, 9, true));
  }
  for (const char *op : {"and", "or", "xor"})
    checkBinary(op, "i1", "i1", elementwise());
  checkUnary("not", "i1", "i1", elementwise());
}

TEST_CASE("comparisons and choices", "[elementwise]") {
  for (const char *predicate : {"eq", "ne", "lt", "le", "gt", "ge"}) {
    for (const char *element : kFloats)
      checkBinary("compare " + std::string(predicate), element, "i1", elementwise(-2, 2, true));
    for (const char *element : kIntegers)
      checkBinary("compare " + std::string(predicate), element, "i1", elementwise(-2, 2, true));
  }
  for (std::string element : {"f32", "f64", "f16", "bf16", "i8", "i64", "ui16", "i1"}) {
    std::string t = type("3x37", element);
    checkKernel("func.func @main(%0: tensor<3x37xi1>, %1: " + t + ", %2: " + t + ") -> " + t +
                    " {\n  %r = tn.select %0, %1, %2 : tensor<3x37xi1>, " + t + ", " + t + " -> " + t +
                    "\n  return %r : " + t + "\n}\n",
                elementwise());
  }
}

TEST_CASE("conversions between all types", "[elementwise]") {
  const char *const all[] = {"f32", "f64", "f16",  "bf16", "i8",   "i16", "i32",
                             "i64", "ui8", "ui16", "ui32", "ui64", "i1"};
  for (const char *from : all)
    for (const char *to : all)
      if (std::string(from) != to) {
        checkUnary("cast", from, to, elementwise(-200, 200, true));
      }
  for (const char *from : {"f32", "f64"})
    for (const char *to : {"i8", "ui8", "i32", "ui32", "i64", "ui64"})
      checkUnary("cast", from, to, elementwise(-1e19, 2e19));
}

TEST_CASE("8-bit floats", "[elementwise]") {
  for (const char *element : {"f8E4M3FN", "f8E4M3FNUZ", "f8E5M2", "f8E5M2FNUZ"}) {
    checkUnary("cast", element, "f32", elementwise());
    checkUnary("cast", "f32", element, elementwise());
    checkKernel(unaryFunction("tn.cast %0 {saturate}", type("3x37", "f32"), type("3x37", element)),
                elementwise(-1000, 1000));
  }
}

TEST_CASE("broadcasting", "[elementwise]") {
  struct {
    const char *lhs, *rhs, *result;
  } shapes[] = {{"4x33", "33", "4x33"},      {"4x33", "4x1", "4x33"},    {"4x1", "1x33", "4x33"},
                {"2x3x17", "3x1", "2x3x17"}, {"2x3x17", "1", "2x3x17"},  {"1", "2x3x17", "2x3x17"},
                {"5x1x7", "1x6x1", "5x6x7"}, {"64", "2x3x64", "2x3x64"}, {"3x1x5", "3x4x1", "3x4x5"},
                {"1x1", "1x1", "1x1"},       {"50x1", "50x1", "50x1"},   {"2x5000", "5000", "2x5000"}};
  for (auto [lhs, rhs, result] : shapes)
    checkKernel(binaryFunction("tn.sub %0, %1", type(lhs, "f32"), type(rhs, "f32"), type(result, "f32")),
                elementwise());
  checkKernel(binaryFunction("tn.add %0, %1", "tensor<f32>", "tensor<f32>", "tensor<f32>"), elementwise());
  checkKernel(binaryFunction("tn.add %0, %1", "tensor<f32>", "tensor<5x7xf32>", "tensor<5x7xf32>"), elementwise());
}

TEST_CASE("lengths around vectors and blocks", "[elementwise]") {
  for (int n : {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 4095, 4096, 4097, 4111, 9000}) {
    std::string t = "tensor<" + std::to_string(n) + "xf32>";
    checkKernel(unaryFunction("tn.exp %0", t, t), elementwise());
  }
  // Several results, of two element types.
  checkKernel(
      R"(func.func @main(%x: tensor<3x50xf32>, %b: tensor<50xf32>) -> (tensor<3x50xf32>, tensor<3x50xi1>) {
    %0 = tn.add %x, %b : tensor<3x50xf32>, tensor<50xf32> -> tensor<3x50xf32>
    %1 = tn.compare lt %0, %b : tensor<3x50xf32>, tensor<50xf32> -> tensor<3x50xi1>
    return %0, %1 : tensor<3x50xf32>, tensor<3x50xi1>
  })",
      elementwise());
}

TEST_CASE("blocks from outside that are no whole vectors", "[elementwise]") {
  const char *text = R"(
func.func @main(%x: memref<3x32xf32>, %y: memref<1x32xf32>) {
  tn.kernel ins(%x : memref<3x32xf32>) outs(%y : memref<1x32xf32>) template "elementwise"
      schedule {"x86-64-v3" = {block = 12 : i64, lanes = 8 : i64, rows = 1 : i64}} {
  ^bb0(%a: tensor<3x32xf32>):
    %0 = tn.reduce sum %a axes [0] : tensor<3x32xf32> -> tensor<1x32xf32>
    tn.yield %0 : tensor<1x32xf32>
  }
  return
})";
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &testContext());
  REQUIRE(module);
  auto main = module->lookupSymbol<mlir::func::FuncOp>("main");
  auto loaded = tenon::codegen::LoadedKernels::load(main, *tenon::findTarget("x86-64-v3"));
  REQUIRE(!!loaded);
  std::vector<float> x(3 * 32), y(32, -1);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(i);
  void *buffers[] = {x.data(), y.data()};
  auto kernels = loaded->list();
  kernels[0].code(buffers, 0, kernels[0].extent, nullptr);
  for (size_t i = 0; i < y.size(); ++i)
    CHECK(y[i] == x[i] + x[i + 32] + x[i + 64]);
}

// Data movement, gathers and windows through the elementwise template.
#include "KernelCheck.h"

#include "codegen/cpu/LoadedKernels.h"
#include "mlir/Parser/Parser.h"

#include <catch2/catch.hpp>

using namespace tenon::test;

namespace {

KernelOptions elementwise(double low = -2, double high = 2) {
  KernelOptions options;
  options.templateName = "elementwise";
  options.low = low;
  options.high = high;
  return options;
}

std::string type(const std::string &shape, const std::string &element = "f32") {
  return "tensor<" + shape + "x" + element + ">";
}

void check(const std::string &op, const std::string &from, const std::string &to) {
  for (const char *element : {"f32", "f64", "f16", "bf16", "i1", "i8", "ui16", "i64"})
    checkKernel(unaryFunction(op, type(from, element), type(to, element)), elementwise());
}

} // namespace

TEST_CASE("transposes", "[movement]") {
  check("tn.transpose %0 [1, 0]", "17x33", "33x17");
  check("tn.transpose %0 [0, 2, 1, 3]", "2x3x5x20", "2x5x3x20");
  check("tn.transpose %0 [0, 3, 1, 2]", "2x5x7x3", "2x3x5x7");
  check("tn.transpose %0 [2, 0, 1]", "1x16x3", "3x1x16");
  // Vectors along rows: squares with remainders on both sides, and rows shorter than vectors.
  check("tn.transpose %0 [0, 2, 1]", "2x37x70", "2x70x37");
  check("tn.transpose %0 [3, 0, 1, 2]", "3x2x18x20", "20x3x2x18");
  check("tn.transpose %0 [0, 2, 3, 1]", "2x3x5x21", "2x5x21x3");
  check("tn.transpose %0 [1, 0]", "7x40", "40x7");
  check("tn.transpose %0 [0, 2, 1]", "3x1x50", "3x50x1");
}

TEST_CASE("reshapes and broadcasts", "[movement]") {
  check("tn.reshape %0", "6x50", "3x100");
  check("tn.reshape %0", "4x3x50", "12x50");
  check("tn.reshape %0", "7x9", "63");
  check("tn.broadcast %0", "33", "3x33");
  check("tn.broadcast %0", "3x1", "2x3x40");
  check("tn.broadcast %0", "1x1", "5x17");
}

TEST_CASE("slices", "[movement]") {
  check("tn.slice %0 [0, 2] [4, 33] [1, 1]", "4x40", "4x33");
  check("tn.slice %0 [3, 2] [2, 19] [-2, 2]", "4x40", "2x19");
  check("tn.slice %0 [0, 39] [4, 40] [1, -1]", "4x40", "4x40");
  check("tn.slice %0 [1, 39] [3, 13] [1, -3]", "4x40", "3x13");
}

TEST_CASE("paddings", "[movement]") {
  for (const char *mode : {"constant", "edge", "reflect", "wrap"}) {
    std::string op = "tn.pad %0 " + std::string(mode);
    check(op + " [0, 2] [0, 3] 1.0", "3x20", "3x25");
    check(op + " [1, 0] [2, 0] 1.0", "3x20", "6x20");
    check(op + " [0, 1, 1, 0] [0, 2, 1, 0] 0.0", "1x4x5x17", "1x7x7x17");
    check(op + " [1, 4] [0, 4] 0.0", "5x5", "6x13");
  }
  check("tn.pad %0 constant [20] [40] 1.0", "3", "63");
  check("tn.pad %0 wrap [20] [40] 1.0", "3", "63");
  check("tn.pad %0 constant [0, 8] [0, 9] 1.0", "3x0", "3x17");
  check("tn.pad %0 constant [4, 0] [1, 0] 1.0", "0x17", "5x17");
}

/// Planes to channels last with a border, joined with something that is in that order.
TEST_CASE("chains of movements", "[movement]") {
  for (const char *element : {"f32", "f64", "i1"}) {
    std::string planes = type("1x3x20x37", element), last = type("1x20x37x3", element),
                padded = type("1x23x42x3", element), other = type("1x23x42x2", element),
                joined = type("1x23x42x5", element);
    checkKernel("func.func @main(%0: " + planes + ", %1: " + other + ") -> " + joined +
                    " {\n  %t = tn.transpose %0 [0, 2, 3, 1] : " + planes + " -> " + last +
                    "\n  %p = tn.pad %t constant [0, 1, 2, 0] [0, 2, 3, 0] 1.0 : " + last + " -> " + padded +
                    "\n  %r = tn.concat %p, %1 axis 3 : " + padded + ", " + other + " -> " + joined +
                    "\n  return %r : " + joined + "\n}\n",
                elementwise());
    std::string wide = type("2x40x20", element), turned = type("2x20x40", element), slim = type("2x20x5", element),
                both = type("2x20x45", element);
    checkKernel("func.func @main(%0: " + wide + ", %1: " + slim + ") -> " + both +
                    " {\n  %t = tn.transpose %0 [0, 2, 1] : " + wide + " -> " + turned +
                    "\n  %r = tn.concat %t, %1 axis 2 : " + turned + ", " + slim + " -> " + both +
                    "\n  return %r : " + both + "\n}\n",
                elementwise());
  }
}

TEST_CASE("concatenations", "[movement]") {
  auto concat = [](const std::vector<std::string> &shapes, int axis, const std::string &result,
                   const std::string &element) {
    std::string arguments, names, types;
    for (size_t i = 0; i < shapes.size(); ++i) {
      std::string comma = i ? ", " : "", name = "%" + std::to_string(i);
      arguments += comma + name + ": " + type(shapes[i], element);
      names += comma + name;
      types += comma + type(shapes[i], element);
    }
    std::string to = type(result, element);
    return "func.func @main(" + arguments + ") -> " + to + " {\n  %r = tn.concat " + names + " axis " +
           std::to_string(axis) + " : " + types + " -> " + to + "\n  return %r : " + to + "\n}\n";
  };
  for (const char *element : {"f32", "f64", "bf16", "i1", "i64"}) {
    checkKernel(concat({"2x3", "2x20", "2x17"}, 1, "2x40", element), elementwise());
    checkKernel(concat({"2x33", "1x33", "3x33"}, 0, "6x33", element), elementwise());
    checkKernel(concat({"2x5x7", "2x1x7"}, 1, "2x6x7", element), elementwise());
    checkKernel(concat({"2x20", "2x0", "2x3", "2x0"}, 1, "2x23", element), elementwise());
    checkKernel(concat({"0x20", "2x20"}, 0, "2x20", element), elementwise());
  }
}

TEST_CASE("gathers", "[movement]") {
  for (const char *indices : {"i64", "i32"}) {
    // Indices are inside, negative and outside.
    auto check = [&](const std::string &op, const std::string &from, const std::string &at, const std::string &to) {
      for (const char *element : {"f32", "f64", "f16", "i8"})
        checkKernel(binaryFunction(op, type(from, element), type(at, indices), type(to, element)), elementwise(-6, 6));
    };
    check("tn.gather %0, %1 axis 0", "5x33", "2x3", "2x3x33");
    check("tn.gather %0, %1 axis 1", "3x5", "33", "3x33");
    check("tn.gather %0, %1 axis 1", "3x5x7", "2x4", "3x2x4x7");
    check("tn.gather_elements %0, %1 axis 1", "4x5", "4x33", "4x33");
    check("tn.gather_elements %0, %1 axis 0", "5x40", "3x33", "3x33");
    check("tn.gather_nd %0, %1 batch 0", "5x4", "7x2", "7");
    check("tn.gather_nd %0, %1 batch 0", "5x4x33", "7x2", "7x33");
    check("tn.gather_nd %0, %1 batch 1", "3x5x20", "3x4x1", "3x4x20");
    check("tn.gather_nd %0, %1 batch 0", "5x4", "3x17x2", "3x17");
  }
}

TEST_CASE("iota, pack and unpack", "[movement]") {
  for (const char *element : {"f32", "i64", "i32", "ui8", "f16"})
    for (int axis : {0, 1}) {
      std::string to = type("5x33", element);
      checkKernel("func.func @main(%0: " + to + ") -> " + to + " {\n  %i = tn.iota axis " + std::to_string(axis) +
                      " -> " + to + "\n  %r = tn.add %0, %i : " + to + ", " + to + " -> " + to +
                      "\n  return %r : " + to + "\n}\n",
                  elementwise());
    }
  check("tn.pack %0 batch [] k [0] n [1] panel 32", "7x50", "2x7x32");
  check("tn.pack %0 batch [0] k [2] n [1] panel 32", "3x33x5", "3x2x5x32");
  check("tn.pack %0 batch [0] k [2] n [1] panel 32", "2x49x64", "2x2x64x32");
  check("tn.pack %0 batch [1] k [2] n [0] panel 32", "35x2x21", "2x2x21x32");
  check("tn.pack %0 batch [] k [1, 2] n [0] panel 32", "10x3x5", "1x15x32");
  check("tn.pack %0 batch [] k [0] n [1, 2] panel 32", "4x5x7", "2x4x32");
  check("tn.unpack %0 batch [] k [0] n [1] panel 32", "2x7x32", "7x50");
  check("tn.unpack %0 batch [0] k [2] n [1] panel 32", "3x2x5x32", "3x33x5");
}

TEST_CASE("windows", "[movement]") {
  for (const char *kind : {"max", "sum", "min"})
    for (const char *element : {"f32", "f64", "i32", "ui8"}) {
      auto check = [&](const std::string &attributes, const std::string &from, const std::string &to) {
        checkKernel(unaryFunction("tn.window " + std::string(kind) + " %0 " + attributes, type(from, element),
                                  type(to, element)),
                    elementwise());
      };
      check("sizes [1, 3, 3, 1] strides [1, 2, 2, 1] dilations [1, 1, 1, 1] low [0, 1, 1, 0] high [0, 1, 1, 0]",
            "2x9x11x17", "2x5x6x17");
      check("sizes [1, 2, 3, 1] strides [1, 1, 2, 1] dilations [1, 2, 1, 1] low [0, 0, 0, 0] high [0, 0, 0, 0]",
            "1x9x11x33", "1x7x5x33");
      check("sizes [1, 1, 3, 3] strides [1, 1, 1, 1] dilations [1, 1, 1, 2] low [0, 0, 1, 2] high [0, 0, 1, 2]",
            "1x2x7x40", "1x2x7x40");
      check("sizes [1, 1, 3] strides [1, 1, 2] dilations [1, 1, 1] low [0, 0, 5] high [0, 0, 6]", "1x3x37", "1x3x23");
    }
}

TEST_CASE("concatenations behind elementwise operations and paddings", "[movement]") {
  // Three operands of which one is empty and none is a multiple of a vector, read through an operation and a border;
  // and long rows, which are split into blocks.
  checkKernel(R"(
func.func @main(%0: tensor<2x3x5xf32>, %1: tensor<2x3x32xf32>, %2: tensor<2x3x0xf32>, %3: tensor<2x3x19xf32>) -> tensor<2x5x56xf32> {
  %c = tn.concat %0, %1, %2, %3 axis 2 : tensor<2x3x5xf32>, tensor<2x3x32xf32>, tensor<2x3x0xf32>, tensor<2x3x19xf32> -> tensor<2x3x56xf32>
  %e = tn.neg %c : tensor<2x3x56xf32> -> tensor<2x3x56xf32>
  %p = tn.pad %e constant [0, 1, 0] [0, 1, 0] 0.5 : tensor<2x3x56xf32> -> tensor<2x5x56xf32>
  return %p : tensor<2x5x56xf32>
})",
              elementwise());
  checkKernel(R"(
func.func @main(%0: tensor<2x5000xf32>, %1: tensor<2x4999xf32>) -> tensor<2x9999xf32> {
  %r = tn.concat %0, %1 axis 1 : tensor<2x5000xf32>, tensor<2x4999xf32> -> tensor<2x9999xf32>
  return %r : tensor<2x9999xf32>
})",
              elementwise());
}

TEST_CASE("short rows that lie apart", "[movement]") {
  const char *text = R"(
func.func @main(%x: memref<3x20xf32>, %y: memref<20x3xf32, strided<[19, 1]>>) {
  tn.kernel ins(%x : memref<3x20xf32>) outs(%y : memref<20x3xf32, strided<[19, 1]>>) template "elementwise" {
  ^bb0(%a: tensor<3x20xf32>):
    %0 = tn.transpose %a [1, 0] : tensor<3x20xf32> -> tensor<20x3xf32>
    tn.yield %0 : tensor<20x3xf32>
  }
  return
})";
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &testContext());
  REQUIRE(module);
  auto main = module->lookupSymbol<mlir::func::FuncOp>("main");
  const tenon::Target &target = *tenon::findTarget("x86-64-v3");
  giveSchedules(main, target);
  auto loaded = tenon::codegen::LoadedKernels::load(main, target);
  REQUIRE(!!loaded);
  std::vector<float> x(3 * 20), y(20 * 19, 7);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(i);
  void *buffers[] = {x.data(), y.data()};
  auto kernels = loaded->list();
  kernels[0].code(buffers, 0, kernels[0].extent, nullptr);
  for (size_t row = 0; row < 20; ++row)
    for (size_t column = 0; column < 19; ++column)
      CHECK(y[row * 19 + column] == (column < 3 ? x[column * 20 + row] : 7));
}

// The rows template: reductions along trailing dimensions, softmax and normalisation.
#include "KernelCheck.h"

#include <catch2/catch.hpp>

using namespace tenon::test;

namespace {

KernelOptions rows(double tolerance = 0) {
  KernelOptions options;
  options.templateName = "rows";
  options.tolerance = tolerance;
  return options;
}

std::string type(const std::string &shape, const std::string &element = "f32") {
  return "tensor<" + shape + "x" + element + ">";
}

const int64_t kLengths[] = {1, 3, 15, 16, 17, 128, 1000};

} // namespace

TEST_CASE("softmax of every length", "[rows]") {
  for (int64_t n : kLengths) {
    std::string t = type("5x" + std::to_string(n));
    checkKernel(unaryFunction("tn.softmax %0 axis 1", t, t), rows());
    checkKernel(unaryFunction("tn.softmax %0 axis 1 {log}", t, t), rows());
  }
  std::string wide = type("2x3x49");
  KernelOptions large = rows();
  large.low = -300;
  large.high = 300;
  checkKernel(unaryFunction("tn.softmax %0 axis 2", wide, wide), large);
  for (const char *element : {"f16", "bf16", "f64"})
    checkKernel(unaryFunction("tn.softmax %0 axis 1", type("3x50", element), type("3x50", element)),
                rows(std::string(element) == "f64" ? 1e-12 : 2e-2));
}

TEST_CASE("normalisation of every length", "[rows]") {
  for (int64_t n : kLengths) {
    std::string t = type("4x" + std::to_string(n));
    checkKernel(unaryFunction("tn.normalize %0 axes [1] epsilon 1.0e-5", t, t), rows(2e-5));
    checkKernel(unaryFunction("tn.normalize %0 axes [1] epsilon 1.0e-5 {rms}", t, t), rows(2e-5));
  }
  std::string t = type("2x3x5x7");
  checkKernel(unaryFunction("tn.normalize %0 axes [2, 3] epsilon 1.0e-3", t, t), rows(2e-5));
  checkKernel(unaryFunction("tn.normalize %0 axes [0, 1, 2, 3] epsilon 1.0e-3", t, t), rows(2e-5));
}

TEST_CASE("reductions of every kind, length and type", "[rows]") {
  for (const char *kind : {"sum", "prod", "max", "min"})
    for (const char *element : {"f32", "f64", "f16", "bf16", "i8", "i32", "i64", "ui8", "ui16", "ui64"})
      for (int64_t n : {3, 17, 70}) {
        KernelOptions options = rows();
        if (std::string(kind) == "prod")
          options.low = 1, options.high = 1.05;
        // Narrow floats accumulate in f32 here and in f64 by reference; both round once.
        checkKernel(unaryFunction("tn.reduce " + std::string(kind) + " %0 axes [1]",
                                  type("4x" + std::to_string(n), element), type("4x1", element)),
                    options);
      }
  checkKernel(unaryFunction("tn.reduce sum %0 axes [1, 2]", type("4x7x17"), type("4x1x1")), rows());
  checkKernel(unaryFunction("tn.reduce max %0 axes [0, 1]", type("7x1000"), type("1x1")), rows());
}

TEST_CASE("reductions with special values", "[rows]") {
  for (const char *kind : {"sum", "max", "min"})
    for (const char *element : {"f32", "f64", "i8", "i64", "ui8", "ui32"})
      for (int64_t n : {3, 50}) {
        KernelOptions options = rows();
        options.special = true;
        checkKernel(unaryFunction("tn.reduce " + std::string(kind) + " %0 axes [1]",
                                  type("9x" + std::to_string(n), element), type("9x1", element)),
                    options);
      }
  KernelOptions options = rows();
  options.special = true;
  checkKernel(unaryFunction("tn.softmax %0 axis 1", type("9x33"), type("9x33")), options);
}

TEST_CASE("operations around reductions", "[rows]") {
  // Layer normalisation with scale and bias behind a residual; both results leave.
  checkKernel(
      R"(func.func @main(%x: tensor<5x100xf32>, %y: tensor<5x100xf32>, %s: tensor<100xf32>, %b: tensor<100xf32>)
      -> (tensor<5x100xf32>, tensor<5x100xf32>) {
    %0 = tn.add %x, %y : tensor<5x100xf32>, tensor<5x100xf32> -> tensor<5x100xf32>
    %1 = tn.normalize %0 axes [1] epsilon 1.0e-12 : tensor<5x100xf32> -> tensor<5x100xf32>
    %2 = tn.mul %1, %s : tensor<5x100xf32>, tensor<100xf32> -> tensor<5x100xf32>
    %3 = tn.add %2, %b : tensor<5x100xf32>, tensor<100xf32> -> tensor<5x100xf32>
    return %0, %3 : tensor<5x100xf32>, tensor<5x100xf32>
  })",
      rows(2e-5));
  // Masked, scaled scores of attention.
  checkKernel(R"(func.func @main(%x: tensor<2x3x4x17xf32>, %m: tensor<2x1x1x17xi1>) -> tensor<2x3x4x17xf32> {
    %c = tn.constant dense<0.125> : tensor<f32>
    %low = tn.constant dense<-1.0e9> : tensor<f32>
    %0 = tn.mul %x, %c : tensor<2x3x4x17xf32>, tensor<f32> -> tensor<2x3x4x17xf32>
    %1 = tn.select %m, %0, %low : tensor<2x1x1x17xi1>, tensor<2x3x4x17xf32>, tensor<f32> -> tensor<2x3x4x17xf32>
    %2 = tn.softmax %1 axis 3 : tensor<2x3x4x17xf32> -> tensor<2x3x4x17xf32>
    return %2 : tensor<2x3x4x17xf32>
  })",
              rows());
  // A dear function in front of two levels of reduction; a result per row.
  checkKernel(R"(func.func @main(%x: tensor<6x33xf32>) -> (tensor<6x33xf32>, tensor<6x1xf32>) {
    %0 = tn.tanh %x : tensor<6x33xf32> -> tensor<6x33xf32>
    %1 = tn.reduce max %0 axes [1] : tensor<6x33xf32> -> tensor<6x1xf32>
    %2 = tn.sub %0, %1 : tensor<6x33xf32>, tensor<6x1xf32> -> tensor<6x33xf32>
    %3 = tn.mul %2, %2 : tensor<6x33xf32>, tensor<6x33xf32> -> tensor<6x33xf32>
    %4 = tn.reduce sum %3 axes [1] : tensor<6x33xf32> -> tensor<6x1xf32>
    %5 = tn.sqrt %4 : tensor<6x1xf32> -> tensor<6x1xf32>
    %6 = tn.div %2, %5 : tensor<6x33xf32>, tensor<6x1xf32> -> tensor<6x33xf32>
    return %6, %5 : tensor<6x33xf32>, tensor<6x1xf32>
  })",
              rows(2e-5));
  // Movement in front of a reduction, several reductions in one walk.
  checkKernel(R"(func.func @main(%x: tensor<50x6xf32>) -> (tensor<6x1xf32>, tensor<6x1xf32>) {
    %0 = tn.transpose %x [1, 0] : tensor<50x6xf32> -> tensor<6x50xf32>
    %1 = tn.reduce max %0 axes [1] : tensor<6x50xf32> -> tensor<6x1xf32>
    %2 = tn.reduce sum %0 axes [1] : tensor<6x50xf32> -> tensor<6x1xf32>
    return %1, %2 : tensor<6x1xf32>, tensor<6x1xf32>
  })",
              rows());
}

TEST_CASE("rows that are read from several operands, or have a border", "[rows]") {
  // Operands of whole vectors, of less than one, and with elements that remain; all of them in one walk per reduction.
  std::string a = type("3x48"), b = type("3x7"), c = type("3x150"), y = type("3x205");
  checkKernel("func.func @main(%0: " + a + ", %1: " + b + ", %2: " + c + ") -> " + y +
                  " {\n  %3 = tn.concat %0, %1, %2 axis 1 : " + a + ", " + b + ", " + c + " -> " + y +
                  "\n  %4 = tn.softmax %3 axis 1 : " + y + " -> " + y + "\n  return %4 : " + y + "\n}\n",
              rows());
  std::string x = type("2x3x40"), padded = type("2x5x45");
  checkKernel("func.func @main(%0: " + x + ") -> " + padded +
                  " {\n  %1 = tn.pad %0 constant [0, 1, 2] [0, 1, 3] 0.5 : " + x + " -> " + padded +
                  "\n  %2 = tn.normalize %1 axes [1, 2] epsilon 1.0e-3 : " + padded + " -> " + padded +
                  "\n  return %2 : " + padded + "\n}\n",
              rows(2e-5));
}

TEST_CASE("long sums keep small errors", "[rows]") {
  KernelOptions options;
  options.templateName = "elementwise";
  options.low = 0;
  options.tolerance = 1e-6; // one after the other: three times as much
  for (auto [from, to, axes] : {std::array{"1x56x56x120", "1x1x1x120", "[1, 2]"}, {"1x3000x40", "1x1x40", "[1]"}})
    checkKernel(unaryFunction("tn.reduce sum %0 axes " + std::string(axes), type(from), type(to)), options);
}

TEST_CASE("reductions along other dimensions in the naive lowering", "[rows]") {
  KernelOptions naive;
  naive.templateName = "elementwise";
  for (const char *kind : {"sum", "prod", "max", "min"})
    checkKernel(unaryFunction("tn.reduce " + std::string(kind) + " %0 axes [1]", type("3x5x33"), type("3x1x33")),
                naive);
  for (const char *element : {"f32", "f16", "i32", "ui8"})
    for (const char *kind : {"arg_max", "arg_min"})
      for (const char *last : {"", " {select_last}"}) {
        checkKernel(unaryFunction("tn.reduce " + std::string(kind) + " %0 axes [1]" + last, type("3x9x33", element),
                                  "tensor<3x1x33xi64>"),
                    naive);
        KernelOptions special = naive;
        special.special = true;
        checkKernel(unaryFunction("tn.reduce " + std::string(kind) + " %0 axes [2]" + last, type("3x9x33", element),
                                  "tensor<3x9x1xi64>"),
                    special);
      }
}

// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-raise,tn-simplify,tn-fold-constants,tn-sink-reshapes))' -mlir-print-debuginfo -mlir-print-local-scope | FileCheck %s

// What replaces a group of operations has the names of all of them, also of those that only it read.
// CHECK-LABEL: func.func @composite
// CHECK: tn.silu {{.*}} loc(fused["scale", "sigmoid"])
func.func @composite(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tn.sigmoid %x : tensor<4xf32> -> tensor<4xf32> loc("sigmoid")
  %1 = tn.mul %x, %0 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32> loc("scale")
  return %1 : tensor<4xf32>
}

// -----

// An operation that does nothing leaves its name to the one whose result it passes on.
// CHECK-LABEL: func.func @identity
// CHECK: tn.exp {{.*}} loc(fused["exp", "times one"])
func.func @identity(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = tn.constant dense<1.0> : tensor<4xf32> loc("one")
  %0 = tn.exp %x : tensor<4xf32> -> tensor<4xf32> loc("exp")
  %1 = tn.mul %0, %c : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32> loc("times one")
  return %1 : tensor<4xf32>
}

// -----

// A producer that others read stays what it is.
// CHECK-LABEL: func.func @shared
// CHECK: tn.sigmoid {{.*}} loc("sigmoid")
// CHECK: tn.silu {{.*}} loc("scale")
func.func @shared(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = tn.sigmoid %x : tensor<4xf32> -> tensor<4xf32> loc("sigmoid")
  %1 = tn.mul %x, %0 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32> loc("scale")
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// Constants know what they were computed from.
// CHECK-LABEL: func.func @constants
// CHECK: tn.constant {{.*}} loc(fused["log", "weight"])
func.func @constants() -> tensor<2xf32> {
  %c = tn.constant dense<[1.0, 2.0]> : tensor<2xf32> loc("weight")
  %0 = tn.log %c : tensor<2xf32> -> tensor<2xf32> loc("log")
  return %0 : tensor<2xf32>
}

// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-fuse))' | FileCheck %s
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(tn-check{pipeline="func.func(tn-fuse)"})' -o %t

// Elementwise readers join a contraction; the bias is an input, the splat constant is cloned inside.
// CHECK-LABEL: @epilogue
// CHECK: %[[Y:.*]] = tn.kernel ins(%arg0, %arg1, %arg2 : {{.*}}) template "contraction"
// CHECK: tn.contract
// CHECK-NEXT: tn.add
// CHECK-NEXT: tn.mul
// CHECK-NEXT: tn.yield
// CHECK: return %[[Y]]
func.func @epilogue(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %b: tensor<16xf32>) -> tensor<4x16xf32> {
  %c = tn.constant dense<2.0> : tensor<f32>
  %0 = tn.contract %x [0, 2], %w [2, 1] -> [0, 1] : tensor<4x8xf32>, tensor<8x16xf32> -> tensor<4x16xf32>
  %1 = tn.add %0, %b : tensor<4x16xf32>, tensor<16xf32> -> tensor<4x16xf32>
  %2 = tn.mul %1, %c : tensor<4x16xf32>, tensor<f32> -> tensor<4x16xf32>
  return %2 : tensor<4x16xf32>
}

// -----

// A value with two readers ends the contraction's kernel. The readers are computed apart.
// CHECK-LABEL: @two_readers
// CHECK-COUNT-1: template "contraction"
// CHECK: template "elementwise"
func.func @two_readers(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>) -> (tensor<4x16xf32>, tensor<4x16xf32>) {
  %0 = tn.contract %x [0, 2], %w [2, 1] -> [0, 1] : tensor<4x8xf32>, tensor<8x16xf32> -> tensor<4x16xf32>
  %1 = tn.exp %0 : tensor<4x16xf32> -> tensor<4x16xf32>
  %2 = tn.neg %0 : tensor<4x16xf32> -> tensor<4x16xf32>
  return %1, %2 : tensor<4x16xf32>, tensor<4x16xf32>
}

// -----

// A residual that is computed from the contraction itself must not close a cycle.
// CHECK-LABEL: @no_cycle
// CHECK-COUNT-2: template "contraction"
func.func @no_cycle(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = tn.contract %x [0, 2], %w [2, 1] -> [0, 1] : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  %1 = tn.contract %0 [0, 2], %w [2, 1] -> [0, 1] : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  %2 = tn.add %0, %1 : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  return %2 : tensor<4x4xf32>
}

// -----

// Elementwise operations before and behind a row reduction run in its kernel.
// CHECK-LABEL: @rows
// CHECK: tn.kernel ins(%arg0, %arg1 {{.*}}) template "rows"
// CHECK-NOT: tn.kernel
func.func @rows(%x: tensor<4x32xf32>, %m: tensor<1x32xf32>) -> tensor<4x32xf32> {
  %0 = tn.add %x, %m : tensor<4x32xf32>, tensor<1x32xf32> -> tensor<4x32xf32>
  %1 = tn.softmax %0 axis 1 : tensor<4x32xf32> -> tensor<4x32xf32>
  %2 = tn.neg %1 : tensor<4x32xf32> -> tensor<4x32xf32>
  return %2 : tensor<4x32xf32>
}

// -----

// Chains of elementwise operations and data movement are one kernel.
// CHECK-LABEL: @chain
// CHECK-COUNT-1: tn.kernel {{.*}} template "elementwise"
// CHECK-NOT: tn.kernel
func.func @chain(%x: tensor<4x8xf32>, %y: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %0 = tn.relu %x : tensor<4x8xf32> -> tensor<4x8xf32>
  %1 = tn.transpose %0 [1, 0] : tensor<4x8xf32> -> tensor<8x4xf32>
  %2 = tn.add %1, %y : tensor<8x4xf32>, tensor<8x4xf32> -> tensor<8x4xf32>
  return %2 : tensor<8x4xf32>
}

// -----

// An expensive producer that a reader would compute again and again stays apart.
// CHECK-LABEL: @expensive
// CHECK-COUNT-2: tn.kernel {{.*}} template "elementwise"
func.func @expensive(%x: tensor<8xf32>, %y: tensor<100x8xf32>) -> tensor<100x8xf32> {
  %0 = tn.exp %x : tensor<8xf32> -> tensor<8xf32>
  %1 = tn.add %y, %0 : tensor<100x8xf32>, tensor<8xf32> -> tensor<100x8xf32>
  return %1 : tensor<100x8xf32>
}

// -----

// A constant padding behind an anchor is written by it.
// CHECK-LABEL: @padded
// CHECK: template "contraction"
// CHECK: tn.pad
// CHECK: tn.yield
// CHECK-NOT: tn.kernel
func.func @padded(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>) -> tensor<6x16xf32> {
  %0 = tn.contract %x [0, 2], %w [2, 1] -> [0, 1] : tensor<4x8xf32>, tensor<8x16xf32> -> tensor<4x16xf32>
  %1 = tn.pad %0 constant [1, 0] [1, 0] 0.0 : tensor<4x16xf32> -> tensor<6x16xf32>
  return %1 : tensor<6x16xf32>
}

// -----

// What is known at compile time and reshapes, which are views, stay outside of kernels.
// CHECK-LABEL: @outside
// CHECK: %[[C:.*]] = tn.constant
// CHECK: %[[T:.*]] = tn.transpose %[[C]]
// CHECK: %[[R:.*]] = tn.reshape %arg0
// CHECK: tn.kernel ins(%[[R]], %[[T]]
func.func @outside(%x: tensor<8xf32>) -> tensor<2x4xf32> {
  %c = tn.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]> : tensor<4x2xf32>
  %t = tn.transpose %c [1, 0] : tensor<4x2xf32> -> tensor<2x4xf32>
  %r = tn.reshape %x : tensor<8xf32> -> tensor<2x4xf32>
  %0 = tn.add %r, %t : tensor<2x4xf32>, tensor<2x4xf32> -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

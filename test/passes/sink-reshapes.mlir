// RUN: tenon-opt %s --tn-sink-reshapes | FileCheck %s
// RUN: tenon-opt %s --tn-sink-reshapes --tn-sink-reshapes | FileCheck %s
// RUN: tenon-opt %s --tn-check="pipeline=func.func(tn-sink-reshapes)" -o /dev/null

// Between two matrix products of a transformer no reshape is left; the residual is reshaped once, the result once.
// CHECK-LABEL: @block
// CHECK: %[[A:.*]] = tn.contract %arg0
// CHECK: %[[H:.*]] = tn.reshape %arg1 : tensor<1x6x8xf32> -> tensor<6x8xf32>
// CHECK: %[[S:.*]] = tn.add %[[A]], %[[H]]
// CHECK-NOT: tn.reshape
// CHECK: tn.normalize %[[S]] axes [1]
// CHECK-NOT: tn.reshape
// CHECK: tn.contract
// CHECK-NOT: tn.reshape
// CHECK: %[[Y:.*]] = tn.add
// CHECK: %[[R:.*]] = tn.reshape %[[Y]] : tensor<6x8xf32> -> tensor<1x6x8xf32>
// CHECK: return %[[R]]
func.func @block(%x: tensor<6x8xf32>, %h: tensor<1x6x8xf32>, %w: tensor<8x8xf32>, %g: tensor<8xf32>) -> tensor<1x6x8xf32> {
  %0 = tn.contract %x [0, 2], %w [2, 1] -> [0, 1] : tensor<6x8xf32>, tensor<8x8xf32> -> tensor<6x8xf32>
  %1 = tn.reshape %0 : tensor<6x8xf32> -> tensor<1x6x8xf32>
  %2 = tn.add %1, %h : tensor<1x6x8xf32>, tensor<1x6x8xf32> -> tensor<1x6x8xf32>
  %3 = tn.normalize %2 axes [2] epsilon 1.0e-5 : tensor<1x6x8xf32> -> tensor<1x6x8xf32>
  %4 = tn.mul %3, %g : tensor<1x6x8xf32>, tensor<8xf32> -> tensor<1x6x8xf32>
  %5 = tn.reshape %4 : tensor<1x6x8xf32> -> tensor<6x8xf32>
  %6 = tn.contract %5 [0, 2], %w [2, 1] -> [0, 1] : tensor<6x8xf32>, tensor<8x8xf32> -> tensor<6x8xf32>
  %7 = tn.reshape %6 : tensor<6x8xf32> -> tensor<1x6x8xf32>
  %8 = tn.add %7, %2 : tensor<1x6x8xf32>, tensor<1x6x8xf32> -> tensor<1x6x8xf32>
  return %8 : tensor<1x6x8xf32>
}

// Heads are split from a matrix: the batch of one goes, the transposes become loop numbers.
// CHECK-LABEL: @heads
// CHECK-NOT: tn.transpose
// CHECK: tn.contract {{.*}} [1, 0, 3], {{.*}} [2, 0, 3] -> [0, 1, 2] : tensor<6x2x4xf32>, tensor<6x2x4xf32> -> tensor<2x6x6xf32>
// CHECK: tn.softmax {{.*}} axis 2 : tensor<2x6x6xf32>
// CHECK: %[[O:.*]] = tn.contract {{.*}} -> tensor<6x2x4xf32>
// CHECK: tn.reshape %[[O]] : tensor<6x2x4xf32> -> tensor<6x8xf32>
// CHECK-NEXT: return
func.func @heads(%x: tensor<6x24xf32>) -> tensor<6x8xf32> {
  %0 = tn.reshape %x : tensor<6x24xf32> -> tensor<1x6x24xf32>
  %q = tn.slice %0 [0, 0, 0] [1, 6, 8] [1, 1, 1] : tensor<1x6x24xf32> -> tensor<1x6x8xf32>
  %k = tn.slice %0 [0, 0, 8] [1, 6, 8] [1, 1, 1] : tensor<1x6x24xf32> -> tensor<1x6x8xf32>
  %v = tn.slice %0 [0, 0, 16] [1, 6, 8] [1, 1, 1] : tensor<1x6x24xf32> -> tensor<1x6x8xf32>
  %q0 = tn.reshape %q : tensor<1x6x8xf32> -> tensor<1x6x2x4xf32>
  %k0 = tn.reshape %k : tensor<1x6x8xf32> -> tensor<1x6x2x4xf32>
  %v0 = tn.reshape %v : tensor<1x6x8xf32> -> tensor<1x6x2x4xf32>
  %q1 = tn.transpose %q0 [0, 2, 1, 3] : tensor<1x6x2x4xf32> -> tensor<1x2x6x4xf32>
  %k1 = tn.transpose %k0 [0, 2, 3, 1] : tensor<1x6x2x4xf32> -> tensor<1x2x4x6xf32>
  %v1 = tn.transpose %v0 [0, 2, 1, 3] : tensor<1x6x2x4xf32> -> tensor<1x2x6x4xf32>
  %s = tn.contract %q1 [0, 1, 2, 4], %k1 [0, 1, 4, 3] -> [0, 1, 2, 3] : tensor<1x2x6x4xf32>, tensor<1x2x4x6xf32> -> tensor<1x2x6x6xf32>
  %p = tn.softmax %s axis 3 : tensor<1x2x6x6xf32> -> tensor<1x2x6x6xf32>
  %o = tn.contract %p [0, 1, 2, 4], %v1 [0, 1, 4, 3] -> [0, 1, 2, 3] : tensor<1x2x6x6xf32>, tensor<1x2x6x4xf32> -> tensor<1x2x6x4xf32>
  %o1 = tn.transpose %o [0, 2, 1, 3] : tensor<1x2x6x4xf32> -> tensor<1x6x2x4xf32>
  %o2 = tn.reshape %o1 : tensor<1x6x2x4xf32> -> tensor<6x8xf32>
  return %o2 : tensor<6x8xf32>
}

// Leading dimensions that a reshape has split are one loop.
// CHECK-LABEL: @leading
// CHECK-NEXT: %[[C:.*]] = tn.contract %arg0 [0, 2], %arg1 [2, 1] -> [0, 1] : tensor<6x8xf32>
// CHECK-NEXT: tn.reshape %[[C]] : tensor<6x5xf32> -> tensor<2x3x5xf32>
func.func @leading(%x: tensor<6x8xf32>, %w: tensor<8x5xf32>) -> tensor<2x3x5xf32> {
  %0 = tn.reshape %x : tensor<6x8xf32> -> tensor<2x3x8xf32>
  %1 = tn.contract %0 [0, 1, 3], %w [3, 2] -> [0, 1, 2] : tensor<2x3x8xf32>, tensor<8x5xf32> -> tensor<2x3x5xf32>
  return %1 : tensor<2x3x5xf32>
}

// The reshape mixes the dimension that is normalised; a broadcast splits a group.
// CHECK-LABEL: @stay
// CHECK: %[[R:.*]] = tn.reshape %arg0
// CHECK: tn.softmax %[[R]]
// CHECK: tn.add %[[R]]
func.func @stay(%x: tensor<6x8xf32>, %b: tensor<3x1xf32>) -> (tensor<2x3x8xf32>, tensor<2x3x8xf32>) {
  %0 = tn.reshape %x : tensor<6x8xf32> -> tensor<2x3x8xf32>
  %1 = tn.softmax %0 axis 1 : tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  %2 = tn.add %0, %b : tensor<2x3x8xf32>, tensor<3x1xf32> -> tensor<2x3x8xf32>
  return %1, %2 : tensor<2x3x8xf32>, tensor<2x3x8xf32>
}

// CHECK-LABEL: @concat
// CHECK-NEXT: %[[C:.*]] = tn.concat %arg0, %arg1 axis 1 : tensor<6x8xf32>, tensor<6x2xf32>
// CHECK-NEXT: tn.reshape %[[C]]
func.func @concat(%x: tensor<6x8xf32>, %y: tensor<6x2xf32>) -> tensor<2x3x10xf32> {
  %0 = tn.reshape %x : tensor<6x8xf32> -> tensor<2x3x8xf32>
  %1 = tn.reshape %y : tensor<6x2xf32> -> tensor<2x3x2xf32>
  %2 = tn.concat %0, %1 axis 2 : tensor<2x3x8xf32>, tensor<2x3x2xf32> -> tensor<2x3x10xf32>
  return %2 : tensor<2x3x10xf32>
}

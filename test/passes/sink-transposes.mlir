// RUN: tenon-opt %s --tn-sink-transposes | FileCheck %s
// RUN: tenon-opt %s --tn-sink-transposes --tn-sink-transposes | FileCheck %s
// RUN: tenon-opt %s --tn-check="pipeline=func.func(tn-sink-transposes)" -o /dev/null

// CHECK-LABEL: @cancel
// CHECK-NOT: tn.transpose
// CHECK: tn.softmax {{.*}} axis 1
// CHECK-NOT: tn.transpose
// CHECK: return
func.func @cancel(%x: tensor<2x3x4xf32>, %y: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %c = tn.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %0 = tn.transpose %x [0, 2, 1] : tensor<2x3x4xf32> -> tensor<2x4x3xf32>
  %1 = tn.transpose %y [0, 2, 1] : tensor<2x3x4xf32> -> tensor<2x4x3xf32>
  %2 = tn.add %0, %1 : tensor<2x4x3xf32>, tensor<2x4x3xf32> -> tensor<2x4x3xf32>
  %3 = tn.mul %2, %c : tensor<2x4x3xf32>, tensor<3xf32> -> tensor<2x4x3xf32>
  %4 = tn.softmax %3 axis 2 : tensor<2x4x3xf32> -> tensor<2x4x3xf32>
  %5 = tn.transpose %4 [0, 2, 1] : tensor<2x4x3xf32> -> tensor<2x3x4xf32>
  return %5 : tensor<2x3x4xf32>
}

// Into the loop numbers of a contraction, through a scale.
// CHECK-LABEL: @contract
// CHECK: %[[Q:.*]] = tn.mul %arg0
// CHECK-NOT: tn.transpose
// CHECK: tn.contract %[[Q]] [0, 2, 1, 4], %arg1 [0, 3, 1, 4] -> [0, 1, 2, 3]
func.func @contract(%q: tensor<2x5x3x4xf32>, %k: tensor<2x5x3x4xf32>) -> tensor<2x3x5x5xf32> {
  %c = tn.constant dense<0.5> : tensor<f32>
  %0 = tn.transpose %q [0, 2, 1, 3] : tensor<2x5x3x4xf32> -> tensor<2x3x5x4xf32>
  %1 = tn.mul %0, %c : tensor<2x3x5x4xf32>, tensor<f32> -> tensor<2x3x5x4xf32>
  %2 = tn.transpose %k [0, 2, 3, 1] : tensor<2x5x3x4xf32> -> tensor<2x3x4x5xf32>
  %3 = tn.contract %1 [0, 1, 2, 4], %2 [0, 1, 4, 3] -> [0, 1, 2, 3] : tensor<2x3x5x4xf32>, tensor<2x3x4x5xf32> -> tensor<2x3x5x5xf32>
  return %3 : tensor<2x3x5x5xf32>
}

// Not where it would take a transpose of the other operand, nor where the transpose has another reader.
// CHECK-LABEL: @stay
// CHECK: %[[T:.*]] = tn.transpose %arg0
// CHECK: tn.add %[[T]], %arg1
// CHECK: tn.exp %[[T]]
func.func @stay(%x: tensor<3x4xf32>, %y: tensor<4x3xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  %0 = tn.transpose %x [1, 0] : tensor<3x4xf32> -> tensor<4x3xf32>
  %1 = tn.add %0, %y : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<4x3xf32>
  %2 = tn.exp %0 : tensor<4x3xf32> -> tensor<4x3xf32>
  return %1, %2 : tensor<4x3xf32>, tensor<4x3xf32>
}

// CHECK-LABEL: @movement
// CHECK: tn.concat {{.*}} axis 0
// CHECK: tn.slice {{.*}} [1, 0] [4, 2] [1, 2]
// CHECK: tn.reduce max {{.*}} axes [0]
// CHECK-NEXT: tn.reshape
// CHECK-NEXT: return
func.func @movement(%x: tensor<3x4xf32>, %y: tensor<3x4xf32>) -> tensor<2x1xf32> {
  %0 = tn.transpose %x [1, 0] : tensor<3x4xf32> -> tensor<4x3xf32>
  %1 = tn.transpose %y [1, 0] : tensor<3x4xf32> -> tensor<4x3xf32>
  %2 = tn.concat %0, %1 axis 1 : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<4x6xf32>
  %3 = tn.slice %2 [0, 1] [2, 4] [2, 1] : tensor<4x6xf32> -> tensor<2x4xf32>
  %4 = tn.reduce max %3 axes [1] : tensor<2x4xf32> -> tensor<2x1xf32>
  return %4 : tensor<2x1xf32>
}

// A transpose that is cut into slices: each of them is read where it is.
// CHECK-LABEL: @cut
// CHECK-NOT: tn.transpose
// CHECK: %[[Q:.*]] = tn.slice %arg0 [0, 0, 0] [5, 2, 4] [1, 1, 1]
// CHECK: tn.transpose %[[Q]] [1, 0, 2]
// CHECK: %[[K:.*]] = tn.slice %arg0 [0, 2, 0] [5, 2, 4] [1, 1, 1]
// CHECK: tn.transpose %[[K]] [1, 0, 2]
// CHECK: return
func.func @cut(%x: tensor<5x4x4xf32>) -> (tensor<2x5x4xf32>, tensor<2x5x4xf32>) {
  %0 = tn.transpose %x [1, 0, 2] : tensor<5x4x4xf32> -> tensor<4x5x4xf32>
  %1 = tn.slice %0 [0, 0, 0] [2, 5, 4] [1, 1, 1] : tensor<4x5x4xf32> -> tensor<2x5x4xf32>
  %2 = tn.slice %0 [2, 0, 0] [2, 5, 4] [1, 1, 1] : tensor<4x5x4xf32> -> tensor<2x5x4xf32>
  return %1, %2 : tensor<2x5x4xf32>, tensor<2x5x4xf32>
}

// Not where slices overlap: more would be moved than before.
// CHECK-LABEL: @overlapping
// CHECK: tn.transpose %arg0
// CHECK-NOT: tn.transpose
func.func @overlapping(%x: tensor<5x2x4xf32>) -> (tensor<2x4x4xf32>, tensor<2x4x4xf32>) {
  %0 = tn.transpose %x [1, 0, 2] : tensor<5x2x4xf32> -> tensor<2x5x4xf32>
  %1 = tn.slice %0 [0, 0, 0] [2, 4, 4] [1, 1, 1] : tensor<2x5x4xf32> -> tensor<2x4x4xf32>
  %2 = tn.slice %0 [0, 1, 0] [2, 4, 4] [1, 1, 1] : tensor<2x5x4xf32> -> tensor<2x4x4xf32>
  return %1, %2 : tensor<2x4x4xf32>, tensor<2x4x4xf32>
}

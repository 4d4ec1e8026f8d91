// RUN: tenon-opt %s --tn-sink-scales | FileCheck %s
// RUN: tenon-opt %s --tn-check="pipeline=func.func(tn-sink-scales)" -o /dev/null

// Both operands of the scores of an attention, one of them seen in another shape.
// CHECK-LABEL: @scores
// CHECK: %[[Q:.*]] = tn.reshape %arg0
// CHECK: %[[K:.*]] = tn.transpose %arg1
// CHECK: %[[P:.*]] = tn.contract %[[Q]] [0, 3, 2], %[[K]] [0, 2, 1] -> [0, 3, 1]
// CHECK: %[[S:.*]] = tn.mul %[[P]], %{{.*}} : tensor<2x4x5xf32>, tensor<f32>
// CHECK: %[[T:.*]] = tn.mul %[[S]], %{{.*}} : tensor<2x4x5xf32>, tensor<f32>
// CHECK: return %[[T]]
func.func @scores(%q: tensor<1x2x4x8xf32>, %k: tensor<2x5x8xf32>) -> tensor<2x4x5xf32> {
  %c = tn.constant dense<0.25> : tensor<f32>
  %d = tn.constant dense<[[0.5]]> : tensor<1x1xf32>
  %0 = tn.mul %q, %c : tensor<1x2x4x8xf32>, tensor<f32> -> tensor<1x2x4x8xf32>
  %1 = tn.reshape %0 : tensor<1x2x4x8xf32> -> tensor<2x4x8xf32>
  %2 = tn.mul %k, %d : tensor<2x5x8xf32>, tensor<1x1xf32> -> tensor<2x5x8xf32>
  %3 = tn.transpose %2 [0, 2, 1] : tensor<2x5x8xf32> -> tensor<2x8x5xf32>
  %4 = tn.contract %1 [0, 3, 2], %3 [0, 2, 1] -> [0, 3, 1] : tensor<2x4x8xf32>, tensor<2x8x5xf32> -> tensor<2x4x5xf32>
  return %4 : tensor<2x4x5xf32>
}

// Not what varies, what others read, weights that carry a factor, nor narrow floats.
// CHECK-LABEL: @stay
// CHECK: tn.mul %arg0
// CHECK: tn.mul %arg1
// CHECK: tn.mul %{{.*}}, %{{.*}} : tensor<4x6xf32>
// CHECK: tn.mul %arg2
// CHECK-NOT: tn.mul
func.func @stay(%x: tensor<3x4xf32>, %y: tensor<3x4xf32>, %h: tensor<3x4xf16>) -> (tensor<3x6xf32>, tensor<3x6xf32>, tensor<3x4xf32>, tensor<3x3xf16>) {
  %v = tn.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %c = tn.constant dense<0.25> : tensor<f32>
  %w = tn.constant dense<2.0> : tensor<4x6xf32>
  %n = tn.constant dense<0.25> : tensor<f16>
  %0 = tn.mul %x, %v : tensor<3x4xf32>, tensor<4xf32> -> tensor<3x4xf32>
  %1 = tn.mul %y, %c : tensor<3x4xf32>, tensor<f32> -> tensor<3x4xf32>
  %2 = tn.mul %w, %c : tensor<4x6xf32>, tensor<f32> -> tensor<4x6xf32>
  %3 = tn.contract %0 [0, 2], %2 [2, 1] -> [0, 1] : tensor<3x4xf32>, tensor<4x6xf32> -> tensor<3x6xf32>
  %4 = tn.contract %1 [0, 2], %w [2, 1] -> [0, 1] : tensor<3x4xf32>, tensor<4x6xf32> -> tensor<3x6xf32>
  %5 = tn.mul %h, %n : tensor<3x4xf16>, tensor<f16> -> tensor<3x4xf16>
  %6 = tn.contract %5 [0, 2], %h [1, 2] -> [0, 1] : tensor<3x4xf16>, tensor<3x4xf16> -> tensor<3x3xf16>
  return %3, %4, %1, %6 : tensor<3x6xf32>, tensor<3x6xf32>, tensor<3x4xf32>, tensor<3x3xf16>
}

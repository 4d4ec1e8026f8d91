// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-scale-weights))' | FileCheck %s
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(tn-check{pipeline="func.func(tn-scale-weights)"})' -o %t
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(tn-check{pipeline="func.func(tn-scale-weights,tn-fuse,tn-schedule)"})' -o %t
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-scale-weights{budget=0}))' | FileCheck %s --check-prefix=NONE
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-scale-weights))' -remarks-filter=tn-.* 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// REMARK: "gate"{{.*}}[Passed] moved {{.*}}a factor multiplies the other operand: 40 elements for 512
// REMARK: "large"{{.*}}[Missed] stays {{.*}}multiplying the other operand would be no cheaper, 128 elements for 512

// A squeeze-and-excite block: the map is read by the mean as well, so its kernel can't multiply it. Images may be several.
// CHECK-LABEL: @gate
// CHECK: %[[X:.*]] = tn.relu %arg0
// CHECK: %[[S:.*]] = tn.sigmoid
// CHECK-NOT: tn.mul {{.*}}tensor<2x8x8x4xf32>
// CHECK: %[[F:.*]] = tn.reshape %[[S]] : tensor<1x1x1x4xf32> -> tensor<1x4x1x1xf32>
// CHECK: %[[W:.*]] = tn.mul %arg1, %[[F]] : tensor<10x4x1x1xf32>, tensor<1x4x1x1xf32> -> tensor<10x4x1x1xf32>
// CHECK: tn.conv %[[X]], %[[W]]
// NONE-LABEL: @gate
// NONE: tn.mul {{.*}} -> tensor<2x8x8x4xf32>
func.func @gate(%x: tensor<2x8x8x4xf32>, %w: tensor<10x4x1x1xf32>) -> tensor<2x8x8x10xf32> {
  %0 = tn.relu %x : tensor<2x8x8x4xf32> -> tensor<2x8x8x4xf32>
  %1 = tn.reduce sum %0 axes [0, 1, 2] : tensor<2x8x8x4xf32> -> tensor<1x1x1x4xf32>
  %2 = tn.sigmoid %1 : tensor<1x1x1x4xf32> -> tensor<1x1x1x4xf32>
  %3 = tn.mul %2, %0 : tensor<1x1x1x4xf32>, tensor<2x8x8x4xf32> -> tensor<2x8x8x4xf32> loc("gate")
  %4 = tn.conv %3, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<2x8x8x4xf32>, tensor<10x4x1x1xf32> -> tensor<2x8x8x10xf32>
  return %4 : tensor<2x8x8x10xf32>
}

// -----

// Zeros of a padding stay zeros under any factor, wherever channels are and whatever the window; here of the first two
// spatial dimensions and of rank 1 as a factor.
// CHECK-LABEL: @window
// CHECK: %[[F:.*]] = tn.reshape %arg2 : tensor<3xf32> -> tensor<1x3x1x1xf32>
// CHECK: %[[W:.*]] = tn.mul %arg1, %[[F]]
// CHECK: tn.conv %arg0, %[[W]]
func.func @window(%x: tensor<1x16x16x3xf32>, %w: tensor<5x3x3x3xf32>, %s: tensor<3xf32>) -> tensor<1x8x8x5xf32> {
  %0 = tn.mul %x, %s : tensor<1x16x16x3xf32>, tensor<3xf32> -> tensor<1x16x16x3xf32>
  %1 = tn.conv %0, %w strides [2, 2] low [1, 1] high [1, 1] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x16x16x3xf32>, tensor<5x3x3x3xf32> -> tensor<1x8x8x5xf32>
  return %1 : tensor<1x8x8x5xf32>
}

// -----

// The right operand's factor moves to the left one, along the dimension that is summed over, and along a batch.
// CHECK-LABEL: @contract
// CHECK: %[[F:.*]] = tn.reshape %arg2 : tensor<4x1xf32> -> tensor<1x1x4xf32>
// CHECK: %[[W:.*]] = tn.mul %arg0, %[[F]] : tensor<2x3x4xf32>
// CHECK: %[[P:.*]] = tn.contract %[[W]] [0, 1, 3], %arg1 [0, 3, 2]
// CHECK: %[[B:.*]] = tn.mul %arg0, %arg3 : tensor<2x3x4xf32>, tensor<2x1x1xf32>
// CHECK: %[[Q:.*]] = tn.contract %[[B]] [0, 1, 3], %arg1 [0, 3, 2]
func.func @contract(%x: tensor<2x3x4xf32>, %y: tensor<2x4x50xf32>, %k: tensor<4x1xf32>, %b: tensor<2x1x1xf32>) -> (tensor<2x3x50xf32>, tensor<2x3x50xf32>) {
  %0 = tn.mul %y, %k : tensor<2x4x50xf32>, tensor<4x1xf32> -> tensor<2x4x50xf32>
  %1 = tn.contract %x [0, 1, 3], %0 [0, 3, 2] -> [0, 1, 2] : tensor<2x3x4xf32>, tensor<2x4x50xf32> -> tensor<2x3x50xf32>
  %2 = tn.mul %y, %b : tensor<2x4x50xf32>, tensor<2x1x1xf32> -> tensor<2x4x50xf32>
  %3 = tn.contract %x [0, 1, 3], %2 [0, 3, 2] -> [0, 1, 2] : tensor<2x3x4xf32>, tensor<2x4x50xf32> -> tensor<2x3x50xf32>
  return %1, %3 : tensor<2x3x50xf32>, tensor<2x3x50xf32>
}

// -----

// Large weights, a factor per pixel, one per image, a map with one reader (the kernel of relu multiplies), a scaled map
// with two, groups.
// CHECK-LABEL: @stay
// CHECK-COUNT-6: tn.mul {{.*}} -> tensor<2x8x8x4xf32>
// CHECK-NOT: tn.mul
func.func @stay(%x: tensor<2x8x8x4xf32>, %large: tensor<32x4x1x1xf32>, %w: tensor<8x4x1x1xf32>, %g: tensor<8x2x1x1xf32>, %s: tensor<4xf32>,
                %pixels: tensor<8x1xf32>, %images: tensor<2x1x1x4xf32>)
    -> (tensor<2x8x8x32xf32>, tensor<2x8x8x8xf32>, tensor<2x8x8x8xf32>, tensor<2x8x8x8xf32>, tensor<2x8x8x4xf32>, tensor<2x8x8x8xf32>, tensor<2x8x8x8xf32>) {
  %0 = tn.mul %x, %s : tensor<2x8x8x4xf32>, tensor<4xf32> -> tensor<2x8x8x4xf32> loc("large")
  %1 = tn.conv %0, %large strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<2x8x8x4xf32>, tensor<32x4x1x1xf32> -> tensor<2x8x8x32xf32>
  %2 = tn.mul %x, %pixels : tensor<2x8x8x4xf32>, tensor<8x1xf32> -> tensor<2x8x8x4xf32>
  %3 = tn.conv %2, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<2x8x8x4xf32>, tensor<8x4x1x1xf32> -> tensor<2x8x8x8xf32>
  %4 = tn.mul %x, %images : tensor<2x8x8x4xf32>, tensor<2x1x1x4xf32> -> tensor<2x8x8x4xf32>
  %5 = tn.conv %4, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<2x8x8x4xf32>, tensor<8x4x1x1xf32> -> tensor<2x8x8x8xf32>
  %6 = tn.relu %x : tensor<2x8x8x4xf32> -> tensor<2x8x8x4xf32>
  %7 = tn.mul %6, %s : tensor<2x8x8x4xf32>, tensor<4xf32> -> tensor<2x8x8x4xf32>
  %8 = tn.conv %7, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<2x8x8x4xf32>, tensor<8x4x1x1xf32> -> tensor<2x8x8x8xf32>
  %9 = tn.mul %x, %s : tensor<2x8x8x4xf32>, tensor<4xf32> -> tensor<2x8x8x4xf32>
  %10 = tn.conv %9, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<2x8x8x4xf32>, tensor<8x4x1x1xf32> -> tensor<2x8x8x8xf32>
  %11 = tn.mul %x, %s : tensor<2x8x8x4xf32>, tensor<4xf32> -> tensor<2x8x8x4xf32>
  %12 = tn.conv %11, %g strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 2 {channels_last} : tensor<2x8x8x4xf32>, tensor<8x2x1x1xf32> -> tensor<2x8x8x8xf32>
  return %1, %3, %5, %8, %9, %10, %12 : tensor<2x8x8x32xf32>, tensor<2x8x8x8xf32>, tensor<2x8x8x8xf32>, tensor<2x8x8x8xf32>, tensor<2x8x8x4xf32>, tensor<2x8x8x8xf32>, tensor<2x8x8x8xf32>
}

// -----

// Narrow floats.
// CHECK-LABEL: @narrow
// CHECK: tn.mul %arg0
func.func @narrow(%x: tensor<32x4xf16>, %w: tensor<4x2xf16>, %s: tensor<4xf16>) -> tensor<32x2xf16> {
  %0 = tn.mul %x, %s : tensor<32x4xf16>, tensor<4xf16> -> tensor<32x4xf16>
  %1 = tn.contract %0 [0, 2], %w [2, 1] -> [0, 1] : tensor<32x4xf16>, tensor<4x2xf16> -> tensor<32x2xf16>
  return %1 : tensor<32x2xf16>
}

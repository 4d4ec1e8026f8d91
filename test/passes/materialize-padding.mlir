// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-materialize-padding))' | FileCheck %s
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(tn-check{pipeline="func.func(tn-materialize-padding)"})' -o %t
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-materialize-padding{budget=0}))' | FileCheck %s --check-prefix=NONE

// The borders become an operation.
// CHECK-LABEL: @padded
// CHECK: %[[P:.*]] = tn.pad %arg0 constant [0, 1, 2, 0] [0, 1, 0, 0] 0.000000e+00 : tensor<1x6x6x3xf32> -> tensor<1x8x8x3xf32>
// CHECK: tn.conv %[[P]], %arg1 strides [1, 1] low [0, 0] high [0, 0]
// NONE-LABEL: @padded
// NONE-NOT: tn.pad
func.func @padded(%x: tensor<1x6x6x3xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<1x6x6x4xf32> {
  %0 = tn.conv %x, %w strides [1, 1] low [1, 2] high [1, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x6x6x3xf32>, tensor<4x3x3x3xf32> -> tensor<1x6x6x4xf32>
  return %0 : tensor<1x6x6x4xf32>
}

// -----

// No border, nothing to do.
// CHECK-LABEL: @unpadded
// CHECK-NOT: tn.pad
func.func @unpadded(%x: tensor<1x6x6x3xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32> {
  %0 = tn.conv %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x6x6x3xf32>, tensor<4x3x3x3xf32> -> tensor<1x4x4x4xf32>
  return %0 : tensor<1x4x4x4xf32>
}

// -----

// Cropping, dilated inputs and channels-first convolutions stay: their template is the naive one.
// CHECK-LABEL: @others
// CHECK-NOT: tn.pad
func.func @others(%x: tensor<1x6x6x3xf32>, %w: tensor<4x3x3x3xf32>, %y: tensor<1x3x6x6xf32>)
    -> (tensor<1x5x3x4xf32>, tensor<1x11x11x4xf32>, tensor<1x4x6x6xf32>) {
  %0 = tn.conv %x, %w strides [1, 1] low [1, -1] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x6x6x3xf32>, tensor<4x3x3x3xf32> -> tensor<1x5x3x4xf32>
  %1 = tn.conv %x, %w strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] input_dilation [2, 2] groups 1 {channels_last} : tensor<1x6x6x3xf32>, tensor<4x3x3x3xf32> -> tensor<1x11x11x4xf32>
  %2 = tn.conv %y, %w strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] input_dilation [1, 1] groups 1 : tensor<1x3x6x6xf32>, tensor<4x3x3x3xf32> -> tensor<1x4x6x6xf32>
  return %0, %1, %2 : tensor<1x5x3x4xf32>, tensor<1x11x11x4xf32>, tensor<1x4x6x6xf32>
}

// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-winograd))' | FileCheck %s
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(tn-check{pipeline="func.func(tn-winograd)"})' -o %t
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(tn-check{pipeline="func.func(tn-winograd{largest-tile=2})"})' | FileCheck %s --check-prefix=SMALL
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-winograd{largest-tile=0}))' | FileCheck %s --check-prefix=NONE
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-winograd{budget=0}))' | FileCheck %s --check-prefix=NONE

// NONE-NOT: tn.winograd

// CHECK-LABEL: @whole_tiles
// CHECK: %[[U:.*]] = tn.winograd_filter {{.*}} tile 4 panel 32 : tensor<32x16x3x3xf32> -> tensor<1x36x16x32xf32>
// CHECK: tn.winograd_conv %arg0, %[[U]] tile 4 size [8, 8] filters 32
// SMALL-LABEL: @whole_tiles
// SMALL: tn.winograd_conv %arg0, %{{.*}} tile 2 size [8, 8] filters 32
func.func @whole_tiles(%x: tensor<1x10x10x16xf32>) -> tensor<1x8x8x32xf32> {
  %i = tn.iota axis 0 -> tensor<4608xf32>
  %s = tn.sin %i : tensor<4608xf32> -> tensor<4608xf32>
  %w = tn.reshape %s : tensor<4608xf32> -> tensor<32x16x3x3xf32>
  %0 = tn.conv %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x10x10x16xf32>, tensor<32x16x3x3xf32> -> tensor<1x8x8x32xf32>
  return %0 : tensor<1x8x8x32xf32>
}

// -----

// The padding is widened to cover whole tiles.
// CHECK-LABEL: @ragged
// CHECK: %[[P:.*]] = tn.pad %arg0 constant [0, 1, 1, 0] [0, 2, 2, 0] 0.000000e+00
// CHECK-NOT: tn.pad
// CHECK: tn.winograd_conv %[[P]], %{{.*}} tile 4 size [11, 11] filters 40
func.func @ragged(%x: tensor<2x11x11x16xf32>) -> tensor<2x11x11x40xf32> {
  %i = tn.iota axis 0 -> tensor<5760xf32>
  %s = tn.sin %i : tensor<5760xf32> -> tensor<5760xf32>
  %w = tn.reshape %s : tensor<5760xf32> -> tensor<40x16x3x3xf32>
  %p = tn.pad %x constant [0, 1, 1, 0] [0, 1, 1, 0] 0.0 : tensor<2x11x11x16xf32> -> tensor<2x13x13x16xf32>
  %0 = tn.conv %p, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<2x13x13x16xf32>, tensor<40x16x3x3xf32> -> tensor<2x11x11x40xf32>
  return %0 : tensor<2x11x11x40xf32>
}

// -----

// Without a padding that could be widened the small tiles fit.
// CHECK-LABEL: @unpadded
// CHECK: tn.winograd_conv %arg0, %{{.*}} tile 2 size [10, 10] filters 32
func.func @unpadded(%x: tensor<1x12x12x16xf32>) -> tensor<1x10x10x32xf32> {
  %i = tn.iota axis 0 -> tensor<4608xf32>
  %s = tn.sin %i : tensor<4608xf32> -> tensor<4608xf32>
  %w = tn.reshape %s : tensor<4608xf32> -> tensor<32x16x3x3xf32>
  %0 = tn.conv %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x12x12x16xf32>, tensor<32x16x3x3xf32> -> tensor<1x10x10x32xf32>
  return %0 : tensor<1x10x10x32xf32>
}

// -----

// A single tile does not pay for its weights; strides, groups, few channels and filters known at run time stay too.
// CHECK-LABEL: @direct
// CHECK-NOT: tn.winograd
func.func @direct(%x: tensor<1x4x4x512xf32>, %y: tensor<1x10x10x16xf32>, %v: tensor<32x16x3x3xf32>) -> (tensor<1x2x2x512xf32>, tensor<1x4x4x32xf32>, tensor<1x8x8x32xf32>) {
  %w = tn.constant dense<1.0> : tensor<512x512x3x3xf32>
  %u = tn.constant dense<1.0> : tensor<32x16x3x3xf32>
  %0 = tn.conv %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x4x4x512xf32>, tensor<512x512x3x3xf32> -> tensor<1x2x2x512xf32>
  %1 = tn.conv %y, %u strides [2, 2] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x10x10x16xf32>, tensor<32x16x3x3xf32> -> tensor<1x4x4x32xf32>
  %2 = tn.conv %y, %v strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x10x10x16xf32>, tensor<32x16x3x3xf32> -> tensor<1x8x8x32xf32>
  return %0, %1, %2 : tensor<1x2x2x512xf32>, tensor<1x4x4x32xf32>, tensor<1x8x8x32xf32>
}

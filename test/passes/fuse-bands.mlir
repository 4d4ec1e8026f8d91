// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-fuse,tn-schedule,tn-fuse-bands{least=4096}))' | FileCheck %s
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(tn-check{pipeline="func.func(tn-fuse,tn-schedule,tn-fuse-bands{least=4096})"})' -o %t
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-fuse,tn-schedule,tn-fuse-bands{least=4096 budget=0}))' | FileCheck %s --check-prefix=NONE
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-fuse,tn-schedule,tn-fuse-bands))' | FileCheck %s --check-prefix=NONE

// NONE-NOT: template "bands"

// A convolution that makes the map wide, a depthwise one, and one that makes it narrow.
// CHECK-LABEL: @inverted
// CHECK: template "bands" schedule {"x86-64-v3" = {band = {{[0-9]+}} : i64, stages = [{{.*}}]}, "x86-64-v4" = {band
// CHECK: %[[WIDE:.*]] = tn.kernel {{.*}} template "contraction" {
// CHECK: %[[DEPTHWISE:.*]] = tn.kernel ins(%[[WIDE]], {{.*}} template "depthwise" {
// CHECK: %[[NARROW:.*]] = tn.kernel ins(%[[DEPTHWISE]], {{.*}} template "contraction" {
// CHECK: tn.yield %[[NARROW]]
func.func @inverted(%x: tensor<1x8x8x4xf32>, %f: tensor<24x4x1x1xf32>, %g: tensor<24x1x3x3xf32>, %h: tensor<6x24x1x1xf32>) -> tensor<1x8x8x6xf32> {
  %0 = tn.conv %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x8x8x4xf32>, tensor<24x4x1x1xf32> -> tensor<1x8x8x24xf32>
  %1 = tn.pad %0 constant [0, 1, 1, 0] [0, 1, 1, 0] 0.0 : tensor<1x8x8x24xf32> -> tensor<1x10x10x24xf32>
  %2 = tn.conv %1, %g strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 24 {channels_last} : tensor<1x10x10x24xf32>, tensor<24x1x3x3xf32> -> tensor<1x8x8x24xf32>
  %3 = tn.conv %2, %h strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x8x8x24xf32>, tensor<6x24x1x1xf32> -> tensor<1x8x8x6xf32>
  return %3 : tensor<1x8x8x6xf32>
}

// -----

// The wide map is also a result: it has to be in memory.
// CHECK-LABEL: @two_readers
// CHECK-NOT: template "bands"
func.func @two_readers(%x: tensor<1x10x10x4xf32>, %f: tensor<24x4x1x1xf32>, %g: tensor<24x1x3x3xf32>) -> (tensor<1x10x10x24xf32>, tensor<1x8x8x24xf32>) {
  %0 = tn.conv %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x10x10x4xf32>, tensor<24x4x1x1xf32> -> tensor<1x10x10x24xf32>
  %1 = tn.conv %0, %g strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 24 {channels_last} : tensor<1x10x10x24xf32>, tensor<24x1x3x3xf32> -> tensor<1x8x8x24xf32>
  return %0, %1 : tensor<1x10x10x24xf32>, tensor<1x8x8x24xf32>
}

// -----

// The squeeze-and-excite's mean reads the depthwise convolution's result, too: it is the last of the chain.
// CHECK-LABEL: @squeezed
// CHECK: template "bands"
// CHECK: template "contraction" {
// CHECK: template "depthwise" {
// CHECK-NOT: template "contraction" {
func.func @squeezed(%x: tensor<1x10x10x4xf32>, %f: tensor<24x4x1x1xf32>, %g: tensor<24x1x3x3xf32>, %h: tensor<6x24x1x1xf32>) -> (tensor<1x1x1x24xf32>, tensor<1x8x8x6xf32>) {
  %0 = tn.conv %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x10x10x4xf32>, tensor<24x4x1x1xf32> -> tensor<1x10x10x24xf32>
  %1 = tn.conv %0, %g strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 24 {channels_last} : tensor<1x10x10x24xf32>, tensor<24x1x3x3xf32> -> tensor<1x8x8x24xf32>
  %2 = tn.reduce sum %1 axes [1, 2] : tensor<1x8x8x24xf32> -> tensor<1x1x1x24xf32>
  %3 = tn.conv %1, %h strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x8x8x24xf32>, tensor<6x24x1x1xf32> -> tensor<1x8x8x6xf32>
  return %2, %3 : tensor<1x1x1x24xf32>, tensor<1x8x8x6xf32>
}

// -----

// A feed-forward block, row by row.
// CHECK-LABEL: @feed_forward
// CHECK: template "bands"
func.func @feed_forward(%x: tensor<128x8xf32>, %f: tensor<8x32xf32>, %g: tensor<32x8xf32>) -> tensor<128x8xf32> {
  %0 = tn.contract %x [0, 1], %f [1, 2] -> [0, 2] : tensor<128x8xf32>, tensor<8x32xf32> -> tensor<128x32xf32>
  %1 = tn.contract %0 [0, 1], %g [1, 2] -> [0, 2] : tensor<128x32xf32>, tensor<32x8xf32> -> tensor<128x8xf32>
  return %1 : tensor<128x8xf32>
}

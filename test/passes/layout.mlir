// RUN: tenon-opt %s --tn-layout | FileCheck %s
// RUN: tenon-opt %s --tn-layout --tn-layout | FileCheck %s
// RUN: tenon-opt %s --tn-check="pipeline=func.func(tn-layout)" -o /dev/null

// A residual block with squeeze and excitation between pooling and a flattening head: one transpose, at the input.
// CHECK-LABEL: @classifier
// CHECK: tn.transpose %arg0 [0, 2, 3, 1]
// CHECK-NOT: tn.transpose
// CHECK: tn.conv {{.*}} {channels_last} : tensor<1x8x8x3xf32>, tensor<8x3x3x3xf32> -> tensor<1x4x4x8xf32>
// CHECK-NOT: tn.transpose
// CHECK: tn.concat {{.*}} axis 3
// CHECK-NOT: tn.transpose
// CHECK: tn.slice {{.*}} [0, 0, 0, 4] [1, 4, 4, 8]
// CHECK: tn.pad {{.*}} [0, 1, 1, 0] [0, 0, 0, 0]
// CHECK: tn.window max {{.*}} sizes [1, 2, 2, 1] strides [1, 2, 2, 1]
// CHECK: tn.normalize {{.*}} axes [1, 2]
// CHECK: tn.softmax {{.*}} axis 3
// CHECK: tn.reduce sum {{.*}} axes [1, 2]
// CHECK-NOT: tn.transpose
// CHECK: tn.contract
func.func @classifier(%x: tensor<1x3x8x8xf32>, %w: tensor<8x3x3x3xf32>, %w2: tensor<8x8x1x1xf32>, %fc: tensor<8x10xf32>) -> tensor<1x10xf32> {
  %bias = tn.constant dense<[[[0.0]], [[1.0]], [[2.0]], [[3.0]], [[4.0]], [[5.0]], [[6.0]], [[7.0]]]> : tensor<8x1x1xf32>
  %half = tn.constant dense<0.5> : tensor<f32>
  %x0 = tn.mul %x, %half : tensor<1x3x8x8xf32>, tensor<f32> -> tensor<1x3x8x8xf32>
  %0 = tn.conv %x0, %w strides [2, 2] low [1, 1] high [1, 1] dilations [1, 1] input_dilation [1, 1] groups 1 : tensor<1x3x8x8xf32>, tensor<8x3x3x3xf32> -> tensor<1x8x4x4xf32>
  %1 = tn.add %0, %bias : tensor<1x8x4x4xf32>, tensor<8x1x1xf32> -> tensor<1x8x4x4xf32>
  %2 = tn.relu %1 : tensor<1x8x4x4xf32> -> tensor<1x8x4x4xf32>
  %3 = tn.reduce sum %2 axes [2, 3] : tensor<1x8x4x4xf32> -> tensor<1x8x1x1xf32>
  %4 = tn.conv %3, %w2 strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 : tensor<1x8x1x1xf32>, tensor<8x8x1x1xf32> -> tensor<1x8x1x1xf32>
  %5 = tn.sigmoid %4 : tensor<1x8x1x1xf32> -> tensor<1x8x1x1xf32>
  %6 = tn.mul %2, %5 : tensor<1x8x4x4xf32>, tensor<1x8x1x1xf32> -> tensor<1x8x4x4xf32>
  %7 = tn.conv %6, %w2 strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 : tensor<1x8x4x4xf32>, tensor<8x8x1x1xf32> -> tensor<1x8x4x4xf32>
  %8 = tn.add %7, %2 : tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32> -> tensor<1x8x4x4xf32>
  %9 = tn.concat %8, %7 axis 1 : tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32> -> tensor<1x16x4x4xf32>
  %10 = tn.slice %9 [0, 4, 0, 0] [1, 8, 4, 4] [1, 1, 1, 1] : tensor<1x16x4x4xf32> -> tensor<1x8x4x4xf32>
  %11 = tn.pad %10 constant [0, 0, 1, 1] [0, 0, 0, 0] 0.0 : tensor<1x8x4x4xf32> -> tensor<1x8x5x5xf32>
  %12 = tn.window max %11 sizes [1, 1, 2, 2] strides [1, 1, 2, 2] dilations [1, 1, 1, 1] low [0, 0, 0, 0] high [0, 0, 0, 0] : tensor<1x8x5x5xf32> -> tensor<1x8x2x2xf32>
  %13 = tn.normalize %12 axes [2, 3] epsilon 1.0e-5 : tensor<1x8x2x2xf32> -> tensor<1x8x2x2xf32>
  %14 = tn.softmax %13 axis 1 : tensor<1x8x2x2xf32> -> tensor<1x8x2x2xf32>
  %15 = tn.reduce sum %14 axes [2, 3] : tensor<1x8x2x2xf32> -> tensor<1x8x1x1xf32>
  %16 = tn.reshape %15 : tensor<1x8x1x1xf32> -> tensor<1x8xf32>
  %17 = tn.contract %16 [0, 2], %fc [2, 1] -> [0, 1] : tensor<1x8xf32>, tensor<8x10xf32> -> tensor<1x10xf32>
  return %17 : tensor<1x10xf32>
}

// Nearest upsampling by reshapes, a skip connection, an exported NCHW result: one transpose at each end.
// CHECK-LABEL: @decoder
// CHECK: tn.transpose %arg0 [0, 2, 3, 1]
// CHECK-NOT: tn.transpose
// CHECK: tn.reshape {{.*}} -> tensor<2x2x1x2x1x4xf32>
// CHECK: tn.broadcast {{.*}} -> tensor<2x2x2x2x2x4xf32>
// CHECK: tn.concat {{.*}} axis 3
// CHECK-NOT: tn.transpose
// CHECK: %[[Y:.*]] = tn.sigmoid
// CHECK: %[[R:.*]] = tn.transpose %[[Y]] [0, 3, 1, 2]
// CHECK: return %[[R]]
func.func @decoder(%x: tensor<2x4x4x4xf32>, %w: tensor<4x4x1x1xf32>, %w2: tensor<3x8x1x1xf32>) -> tensor<2x3x4x4xf32> {
  %0 = tn.conv %x, %w strides [2, 2] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 : tensor<2x4x4x4xf32>, tensor<4x4x1x1xf32> -> tensor<2x4x2x2xf32>
  %1 = tn.reshape %0 : tensor<2x4x2x2xf32> -> tensor<2x4x2x1x2x1xf32>
  %2 = tn.broadcast %1 : tensor<2x4x2x1x2x1xf32> -> tensor<2x4x2x2x2x2xf32>
  %3 = tn.reshape %2 : tensor<2x4x2x2x2x2xf32> -> tensor<2x4x4x4xf32>
  %4 = tn.concat %3, %x axis 1 : tensor<2x4x4x4xf32>, tensor<2x4x4x4xf32> -> tensor<2x8x4x4xf32>
  %5 = tn.conv %4, %w2 strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 : tensor<2x8x4x4xf32>, tensor<3x8x1x1xf32> -> tensor<2x3x4x4xf32>
  %6 = tn.sigmoid %5 : tensor<2x3x4x4xf32> -> tensor<2x3x4x4xf32>
  return %6 : tensor<2x3x4x4xf32>
}

// A channel shuffle stays a shuffle of the last dimension.
// CHECK-LABEL: @shuffle
// CHECK: tn.transpose %arg0 [0, 2, 3, 1]
// CHECK: tn.conv
// CHECK: %[[S:.*]] = tn.reshape {{.*}} -> tensor<1x4x4x2x3xf32>
// CHECK: %[[T:.*]] = tn.transpose %[[S]] [0, 1, 2, 4, 3]
// CHECK: tn.reshape %[[T]] : {{.*}} -> tensor<1x4x4x6xf32>
// CHECK: tn.conv
// CHECK: %[[R:.*]] = tn.transpose
// CHECK-NEXT: return %[[R]]
func.func @shuffle(%x: tensor<1x6x4x4xf32>, %w: tensor<6x2x1x1xf32>) -> tensor<1x6x4x4xf32> {
  %0 = tn.conv %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 3 : tensor<1x6x4x4xf32>, tensor<6x2x1x1xf32> -> tensor<1x6x4x4xf32>
  %1 = tn.reshape %0 : tensor<1x6x4x4xf32> -> tensor<1x2x3x4x4xf32>
  %2 = tn.transpose %1 [0, 2, 1, 3, 4] : tensor<1x2x3x4x4xf32> -> tensor<1x3x2x4x4xf32>
  %3 = tn.reshape %2 : tensor<1x3x2x4x4xf32> -> tensor<1x6x4x4xf32>
  %4 = tn.conv %3, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 3 : tensor<1x6x4x4xf32>, tensor<6x2x1x1xf32> -> tensor<1x6x4x4xf32>
  return %4 : tensor<1x6x4x4xf32>
}

// An exporter's own transposes around a convolution cancel.
// CHECK-LABEL: @exported_last
// CHECK-NOT: tn.transpose
// CHECK: tn.conv %arg0
// CHECK-NOT: tn.transpose
// CHECK: return
func.func @exported_last(%x: tensor<1x4x4x6xf32>, %w: tensor<6x6x1x1xf32>) -> tensor<1x4x4x6xf32> {
  %0 = tn.transpose %x [0, 3, 1, 2] : tensor<1x4x4x6xf32> -> tensor<1x6x4x4xf32>
  %1 = tn.conv %0, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 : tensor<1x6x4x4xf32>, tensor<6x6x1x1xf32> -> tensor<1x6x4x4xf32>
  %2 = tn.relu %1 : tensor<1x6x4x4xf32> -> tensor<1x6x4x4xf32>
  %3 = tn.transpose %2 [0, 2, 3, 1] : tensor<1x6x4x4xf32> -> tensor<1x4x4x6xf32>
  return %3 : tensor<1x4x4x6xf32>
}

// A vision transformer's patches: the transpose to tokens is what the layout does, and attention reads what there is.
// CHECK-LABEL: @patches
// CHECK: tn.transpose %arg0 [0, 2, 3, 1]
// CHECK: %[[C:.*]] = tn.conv
// CHECK-NEXT: %[[R:.*]] = tn.reshape %[[C]] : tensor<2x2x2x6xf32> -> tensor<2x4x6xf32>
// CHECK-NOT: tn.transpose
// CHECK: return
func.func @patches(%x: tensor<2x3x4x4xf32>, %w: tensor<6x3x2x2xf32>, %m: tensor<6x6xf32>) -> tensor<2x4x6xf32> {
  %0 = tn.conv %x, %w strides [2, 2] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 : tensor<2x3x4x4xf32>, tensor<6x3x2x2xf32> -> tensor<2x6x2x2xf32>
  %1 = tn.reshape %0 : tensor<2x6x2x2xf32> -> tensor<2x6x4xf32>
  %2 = tn.transpose %1 [0, 2, 1] : tensor<2x6x4xf32> -> tensor<2x4x6xf32>
  %3 = tn.contract %2 [0, 1, 3], %m [3, 2] -> [0, 1, 2] : tensor<2x4x6xf32>, tensor<6x6xf32> -> tensor<2x4x6xf32>
  return %3 : tensor<2x4x6xf32>
}

// One- and three-dimensional convolutions, and a one-dimensional bias that is computed.
// CHECK-LABEL: @other_ranks
// CHECK: tn.conv {{.*}} {channels_last} : tensor<1x8x2xf32>, tensor<4x2x3xf32> -> tensor<1x6x4xf32>
// CHECK: tn.conv {{.*}} {channels_last} : tensor<1x2x2x2x3xf32>, tensor<4x3x1x1x1xf32> -> tensor<1x2x2x2x4xf32>
func.func @other_ranks(%x: tensor<1x2x8xf32>, %w: tensor<4x2x3xf32>, %y: tensor<1x3x2x2x2xf32>, %v: tensor<4x3x1x1x1xf32>, %b: tensor<4x1xf32>) -> (tensor<1x4x6xf32>, tensor<1x4x2x2x2xf32>) {
  %0 = tn.conv %x, %w strides [1] low [0] high [0] dilations [1] input_dilation [1] groups 1 : tensor<1x2x8xf32>, tensor<4x2x3xf32> -> tensor<1x4x6xf32>
  %bias = tn.exp %b : tensor<4x1xf32> -> tensor<4x1xf32>
  %1 = tn.add %0, %bias : tensor<1x4x6xf32>, tensor<4x1xf32> -> tensor<1x4x6xf32>
  %2 = tn.conv %y, %v strides [1, 1, 1] low [0, 0, 0] high [0, 0, 0] dilations [1, 1, 1] input_dilation [1, 1, 1] groups 1 : tensor<1x3x2x2x2xf32>, tensor<4x3x1x1x1xf32> -> tensor<1x4x2x2x2xf32>
  return %1, %2 : tensor<1x4x6xf32>, tensor<1x4x2x2x2xf32>
}

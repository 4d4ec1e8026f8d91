// RUN: tenon-opt %s --tn-simplify | FileCheck %s
// RUN: tenon-opt %s --tn-simplify --tn-simplify | FileCheck %s
// RUN: tenon-opt %s --tn-check="pipeline=func.func(tn-simplify)" -o /dev/null

// CHECK-LABEL: @reshape_chain
// CHECK: tn.reshape %arg0 : tensor<2x6xf32> -> tensor<12xf32>
func.func @reshape_chain(%x: tensor<2x6xf32>) -> tensor<12xf32> {
  %0 = tn.reshape %x : tensor<2x6xf32> -> tensor<3x4xf32>
  %1 = tn.reshape %0 : tensor<3x4xf32> -> tensor<12xf32>
  return %1 : tensor<12xf32>
}

// CHECK-LABEL: @identities
// CHECK-NEXT: return %arg0
func.func @identities(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %zero = tn.constant dense<0.0> : tensor<4xf32>
  %one = tn.constant dense<1.0> : tensor<f32>
  %0 = tn.add %zero, %x : tensor<4xf32>, tensor<2x4xf32> -> tensor<2x4xf32>
  %1 = tn.mul %0, %one : tensor<2x4xf32>, tensor<f32> -> tensor<2x4xf32>
  %2 = tn.div %1, %one : tensor<2x4xf32>, tensor<f32> -> tensor<2x4xf32>
  %3 = tn.pow %2, %one : tensor<2x4xf32>, tensor<f32> -> tensor<2x4xf32>
  %4 = tn.sub %3, %zero : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  return %4 : tensor<2x4xf32>
}

// CHECK-LABEL: @broadcasting_identity
// CHECK-NEXT: tn.broadcast %arg0
func.func @broadcasting_identity(%x: tensor<4xf32>) -> tensor<2x4xf32> {
  %zero = tn.constant dense<0.0> : tensor<2x4xf32>
  %0 = tn.add %x, %zero : tensor<4xf32>, tensor<2x4xf32> -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: @merge_constants
// CHECK: %[[C:.*]] = tn.constant dense<6.000000e+00> : tensor<f32>
// CHECK: tn.mul %arg0, %[[C]]
// CHECK: tn.constant dense<[3.000000e+00, 4.000000e+00]>
// CHECK: tn.add
// CHECK-NEXT: return
func.func @merge_constants(%x: tensor<2xf32>) -> tensor<2xf32> {
  %two = tn.constant dense<2.0> : tensor<2xf32>
  %three = tn.constant dense<3.0> : tensor<f32>
  %b = tn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = tn.mul %x, %two : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %1 = tn.mul %three, %0 : tensor<f32>, tensor<2xf32> -> tensor<2xf32>
  %2 = tn.add %1, %b : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %3 = tn.add %2, %two : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  return %3 : tensor<2xf32>
}

// The merged constant would be an outer sum, larger than either.
// CHECK-LABEL: @merge_no_outer_product
// CHECK-COUNT-2: tn.add
func.func @merge_no_outer_product(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %row = tn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %column = tn.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %0 = tn.add %x, %row : tensor<2x2xf32>, tensor<2xf32> -> tensor<2x2xf32>
  %1 = tn.add %0, %column : tensor<2x2xf32>, tensor<2x1xf32> -> tensor<2x2xf32>
  return %1 : tensor<2x2xf32>
}

// CHECK-LABEL: @division
// CHECK: %[[C:.*]] = tn.constant dense<1.250000e-01>
// CHECK: tn.mul %arg0, %[[C]]
// CHECK: tn.div
// CHECK: tn.reciprocal
func.func @division(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %eight = tn.constant dense<8.0> : tensor<f32>
  %three = tn.constant dense<3.0> : tensor<f32>
  %one = tn.constant dense<1.0> : tensor<f32>
  %0 = tn.div %x, %eight : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  %1 = tn.div %x, %three : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  %2 = tn.div %one, %x : tensor<f32>, tensor<2xf32> -> tensor<2xf32>
  return %0, %1, %2 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @powers
// CHECK: %[[S:.*]] = tn.mul %arg0, %arg0
// CHECK: %[[C:.*]] = tn.mul %arg0, %arg0
// CHECK: tn.mul %[[C]], %arg0
// CHECK: tn.abs
// CHECK: tn.sqrt
func.func @powers(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %two = tn.constant dense<2.0> : tensor<f32>
  %three = tn.constant dense<3.0> : tensor<f32>
  %half = tn.constant dense<0.5> : tensor<f32>
  %0 = tn.pow %x, %two : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  %1 = tn.pow %x, %three : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  %2 = tn.abs %x : tensor<2xf32> -> tensor<2xf32>
  %3 = tn.pow %2, %half : tensor<2xf32>, tensor<f32> -> tensor<2xf32>
  return %0, %1, %3 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @casts
// CHECK: tn.cast %arg0 : tensor<2xi8> -> tensor<2xf32>
// CHECK: tn.cast %arg1 : tensor<2xi64> -> tensor<2xi8>
// CHECK: tn.cast
// CHECK-NEXT: return
func.func @casts(%x: tensor<2xi8>, %y: tensor<2xi64>) -> (tensor<2xf32>, tensor<2xi64>) {
  %0 = tn.cast %x : tensor<2xi8> -> tensor<2xi32>
  %1 = tn.cast %0 : tensor<2xi32> -> tensor<2xf32>
  %2 = tn.cast %y : tensor<2xi64> -> tensor<2xi8>
  %3 = tn.cast %2 : tensor<2xi8> -> tensor<2xi64>
  return %1, %3 : tensor<2xf32>, tensor<2xi64>
}

// CHECK-LABEL: @selects
// CHECK-NEXT: tn.select %arg0, %arg2, %arg1
// CHECK-NEXT: return
func.func @selects(%c: tensor<2xi1>, %x: tensor<2xf32>, %y: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %true = tn.constant dense<true> : tensor<i1>
  %0 = tn.select %true, %x, %y : tensor<i1>, tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %1 = tn.select %c, %x, %x : tensor<2xi1>, tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %n = tn.not %c : tensor<2xi1> -> tensor<2xi1>
  %2 = tn.select %n, %x, %y : tensor<2xi1>, tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  return %0, %1, %2 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @implicit_broadcast
// CHECK-NEXT: tn.add %arg0, %arg1 : tensor<2x3xf32>, tensor<3xf32>
func.func @implicit_broadcast(%x: tensor<2x3xf32>, %y: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = tn.broadcast %y : tensor<3xf32> -> tensor<2x3xf32>
  %1 = tn.add %x, %0 : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

// CHECK-LABEL: @slices
// CHECK-NEXT: tn.slice %arg0 [0, 7] [2, 2] [1, -4]
// CHECK-NEXT: tn.slice %arg1 [0, 1] [2, 2] [1, 1]
// CHECK-NEXT: return
func.func @slices(%x: tensor<2x8xf32>, %y: tensor<2x3xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %0 = tn.slice %x [0, 7] [2, 4] [1, -2] : tensor<2x8xf32> -> tensor<2x4xf32>
  %1 = tn.slice %0 [0, 0] [2, 2] [1, 2] : tensor<2x4xf32> -> tensor<2x2xf32>
  %2 = tn.concat %x, %y axis 1 : tensor<2x8xf32>, tensor<2x3xf32> -> tensor<2x11xf32>
  %3 = tn.slice %2 [0, 9] [2, 2] [1, 1] : tensor<2x11xf32> -> tensor<2x2xf32>
  return %1, %3 : tensor<2x2xf32>, tensor<2x2xf32>
}

// CHECK-LABEL: @concats
// CHECK-NEXT: tn.concat %arg0, %arg1, %arg0 axis 1
func.func @concats(%x: tensor<2x3xf32>, %y: tensor<2x1xf32>) -> tensor<2x7xf32> {
  %0 = tn.concat %x, %y axis 1 : tensor<2x3xf32>, tensor<2x1xf32> -> tensor<2x4xf32>
  %1 = tn.concat %0, %x axis 1 : tensor<2x4xf32>, tensor<2x3xf32> -> tensor<2x7xf32>
  return %1 : tensor<2x7xf32>
}

// CHECK-LABEL: @gathers
// CHECK-NEXT: %[[S:.*]] = tn.slice %arg0 [0, 3] [2, 1] [1, 1]
// CHECK-NEXT: tn.reshape %[[S]] : tensor<2x1xf32> -> tensor<2xf32>
// CHECK-NEXT: tn.slice %arg0 [0, 2] [2, 3] [1, -1]
func.func @gathers(%x: tensor<2x4xf32>) -> (tensor<2xf32>, tensor<2x3xf32>) {
  %last = tn.constant dense<-1> : tensor<i64>
  %down = tn.constant dense<[2, 1, 0]> : tensor<3xi64>
  %0 = tn.gather %x, %last axis 1 : tensor<2x4xf32>, tensor<i64> -> tensor<2xf32>
  %1 = tn.gather %x, %down axis 1 : tensor<2x4xf32>, tensor<3xi64> -> tensor<2x3xf32>
  return %0, %1 : tensor<2xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: @pads
// CHECK-NEXT: tn.conv %arg0, %arg1 strides [1, 1] low [2, 1] high [1, 1]
// CHECK-NEXT: return
func.func @pads(%x: tensor<1x2x4x4xf32>, %w: tensor<3x2x3x3xf32>) -> tensor<1x3x5x4xf32> {
  %0 = tn.pad %x constant [0, 0, 1, 0] [0, 0, 0, 0] 0.0 : tensor<1x2x4x4xf32> -> tensor<1x2x5x4xf32>
  %1 = tn.pad %0 constant [0, 0, 1, 1] [0, 0, 1, 1] 0.0 : tensor<1x2x5x4xf32> -> tensor<1x2x7x6xf32>
  %2 = tn.conv %1, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 : tensor<1x2x7x6xf32>, tensor<3x2x3x3xf32> -> tensor<1x3x5x4xf32>
  return %2 : tensor<1x3x5x4xf32>
}

// CHECK-LABEL: @reductions
// CHECK-NEXT: %[[R:.*]] = tn.reduce sum %arg0 axes [1, 2] : tensor<1x4x5xf32> -> tensor<1x1x1xf32>
// CHECK-NEXT: %[[W:.*]] = tn.reduce max %arg0 axes [2] : tensor<1x4x5xf32> -> tensor<1x4x1xf32>
// CHECK-NEXT: return %[[R]], %[[W]], %arg0
func.func @reductions(%x: tensor<1x4x5xf32>) -> (tensor<1x1x1xf32>, tensor<1x4x1xf32>, tensor<1x4x5xf32>) {
  %0 = tn.reduce sum %x axes [0, 2] : tensor<1x4x5xf32> -> tensor<1x4x1xf32>
  %1 = tn.reduce sum %0 axes [1] : tensor<1x4x1xf32> -> tensor<1x1x1xf32>
  %2 = tn.window max %x sizes [1, 1, 5] strides [1, 1, 5] dilations [1, 1, 1] low [0, 0, 0] high [0, 0, 0] : tensor<1x4x5xf32> -> tensor<1x4x1xf32>
  %3 = tn.reduce max %x axes [0] : tensor<1x4x5xf32> -> tensor<1x4x5xf32>
  return %1, %2, %3 : tensor<1x1x1xf32>, tensor<1x4x1xf32>, tensor<1x4x5xf32>
}

// RUN: tenon-opt %s --tn-fold-scales --tn-fold-constants | FileCheck %s
// RUN: tenon-opt %s --tn-check="pipeline=func.func(tn-fold-scales,tn-fold-constants)" -o /dev/null

// CHECK-LABEL: @batch_norm
// CHECK: %[[W:.*]] = tn.constant dense<{{\[\[\[}}[2.000000e+00]]], {{\[\[}}[1.200000e+01]]]]>
// CHECK: %[[Y:.*]] = tn.conv %arg0, %[[W]]
// CHECK: %[[B:.*]] = tn.constant dense<{{\[\[}}[1.000000e+01]], {{\[\[}}1.800000e+01]]]>
// CHECK: %[[R:.*]] = tn.add %[[Y]], %[[B]]
// CHECK-NEXT: return %[[R]]
func.func @batch_norm(%x: tensor<1x1x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %w = tn.constant dense<[[[[1.0]]], [[[4.0]]]]> : tensor<2x1x1x1xf32>
  %bias = tn.constant dense<[[[5.0]], [[6.0]]]> : tensor<2x1x1xf32>
  %scale = tn.constant dense<[[[2.0]], [[3.0]]]> : tensor<2x1x1xf32>
  %0 = tn.conv %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 : tensor<1x1x2x2xf32>, tensor<2x1x1x1xf32> -> tensor<1x2x2x2xf32>
  %1 = tn.add %0, %bias : tensor<1x2x2x2xf32>, tensor<2x1x1xf32> -> tensor<1x2x2x2xf32>
  %2 = tn.mul %1, %scale : tensor<1x2x2x2xf32>, tensor<2x1x1xf32> -> tensor<1x2x2x2xf32>
  return %2 : tensor<1x2x2x2xf32>
}

// The columns of a matrix.
// CHECK-LABEL: @contract
// CHECK: tn.constant dense<{{\[}}[2.000000e+00, 6.000000e+00], [6.000000e+00, 1.200000e+01]]>
// CHECK: tn.contract
// CHECK-NEXT: return
func.func @contract(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = tn.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %scale = tn.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %0 = tn.contract %x [0, 2], %w [2, 1] -> [0, 1] : tensor<3x2xf32>, tensor<2x2xf32> -> tensor<3x2xf32>
  %1 = tn.mul %0, %scale : tensor<3x2xf32>, tensor<2xf32> -> tensor<3x2xf32>
  return %1 : tensor<3x2xf32>
}

// A factor per row is none of the weights'; another reader needs the unscaled value; f16 would round twice.
// CHECK-LABEL: @kept
// CHECK-COUNT-3: tn.mul
func.func @kept(%x: tensor<3x2xf32>, %h: tensor<3x2xf16>) -> (tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf16>) {
  %w = tn.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %v = tn.constant dense<[[1.0, 2.0], [3.0, 5.0]]> : tensor<2x2xf32>
  %wh = tn.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf16>
  %rows = tn.constant dense<[[2.0], [3.0], [4.0]]> : tensor<3x1xf32>
  %s = tn.constant dense<3.0> : tensor<f32>
  %sh = tn.constant dense<3.0> : tensor<f16>
  %0 = tn.contract %x [0, 2], %w [2, 1] -> [0, 1] : tensor<3x2xf32>, tensor<2x2xf32> -> tensor<3x2xf32>
  %1 = tn.mul %0, %rows : tensor<3x2xf32>, tensor<3x1xf32> -> tensor<3x2xf32>
  %2 = tn.contract %x [0, 2], %v [2, 1] -> [0, 1] : tensor<3x2xf32>, tensor<2x2xf32> -> tensor<3x2xf32>
  %3 = tn.mul %2, %s : tensor<3x2xf32>, tensor<f32> -> tensor<3x2xf32>
  %4 = tn.contract %h [0, 2], %wh [2, 1] -> [0, 1] : tensor<3x2xf16>, tensor<2x2xf16> -> tensor<3x2xf16>
  %5 = tn.mul %4, %sh : tensor<3x2xf16>, tensor<f16> -> tensor<3x2xf16>
  return %1, %2, %3, %5 : tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<3x2xf16>
}

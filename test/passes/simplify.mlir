// RUN: tenon-opt %s --tn-simplify | FileCheck %s

// CHECK-LABEL: @reshape_chain
// CHECK: tn.reshape %arg0 : tensor<2x6xf32> -> tensor<12xf32>
func.func @reshape_chain(%x: tensor<2x6xf32>) -> tensor<12xf32> {
  %0 = tn.reshape %x : tensor<2x6xf32> -> tensor<3x4xf32>
  %1 = tn.reshape %0 : tensor<3x4xf32> -> tensor<12xf32>
  return %1 : tensor<12xf32>
}

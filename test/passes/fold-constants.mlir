// RUN: tenon-opt %s --tn-fold-constants | FileCheck %s
// RUN: tenon-opt %s --tn-fold-constants=max-growth=16 | FileCheck %s --check-prefix=SMALL
// RUN: tenon-opt %s --tn-fold-constants=budget=1 | FileCheck %s --check-prefix=BUDGET
// RUN: tenon-opt %s --tn-check="pipeline=func.func(tn-fold-constants)" -o /dev/null

// A chain folds in one walk.
// CHECK-LABEL: @chain
// CHECK-NEXT: %[[C:.*]] = tn.constant dense<[4.000000e+00, 8.000000e+00]> : tensor<2xf32>
// CHECK-NEXT: return %[[C]]
// BUDGET-LABEL: @chain
// BUDGET: tn.constant dense<[2.000000e+00, 4.000000e+00]>
// BUDGET: tn.add
func.func @chain() -> tensor<2xf32> {
  %a = tn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = tn.add %a, %a : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %1 = tn.add %0, %0 : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  return %1 : tensor<2xf32>
}

// A splat stays a splat, however large.
// CHECK-LABEL: @splat
// CHECK-NEXT: tn.constant dense<2.000000e+00> : tensor<1024x1024xf32>
func.func @splat() -> tensor<1024x1024xf32> {
  %a = tn.constant dense<1.0> : tensor<f32>
  %0 = tn.broadcast %a : tensor<f32> -> tensor<1024x1024xf32>
  %1 = tn.add %0, %a : tensor<1024x1024xf32>, tensor<f32> -> tensor<1024x1024xf32>
  return %1 : tensor<1024x1024xf32>
}

// The broadcast is a recipe for a larger constant.
// CHECK-LABEL: @growth
// CHECK: tn.broadcast
// SMALL-LABEL: @growth
// SMALL: tn.broadcast
func.func @growth(%x: tensor<1024x128xf32>) -> tensor<1024x128xf32> {
  %i = tn.iota axis 0 -> tensor<128xf32>
  %b = tn.broadcast %i : tensor<128xf32> -> tensor<1024x128xf32>
  %0 = tn.add %x, %b : tensor<1024x128xf32>, tensor<1024x128xf32> -> tensor<1024x128xf32>
  return %0 : tensor<1024x128xf32>
}

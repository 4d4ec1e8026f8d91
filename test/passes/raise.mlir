// RUN: tenon-opt %s --tn-raise | FileCheck %s
// RUN: tenon-opt %s --tn-check="pipeline=func.func(tn-raise) lowest=0.1 tolerance=1e-4" -o /dev/null

// CHECK-LABEL: @sigmoid
// CHECK-NEXT: tn.sigmoid %arg0
// CHECK-NEXT: return
func.func @sigmoid(%x: tensor<4xf32>) -> tensor<4xf32> {
  %one = tn.constant dense<1.0> : tensor<f32>
  %0 = tn.neg %x : tensor<4xf32> -> tensor<4xf32>
  %1 = tn.exp %0 : tensor<4xf32> -> tensor<4xf32>
  %2 = tn.add %1, %one : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %3 = tn.reciprocal %2 : tensor<4xf32> -> tensor<4xf32>
  return %3 : tensor<4xf32>
}

// CHECK-LABEL: @silu
// CHECK-NEXT: tn.silu %arg0
// CHECK-NEXT: tn.silu %arg0
// CHECK-NEXT: return
func.func @silu(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %one = tn.constant dense<1.0> : tensor<f32>
  %0 = tn.sigmoid %x : tensor<4xf32> -> tensor<4xf32>
  %1 = tn.mul %0, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %2 = tn.neg %x : tensor<4xf32> -> tensor<4xf32>
  %3 = tn.exp %2 : tensor<4xf32> -> tensor<4xf32>
  %4 = tn.add %one, %3 : tensor<f32>, tensor<4xf32> -> tensor<4xf32>
  %5 = tn.div %x, %4 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  return %1, %5 : tensor<4xf32>, tensor<4xf32>
}

// The orderings of PyTorch, of BERT and of a merged 0.5; the bias before it must not be taken for part of it.
// CHECK-LABEL: @gelu
// CHECK: %[[X:.*]] = tn.add %arg0, %arg1
// CHECK-COUNT-3: tn.gelu %[[X]]
// CHECK-NEXT: return
func.func @gelu(%a: tensor<4xf32>, %b: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %x = tn.add %a, %b : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %sqrt2 = tn.constant dense<1.4142135> : tensor<f32>
  %inv = tn.constant dense<0.70710677> : tensor<f32>
  %one = tn.constant dense<1.0> : tensor<f32>
  %half = tn.constant dense<0.5> : tensor<f32>
  %0 = tn.div %x, %sqrt2 : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %1 = tn.erf %0 : tensor<4xf32> -> tensor<4xf32>
  %2 = tn.add %1, %one : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %3 = tn.mul %x, %2 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %4 = tn.mul %3, %half : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %5 = tn.mul %x, %half : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %6 = tn.mul %x, %inv : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %7 = tn.erf %6 : tensor<4xf32> -> tensor<4xf32>
  %8 = tn.add %7, %one : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %9 = tn.mul %5, %8 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %10 = tn.mul %7, %half : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %11 = tn.add %10, %half : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %12 = tn.mul %11, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  return %4, %9, %12 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @gelu_tanh
// CHECK: tn.gelu_tanh %arg0
// CHECK: tn.gelu_tanh %arg0
// CHECK-NEXT: return
func.func @gelu_tanh(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %three = tn.constant dense<3.0> : tensor<f32>
  %c = tn.constant dense<0.044715> : tensor<f32>
  %k = tn.constant dense<0.7978846> : tensor<f32>
  %one = tn.constant dense<1.0> : tensor<f32>
  %half = tn.constant dense<0.5> : tensor<f32>
  %0 = tn.pow %x, %three : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %1 = tn.mul %0, %c : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %2 = tn.add %x, %1 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %3 = tn.mul %2, %k : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %4 = tn.tanh %3 : tensor<4xf32> -> tensor<4xf32>
  %5 = tn.add %4, %one : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %6 = tn.mul %x, %half : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %7 = tn.mul %6, %5 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %8 = tn.mul %x, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %9 = tn.mul %8, %c : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %10 = tn.add %9, %one : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %11 = tn.mul %x, %k : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %12 = tn.mul %11, %10 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %13 = tn.tanh %12 : tensor<4xf32> -> tensor<4xf32>
  %14 = tn.add %13, %one : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %15 = tn.mul %14, %half : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %16 = tn.mul %x, %15 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  return %7, %16 : tensor<4xf32>, tensor<4xf32>
}

// A wrong constant is not GELU.
// CHECK-LABEL: @no_gelu
// CHECK-NOT: tn.gelu
// CHECK: return
func.func @no_gelu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %inv = tn.constant dense<0.7> : tensor<f32>
  %one = tn.constant dense<1.0> : tensor<f32>
  %half = tn.constant dense<0.5> : tensor<f32>
  %0 = tn.mul %x, %inv : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %1 = tn.erf %0 : tensor<4xf32> -> tensor<4xf32>
  %2 = tn.add %1, %one : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %3 = tn.mul %x, %2 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %4 = tn.mul %3, %half : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// CHECK-LABEL: @softmax
// CHECK-NEXT: tn.softmax %arg0 axis 1 :
// CHECK-NEXT: tn.softmax %arg0 axis 1 {log} :
// CHECK-NEXT: return
func.func @softmax(%x: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %0 = tn.reduce max %x axes [1] : tensor<2x4xf32> -> tensor<2x1xf32>
  %1 = tn.sub %x, %0 : tensor<2x4xf32>, tensor<2x1xf32> -> tensor<2x4xf32>
  %2 = tn.exp %1 : tensor<2x4xf32> -> tensor<2x4xf32>
  %3 = tn.reduce sum %2 axes [1] : tensor<2x4xf32> -> tensor<2x1xf32>
  %4 = tn.div %2, %3 : tensor<2x4xf32>, tensor<2x1xf32> -> tensor<2x4xf32>
  %5 = tn.log %3 : tensor<2x1xf32> -> tensor<2x1xf32>
  %6 = tn.sub %1, %5 : tensor<2x4xf32>, tensor<2x1xf32> -> tensor<2x4xf32>
  return %4, %6 : tensor<2x4xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: @log_of_softmax
// CHECK-NEXT: tn.softmax %arg0 axis 0 {log} :
// CHECK-NEXT: return
func.func @log_of_softmax(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %0 = tn.softmax %x axis 0 : tensor<2x4xf32> -> tensor<2x4xf32>
  %1 = tn.log %0 : tensor<2x4xf32> -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// CHECK-LABEL: @layer_norm
// CHECK-NEXT: tn.normalize %arg0 axes [1] epsilon 9.99{{.*}}E-6 :
// CHECK-NEXT: return
func.func @layer_norm(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %quarter = tn.constant dense<0.25> : tensor<f32>
  %eps = tn.constant dense<1.0e-5> : tensor<f32>
  %0 = tn.reduce sum %x axes [1] : tensor<2x4xf32> -> tensor<2x1xf32>
  %1 = tn.mul %0, %quarter : tensor<2x1xf32>, tensor<f32> -> tensor<2x1xf32>
  %2 = tn.sub %x, %1 : tensor<2x4xf32>, tensor<2x1xf32> -> tensor<2x4xf32>
  %3 = tn.mul %2, %2 : tensor<2x4xf32>, tensor<2x4xf32> -> tensor<2x4xf32>
  %4 = tn.reduce sum %3 axes [1] : tensor<2x4xf32> -> tensor<2x1xf32>
  %5 = tn.mul %4, %quarter : tensor<2x1xf32>, tensor<f32> -> tensor<2x1xf32>
  %6 = tn.add %5, %eps : tensor<2x1xf32>, tensor<f32> -> tensor<2x1xf32>
  %7 = tn.sqrt %6 : tensor<2x1xf32> -> tensor<2x1xf32>
  %8 = tn.div %2, %7 : tensor<2x4xf32>, tensor<2x1xf32> -> tensor<2x4xf32>
  return %8 : tensor<2x4xf32>
}

// CHECK-LABEL: @rms_norm
// CHECK-NEXT: tn.normalize %arg0 axes [1] epsilon 9.99{{.*}}E-7 {rms} :
func.func @rms_norm(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %four = tn.constant dense<4.0> : tensor<f32>
  %eps = tn.constant dense<1.0e-6> : tensor<f32>
  %3 = tn.mul %x, %x : tensor<2x4xf32>, tensor<2x4xf32> -> tensor<2x4xf32>
  %4 = tn.reduce sum %3 axes [1] : tensor<2x4xf32> -> tensor<2x1xf32>
  %5 = tn.div %4, %four : tensor<2x1xf32>, tensor<f32> -> tensor<2x1xf32>
  %6 = tn.add %5, %eps : tensor<2x1xf32>, tensor<f32> -> tensor<2x1xf32>
  %7 = tn.sqrt %6 : tensor<2x1xf32> -> tensor<2x1xf32>
  %8 = tn.reciprocal %7 : tensor<2x1xf32> -> tensor<2x1xf32>
  %9 = tn.mul %x, %8 : tensor<2x4xf32>, tensor<2x1xf32> -> tensor<2x4xf32>
  return %9 : tensor<2x4xf32>
}

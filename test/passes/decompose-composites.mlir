// RUN: tenon-opt %s --tn-decompose-composites | FileCheck %s
// RUN: tenon-opt %s --tn-check="pipeline=func.func(tn-decompose-composites)" -o /dev/null

// CHECK-LABEL: @leading
// CHECK: tn.reduce max %arg0 axes [0]
// CHECK: tn.reduce sum {{.*}} axes [0]
// CHECK-NOT: tn.softmax
// CHECK: return
func.func @leading(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = tn.softmax %x axis 0 : tensor<4x8xf32> -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// CHECK-LABEL: @trailing
// CHECK-NOT: tn.reduce
// CHECK: tn.softmax %arg0 axis 1
// CHECK-NEXT: return
func.func @trailing(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = tn.softmax %x axis 1 : tensor<4x8xf32> -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// CHECK-LABEL: @middle
// CHECK: tn.reduce sum %arg0 axes [0, 2]
// CHECK-NOT: tn.normalize %arg0 axes [0, 2]
// CHECK: tn.normalize {{.*}} axes [1, 2]
func.func @middle(%x: tensor<4x8x3xf32>) -> tensor<4x8x3xf32> {
  %0 = tn.normalize %x axes [0, 2] epsilon 1.0e-5 : tensor<4x8x3xf32> -> tensor<4x8x3xf32>
  %1 = tn.normalize %0 axes [1, 2] epsilon 1.0e-5 : tensor<4x8x3xf32> -> tensor<4x8x3xf32>
  return %1 : tensor<4x8x3xf32>
}

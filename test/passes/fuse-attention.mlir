// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-fuse,tn-fuse-attention))' | FileCheck %s
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(tn-check{pipeline="func.func(tn-fuse,tn-fuse-attention)"})' -o %t
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-fuse,tn-fuse-attention{budget=0}))' | FileCheck %s --check-prefix=NONE

// NONE-NOT: template "attention"

// Scores with a mask, softmax and values are one kernel.
// CHECK-LABEL: @attention
// CHECK: %[[Y:.*]] = tn.kernel ins(%arg0, %arg1, %arg3, %arg2 : {{.*}}) template "attention"
// CHECK: tn.contract
// CHECK-NEXT: tn.add
// CHECK-NEXT: tn.softmax
// CHECK-NEXT: tn.contract
// CHECK-NEXT: tn.yield
// CHECK: return %[[Y]]
func.func @attention(%q: tensor<8x2x4xf32>, %k: tensor<6x2x4xf32>, %v: tensor<6x2x5xf32>, %m: tensor<8x6xf32>) -> tensor<8x2x5xf32> {
  %0 = tn.contract %q [0, 3, 2], %k [1, 3, 2] -> [3, 0, 1] : tensor<8x2x4xf32>, tensor<6x2x4xf32> -> tensor<2x8x6xf32>
  %1 = tn.add %0, %m : tensor<2x8x6xf32>, tensor<8x6xf32> -> tensor<2x8x6xf32>
  %2 = tn.softmax %1 axis 2 : tensor<2x8x6xf32> -> tensor<2x8x6xf32>
  %3 = tn.contract %2 [3, 0, 2], %v [2, 3, 1] -> [0, 3, 1] : tensor<2x8x6xf32>, tensor<6x2x5xf32> -> tensor<8x2x5xf32>
  return %3 : tensor<8x2x5xf32>
}

// -----

// The probabilities are also a result: they have to be in memory anyway.
// CHECK-LABEL: @probabilities
// CHECK-NOT: template "attention"
func.func @probabilities(%q: tensor<2x8x4xf32>, %k: tensor<2x6x4xf32>, %v: tensor<2x6x5xf32>) -> (tensor<2x8x6xf32>, tensor<2x8x5xf32>) {
  %0 = tn.contract %q [0, 1, 3], %k [0, 2, 3] -> [0, 1, 2] : tensor<2x8x4xf32>, tensor<2x6x4xf32> -> tensor<2x8x6xf32>
  %1 = tn.softmax %0 axis 2 : tensor<2x8x6xf32> -> tensor<2x8x6xf32>
  %2 = tn.contract %1 [0, 1, 3], %v [0, 3, 2] -> [0, 1, 2] : tensor<2x8x6xf32>, tensor<2x6x5xf32> -> tensor<2x8x5xf32>
  return %1, %2 : tensor<2x8x6xf32>, tensor<2x8x5xf32>
}

// -----

// One row per head is bound by reading keys and values, not by arithmetic.
// CHECK-LABEL: @one_row
// CHECK-NOT: template "attention"
func.func @one_row(%q: tensor<2x1x4xf32>, %k: tensor<2x6x4xf32>, %v: tensor<2x6x5xf32>) -> tensor<2x1x5xf32> {
  %0 = tn.contract %q [0, 1, 3], %k [0, 2, 3] -> [0, 1, 2] : tensor<2x1x4xf32>, tensor<2x6x4xf32> -> tensor<2x1x6xf32>
  %1 = tn.softmax %0 axis 2 : tensor<2x1x6xf32> -> tensor<2x1x6xf32>
  %2 = tn.contract %1 [0, 1, 3], %v [0, 3, 2] -> [0, 1, 2] : tensor<2x1x6xf32>, tensor<2x6x5xf32> -> tensor<2x1x5xf32>
  return %2 : tensor<2x1x5xf32>
}

// -----

// The second product sums over rows, which a block of rows does not have whole.
// CHECK-LABEL: @over_rows
// CHECK-NOT: template "attention"
func.func @over_rows(%q: tensor<2x8x4xf32>, %k: tensor<2x6x4xf32>, %v: tensor<2x8x5xf32>) -> tensor<2x6x5xf32> {
  %0 = tn.contract %q [0, 1, 3], %k [0, 2, 3] -> [0, 1, 2] : tensor<2x8x4xf32>, tensor<2x6x4xf32> -> tensor<2x8x6xf32>
  %1 = tn.softmax %0 axis 2 : tensor<2x8x6xf32> -> tensor<2x8x6xf32>
  %2 = tn.contract %1 [0, 3, 1], %v [0, 3, 2] -> [0, 1, 2] : tensor<2x8x6xf32>, tensor<2x8x5xf32> -> tensor<2x6x5xf32>
  return %2 : tensor<2x6x5xf32>
}

// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-fuse,tn-schedule))' | FileCheck %s
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(tn-check{pipeline="func.func(tn-fuse,tn-schedule)"})' -o %t

// A constant right operand is packed outside of kernels: a recipe for the weight block. Every target gets a schedule.
// CHECK-LABEL: @constant_operand
// CHECK: %[[W:.*]] = tn.constant
// CHECK: %[[P:.*]] = tn.pack %[[W]] batch [] k [0] n [1] panel 32 : tensor<2x3xf32> -> tensor<1x2x32xf32>
// CHECK: tn.kernel ins(%arg0, %[[P]] {{.*}}) template "contraction" schedule {"x86-64-v3" = {{{.*}}lanes = 8{{.*}}}, "x86-64-v4" = {{{.*}}lanes = 16{{.*}}}}
// CHECK: %[[U:.*]] = tn.unpack
// CHECK: tn.contract {{.*}}, %[[U]]
func.func @constant_operand(%x: tensor<5x2xf32>) -> tensor<5x3xf32> {
  %w = tn.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %0 = tn.contract %x [0, 2], %w [2, 1] -> [0, 1] : tensor<5x2xf32>, tensor<2x3xf32> -> tensor<5x3xf32>
  return %0 : tensor<5x3xf32>
}

// -----

// One that is computed is packed by a kernel of its own.
// CHECK-LABEL: @computed_operand
// CHECK: %[[P:.*]] = tn.kernel ins(%arg1 {{.*}}) template "elementwise"
// CHECK: tn.pack
// CHECK: tn.kernel ins(%arg0, %[[P]] {{.*}}) template "contraction"
func.func @computed_operand(%x: tensor<4x8xf32>, %w: tensor<8x40xf32>) -> tensor<4x40xf32> {
  %0 = tn.contract %x [0, 2], %w [2, 1] -> [0, 1] : tensor<4x8xf32>, tensor<8x40xf32> -> tensor<4x40xf32>
  return %0 : tensor<4x40xf32>
}

// -----

// The filters of groups are the batch of the packed operand.
// CHECK-LABEL: @grouped
// CHECK: tn.reshape %arg1 : tensor<8x2x3x3xf32> -> tensor<2x4x2x3x3xf32>
// CHECK: tn.pack {{.*}} batch [0] k [3, 4, 2] n [1] panel 32
func.func @grouped(%x: tensor<1x5x5x4xf32>, %w: tensor<8x2x3x3xf32>) -> tensor<1x3x3x8xf32> {
  %0 = tn.conv %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 2 {channels_last} : tensor<1x5x5x4xf32>, tensor<8x2x3x3xf32> -> tensor<1x3x3x8xf32>
  return %0 : tensor<1x3x3x8xf32>
}

// -----

// Short rows are scalar, long ones run in vectors of each target's length, in blocks of about the same size.
// CHECK-LABEL: @lengths
// CHECK: schedule {"x86-64-v3" = {block = 12 : i64, lanes = 8 : i64, rows = 1 : i64}, "x86-64-v4" = {block = 12 : i64, lanes = 1 : i64, rows = 1 : i64}}
// CHECK: schedule {"x86-64-v3" = {block = 3336 : i64, lanes = 8 : i64, rows = 1 : i64}, "x86-64-v4" = {block = 3344 : i64, lanes = 16 : i64, rows = 1 : i64}}
func.func @lengths(%x: tensor<12xf32>, %y: tensor<9999xf32>) -> (tensor<12xf32>, tensor<9999xf32>) {
  %0 = tn.exp %x : tensor<12xf32> -> tensor<12xf32>
  %1 = tn.exp %y : tensor<9999xf32> -> tensor<9999xf32>
  return %0, %1 : tensor<12xf32>, tensor<9999xf32>
}

// -----

// Vectors lie along the rows where the input is contiguous there; blocks are whole squares of elements.
// CHECK-LABEL: @turned
// CHECK: schedule {"x86-64-v3" = {block = 56 : i64, lanes = 8 : i64, rows = 50 : i64}, "x86-64-v4" = {block = 64 : i64, lanes = 16 : i64, rows = 50 : i64}}
// CHECK: schedule {"x86-64-v3" = {block = 3 : i64, lanes = 8 : i64, rows = 20 : i64}, "x86-64-v4" = {block = 3 : i64, lanes = 16 : i64, rows = 20 : i64}}
func.func @turned(%x: tensor<100x50xf32>, %y: tensor<3x20xf32>) -> (tensor<50x100xf32>, tensor<20x3xf32>) {
  %0 = tn.transpose %x [1, 0] : tensor<100x50xf32> -> tensor<50x100xf32>
  %1 = tn.transpose %y [1, 0] : tensor<3x20xf32> -> tensor<20x3xf32>
  return %0, %1 : tensor<50x100xf32>, tensor<20x3xf32>
}

// -----

// Weights that are scaled at run time are packed at compile time; the product of panels is a kernel of its own. The
// second factor varies along the columns: these are packed after they are multiplied.
// CHECK-LABEL: @scaled_operand
// CHECK: %[[P:.*]] = tn.pack %{{.*}} batch [] k [2, 3, 1] n [0] panel 32 : tensor<6x2x2x1xf32> -> tensor<1x4x32xf32>
// CHECK: %[[V:.*]] = tn.reshape %[[P]] : tensor<1x4x32xf32> -> tensor<1x2x1x2x32xf32>
// CHECK: %[[F:.*]] = tn.reshape %arg1 : tensor<1x2x1x1xf32> -> tensor<1x1x1x2x1xf32>
// CHECK: %[[M:.*]] = tn.kernel ins(%[[V]], %[[F]] {{.*}}) template "elementwise"
// CHECK-NEXT: ^bb0
// CHECK-NEXT: tn.mul
// CHECK-NEXT: tn.yield
// CHECK: %[[W:.*]] = tn.reshape %[[M]] : tensor<1x2x1x2x32xf32> -> tensor<1x4x32xf32>
// CHECK: tn.kernel ins(%arg0, %[[W]] {{.*}}) template "contraction"
// CHECK: %[[C:.*]] = tn.kernel ins(%{{.*}}, %arg2 {{.*}}) template "elementwise"
// CHECK: %[[D:.*]] = tn.kernel ins(%[[C]] {{.*}}) template "elementwise"
// CHECK: tn.pack
func.func @scaled_operand(%x: tensor<1x5x5x2xf32>, %s: tensor<1x2x1x1xf32>, %t: tensor<6x1x1x1xf32>) -> (tensor<1x4x5x6xf32>, tensor<1x4x5x6xf32>) {
  %c = tn.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0, 19.0, 20.0, 21.0, 22.0, 23.0, 24.0]> : tensor<24xf32>
  %w = tn.reshape %c : tensor<24xf32> -> tensor<6x2x2x1xf32>
  %0 = tn.mul %w, %s : tensor<6x2x2x1xf32>, tensor<1x2x1x1xf32> -> tensor<6x2x2x1xf32>
  %1 = tn.conv %x, %0 strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x5x5x2xf32>, tensor<6x2x2x1xf32> -> tensor<1x4x5x6xf32>
  %2 = tn.mul %w, %t : tensor<6x2x2x1xf32>, tensor<6x1x1x1xf32> -> tensor<6x2x2x1xf32>
  %3 = tn.conv %x, %2 strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x5x5x2xf32>, tensor<6x2x2x1xf32> -> tensor<1x4x5x6xf32>
  return %1, %3 : tensor<1x4x5x6xf32>, tensor<1x4x5x6xf32>
}

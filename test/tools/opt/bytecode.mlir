// RUN: tenon-opt %s -pass-pipeline='builtin.module(tn-fuse-stage,tn-schedule-stage,tn-memory-stage)' -mlir-print-debuginfo -o %t.mlir
// RUN: tenon-opt %t.mlir -emit-bytecode -o %t.mlirbc
// RUN: tenon-opt %t.mlirbc -mlir-print-debuginfo -o %t.again.mlir
// RUN: cmp %t.mlir %t.again.mlir
// RUN: tenon-opt %s -emit-bytecode | tenon-opt -pass-pipeline='builtin.module(tn-fuse-stage,tn-schedule-stage,tn-memory-stage)' -mlir-print-debuginfo -o %t.through.mlir
// RUN: cmp %t.mlir %t.through.mlir
// RUN: tenon-opt %s -verify-roundtrip -o /dev/null

// Attributes of every kind of the dialect, schedules, locations and weights by name survive.
func.func @main(%x: tensor<1x8x8x16xf32>) -> tensor<1x6x6x32xf32> {
  %w = tn.constant #tn.weight<"file", 0, 18432> -> tensor<32x16x3x3xf32> loc("weight")
  %0 = tn.conv %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x8x8x16xf32>, tensor<32x16x3x3xf32> -> tensor<1x6x6x32xf32> loc("conv")
  %1 = tn.gelu %0 : tensor<1x6x6x32xf32> -> tensor<1x6x6x32xf32> loc("gelu")
  %2 = tn.softmax %1 axis 3 : tensor<1x6x6x32xf32> -> tensor<1x6x6x32xf32> loc("softmax")
  return %2 : tensor<1x6x6x32xf32> loc("end")
} loc("main")

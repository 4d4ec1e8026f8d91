// RUN: not tenon-opt %s -pass-pipeline='builtin.module(tn-fuse-stage{winograd=2},tn-memory-stage)' -mlir-pass-pipeline-crash-reproducer=%t.mlir 2>&1 | FileCheck %s
// RUN: FileCheck %s --check-prefix=FILE < %t.mlir
// RUN: not tenon-opt -run-reproducer %t.mlir 2>&1 | FileCheck %s --check-prefix=AGAIN
// RUN: not tenon-opt %s -pass-pipeline='builtin.module(tn-fuse-stage{winograd=2})' -mlir-disable-threading -mlir-pass-pipeline-crash-reproducer=%t.local.mlir -mlir-pass-pipeline-local-reproducer 2>&1 | FileCheck %s
// RUN: FileCheck %s --check-prefix=LOCAL < %t.local.mlir
// RUN: not tenon-opt -run-reproducer %t.local.mlir 2>&1 | FileCheck %s --check-prefix=AGAIN

// The file holds the module and the passes with their options, or the failing one alone, and fails again.
// CHECK: error: Failures have been detected while processing an MLIR pass pipeline
// CHECK: reproducer generated at `{{.*}}crash-reproducer.mlir.tmp
// FILE: tn.lstm
// FILE: pipeline: "builtin.module(func.func({{.*}}tn-winograd{budget=-1 largest-tile=2},{{.*}}tn-fuse{budget=-1},tn-fuse-attention{budget=-1}), tn-plan-memory{guard=0})"
// LOCAL: pipeline: "builtin.module(func.func(tn-fuse{budget=-1}))"
// AGAIN: no kernel template can compute tn.lstm here
func.func @main(%x: tensor<4x1x2x16xf64>, %r: tensor<1x16x4xf64>, %h: tensor<1x2x4xf64>, %c: tensor<1x2x4xf64>) -> tensor<4x1x2x4xf64> {
  %y, %hn, %cn = tn.lstm %x, %r, %h, %c reverse [false] : tensor<4x1x2x16xf64>, tensor<1x16x4xf64>, tensor<1x2x4xf64>, tensor<1x2x4xf64> -> tensor<4x1x2x4xf64>, tensor<1x2x4xf64>, tensor<1x2x4xf64>
  return %y : tensor<4x1x2x4xf64>
}

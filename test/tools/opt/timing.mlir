// RUN: tenon-opt %s -pass-pipeline='builtin.module(tn-fuse-stage,tn-schedule-stage,tn-memory-stage)' -o /dev/null -mlir-timing -mlir-timing-display=tree 2>&1 | FileCheck %s

// CHECK: Execution time report
// CHECK-DAG: 'func.func' Pipeline
// CHECK-DAG: Fuse
// CHECK-DAG: Schedule
// CHECK-DAG: PlanMemory
// CHECK-DAG: Total
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tn.exp %x : tensor<4xf32> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

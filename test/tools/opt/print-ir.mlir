// RUN: tenon-opt %s -pass-pipeline='builtin.module(tn-fuse-stage,tn-schedule-stage,tn-memory-stage)' -o /dev/null -mlir-print-ir-after-all -mlir-print-ir-after-change 2>&1 | FileCheck %s
// RUN: tenon-opt %s -pass-pipeline='builtin.module(tn-fuse-stage,tn-schedule-stage)' -o /dev/null -mlir-print-ir-before=tn-schedule -mlir-print-ir-module-scope -mlir-disable-threading 2>&1 | FileCheck %s --check-prefix=BEFORE
// RUN: rm -rf %t && tenon-opt %s -pass-pipeline='builtin.module(tn-fuse-stage)' -o /dev/null -mlir-print-ir-after-all -mlir-print-ir-tree-dir=%t
// RUN: ls %t/builtin_module_no-symbol-name/func_func_main | FileCheck %s --check-prefix=TREE

// Passes that change nothing are not shown.
// CHECK-NOT: IR Dump After MaterializePadding
// CHECK-NOT: IR Dump After Winograd
// CHECK: IR Dump After Fuse (tn-fuse)
// CHECK: IR Dump After Schedule (tn-schedule)
// CHECK: IR Dump After PlanMemory (tn-plan-memory)

// BEFORE: IR Dump Before Schedule (tn-schedule)
// BEFORE-NEXT: module
// BEFORE: tn.kernel {{.*}} template "contraction" {

// TREE: tn-materialize-padding.mlir
// TREE: tn-fuse.mlir
func.func @main(%x: tensor<4x8xf32>, %w: tensor<8x4xf32>) -> tensor<4x4xf32> {
  %0 = tn.contract %x [0, 2], %w [2, 1] -> [0, 1] : tensor<4x8xf32>, tensor<8x4xf32> -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

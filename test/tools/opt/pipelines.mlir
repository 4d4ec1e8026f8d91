// RUN: tenon-opt %s -pass-pipeline='builtin.module(tn-graph-stage{max-growth=0},tn-raise-stage,tn-layout-stage,tn-fuse-stage{winograd=0},tn-schedule-stage,tn-memory-stage)' | FileCheck %s
// RUN: tenon-opt %s -tn-graph-stage -tn-raise-stage -tn-layout-stage -tn-fuse-stage -tn-schedule-stage -tn-memory-stage | FileCheck %s
// RUN: tenon-opt %s -pass-pipeline='builtin.module(tn-graph-stage,func.func(tn-raise{budget=0}))' -dump-pass-pipeline -o /dev/null 2>&1 | FileCheck %s --check-prefix=TEXT
// RUN: not tenon-opt %s -pass-pipeline='builtin.module(tn-graph-stage{nonsense=1})' 2>&1 | FileCheck %s --check-prefix=ERROR
// RUN: tenon-opt --help | FileCheck %s --check-prefix=HELP

// Stages and passes have names in textual pipelines, with options.
// CHECK: tn.kernel {{.*}} template "elementwise"
// CHECK: tn.silu
// TEXT: builtin.module(
// TEXT-NEXT: func.func(
// TEXT-NEXT: tn-simplify{budget=-1},
// TEXT-NEXT: tn-fold-constants{budget=-1 max-growth=65536},
// TEXT: func.func(
// TEXT-NEXT: tn-raise{budget=0}
// ERROR: no such option nonsense
// HELP-DAG: --tn-fuse-stage
// HELP-DAG: --tn-plan-memory
// HELP-DAG: --tn-check
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tn.sigmoid %x : tensor<4xf32> -> tensor<4xf32>
  %1 = tn.mul %x, %0 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

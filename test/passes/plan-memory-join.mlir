// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-fuse,tn-schedule),tn-plan-memory)' | FileCheck %s
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-fuse,tn-schedule),tn-plan-memory{guard=64})' | FileCheck %s --check-prefix=GUARD
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-fuse,tn-schedule),tn-plan-memory)' -remarks-filter=tn-plan-memory 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-fuse,tn-schedule),tn-plan-memory)' -mlir-print-debuginfo -mlir-print-local-scope | FileCheck %s --check-prefix=LOC

// Both operands are written where the concatenation has them, in rows 48 elements apart; their other readers take them from
// there.
// CHECK-LABEL: tn.arena_bytes = 1536 : i64, tn.arena_lower_bound = 1536 : i64
// CHECK: %[[A:.*]] = tn.view %arg0[0] : memref<?xi8> -> memref<8x16xf32, strided<[48, 1]>>
// CHECK: tn.kernel ins(%arg2 : memref<8x16xf32>) outs(%[[A]] : memref<8x16xf32, strided<[48, 1]>>) template "rows"
// CHECK: %[[B:.*]] = tn.view %arg0[64] : memref<?xi8> -> memref<8x32xf32, strided<[48, 1]>>
// CHECK: tn.kernel ins(%arg3 : memref<8x32xf32>) outs(%[[B]] : memref<8x32xf32, strided<[48, 1]>>) template "rows"
// CHECK: tn.kernel ins({{.*}} : memref<8x16xf32, strided<[48, 1]>>) outs(%arg4 : memref<8x16xf32>) template "rows"
// CHECK: %[[JOINT:.*]] = tn.view %arg0[0] : memref<?xi8> -> memref<8x48xf32>
// CHECK: tn.kernel ins(%[[JOINT]], {{.*}}) outs(%arg5 : memref<8x32xf32>) template "contraction"
// CHECK-NOT: tn.kernel
// Bands lie around buffers: with them each tensor has one.
// GUARD: tn.concat
// REMARK: loc("join"): [Passed] in-place | Category:tn-plan-memory | {{.*}}operands and results are views of the same memory"
// The views know the concatenation that they are.
// LOC: tn.view %{{.*}}[0] : memref<?xi8> -> memref<8x48xf32> loc(fused["product", "join"])
module {
  func.func @main(%x: tensor<8x16xf32>, %y: tensor<8x32xf32>) -> (tensor<8x16xf32>, tensor<8x32xf32>) {
    %w = tn.constant dense<1.0> : tensor<48x32xf32>
    %0 = tn.softmax %x axis 1 : tensor<8x16xf32> -> tensor<8x16xf32>
    %1 = tn.softmax %y axis 1 : tensor<8x32xf32> -> tensor<8x32xf32>
    %2 = tn.softmax %0 axis 1 : tensor<8x16xf32> -> tensor<8x16xf32>
    %3 = tn.concat %0, %1 axis 1 : tensor<8x16xf32>, tensor<8x32xf32> -> tensor<8x48xf32> loc("join")
    %4 = tn.contract %3 [0, 2], %w [2, 1] -> [0, 1] : tensor<8x48xf32>, tensor<48x32xf32> -> tensor<8x32xf32> loc("product")
    return %2, %4 : tensor<8x16xf32>, tensor<8x32xf32>
  }
}

// -----

// A result of the model is joined in place, too. Along the first dimension its parts are dense.
// CHECK-LABEL: tn.arena_bytes = 0 : i64
// CHECK: %[[A:.*]] = tn.view %arg4[0] : memref<6x16xf32> -> memref<2x16xf32>
// CHECK: tn.kernel ins(%arg2 : memref<2x16xf32>) outs(%[[A]] : memref<2x16xf32>)
// CHECK: %[[B:.*]] = tn.view %arg4[128] : memref<6x16xf32> -> memref<4x16xf32>
// CHECK: tn.kernel ins(%arg3 : memref<4x16xf32>) outs(%[[B]] : memref<4x16xf32>)
// CHECK-NOT: tn.kernel
module {
  func.func @main(%x: tensor<2x16xf32>, %y: tensor<4x16xf32>) -> tensor<6x16xf32> {
    %0 = tn.softmax %x axis 1 : tensor<2x16xf32> -> tensor<2x16xf32>
    %1 = tn.softmax %y axis 1 : tensor<4x16xf32> -> tensor<4x16xf32>
    %2 = tn.concat %0, %1 axis 0 : tensor<2x16xf32>, tensor<4x16xf32> -> tensor<6x16xf32>
    return %2 : tensor<6x16xf32>
  }
}

// -----

// An input of the model and what appears a second time are copied by kernels of their own.
// CHECK-LABEL: func.func @main
// CHECK: tn.kernel ins(%arg2 : memref<8x64xf32>) outs({{.*}} : memref<8x64xf32, strided<[160, 1]>>) template "rows"
// CHECK: tn.kernel ins(%arg3 : memref<8x16xf32>) outs({{.*}} : memref<8x16xf32, strided<[160, 1]>>) template "rows"
// CHECK: %[[Y:.*]] = tn.view %arg0[256] : memref<?xi8> -> memref<8x16xf32, strided<[160, 1]>>
// CHECK: tn.kernel ins(%arg3 : memref<8x16xf32>) outs(%[[Y]] : memref<8x16xf32, strided<[160, 1]>>) template "elementwise"
// CHECK: %[[FROM:.*]] = tn.view %arg0[0] : memref<?xi8> -> memref<8x64xf32, strided<[160, 1]>>
// CHECK: %[[TO:.*]] = tn.view %arg0[384] : memref<?xi8> -> memref<8x64xf32, strided<[160, 1]>>
// CHECK: tn.kernel ins(%[[FROM]] : memref<8x64xf32, strided<[160, 1]>>) outs(%[[TO]] : memref<8x64xf32, strided<[160, 1]>>)
// CHECK: tn.kernel ins({{.*}} : memref<8x160xf32>, {{.*}} template "contraction"
// CHECK-NOT: tn.kernel
// REMARK: loc("join"): [Passed] in-place {{.*}}; kernels that write the rest: 2 (an operand is joined twice)"
module {
  func.func @main(%x: tensor<8x64xf32>, %y: tensor<8x16xf32>) -> tensor<8x32xf32> {
    %w = tn.constant dense<1.0> : tensor<160x32xf32>
    %0 = tn.softmax %x axis 1 : tensor<8x64xf32> -> tensor<8x64xf32>
    %1 = tn.softmax %y axis 1 : tensor<8x16xf32> -> tensor<8x16xf32>
    %2 = tn.concat %0, %y, %1, %0 axis 1 : tensor<8x64xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x64xf32> -> tensor<8x160xf32> loc("join")
    %3 = tn.contract %2 [0, 2], %w [2, 1] -> [0, 1] : tensor<8x160xf32>, tensor<160x32xf32> -> tensor<8x32xf32>
    return %3 : tensor<8x32xf32>
  }
}

// -----

// Where more than half would have to be copied, one kernel does it all.
// CHECK-LABEL: func.func @main
// CHECK: tn.concat
// REMARK: loc("input"): [Missed] copied {{.*}}elements are moved: an operand is an input of the model"
module {
  func.func @main(%x: tensor<8x64xf32>, %y: tensor<8x32xf32>) -> tensor<8x32xf32> {
    %w = tn.constant dense<1.0> : tensor<96x32xf32>
    %0 = tn.softmax %y axis 1 : tensor<8x32xf32> -> tensor<8x32xf32>
    %1 = tn.concat %0, %x axis 1 : tensor<8x32xf32>, tensor<8x64xf32> -> tensor<8x96xf32> loc("input")
    %2 = tn.contract %1 [0, 2], %w [2, 1] -> [0, 1] : tensor<8x96xf32>, tensor<96x32xf32> -> tensor<8x32xf32>
    return %2 : tensor<8x32xf32>
  }
}

// -----

// Results of the model have memory of their own.
// CHECK-LABEL: func.func @main
// CHECK: tn.concat
// REMARK: loc("output"): [Missed] copied {{.*}}elements are moved: an operand is a result of the model"
module {
  func.func @main(%x: tensor<8x64xf32>, %y: tensor<8x32xf32>) -> (tensor<8x64xf32>, tensor<8x32xf32>) {
    %w = tn.constant dense<1.0> : tensor<96x32xf32>
    %0 = tn.softmax %x axis 1 : tensor<8x64xf32> -> tensor<8x64xf32>
    %1 = tn.softmax %y axis 1 : tensor<8x32xf32> -> tensor<8x32xf32>
    %2 = tn.concat %0, %1 axis 1 : tensor<8x64xf32>, tensor<8x32xf32> -> tensor<8x96xf32> loc("output")
    %3 = tn.contract %2 [0, 2], %w [2, 1] -> [0, 1] : tensor<8x96xf32>, tensor<96x32xf32> -> tensor<8x32xf32>
    return %0, %3 : tensor<8x64xf32>, tensor<8x32xf32>
  }
}

// -----

// A recurrence reads dense states: the one that it reads is copied.
// CHECK-LABEL: func.func @main
// CHECK: %[[H:.*]] = tn.view %arg0[{{[0-9]+}}] : memref<?xi8> -> memref<2x2x5xf32>
// CHECK: tn.kernel ins(%arg5 : memref<2x2x5xf32>) outs(%[[H]] : memref<2x2x5xf32>) template "rows"
// CHECK: template "lstm"
// CHECK: tn.kernel ins(%arg6 : memref<2x2x5xf32>) outs({{.*}} : memref<2x2x5xf32, strided<[20, 10, 1]>>) template "rows"
// CHECK: tn.kernel ins({{.*}} : memref<2x2x5xf32>) outs({{.*}} : memref<2x2x5xf32, strided<[20, 10, 1]>>) template "elementwise"
// REMARK: loc("reader"): [Passed] in-place {{.*}}kernels that write the rest: 1 (an operand can't lie within the result: template lstm reads rows that follow each other)"
module {
  func.func @main(%x: tensor<9x2x3xf32>, %w: tensor<2x20x3xf32>, %r: tensor<2x20x5xf32>, %a: tensor<2x2x5xf32>, %c: tensor<2x2x5xf32>) -> tensor<9x2x2x5xf32> {
    %g = tn.contract %x [0, 2, 4], %w [1, 3, 4] -> [0, 1, 2, 3] : tensor<9x2x3xf32>, tensor<2x20x3xf32> -> tensor<9x2x2x20xf32>
    %h = tn.softmax %a axis 2 : tensor<2x2x5xf32> -> tensor<2x2x5xf32>
    %v = tn.constant dense<1.0> : tensor<10x4xf32>
    %y, %lh, %lc = tn.lstm %g, %r, %h, %c reverse [false, true] : tensor<9x2x2x20xf32>, tensor<2x20x5xf32>, tensor<2x2x5xf32>, tensor<2x2x5xf32> -> tensor<9x2x2x5xf32>, tensor<2x2x5xf32>, tensor<2x2x5xf32>
    %k = tn.softmax %c axis 2 : tensor<2x2x5xf32> -> tensor<2x2x5xf32>
    %j = tn.concat %h, %k axis 2 : tensor<2x2x5xf32>, tensor<2x2x5xf32> -> tensor<2x2x10xf32> loc("reader")
    %p = tn.contract %j [0, 1, 3], %v [3, 2] -> [0, 1, 2] : tensor<2x2x10xf32>, tensor<10x4xf32> -> tensor<2x2x4xf32>
    %q = tn.softmax %p axis 2 : tensor<2x2x4xf32> -> tensor<2x2x4xf32>
    %s = tn.reduce sum %q axes [0, 1, 2] : tensor<2x2x4xf32> -> tensor<1x1x1xf32>
    %z = tn.add %y, %s : tensor<9x2x2x5xf32>, tensor<1x1x1xf32> -> tensor<9x2x2x5xf32>
    return %z : tensor<9x2x2x5xf32>
  }
}

// -----

// What is joined lies within what it is joined to next, whether it is joined itself or its parts are again.
// CHECK-LABEL: tn.arena_bytes = 2048 : i64
// CHECK: tn.kernel ins(%arg2 : memref<8x16xf32>) outs({{.*}} : memref<8x16xf32, strided<[64, 1]>>)
// CHECK: tn.kernel ins({{.*}} : memref<8x16xf32, strided<[64, 1]>>) outs({{.*}} : memref<8x16xf32, strided<[64, 1]>>)
// CHECK: tn.kernel ins({{.*}} : memref<8x32xf32, strided<[64, 1]>>, {{.*}}) outs({{.*}} : memref<8x32xf32, strided<[64, 1]>>)
// CHECK: tn.kernel ins({{.*}} : memref<8x64xf32>, {{.*}}) outs(%arg3
// CHECK: tn.kernel ins({{.*}} : memref<8x32xf32, strided<[64, 1]>>, {{.*}}) outs(%arg4
// CHECK-NOT: tn.kernel
module {
  func.func @main(%x: tensor<8x16xf32>) -> (tensor<8x32xf32>, tensor<8x32xf32>) {
    %w = tn.constant dense<1.0> : tensor<32x32xf32>
    %v = tn.constant dense<1.0> : tensor<64x32xf32>
    %0 = tn.softmax %x axis 1 : tensor<8x16xf32> -> tensor<8x16xf32>
    %1 = tn.softmax %0 axis 1 : tensor<8x16xf32> -> tensor<8x16xf32>
    %2 = tn.concat %0, %1 axis 1 : tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x32xf32> loc("inner")
    %3 = tn.contract %2 [0, 2], %w [2, 1] -> [0, 1] : tensor<8x32xf32>, tensor<32x32xf32> -> tensor<8x32xf32> loc("first")
    %4 = tn.concat %0, %1, %3 axis 1 : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x32xf32> -> tensor<8x64xf32> loc("outer")
    %5 = tn.contract %4 [0, 2], %v [2, 1] -> [0, 1] : tensor<8x64xf32>, tensor<64x32xf32> -> tensor<8x32xf32> loc("second")
    %6 = tn.contract %2 [0, 2], %w [2, 1] -> [0, 1] : tensor<8x32xf32>, tensor<32x32xf32> -> tensor<8x32xf32> loc("third")
    return %5, %6 : tensor<8x32xf32>, tensor<8x32xf32>
  }
}

// -----

// A tensor that is split and joined again stays where it is.
// CHECK-LABEL: tn.arena_bytes = 1536 : i64
// CHECK: tn.kernel ins(%arg2 : memref<8x32xf32>) outs({{.*}} : memref<8x32xf32, strided<[48, 1]>>)
// CHECK: %[[RIGHT:.*]] = tn.view %arg0[64] : memref<?xi8> -> memref<8x16xf32, strided<[48, 1]>>
// CHECK: tn.kernel ins(%[[RIGHT]] : memref<8x16xf32, strided<[48, 1]>>) outs({{.*}} : memref<8x16xf32, strided<[48, 1]>>)
// CHECK: tn.kernel ins({{.*}} : memref<8x48xf32>, {{.*}} template "contraction"
// CHECK-NOT: tn.kernel
module {
  func.func @main(%x: tensor<8x32xf32>) -> tensor<8x32xf32> {
    %w = tn.constant dense<1.0> : tensor<48x32xf32>
    %0 = tn.softmax %x axis 1 : tensor<8x32xf32> -> tensor<8x32xf32>
    %1 = tn.slice %0 [0, 0] [8, 16] [1, 1] : tensor<8x32xf32> -> tensor<8x16xf32> loc("left")
    %2 = tn.slice %0 [0, 16] [8, 16] [1, 1] : tensor<8x32xf32> -> tensor<8x16xf32> loc("right")
    %3 = tn.softmax %2 axis 1 : tensor<8x16xf32> -> tensor<8x16xf32>
    %4 = tn.concat %1, %2, %3 axis 1 : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32> -> tensor<8x48xf32> loc("join")
    %5 = tn.contract %4 [0, 2], %w [2, 1] -> [0, 1] : tensor<8x48xf32>, tensor<48x32xf32> -> tensor<8x32xf32>
    return %5 : tensor<8x32xf32>
  }
}

// -----

// Behind a padding the operands are in the interior; the border is filled, the sides of one shape by one kernel.
// CHECK-LABEL: func.func @main
// CHECK: %[[A:.*]] = tn.view %arg0[896] : memref<?xi8> -> memref<1x4x4x16xf32, strided<[768, 192, 32, 1]>>
// CHECK: tn.kernel ins(%arg2 : memref<1x4x4x16xf32>) outs(%[[A]]
// CHECK: %[[B:.*]] = tn.view %arg0[960] : memref<?xi8> -> memref<1x4x4x16xf32, strided<[768, 192, 32, 1]>>
// CHECK: tn.kernel ins({{.*}}) outs(%[[B]]
// CHECK: tn.kernel outs({{.*}} : memref<1x1x6x32xf32>, memref<1x1x6x32xf32>) template "elementwise"
// CHECK: tn.constant dense<0.000000e+00> : tensor<1x1x6x32xf32>
// CHECK: tn.kernel outs({{.*}} : memref<1x4x1x32xf32, strided<[768, 192, 32, 1]>>, memref<1x4x1x32xf32, strided<[768, 192, 32, 1]>>)
// CHECK: tn.kernel ins({{.*}} : memref<1x6x6x32xf32>, {{.*}} template "contraction"
module {
  func.func @main(%x: tensor<1x4x4x16xf32>, %y: tensor<1x4x4x16xf32>) -> (tensor<1x4x4x16xf32>, tensor<1x4x4x8xf32>) {
    %w = tn.constant dense<1.0> : tensor<8x32x3x3xf32>
    %0 = tn.softmax %x axis 3 : tensor<1x4x4x16xf32> -> tensor<1x4x4x16xf32>
    %1 = tn.softmax %0 axis 3 : tensor<1x4x4x16xf32> -> tensor<1x4x4x16xf32>
    %2 = tn.concat %0, %1 axis 3 : tensor<1x4x4x16xf32>, tensor<1x4x4x16xf32> -> tensor<1x4x4x32xf32> loc("join")
    %3 = tn.pad %2 constant [0, 1, 1, 0] [0, 1, 1, 0] 0.0 : tensor<1x4x4x32xf32> -> tensor<1x6x6x32xf32> loc("border")
    %4 = tn.conv %3, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x6x6x32xf32>, tensor<8x32x3x3xf32> -> tensor<1x4x4x8xf32>
    %5 = tn.softmax %1 axis 3 : tensor<1x4x4x16xf32> -> tensor<1x4x4x16xf32>
    return %5, %4 : tensor<1x4x4x16xf32>, tensor<1x4x4x8xf32>
  }
}

// -----

// The joint tensor would be alive while the most bytes are.
// CHECK-LABEL: tn.arena_bytes = 152064 : i64
// CHECK: tn.concat
// REMARK: loc("early"): [Missed] copied {{.*}}elements are moved: 204800 bytes would be alive at one step, more than a tenth above what copies need"
module {
  func.func @main(%x: tensor<8x32xf32>, %y: tensor<64x256xf32>) -> tensor<72x32xf32> {
    %w = tn.constant dense<1.0> : tensor<256x256xf32>
    %v = tn.constant dense<1.0> : tensor<256x32xf32>
    %u = tn.constant dense<1.0> : tensor<32x256xf32>
    %a = tn.contract %x [0, 2], %u [2, 1] -> [0, 1] : tensor<8x32xf32>, tensor<32x256xf32> -> tensor<8x256xf32>
    %0 = tn.contract %y [0, 2], %w [2, 1] -> [0, 1] : tensor<64x256xf32>, tensor<256x256xf32> -> tensor<64x256xf32>
    %1 = tn.contract %0 [0, 2], %w [2, 1] -> [0, 1] : tensor<64x256xf32>, tensor<256x256xf32> -> tensor<64x256xf32>
    %2 = tn.contract %1 [0, 2], %w [2, 1] -> [0, 1] : tensor<64x256xf32>, tensor<256x256xf32> -> tensor<64x256xf32>
    %3 = tn.concat %a, %2 axis 0 : tensor<8x256xf32>, tensor<64x256xf32> -> tensor<72x256xf32> loc("early")
    %4 = tn.contract %3 [0, 2], %v [2, 1] -> [0, 1] : tensor<72x256xf32>, tensor<256x32xf32> -> tensor<72x32xf32>
    return %4 : tensor<72x32xf32>
  }
}

// -----

// Rows of 2 kB of which a contraction reads several at a time are moved apart, and with them all parts.
// CHECK-LABEL: tn.arena_bytes = 16896 : i64
// CHECK: tn.kernel ins(%arg2 : memref<8x256xf32>) outs({{.*}} : memref<8x256xf32, strided<[528, 1]>>)
// CHECK: tn.view %arg0[1024] : memref<?xi8> -> memref<8x256xf32, strided<[528, 1]>>
// CHECK: tn.kernel ins({{.*}} : memref<8x512xf32, strided<[528, 1]>>, {{.*}} template "contraction"
module {
  func.func @main(%x: tensor<8x256xf32>, %y: tensor<8x256xf32>) -> tensor<8x32xf32> {
    %w = tn.constant dense<1.0> : tensor<512x32xf32>
    %0 = tn.softmax %x axis 1 : tensor<8x256xf32> -> tensor<8x256xf32>
    %1 = tn.softmax %y axis 1 : tensor<8x256xf32> -> tensor<8x256xf32>
    %2 = tn.concat %0, %1 axis 1 : tensor<8x256xf32>, tensor<8x256xf32> -> tensor<8x512xf32>
    %3 = tn.contract %2 [0, 2], %w [2, 1] -> [0, 1] : tensor<8x512xf32>, tensor<512x32xf32> -> tensor<8x32xf32>
    return %3 : tensor<8x32xf32>
  }
}

// -----

// A slice of an input of the model is read from there.
// CHECK-LABEL: tn.arena_bytes = 0 : i64
// CHECK: %[[X:.*]] = tn.view %arg2[128] : memref<8x64xf32> -> memref<8x32xf32, strided<[64, 1]>>
// CHECK: tn.kernel ins(%[[X]], {{.*}}) outs(%arg3 : memref<8x16xf32>) template "contraction"
// CHECK-NOT: tn.kernel
module {
  func.func @main(%x: tensor<8x64xf32>) -> tensor<8x16xf32> {
    %w = tn.constant dense<1.0> : tensor<32x16xf32>
    %0 = tn.slice %x [0, 32] [8, 32] [1, 1] : tensor<8x64xf32> -> tensor<8x32xf32>
    %1 = tn.contract %0 [0, 2], %w [2, 1] -> [0, 1] : tensor<8x32xf32>, tensor<32x16xf32> -> tensor<8x16xf32>
    return %1 : tensor<8x16xf32>
  }
}

// -----

// A dying input does not become the memory of a part, although their sizes agree: the whole is larger.
// CHECK-LABEL: tn.arena_bytes = 3072 : i64
// CHECK: tn.view %arg0[2048] : memref<?xi8> -> memref<1x4x4x16xf32>
// CHECK: %[[DYING:.*]] = tn.view %arg0[2048] : memref<?xi8> -> memref<1x4x4x16xf32>
// CHECK: %[[PART:.*]] = tn.view %arg0[0] : memref<?xi8> -> memref<1x4x4x16xf32, strided<[512, 128, 32, 1]>>
// CHECK: tn.kernel ins(%[[DYING]] : memref<1x4x4x16xf32>) outs(%[[PART]]
module {
  func.func @main(%x: tensor<1x4x4x16xf32>, %y: tensor<1x4x4x16xf32>) -> (tensor<1x4x4x8xf32>, tensor<1x4x4x16xf32>) {
    %w = tn.constant dense<1.0> : tensor<32x8xf32>
    %half = tn.constant dense<0.5> : tensor<f32>
    %0 = tn.window sum %x sizes [1, 3, 3, 1] strides [1, 1, 1, 1] dilations [1, 1, 1, 1] low [0, 1, 1, 0] high [0, 1, 1, 0] : tensor<1x4x4x16xf32> -> tensor<1x4x4x16xf32>
    %1 = tn.mul %0, %half : tensor<1x4x4x16xf32>, tensor<f32> -> tensor<1x4x4x16xf32>
    %2 = tn.softmax %y axis 3 : tensor<1x4x4x16xf32> -> tensor<1x4x4x16xf32>
    %3 = tn.concat %1, %2 axis 3 : tensor<1x4x4x16xf32>, tensor<1x4x4x16xf32> -> tensor<1x4x4x32xf32>
    %4 = tn.contract %3 [0, 1, 2, 4], %w [4, 3] -> [0, 1, 2, 3] : tensor<1x4x4x32xf32>, tensor<32x8xf32> -> tensor<1x4x4x8xf32>
    %5 = tn.softmax %1 axis 3 : tensor<1x4x4x16xf32> -> tensor<1x4x4x16xf32>
    return %4, %5 : tensor<1x4x4x8xf32>, tensor<1x4x4x16xf32>
  }
}

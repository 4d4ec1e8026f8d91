// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-fuse,tn-schedule),tn-plan-memory)' | FileCheck %s
// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-fuse,tn-schedule),tn-plan-memory{guard=100})' | FileCheck %s --check-prefix=GUARD

// What is known at compile time is computed by @weights; arguments are arena, weight block, inputs and outputs. The packed
// matrix (one panel, 256 bytes) stands behind the bias.
// CHECK-LABEL: module
// CHECK: func.func private @weights() -> ({{.*}}) attributes {tn.offsets = array<i64: 0, 64>}
// CHECK: tn.pack
// CHECK: func.func @main(%[[ARENA:[a-z0-9]+]]: memref<?xi8> {{.*}}, %[[WEIGHTS:[a-z0-9]+]]: memref<?xi8> {{.*}}, %[[X:.*]]: memref<5x2xf32>, %[[Y:.*]]: memref<5x3xf32>)
// CHECK-SAME: tn.arena_bytes = 0 : i64, tn.arena_lower_bound = 0 : i64, tn.inputs = 1 : i64, tn.weights_bytes = 320 : i64
// CHECK-DAG: tn.view %[[WEIGHTS]][0] : memref<?xi8> -> memref<3xf32>
// CHECK-DAG: tn.view %[[WEIGHTS]][64] : memref<?xi8> -> memref<1x2x32xf32>
// CHECK: tn.kernel ins(%[[X]], {{.*}}) outs(%[[Y]] : memref<5x3xf32>) template "contraction"
module {
  func.func @main(%x: tensor<5x2xf32>) -> tensor<5x3xf32> {
    %w = tn.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
    %b = tn.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
    %0 = tn.contract %x [0, 2], %w [2, 1] -> [0, 1] : tensor<5x2xf32>, tensor<2x3xf32> -> tensor<5x3xf32>
    %1 = tn.add %0, %b : tensor<5x3xf32>, tensor<3xf32> -> tensor<5x3xf32>
    return %1 : tensor<5x3xf32>
  }
}

// -----

// The second softmax writes over the first one's result, which dies in it. A reshape is a view of the same bytes, and what
// the last kernel writes is the model's output under another shape.
// CHECK-LABEL: module
// CHECK: func.func @main(%[[ARENA:[a-z0-9]+]]: memref<?xi8> {{.*}}, %{{.*}}: memref<?xi8> {{.*}}, %[[X:.*]]: memref<4x8xf32>, %[[Y:.*]]: memref<4x8xf32>)
// CHECK-SAME: tn.arena_bytes = 128 : i64, tn.arena_lower_bound = 128 : i64
// CHECK: %[[A:.*]] = tn.view %[[ARENA]][0] : memref<?xi8> -> memref<4x8xf32>
// CHECK: tn.kernel ins(%[[X]] : memref<4x8xf32>) outs(%[[A]] : memref<4x8xf32>) template "rows"
// CHECK: %[[B:.*]] = tn.view %[[ARENA]][0] : memref<?xi8> -> memref<2x16xf32>
// CHECK: %[[C:.*]] = tn.view %[[ARENA]][0] : memref<?xi8> -> memref<2x16xf32>
// CHECK: tn.kernel ins(%[[B]] : memref<2x16xf32>) outs(%[[C]] : memref<2x16xf32>) template "rows"
// CHECK: %[[D:.*]] = tn.view %[[Y]][0] : memref<4x8xf32> -> memref<16x2xf32>
// CHECK: tn.kernel ins({{.*}}) outs(%[[D]] : memref<16x2xf32>) template "elementwise"
module {
  func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = tn.softmax %x axis 1 : tensor<4x8xf32> -> tensor<4x8xf32>
    %r = tn.reshape %0 : tensor<4x8xf32> -> tensor<2x16xf32>
    %1 = tn.softmax %r axis 1 : tensor<2x16xf32> -> tensor<2x16xf32>
    %2 = tn.transpose %1 [1, 0] : tensor<2x16xf32> -> tensor<16x2xf32>
    %3 = tn.reshape %2 : tensor<16x2xf32> -> tensor<4x8xf32>
    return %3 : tensor<4x8xf32>
  }
}

// -----

// An input, a constant and a value that is returned twice are copied to the outputs.
// CHECK-LABEL: module
// CHECK: func.func @main
// CHECK-COUNT-4: tn.kernel
// CHECK-NOT: tn.kernel
module {
  func.func @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
    %c = tn.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
    %0 = tn.exp %x : tensor<4xf32> -> tensor<4xf32>
    return %x, %c, %0, %0 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
}

// -----

// A value with a later reader keeps its memory: the kernel in between gets its own.
// CHECK-LABEL: module
// CHECK: func.func @main(%[[ARENA:[a-z0-9]+]]: memref<?xi8> {{.*}}tn.arena_bytes = 256 : i64
// CHECK: tn.view %[[ARENA]][0]
// CHECK: tn.view %[[ARENA]][128]
// Bands are of whole lines. With them no two buffers touch.
// GUARD: func.func @main(%[[ARENA:[a-z0-9]+]]: memref<?xi8> {{.*}}tn.arena_bytes = 768 : i64, {{.*}}tn.guard_bytes = 128 : i64
// GUARD: tn.view %[[ARENA]][128]
// GUARD: tn.view %[[ARENA]][512]
module {
  func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    %0 = tn.softmax %x axis 1 : tensor<4x8xf32> -> tensor<4x8xf32>
    %1 = tn.softmax %0 axis 1 : tensor<4x8xf32> -> tensor<4x8xf32>
    %2 = tn.softmax %1 axis 1 : tensor<4x8xf32> -> tensor<4x8xf32>
    %3 = tn.add %2, %0 : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>
    return %3 : tensor<4x8xf32>
  }
}

// -----

// Rows of 2 kB that a contraction reads several of at a time lie a line further apart, also seen through a reshape.
// CHECK-LABEL: module
// CHECK: tn.arena_bytes = 16896 : i64
// CHECK: tn.kernel ins({{.*}}) outs({{.*}} : memref<2x4x512xf32, strided<[2112, 528, 1]>>) template "elementwise"
// CHECK: tn.kernel ins({{.*}} : memref<8x512xf32, strided<[528, 1]>>, memref<1x512x32xf32>) {{.*}} template "contraction"
module {
  func.func @main(%x: tensor<2x4x512xf32>) -> tensor<8x32xf32> {
    %w = tn.constant dense<1.0> : tensor<512x32xf32>
    %0 = tn.exp %x : tensor<2x4x512xf32> -> tensor<2x4x512xf32>
    %1 = tn.reshape %0 : tensor<2x4x512xf32> -> tensor<8x512xf32>
    %2 = tn.contract %1 [0, 2], %w [2, 1] -> [0, 1] : tensor<8x512xf32>, tensor<512x32xf32> -> tensor<8x32xf32>
    return %2 : tensor<8x32xf32>
  }
}

// -----

// The rows that count are those of the view that the contraction reads.
// CHECK-LABEL: module
// CHECK: tn.kernel ins({{.*}}) outs({{.*}} : memref<8x4x128xf32, strided<[528, 128, 1]>>) template "elementwise"
// CHECK: tn.kernel ins({{.*}} : memref<8x512xf32, strided<[528, 1]>>, memref<1x512x32xf32>) {{.*}} template "contraction"
module {
  func.func @main(%x: tensor<8x4x128xf32>) -> tensor<8x32xf32> {
    %w = tn.constant dense<1.0> : tensor<512x32xf32>
    %0 = tn.exp %x : tensor<8x4x128xf32> -> tensor<8x4x128xf32>
    %1 = tn.reshape %0 : tensor<8x4x128xf32> -> tensor<8x512xf32>
    %2 = tn.contract %1 [0, 2], %w [2, 1] -> [0, 1] : tensor<8x512xf32>, tensor<512x32xf32> -> tensor<8x32xf32>
    return %2 : tensor<8x32xf32>
  }
}

// -----

// Rows that are read one at a time stay together.
// CHECK-LABEL: module
// CHECK: tn.arena_bytes = 2048 : i64
// CHECK-NOT: strided
module {
  func.func @main(%x: tensor<1x512xf32>) -> tensor<1x32xf32> {
    %w = tn.constant dense<1.0> : tensor<512x32xf32>
    %0 = tn.exp %x : tensor<1x512xf32> -> tensor<1x512xf32>
    %1 = tn.contract %0 [0, 2], %w [2, 1] -> [0, 1] : tensor<1x512xf32>, tensor<512x32xf32> -> tensor<1x32xf32>
    return %1 : tensor<1x32xf32>
  }
}

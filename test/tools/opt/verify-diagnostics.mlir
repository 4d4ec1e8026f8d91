// RUN: tenon-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(tn-fuse-stage)'
// RUN: not tenon-opt %s -split-input-file -pass-pipeline='builtin.module(tn-fuse-stage)' 2>&1 | FileCheck %s

// Verifier and passes report at the operation, and other parts of the file go on.
func.func @main(%x: tensor<4x8xf32>) -> tensor<4x4xf32> {
  // CHECK: verify-diagnostics.mlir:8:{{[0-9]+}}: error: 'tn.transpose'
  // expected-error @+1 {{'tn.transpose'}}
  %0 = tn.transpose %x [1, 0] : tensor<4x8xf32> -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

func.func @main(%x: tensor<4x1x2x16xf64>, %r: tensor<1x16x4xf64>, %h: tensor<1x2x4xf64>, %c: tensor<1x2x4xf64>) -> tensor<4x1x2x4xf64> {
  // CHECK: verify-diagnostics.mlir:17:{{[0-9]+}}: error: no kernel template can compute tn.lstm here
  // expected-error @+1 {{no kernel template can compute tn.lstm here}}
  %y, %hn, %cn = tn.lstm %x, %r, %h, %c reverse [false] : tensor<4x1x2x16xf64>, tensor<1x16x4xf64>, tensor<1x2x4xf64>, tensor<1x2x4xf64> -> tensor<4x1x2x4xf64>, tensor<1x2x4xf64>, tensor<1x2x4xf64>
  return %y : tensor<4x1x2x4xf64>
}

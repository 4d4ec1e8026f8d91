// RUN: tenon-opt %s --split-input-file --verify-diagnostics

func.func @elementwise_c1(%x: tensor<2xf32>, %y: tensor<2xi32>) {
  // expected-error-re@+2 {{{{.*}}elementwise_c1}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.add %x, %y : tensor<2xf32>, tensor<2xi32> -> tensor<2xf32>
  return
}

// -----

func.func @elementwise_c2(%x: tensor<2xf32>, %y: tensor<3xf32>) {
  // expected-error-re@+2 {{{{.*}}elementwise_c2}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.add %x, %y : tensor<2xf32>, tensor<3xf32> -> tensor<2xf32>
  return
}

// -----

func.func @cast_c1(%x: tensor<2xf32>) {
  // expected-error-re@+1 {{{{.*}}cast_c1}}
  %0 = tn.cast %x : tensor<2xf32> -> tensor<3xi32>
  return
}

// -----

func.func @constant_c2() {
  // expected-error-re@+1 {{{{.*}}constant_c2}}
  %0 = "tn.constant"() <{value = dense<1.0> : tensor<2xf32>}> : () -> tensor<3xf32>
  return
}

// -----

func.func @constant_c3() {
  // expected-error-re@+1 {{{{.*}}constant_c3}}
  %0 = "tn.constant"() <{value = 1 : i32}> : () -> tensor<3xf32>
  return
}

// -----

func.func @constant_c4() {
  // expected-error-re@+1 {{{{.*}}constant_c4}}
  %0 = tn.constant #tn.weight<"w", 0, 8> -> tensor<3xf32>
  return
}

// -----

func.func @reshape_c1(%x: tensor<2xf32>) {
  // expected-error-re@+1 {{{{.*}}reshape_c1}}
  %0 = tn.reshape %x : tensor<2xf32> -> tensor<3xf32>
  return
}

// -----

func.func @transpose_c1(%x: tensor<2x3xf32>) {
  // expected-error-re@+2 {{{{.*}}transpose_c1}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.transpose %x [0, 0] : tensor<2x3xf32> -> tensor<2x2xf32>
  return
}

// -----

func.func @broadcast_c1(%x: tensor<2xf32>) {
  // expected-error-re@+1 {{{{.*}}broadcast_c1}}
  %0 = tn.broadcast %x : tensor<2xf32> -> tensor<2x3xf32>
  return
}

// -----

func.func @slice_c1(%x: tensor<2x3xf32>) {
  // expected-error-re@+2 {{{{.*}}slice_c1}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.slice %x [0, 2] [2, 2] [1, 1] : tensor<2x3xf32> -> tensor<2x2xf32>
  return
}

// -----

func.func @concat_c1(%x: tensor<2x3xf32>, %y: tensor<3x3xf32>) {
  // expected-error-re@+2 {{{{.*}}concat_c1}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.concat %x, %y axis 1 : tensor<2x3xf32>, tensor<3x3xf32> -> tensor<2x6xf32>
  return
}

// -----

func.func @pad_c1(%x: tensor<2xf32>) {
  // expected-error-re@+2 {{{{.*}}pad_c1}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.pad %x reflect [2] [0] 0.0 : tensor<2xf32> -> tensor<4xf32>
  return
}

// -----

func.func @iota_c1() {
  // expected-error-re@+1 {{{{.*}}iota_c1}}
  %0 = tn.iota axis 2 -> tensor<2x2xi64>
  return
}

// -----

func.func @contract_c1(%x: tensor<2x3xf32>, %y: tensor<4x5xf32>) {
  // expected-error-re@+2 {{{{.*}}contract_c1}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.contract %x [0, 2], %y [2, 1] -> [0, 1] : tensor<2x3xf32>, tensor<4x5xf32> -> tensor<2x5xf32>
  return
}

// -----

func.func @contract_c2(%x: tensor<2x3xf32>, %y: tensor<3x5xf64>) {
  // expected-error-re@+2 {{{{.*}}contract_c2}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.contract %x [0, 2], %y [2, 1] -> [0, 1] : tensor<2x3xf32>, tensor<3x5xf64> -> tensor<2x5xf32>
  return
}

// -----

func.func @conv_c1(%x: tensor<1x4x5x5xf32>, %w: tensor<4x4x1x1xf32>) {
  // expected-error-re@+2 {{{{.*}}conv_c1}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.conv %x, %w strides [0, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 : tensor<1x4x5x5xf32>, tensor<4x4x1x1xf32> -> tensor<1x4x5x5xf32>
  return
}

// -----

func.func @conv_c2(%x: tensor<1x4x5x5xf32>, %w: tensor<4x4x1x1xf32>) {
  // expected-error-re@+2 {{{{.*}}conv_c2}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.conv %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 2 : tensor<1x4x5x5xf32>, tensor<4x4x1x1xf32> -> tensor<1x4x5x5xf32>
  return
}

// -----

func.func @reduce_c1(%x: tensor<2x3xf32>) {
  // expected-error-re@+2 {{{{.*}}reduce_c1}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.reduce sum %x axes [1, 0] : tensor<2x3xf32> -> tensor<1x1xf32>
  return
}

// -----

func.func @reduce_c2(%x: tensor<2x3xf32>) {
  // expected-error-re@+2 {{{{.*}}reduce_c2}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.reduce arg_max %x axes [0, 1] : tensor<2x3xf32> -> tensor<1x1xi64>
  return
}

// -----

func.func @window_c1(%x: tensor<3xf32>) {
  // expected-error-re@+2 {{{{.*}}window_c1}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.window max %x sizes [0] strides [1] dilations [1] low [0] high [0] : tensor<3xf32> -> tensor<3xf32>
  return
}

// -----

func.func @window_c2(%x: tensor<3xf32>) {
  // expected-error-re@+2 {{{{.*}}window_c2}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.window arg_max %x sizes [1] strides [1] dilations [1] low [0] high [0] : tensor<3xf32> -> tensor<3xf32>
  return
}

// -----

func.func @softmax_c1(%x: tensor<3xf32>) {
  // expected-error-re@+2 {{{{.*}}softmax_c1}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.softmax %x axis 1 : tensor<3xf32> -> tensor<3xf32>
  return
}

// -----

func.func @normalize_c1(%x: tensor<3xf32>) {
  // expected-error-re@+2 {{{{.*}}normalize_c1}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.normalize %x axes [1] epsilon 0.0 : tensor<3xf32> -> tensor<3xf32>
  return
}

// -----

func.func @lstm_c1(%g: tensor<6x2x1x32xf32>, %r: tensor<2x32x8xf32>, %h: tensor<2x1x9xf32>) {
  // expected-error-re@+2 {{{{.*}}lstm_c1}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %y, %l, %c = tn.lstm %g, %r, %h, %h reverse [false, true] : tensor<6x2x1x32xf32>, tensor<2x32x8xf32>, tensor<2x1x9xf32>, tensor<2x1x9xf32> -> tensor<6x2x1x8xf32>, tensor<2x1x8xf32>, tensor<2x1x8xf32>
  return
}

// -----

func.func @kernel_c1(%x: tensor<4xf32>) {
  // expected-error-re@+1 {{{{.*}}kernel_c1}}
  %0 = tn.kernel ins(%x : tensor<4xf32>) {
  ^bb0:
    %c = tn.constant dense<1.0> : tensor<4xf32>
    tn.yield %c : tensor<4xf32>
  } -> tensor<4xf32>
  return
}

// -----

func.func @kernel_c2(%x: tensor<4xf32>) {
  // expected-error-re@+1 {{{{.*}}kernel_c2}}
  %0 = tn.kernel ins(%x : tensor<4xf32>) {
  ^bb0(%a: tensor<5xf32>):
    tn.yield %a : tensor<5xf32>
  } -> tensor<5xf32>
  return
}

// -----

func.func @kernel_c5(%x: tensor<4xf32>) {
  // expected-error-re@+1 {{{{.*}}kernel_c5}}
  %0 = tn.kernel ins(%x : tensor<4xf32>) {
  ^bb0(%a: tensor<4xf32>):
    tn.yield
  } -> tensor<4xf32>
  return
}

// -----

func.func @kernel_c6(%x: tensor<4xf32>) {
  // expected-error-re@+1 {{{{.*}}kernel_c6}}
  %0 = tn.kernel ins(%x : tensor<4xf32>) {
  ^bb0(%a: tensor<4xf32>):
    tn.yield %a : tensor<4xf32>
  } -> tensor<5xf32>
  return
}

// -----

func.func @winograd_c1(%w: tensor<4x4x5x5xf32>) {
  // expected-error-re@+2 {{{{.*}}winograd_c1}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.winograd_filter %w tile 4 panel 32 : tensor<4x4x5x5xf32> -> tensor<1x36x4x32xf32>
  return
}

// -----

func.func @winograd_c2(%x: tensor<1x9x10x16xf32>, %u: tensor<1x36x16x32xf32>) {
  // expected-error-re@+2 {{{{.*}}winograd_c2}}
  // expected-error-re@+1 {{{{.*}}failed to infer returned types}}
  %0 = tn.winograd_conv %x, %u tile 4 size [8, 8] filters 32 : tensor<1x9x10x16xf32>, tensor<1x36x16x32xf32> -> tensor<1x8x8x32xf32>
  return
}

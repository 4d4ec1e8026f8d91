// RUN: tenon-opt %s | tenon-opt | FileCheck %s
// RUN: tenon-opt %s --mlir-print-op-generic | tenon-opt | FileCheck %s

// CHECK-LABEL: @constants
// CHECK: tn.constant dense<1.000000e+00> : tensor<4xf32>
// CHECK: tn.constant #tn.weight<"model.weights", 0, 1024> -> tensor<256xf32>
func.func @constants() -> (tensor<4xf32>, tensor<256xf32>) {
  %c = tn.constant dense<1.0> : tensor<4xf32>
  %w = tn.constant #tn.weight<"model.weights", 0, 1024> -> tensor<256xf32>
  return %c, %w : tensor<4xf32>, tensor<256xf32>
}

// CHECK-LABEL: @shapes
// CHECK-SAME: #tn.shape<["batch", "seq"], ()[s0, s1] -> (s0, s1, 768)>
func.func @shapes(%x: tensor<?x?x768xf32, #tn.shape<["batch", "seq"], ()[s0, s1] -> (s0, s1, 768)>>) {
  return
}

// CHECK-LABEL: @movement
// CHECK: tn.reshape %arg0 : tensor<4x8xf32> -> tensor<2x16xf32>
// CHECK: tn.transpose %arg0 [1, 0] : tensor<4x8xf32> -> tensor<8x4xf32>
// CHECK: tn.broadcast %arg0 : tensor<4x8xf32> -> tensor<2x4x8xf32>
// CHECK: tn.slice %arg0 [0, 2] [4, 3] [1, 2] : tensor<4x8xf32> -> tensor<4x3xf32>
// CHECK: tn.concat %arg0, %arg0 axis 1 : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x16xf32>
// CHECK: tn.pad %arg0 constant [0, 1] [0, 1] 0.000000e+00 : tensor<4x8xf32> -> tensor<4x10xf32>
// CHECK: tn.pad %arg0 reflect [0, 1] [0, 1] 0.000000e+00 : tensor<4x8xf32> -> tensor<4x10xf32>
// CHECK: tn.iota axis 1 -> tensor<2x4xi64>
func.func @movement(%x: tensor<4x8xf32>) -> (tensor<2x16xf32>, tensor<8x4xf32>, tensor<2x4x8xf32>, tensor<4x3xf32>, tensor<4x16xf32>, tensor<4x10xf32>, tensor<4x10xf32>, tensor<2x4xi64>) {
  %0 = tn.reshape %x : tensor<4x8xf32> -> tensor<2x16xf32>
  %1 = tn.transpose %x [1, 0] : tensor<4x8xf32> -> tensor<8x4xf32>
  %2 = tn.broadcast %x : tensor<4x8xf32> -> tensor<2x4x8xf32>
  %3 = tn.slice %x [0, 2] [4, 3] [1, 2] : tensor<4x8xf32> -> tensor<4x3xf32>
  %4 = tn.concat %x, %x axis 1 : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x16xf32>
  %5 = tn.pad %x constant [0, 1] [0, 1] 0.0 : tensor<4x8xf32> -> tensor<4x10xf32>
  %6 = tn.pad %x reflect [0, 1] [0, 1] 0.0 : tensor<4x8xf32> -> tensor<4x10xf32>
  %7 = tn.iota axis 1 -> tensor<2x4xi64>
  return %0, %1, %2, %3, %4, %5, %6, %7 : tensor<2x16xf32>, tensor<8x4xf32>, tensor<2x4x8xf32>, tensor<4x3xf32>, tensor<4x16xf32>, tensor<4x10xf32>, tensor<4x10xf32>, tensor<2x4xi64>
}

// CHECK-LABEL: @gathers
// CHECK: tn.gather %arg0, %arg1 axis 0 : tensor<100x8xf32>, tensor<1x5xi64> -> tensor<1x5x8xf32>
// CHECK: tn.gather_elements %arg0, %arg2 axis 1 : tensor<100x8xf32>, tensor<100x2xi64> -> tensor<100x2xf32>
// CHECK: tn.gather_nd %arg0, %arg2 batch 0 : tensor<100x8xf32>, tensor<100x2xi64> -> tensor<100xf32>
func.func @gathers(%x: tensor<100x8xf32>, %i: tensor<1x5xi64>, %j: tensor<100x2xi64>) -> (tensor<1x5x8xf32>, tensor<100x2xf32>, tensor<100xf32>) {
  %0 = tn.gather %x, %i axis 0 : tensor<100x8xf32>, tensor<1x5xi64> -> tensor<1x5x8xf32>
  %1 = tn.gather_elements %x, %j axis 1 : tensor<100x8xf32>, tensor<100x2xi64> -> tensor<100x2xf32>
  %2 = tn.gather_nd %x, %j batch 0 : tensor<100x8xf32>, tensor<100x2xi64> -> tensor<100xf32>
  return %0, %1, %2 : tensor<1x5x8xf32>, tensor<100x2xf32>, tensor<100xf32>
}

// CHECK-LABEL: @panels
// CHECK: tn.pack %arg0 batch [] k [0] n [1] panel 32 : tensor<768x50xf32> -> tensor<2x768x32xf32>
// CHECK: tn.unpack %{{.*}} batch [] k [0] n [1] panel 32 : tensor<2x768x32xf32> -> tensor<768x50xf32>
func.func @panels(%w: tensor<768x50xf32>) -> tensor<768x50xf32> {
  %0 = tn.pack %w batch [] k [0] n [1] panel 32 : tensor<768x50xf32> -> tensor<2x768x32xf32>
  %1 = tn.unpack %0 batch [] k [0] n [1] panel 32 : tensor<2x768x32xf32> -> tensor<768x50xf32>
  return %1 : tensor<768x50xf32>
}

// CHECK-LABEL: @sums
// CHECK: tn.contract %arg0 [0, 1, 3], %arg1 [0, 2, 3] -> [0, 1, 2] : tensor<4x8x16xf32>, tensor<4x9x16xf32> -> tensor<4x8x9xf32>
// CHECK: tn.reduce sum %arg0 axes [1] : tensor<4x8x16xf32> -> tensor<4x1x16xf32>
// CHECK: tn.reduce arg_max %arg0 axes [2] {select_last} : tensor<4x8x16xf32> -> tensor<4x8x1xi64>
func.func @sums(%a: tensor<4x8x16xf32>, %b: tensor<4x9x16xf32>) -> (tensor<4x8x9xf32>, tensor<4x1x16xf32>, tensor<4x8x1xi64>) {
  %0 = tn.contract %a [0, 1, 3], %b [0, 2, 3] -> [0, 1, 2] : tensor<4x8x16xf32>, tensor<4x9x16xf32> -> tensor<4x8x9xf32>
  %1 = tn.reduce sum %a axes [1] : tensor<4x8x16xf32> -> tensor<4x1x16xf32>
  %2 = tn.reduce arg_max %a axes [2] {select_last} : tensor<4x8x16xf32> -> tensor<4x8x1xi64>
  return %0, %1, %2 : tensor<4x8x9xf32>, tensor<4x1x16xf32>, tensor<4x8x1xi64>
}

// CHECK-LABEL: @windows
// CHECK: tn.conv %arg0, %arg1 strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last}
// CHECK: tn.window max %arg0 sizes [1, 2, 2, 1] strides [1, 2, 2, 1] dilations [1, 1, 1, 1] low [0, 0, 0, 0] high [0, 0, 0, 0]
func.func @windows(%x: tensor<1x8x8x16xf32>, %w: tensor<32x16x3x3xf32>) -> (tensor<1x8x8x32xf32>, tensor<1x4x4x16xf32>) {
  %0 = tn.conv %x, %w strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x8x8x16xf32>, tensor<32x16x3x3xf32> -> tensor<1x8x8x32xf32>
  %1 = tn.window max %x sizes [1, 2, 2, 1] strides [1, 2, 2, 1] dilations [1, 1, 1, 1] low [0, 0, 0, 0] high [0, 0, 0, 0] : tensor<1x8x8x16xf32> -> tensor<1x4x4x16xf32>
  return %0, %1 : tensor<1x8x8x32xf32>, tensor<1x4x4x16xf32>
}

// CHECK-LABEL: @composites
// CHECK: tn.softmax %arg0 axis 1 {log} : tensor<4x9xf32> -> tensor<4x9xf32>
// CHECK: tn.normalize %arg0 axes [1] epsilon 1.000000e-05 {rms} : tensor<4x9xf32> -> tensor<4x9xf32>
func.func @composites(%x: tensor<4x9xf32>) -> (tensor<4x9xf32>, tensor<4x9xf32>) {
  %0 = tn.softmax %x axis 1 {log} : tensor<4x9xf32> -> tensor<4x9xf32>
  %1 = tn.normalize %x axes [1] epsilon 1.0e-5 {rms} : tensor<4x9xf32> -> tensor<4x9xf32>
  return %0, %1 : tensor<4x9xf32>, tensor<4x9xf32>
}

// CHECK-LABEL: @lstm
// CHECK: tn.lstm %arg0, %arg1, %arg2, %arg2 reverse [false, true] :
func.func @lstm(%g: tensor<6x2x1x32xf32>, %r: tensor<2x32x8xf32>, %h: tensor<2x1x8xf32>) -> tensor<6x2x1x8xf32> {
  %y, %l, %c = tn.lstm %g, %r, %h, %h reverse [false, true] : tensor<6x2x1x32xf32>, tensor<2x32x8xf32>, tensor<2x1x8xf32>, tensor<2x1x8xf32> -> tensor<6x2x1x8xf32>, tensor<2x1x8xf32>, tensor<2x1x8xf32>
  return %y : tensor<6x2x1x8xf32>
}

// CHECK-LABEL: @kernel
// CHECK: tn.kernel ins(%arg0, %arg1 : tensor<4x8xf32>, tensor<8x2xf32>) template "contraction"
// CHECK: tn.yield %{{.*}} : tensor<4x2xf32>
func.func @kernel(%x: tensor<4x8xf32>, %w: tensor<8x2xf32>) -> tensor<4x2xf32> {
  %y = tn.kernel ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>) template "contraction" {
  ^bb0(%a: tensor<4x8xf32>, %b: tensor<8x2xf32>):
    %0 = tn.contract %a [0, 2], %b [2, 1] -> [0, 1] : tensor<4x8xf32>, tensor<8x2xf32> -> tensor<4x2xf32>
    tn.yield %0 : tensor<4x2xf32>
  } -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// CHECK-LABEL: @buffers
// CHECK: tn.view %arg0[256] : memref<4096xi8> -> memref<4x8xf32>
// CHECK: tn.kernel ins(%{{.*}} : memref<4x8xf32>) outs(%{{.*}} : memref<4x8xf32>)
func.func @buffers(%arena: memref<4096xi8>) {
  %a = tn.view %arena[0] : memref<4096xi8> -> memref<4x8xf32>
  %b = tn.view %arena[256] : memref<4096xi8> -> memref<4x8xf32>
  tn.kernel ins(%a : memref<4x8xf32>) outs(%b : memref<4x8xf32>) {
  ^bb0(%x: tensor<4x8xf32>):
    %0 = tn.relu %x : tensor<4x8xf32> -> tensor<4x8xf32>
    tn.yield %0 : tensor<4x8xf32>
  }
  return
}

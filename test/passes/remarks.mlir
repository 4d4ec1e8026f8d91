// RUN: tenon-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tn-winograd,tn-fuse))' -remarks-filter=tn-.* 2>&1 >/dev/null | FileCheck %s

// One chain is one kernel. Its result has two readers, a softmax is not elementwise, and contractions read from memory.
// CHECK-DAG: "a", "b"{{.*}}[Passed] fused | Category:tn-fuse | {{.*}}tn.contract, tn.relu{{.*}} are one kernel of template contraction
// CHECK-DAG: "b", "c"{{.*}}[Missed] apart {{.*}}the result of tn.relu has 2 readers, so it has to be written
// CHECK-DAG: "c", "d"{{.*}}[Missed] apart {{.*}}tn.contract reads its operands from memory, each element several times
// CHECK-DAG: "d", "e"{{.*}}[Missed] apart {{.*}}only elementwise operations join the kernel of tn.contract, and tn.softmax is none
// CHECK-DAG: "e", "f"{{.*}}[Missed] apart {{.*}}a reshape lies between them, and a kernel computes in one shape
// CHECK-DAG: "f", "g"{{.*}}[Missed] apart {{.*}}results [16, 4] and [3, 16, 4] differ in shape
func.func @chain(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %v: tensor<16x16xf32>, %b: tensor<16x4xf32>,
                 %m: tensor<3x16x4xf32>) -> (tensor<4x16xf32>, tensor<3x16x4xf32>) {
  %0 = tn.contract %x [0, 2], %w [2, 1] -> [0, 1] : tensor<4x8xf32>, tensor<8x16xf32> -> tensor<4x16xf32> loc("a")
  %1 = tn.relu %0 : tensor<4x16xf32> -> tensor<4x16xf32> loc("b")
  %2 = tn.softmax %1 axis 1 : tensor<4x16xf32> -> tensor<4x16xf32> loc("c")
  %3 = tn.contract %2 [0, 2], %v [2, 1] -> [0, 1] : tensor<4x16xf32>, tensor<16x16xf32> -> tensor<4x16xf32> loc("d")
  %4 = tn.softmax %3 axis 1 : tensor<4x16xf32> -> tensor<4x16xf32> loc("e")
  %5 = tn.reshape %4 : tensor<4x16xf32> -> tensor<16x4xf32> loc("r")
  %6 = tn.softmax %5 axis 1 : tensor<16x4xf32> -> tensor<16x4xf32> loc("f")
  %7 = tn.add %m, %6 : tensor<3x16x4xf32>, tensor<16x4xf32> -> tensor<3x16x4xf32> loc("g")
  return %1, %7 : tensor<4x16xf32>, tensor<3x16x4xf32>
}

// -----

// Producers: an expensive one is not computed again for each element that it is broadcast to; a gather is no anchor.
// CHECK-DAG: "p", "q"{{.*}}[Missed] apart {{.*}}tn.exp is expensive, and would be computed again
// CHECK-DAG: "q", "s"{{.*}}[Missed] apart {{.*}}tn.gather may read elements several times, and would repeat the work of tn.add
func.func @producers(%x: tensor<1x64xf32>, %y: tensor<8x64xf32>, %i: tensor<5xi64>) -> tensor<5x64xf32> {
  %0 = tn.exp %x : tensor<1x64xf32> -> tensor<1x64xf32> loc("p")
  %1 = tn.add %y, %0 : tensor<8x64xf32>, tensor<1x64xf32> -> tensor<8x64xf32> loc("q")
  %2 = tn.gather %1, %i axis 0 : tensor<8x64xf32>, tensor<5xi64> -> tensor<5x64xf32> loc("s")
  return %2 : tensor<5x64xf32>
}

// -----

// Transposes say between what they lie.
// CHECK-DAG: loc("t"){{.*}}[Missed] transpose | Category:tn-layout {{.*}}a transpose of [4, 8] stays: it lies between an input of the model, whose order is given and tn.exp
func.func @transpose(%x: tensor<4x8xf32>) -> tensor<8x4xf32> {
  %0 = tn.transpose %x [1, 0] : tensor<4x8xf32> -> tensor<8x4xf32> loc("t")
  %1 = tn.exp %0 : tensor<8x4xf32> -> tensor<8x4xf32> loc("u")
  return %1 : tensor<8x4xf32>
}

// -----

// Convolutions: one that gains from Winograd's algorithm, one that is too small, and obstacles.
// CHECK-DAG: loc("large"){{.*}}[Passed] chosen | Category:tn-winograd {{.*}}tiles of 4x4: {{.*}}operations directly
// CHECK-DAG: loc("small"){{.*}}[Missed] direct {{.*}}estimated at {{.*}} M operations directly, {{.*}} M with tiles of 2x2
// CHECK-DAG: loc("one"){{.*}}[Missed] direct {{.*}}the filter is not one of 3x3
// CHECK-DAG: loc("channels"){{.*}}[Missed] direct {{.*}}its 8 channels are no multiple of 16
// CHECK-DAG: loc("dynamic"){{.*}}[Missed] direct {{.*}}its filter is not known when compiling
func.func @winograd(%x: tensor<1x58x58x64xf32>, %y: tensor<1x3x3x64xf32>, %z: tensor<1x58x58x8xf32>, %f: tensor<64x64x3x3xf32>)
    -> (tensor<1x56x56x64xf32>, tensor<1x1x1x64xf32>, tensor<1x58x58x64xf32>, tensor<1x56x56x64xf32>, tensor<1x56x56x64xf32>) {
  %w = tn.constant dense<1.0> : tensor<64x64x3x3xf32>
  %v = tn.constant dense<1.0> : tensor<64x64x1x1xf32>
  %u = tn.constant dense<1.0> : tensor<64x8x3x3xf32>
  %0 = tn.conv %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x58x58x64xf32>, tensor<64x64x3x3xf32> -> tensor<1x56x56x64xf32> loc("large")
  %1 = tn.conv %y, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x3x3x64xf32>, tensor<64x64x3x3xf32> -> tensor<1x1x1x64xf32> loc("small")
  %2 = tn.conv %x, %v strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x58x58x64xf32>, tensor<64x64x1x1xf32> -> tensor<1x58x58x64xf32> loc("one")
  %3 = tn.conv %z, %u strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x58x58x8xf32>, tensor<64x8x3x3xf32> -> tensor<1x56x56x64xf32> loc("channels")
  %4 = tn.conv %x, %f strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1 {channels_last} : tensor<1x58x58x64xf32>, tensor<64x64x3x3xf32> -> tensor<1x56x56x64xf32> loc("dynamic")
  return %0, %1, %2, %3, %4 : tensor<1x56x56x64xf32>, tensor<1x1x1x64xf32>, tensor<1x58x58x64xf32>, tensor<1x56x56x64xf32>, tensor<1x56x56x64xf32>
}

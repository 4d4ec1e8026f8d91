// RUN: tenon-opt %s | tenon-opt | FileCheck %s
// RUN: tenon-opt %s --mlir-print-op-generic | tenon-opt | FileCheck %s

// CHECK-LABEL: @neg
// CHECK: tn.neg %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @neg(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.neg %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @abs
// CHECK: tn.abs %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @abs(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.abs %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @sign
// CHECK: tn.sign %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @sign(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.sign %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @not
// CHECK: tn.not %arg0 : tensor<4xi32> -> tensor<4xi32>
func.func @not(%x: tensor<4xi32>) -> tensor<4xi32> {
  %y = tn.not %x : tensor<4xi32> -> tensor<4xi32>
  return %y : tensor<4xi32>
}

// CHECK-LABEL: @floor
// CHECK: tn.floor %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @floor(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.floor %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @ceil
// CHECK: tn.ceil %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @ceil(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.ceil %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @round
// CHECK: tn.round %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @round(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.round %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @sqrt
// CHECK: tn.sqrt %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @sqrt(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.sqrt %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @reciprocal
// CHECK: tn.reciprocal %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @reciprocal(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.reciprocal %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @relu
// CHECK: tn.relu %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.relu %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @exp
// CHECK: tn.exp %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @exp(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.exp %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @log
// CHECK: tn.log %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @log(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.log %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @tanh
// CHECK: tn.tanh %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @tanh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.tanh %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @erf
// CHECK: tn.erf %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @erf(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.erf %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @sin
// CHECK: tn.sin %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @sin(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.sin %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @cos
// CHECK: tn.cos %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @cos(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.cos %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @tan
// CHECK: tn.tan %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @tan(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.tan %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @asin
// CHECK: tn.asin %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @asin(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.asin %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @acos
// CHECK: tn.acos %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @acos(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.acos %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @atan
// CHECK: tn.atan %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @atan(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.atan %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @sinh
// CHECK: tn.sinh %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @sinh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.sinh %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @cosh
// CHECK: tn.cosh %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @cosh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.cosh %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @asinh
// CHECK: tn.asinh %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @asinh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.asinh %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @acosh
// CHECK: tn.acosh %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @acosh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.acosh %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @atanh
// CHECK: tn.atanh %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @atanh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.atanh %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @sigmoid
// CHECK: tn.sigmoid %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @sigmoid(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.sigmoid %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @silu
// CHECK: tn.silu %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @silu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.silu %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @gelu
// CHECK: tn.gelu %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @gelu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.gelu %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @gelu_tanh
// CHECK: tn.gelu_tanh %arg0 : tensor<4xf32> -> tensor<4xf32>
func.func @gelu_tanh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tn.gelu_tanh %x : tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: @add
// CHECK: tn.add %arg0, %arg1 : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
func.func @add(%x: tensor<2x4xf32>, %y: tensor<4xf32>) -> tensor<2x4xf32> {
  %z = tn.add %x, %y : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// CHECK-LABEL: @sub
// CHECK: tn.sub %arg0, %arg1 : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
func.func @sub(%x: tensor<2x4xf32>, %y: tensor<4xf32>) -> tensor<2x4xf32> {
  %z = tn.sub %x, %y : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// CHECK-LABEL: @mul
// CHECK: tn.mul %arg0, %arg1 : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
func.func @mul(%x: tensor<2x4xf32>, %y: tensor<4xf32>) -> tensor<2x4xf32> {
  %z = tn.mul %x, %y : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// CHECK-LABEL: @div
// CHECK: tn.div %arg0, %arg1 : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
func.func @div(%x: tensor<2x4xf32>, %y: tensor<4xf32>) -> tensor<2x4xf32> {
  %z = tn.div %x, %y : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// CHECK-LABEL: @rem
// CHECK: tn.rem %arg0, %arg1 : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
func.func @rem(%x: tensor<2x4xf32>, %y: tensor<4xf32>) -> tensor<2x4xf32> {
  %z = tn.rem %x, %y : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// CHECK-LABEL: @mod
// CHECK: tn.mod %arg0, %arg1 : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
func.func @mod(%x: tensor<2x4xf32>, %y: tensor<4xf32>) -> tensor<2x4xf32> {
  %z = tn.mod %x, %y : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// CHECK-LABEL: @pow
// CHECK: tn.pow %arg0, %arg1 : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
func.func @pow(%x: tensor<2x4xf32>, %y: tensor<4xf32>) -> tensor<2x4xf32> {
  %z = tn.pow %x, %y : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// CHECK-LABEL: @max
// CHECK: tn.max %arg0, %arg1 : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
func.func @max(%x: tensor<2x4xf32>, %y: tensor<4xf32>) -> tensor<2x4xf32> {
  %z = tn.max %x, %y : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// CHECK-LABEL: @min
// CHECK: tn.min %arg0, %arg1 : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
func.func @min(%x: tensor<2x4xf32>, %y: tensor<4xf32>) -> tensor<2x4xf32> {
  %z = tn.min %x, %y : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// CHECK-LABEL: @and
// CHECK: tn.and %arg0, %arg1 : tensor<2x4xi32>, tensor<4xi32> -> tensor<2x4xi32>
func.func @and(%x: tensor<2x4xi32>, %y: tensor<4xi32>) -> tensor<2x4xi32> {
  %z = tn.and %x, %y : tensor<2x4xi32>, tensor<4xi32> -> tensor<2x4xi32>
  return %z : tensor<2x4xi32>
}

// CHECK-LABEL: @or
// CHECK: tn.or %arg0, %arg1 : tensor<2x4xi32>, tensor<4xi32> -> tensor<2x4xi32>
func.func @or(%x: tensor<2x4xi32>, %y: tensor<4xi32>) -> tensor<2x4xi32> {
  %z = tn.or %x, %y : tensor<2x4xi32>, tensor<4xi32> -> tensor<2x4xi32>
  return %z : tensor<2x4xi32>
}

// CHECK-LABEL: @xor
// CHECK: tn.xor %arg0, %arg1 : tensor<2x4xi32>, tensor<4xi32> -> tensor<2x4xi32>
func.func @xor(%x: tensor<2x4xi32>, %y: tensor<4xi32>) -> tensor<2x4xi32> {
  %z = tn.xor %x, %y : tensor<2x4xi32>, tensor<4xi32> -> tensor<2x4xi32>
  return %z : tensor<2x4xi32>
}

// CHECK-LABEL: @shl
// CHECK: tn.shl %arg0, %arg1 : tensor<2x4xi32>, tensor<4xi32> -> tensor<2x4xi32>
func.func @shl(%x: tensor<2x4xi32>, %y: tensor<4xi32>) -> tensor<2x4xi32> {
  %z = tn.shl %x, %y : tensor<2x4xi32>, tensor<4xi32> -> tensor<2x4xi32>
  return %z : tensor<2x4xi32>
}

// CHECK-LABEL: @shr
// CHECK: tn.shr %arg0, %arg1 : tensor<2x4xi32>, tensor<4xi32> -> tensor<2x4xi32>
func.func @shr(%x: tensor<2x4xi32>, %y: tensor<4xi32>) -> tensor<2x4xi32> {
  %z = tn.shr %x, %y : tensor<2x4xi32>, tensor<4xi32> -> tensor<2x4xi32>
  return %z : tensor<2x4xi32>
}

// CHECK-LABEL: @tests
// CHECK: tn.is_nan %arg0 : tensor<4xf32> -> tensor<4xi1>
// CHECK: tn.is_inf %arg0 : tensor<4xf32> -> tensor<4xi1>
// CHECK: tn.compare lt %arg0, %arg0 : tensor<4xf32>, tensor<4xf32> -> tensor<4xi1>
// CHECK: tn.select %{{.*}}, %arg0, %arg1 : tensor<4xi1>, tensor<4xf32>, tensor<f32> -> tensor<4xf32>
// CHECK: tn.cast %arg0 {saturate} : tensor<4xf32> -> tensor<4xi8>
func.func @tests(%x: tensor<4xf32>, %s: tensor<f32>) -> (tensor<4xi1>, tensor<4xi1>, tensor<4xf32>, tensor<4xi8>) {
  %0 = tn.is_nan %x : tensor<4xf32> -> tensor<4xi1>
  %1 = tn.is_inf %x : tensor<4xf32> -> tensor<4xi1>
  %2 = tn.compare lt %x, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xi1>
  %3 = tn.select %2, %x, %s : tensor<4xi1>, tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %4 = tn.cast %x {saturate} : tensor<4xf32> -> tensor<4xi8>
  return %0, %1, %3, %4 : tensor<4xi1>, tensor<4xi1>, tensor<4xf32>, tensor<4xi8>
}

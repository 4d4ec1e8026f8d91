#ifndef TENON_IR_OPS_COMPOSITE
#define TENON_IR_OPS_COMPOSITE

include "ir/ops/Base.td"

def Tn_SoftmaxOp : Tn_PureOp<"softmax", [
    DeclareOpInterfaceMethods<Tn_DecomposableOpInterface>, DeclareOpInterfaceMethods<Tn_LayoutOpInterface>]> {
  let summary = "Softmax along one dimension";
  let description = [{
    `exp(x - max(x)) / sum(exp(x - max(x)))`; with `log`, its logarithm.

    Example: `%y = tn.softmax %x axis 1 : tensor<4x9xf32> -> tensor<4x9xf32>`
  }];
  let arguments = (ins Tn_Tensor:$operand, I64Attr:$axis, UnitAttr:$log);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = "$operand `axis` $axis attr-dict `:` type($operand) `->` type($result)";
}

def Tn_NormalizeOp : Tn_PureOp<"normalize", [
    DeclareOpInterfaceMethods<Tn_DecomposableOpInterface>, DeclareOpInterfaceMethods<Tn_LayoutOpInterface>]> {
  let summary = "Normalisation to zero mean and unit variance along dimensions";
  let description = [{
    `(x - mean) / sqrt(mean((x - mean)^2) + epsilon)` over `axes`; with `rms`, the mean is not subtracted. Scale and
    bias are elementwise operations behind it: layer, instance, group and RMS normalisation differ only in shapes.

    Example: `%y = tn.normalize %x axes [1] epsilon 1.0e-5 : tensor<4x9xf32> -> tensor<4x9xf32>`
  }];
  let arguments = (ins Tn_Tensor:$operand, DenseI64ArrayAttr:$axes, F64Attr:$epsilon, UnitAttr:$rms);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = "$operand `axes` $axes `epsilon` $epsilon attr-dict `:` type($operand) `->` type($result)";
}

def Tn_LstmOp : Tn_Op<"lstm", [
    Pure, InferTypeOpAdaptor, DeclareOpInterfaceMethods<Tn_ReferenceOpInterface>,
    DeclareOpInterfaceMethods<Tn_CostOpInterface>]> {
  let summary = "The recurrent part of an LSTM layer in one or two directions";
  let description = [{
    `gates[t, d, b, 4H]` holds the input projections with all biases added, in the order input, output, forget, cell;
    `recurrent[d, 4H, H]` the recurrent weights, `h0[d, b, H]` and `c0[d, b, H]` the initial states. For each step,
    `g = gates[t] + h . recurrent^T; c = sigmoid(g_f) * c + sigmoid(g_i) * tanh(g_c); h = sigmoid(g_o) * tanh(c)`.
    Direction `d` walks backwards if `reverse[d]`. Results: all `h` as `[t, d, b, H]`, the last `h` and `c` as
    `[d, b, H]`. Source: ONNX LSTM with default activations.

    Example: `%y, %h, %c = tn.lstm %g, %r, %h0, %c0 reverse [false, true] : tensor<64x2x1x2048xf32>,
    tensor<2x2048x512xf32>, tensor<2x1x512xf32>, tensor<2x1x512xf32> -> tensor<64x2x1x512xf32>,
    tensor<2x1x512xf32>, tensor<2x1x512xf32>`
  }];
  let arguments = (ins Tn_Tensor:$gates, Tn_Tensor:$recurrent, Tn_Tensor:$h0, Tn_Tensor:$c0,
                   DenseBoolArrayAttr:$reverse);
  let results = (outs Tn_Tensor:$sequence, Tn_Tensor:$last_h, Tn_Tensor:$last_c);
  let assemblyFormat = [{
    $gates `,` $recurrent `,` $h0 `,` $c0 `reverse` $reverse attr-dict `:`
    type($gates) `,` type($recurrent) `,` type($h0) `,` type($c0) `->`
    type($sequence) `,` type($last_h) `,` type($last_c)
  }];
}

#endif

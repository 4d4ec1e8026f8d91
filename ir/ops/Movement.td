#ifndef TENON_IR_OPS_MOVEMENT
#define TENON_IR_OPS_MOVEMENT

include "ir/ops/Base.td"

def Tn_ConstantOp : Tn_Op<"constant", [Pure, ConstantLike]> {
  let summary = "Constant tensor";
  let description = [{
    The value is a dense attribute (small tensors and splats) or a `#tn.weight` (everything else).

    Examples: `%c = tn.constant dense<1.0> : tensor<4xf32>`,
    `%w = tn.constant #tn.weight<"model.weights", 0, 1024> -> tensor<256xf32>`
  }];
  let arguments = (ins AnyAttr:$value);
  let results = (outs Tn_Tensor:$result);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tn_ReshapeOp : Tn_Op<"reshape", [Pure, DeclareOpInterfaceMethods<Tn_ReferenceOpInterface>]> {
  let summary = "The same elements in row-major order under another shape";
  let description = [{
    Constraint `reshape_c1`: operand and result have the same element type and the same number of elements.

    Example: `%y = tn.reshape %x : tensor<2x6xf32> -> tensor<3x4xf32>`
  }];
  let arguments = (ins Tn_Tensor:$operand);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tn_TransposeOp : Tn_PureOp<"transpose"> {
  let summary = "Permutation of dimensions";
  let description = [{
    Dimension `i` of the result is dimension `permutation[i]` of the operand.
    Constraint `transpose_c1`: `permutation` is a permutation of the operand's dimensions.

    Example: `%y = tn.transpose %x [0, 2, 1] : tensor<2x3x4xf32> -> tensor<2x4x3xf32>`
  }];
  let arguments = (ins Tn_Tensor:$operand, DenseI64ArrayAttr:$permutation);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = "$operand $permutation attr-dict `:` type($operand) `->` type($result)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tn_BroadcastOp : Tn_Op<"broadcast", [
    Pure, DeclareOpInterfaceMethods<Tn_ReferenceOpInterface>, DeclareOpInterfaceMethods<Tn_LayoutOpInterface>]> {
  let summary = "NumPy broadcast to a larger shape";
  let description = [{
    Constraint `broadcast_c1`: the operand's shape broadcasts to the result's, trailing dimensions aligned.

    Example: `%y = tn.broadcast %x : tensor<3x1xf32> -> tensor<2x3x4xf32>`
  }];
  let arguments = (ins Tn_Tensor:$operand);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tn_SliceOp : Tn_PureOp<"slice", [DeclareOpInterfaceMethods<Tn_LayoutOpInterface>]> {
  let summary = "Strided box of a tensor";
  let description = [{
    Element `i` of the result along a dimension is element `offsets + i * strides` of the operand; negative strides walk
    backwards. Constraint `slice_c1`: one offset, size and stride per dimension, all elements inside the operand.

    Example: `%y = tn.slice %x [0, 2] [4, 3] [1, 2] : tensor<4x8xf32> -> tensor<4x3xf32>`
  }];
  let arguments = (ins Tn_Tensor:$operand, DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes,
                   DenseI64ArrayAttr:$strides);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = "$operand $offsets $sizes $strides attr-dict `:` type($operand) `->` type($result)";
  let hasFolder = 1;
}

def Tn_ConcatOp : Tn_PureOp<"concat", [DeclareOpInterfaceMethods<Tn_LayoutOpInterface>]> {
  let summary = "Concatenation along one dimension";
  let description = [{
    Constraint `concat_c1`: operands agree in element type and in every dimension but `axis`.

    Example: `%y = tn.concat %a, %b axis 1 : tensor<2x3xf32>, tensor<2x5xf32> -> tensor<2x8xf32>`
  }];
  let arguments = (ins Variadic<Tn_Tensor>:$operands, I64Attr:$axis);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = "$operands `axis` $axis attr-dict `:` type($operands) `->` type($result)";
  let hasFolder = 1;
}

def Tn_PadMode_Constant : I32EnumAttrCase<"Constant", 0, "constant">;
def Tn_PadMode_Edge : I32EnumAttrCase<"Edge", 1, "edge">;
def Tn_PadMode_Reflect : I32EnumAttrCase<"Reflect", 2, "reflect">;
def Tn_PadMode_Wrap : I32EnumAttrCase<"Wrap", 3, "wrap">;
def Tn_PadMode : I32EnumAttr<"PadMode", "what stands outside a tensor", [
    Tn_PadMode_Constant, Tn_PadMode_Edge, Tn_PadMode_Reflect, Tn_PadMode_Wrap]> {
  let cppNamespace = "::tenon::tn";
  let genSpecializedAttr = 0;
}
def Tn_PadModeAttr : EnumAttr<Tn_Dialect, Tn_PadMode, "pad_mode">;

def Tn_PadOp : Tn_PureOp<"pad", [DeclareOpInterfaceMethods<Tn_LayoutOpInterface>]> {
  let summary = "Padding on both sides of each dimension";
  let description = [{
    Constant mode writes `value` (a float attribute, converted to the element type); edge, reflect and wrap repeat
    elements of the operand. Constraint `pad_c1`: one non-negative `low` and `high` per dimension; reflect needs a
    padding smaller than the dimension, edge and wrap a dimension that is not empty.

    Example: `%y = tn.pad %x constant [0, 1] [0, 1] 0.0 : tensor<4x8xf32> -> tensor<4x10xf32>`
  }];
  let arguments = (ins Tn_Tensor:$operand, Tn_PadModeAttr:$mode, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                   F64Attr:$value);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = "$operand $mode $low $high $value attr-dict `:` type($operand) `->` type($result)";
  let hasFolder = 1;
}

def Tn_GatherOp : Tn_PureOp<"gather", [
    DeclareOpInterfaceMethods<Tn_LayoutOpInterface, ["canPermute", "followsLayout"]>]> {
  let summary = "Slices of a tensor picked by index along one dimension";
  let description = [{
    The result's shape is the operand's with dimension `axis` replaced by the shape of `indices`. A negative index counts
    from the end; an index outside the dimension gives zeros. Source: ONNX Gather.

    Example: `%y = tn.gather %table, %ids axis 0 : tensor<100x8xf32>, tensor<1x5xi64> -> tensor<1x5x8xf32>`
  }];
  let arguments = (ins Tn_Tensor:$operand, Tn_Tensor:$indices, I64Attr:$axis);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = "$operand `,` $indices `axis` $axis attr-dict `:` type($operand) `,` type($indices) `->` type($result)";
}

def Tn_GatherElementsOp : Tn_PureOp<"gather_elements"> {
  let summary = "Elements picked by index along one dimension";
  let description = [{
    `result[i, j, k] = operand[i, indices[i, j, k], k]` for `axis` 1. Indices as in `tn.gather`. Source: ONNX
    GatherElements.

    Example: `%y = tn.gather_elements %x, %i axis 1 : tensor<4x9xf32>, tensor<4x2xi64> -> tensor<4x2xf32>`
  }];
  let arguments = (ins Tn_Tensor:$operand, Tn_Tensor:$indices, I64Attr:$axis);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = "$operand `,` $indices `axis` $axis attr-dict `:` type($operand) `,` type($indices) `->` type($result)";
}

def Tn_GatherNdOp : Tn_PureOp<"gather_nd"> {
  let summary = "Slices picked by index tuples";
  let description = [{
    The last dimension of `indices` holds tuples that index the dimensions after the first `batch_dims` of the operand.
    Indices as in `tn.gather`. Source: ONNX GatherND.

    Example: `%y = tn.gather_nd %x, %i batch 0 : tensor<4x9xf32>, tensor<5x2xi64> -> tensor<5xf32>`
  }];
  let arguments = (ins Tn_Tensor:$operand, Tn_Tensor:$indices, I64Attr:$batch_dims);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = "$operand `,` $indices `batch` $batch_dims attr-dict `:` type($operand) `,` type($indices) `->` type($result)";
}

def Tn_IotaOp : Tn_Op<"iota", [
    Pure, DeclareOpInterfaceMethods<Tn_ReferenceOpInterface>, DeclareOpInterfaceMethods<Tn_LayoutOpInterface>]> {
  let summary = "Index along one dimension";
  let description = [{Example: `%i = tn.iota axis 1 -> tensor<2x4xi64>`}];
  let arguments = (ins I64Attr:$axis);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = "`axis` $axis attr-dict `->` type($result)";
  let hasVerifier = 1;
}

def Tn_PackOp : Tn_PureOp<"pack"> {
  let summary = "Contraction operand in panel form";
  let description = [{
    The operand, `tensor<B... x K... x N...>` after permuting its dimensions so that `batch`, `k` and `n` list them, is
    laid out as `[B..., ceil(N / panel), K, panel]`, zeros beyond N; K and N are the products of their dimensions. One
    portable form serves every vector length: a kernel reads a whole panel row or a part of it.

    Example: `%p = tn.pack %w batch [] k [0] n [1] panel 32 : tensor<768x50xf32> -> tensor<2x768x32xf32>`
  }];
  let arguments = (ins Tn_Tensor:$operand, DenseI64ArrayAttr:$batch, DenseI64ArrayAttr:$k, DenseI64ArrayAttr:$n,
                   I64Attr:$panel);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = [{
    $operand `batch` $batch `k` $k `n` $n `panel` $panel attr-dict `:` type($operand) `->` type($result)
  }];
}

def Tn_UnpackOp : Tn_Op<"unpack", [Pure, DeclareOpInterfaceMethods<Tn_ReferenceOpInterface>]> {
  let summary = "Inverse of tn.pack: gives the panel form its shape back";
  let description = [{
    Attributes are those of the `tn.pack` that it undoes. Inside a kernel it tells the contraction what its packed
    operand means.

    Example: `%w = tn.unpack %p batch [] k [0] n [1] panel 32 : tensor<2x768x32xf32> -> tensor<768x50xf32>`
  }];
  let arguments = (ins Tn_Tensor:$operand, DenseI64ArrayAttr:$batch, DenseI64ArrayAttr:$k, DenseI64ArrayAttr:$n,
                   I64Attr:$panel);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = [{
    $operand `batch` $batch `k` $k `n` $n `panel` $panel attr-dict `:` type($operand) `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif

#ifndef TENON_IR_OPS_CONTRACTION
#define TENON_IR_OPS_CONTRACTION

include "ir/ops/Base.td"

def Tn_ContractOp : Tn_Op<"contract", [
    Pure, InferTypeOpAdaptor, DeclareOpInterfaceMethods<Tn_ReferenceOpInterface>,
    DeclareOpInterfaceMethods<Tn_CostOpInterface>]> {
  let summary = "Sum of products over shared dimensions (einsum of two operands)";
  let description = [{
    `lhs_dims`, `rhs_dims` and `result_dims` name each dimension by a loop number; loops that are missing in the result
    are summed over. Transposes of operands and result are thus a matter of numbering.
    Constraint `contract_c1`: a loop appears at most once per tensor, every loop appears in an operand, every loop of the
    result appears in an operand, and dimensions of one loop agree in size.
    Constraint `contract_c2`: operands have one element type, which is the result's.

    Example (a batched matrix product with the second operand transposed):
    `%c = tn.contract %a [0, 1, 3], %b [0, 2, 3] -> [0, 1, 2] : tensor<4x8x16xf32>, tensor<4x9x16xf32> -> tensor<4x8x9xf32>`
  }];
  let arguments = (ins Tn_Tensor:$lhs, Tn_Tensor:$rhs, DenseI64ArrayAttr:$lhs_dims, DenseI64ArrayAttr:$rhs_dims,
                   DenseI64ArrayAttr:$result_dims);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = [{
    $lhs $lhs_dims `,` $rhs $rhs_dims `->` $result_dims attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)
  }];
  let extraClassDeclaration = [{
    /// Extent of every loop, indexed by loop number.
    ::llvm::SmallVector<int64_t> getLoopExtents();
  }];
  let hasCanonicalizer = 1;
}

def Tn_ConvOp : Tn_Op<"conv", [
    Pure, InferTypeOpAdaptor, DeclareOpInterfaceMethods<Tn_ReferenceOpInterface>,
    DeclareOpInterfaceMethods<Tn_CostOpInterface>,
    DeclareOpInterfaceMethods<Tn_LayoutOpInterface, ["canPermute", "followsLayout"]>]> {
  let summary = "Convolution over any number of spatial dimensions";
  let description = [{
    Input `[N, C, spatial...]`, or `[N, spatial..., C]` with `channels_last`; filter `[F, C / groups, spatial...]` in both
    cases; the result is laid out as the input. `low` and `high` pad the input with zeros (negative padding crops),
    `input_dilation` first puts zeros between its elements, which makes this the transposed convolution too.
    Constraint `conv_c1`: one stride, dilation, padding and input dilation per spatial dimension, strides and dilations
    positive. Constraint `conv_c2`: `groups` divides C and F, and the filter's second dimension is C / groups.
    Source: ONNX Conv.

    Example: `%y = tn.conv %x, %w strides [1, 1] low [1, 1] high [1, 1] dilations [1, 1] input_dilation [1, 1] groups 1
    {channels_last} : tensor<1x8x8x16xf32>, tensor<32x16x3x3xf32> -> tensor<1x8x8x32xf32>`
  }];
  let arguments = (ins Tn_Tensor:$input, Tn_Tensor:$filter, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$low,
                   DenseI64ArrayAttr:$high, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$input_dilation,
                   I64Attr:$groups, UnitAttr:$channels_last);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $filter `strides` $strides `low` $low `high` $high `dilations` $dilations
    `input_dilation` $input_dilation `groups` $groups attr-dict `:` type($input) `,` type($filter) `->` type($result)
  }];
  let extraClassDeclaration = [{
    int64_t getSpatialRank() { return static_cast<int64_t>(getStrides().size()); }
    /// Position of spatial dimension `i` in input and result.
    unsigned getSpatialDim(unsigned i) { return i + (getChannelsLast() ? 1 : 2); }
    unsigned getChannelDim() { return getChannelsLast() ? 1 + getSpatialRank() : 1; }
  }];
}

#endif

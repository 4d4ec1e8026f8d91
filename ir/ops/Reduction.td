#ifndef TENON_IR_OPS_REDUCTION
#define TENON_IR_OPS_REDUCTION

include "ir/ops/Base.td"

def Tn_ReduceKind_Sum : I32EnumAttrCase<"Sum", 0, "sum">;
def Tn_ReduceKind_Prod : I32EnumAttrCase<"Prod", 1, "prod">;
def Tn_ReduceKind_Max : I32EnumAttrCase<"Max", 2, "max">;
def Tn_ReduceKind_Min : I32EnumAttrCase<"Min", 3, "min">;
def Tn_ReduceKind_ArgMax : I32EnumAttrCase<"ArgMax", 4, "arg_max">;
def Tn_ReduceKind_ArgMin : I32EnumAttrCase<"ArgMin", 5, "arg_min">;
def Tn_ReduceKind : I32EnumAttr<"ReduceKind", "reduction", [
    Tn_ReduceKind_Sum, Tn_ReduceKind_Prod, Tn_ReduceKind_Max, Tn_ReduceKind_Min,
    Tn_ReduceKind_ArgMax, Tn_ReduceKind_ArgMin]> {
  let cppNamespace = "::tenon::tn";
  let genSpecializedAttr = 0;
}
def Tn_ReduceKindAttr : EnumAttr<Tn_Dialect, Tn_ReduceKind, "reduce_kind">;

def Tn_ReduceOp : Tn_Op<"reduce", [
    Pure, InferTypeOpAdaptor, DeclareOpInterfaceMethods<Tn_ReferenceOpInterface>,
    DeclareOpInterfaceMethods<Tn_CostOpInterface>, DeclareOpInterfaceMethods<Tn_LayoutOpInterface>]> {
  let summary = "Reduction along dimensions, which stay with size 1";
  let description = [{
    `arg_max` and `arg_min` give the i64 index of the first extreme element (the last with `select_last`) and take one
    axis. A NaN wins max and min. An empty reduction gives the neutral element.
    Constraint `reduce_c1`: axes are ascending, distinct and within the rank.

    Example: `%s = tn.reduce sum %x axes [1] : tensor<4x9xf32> -> tensor<4x1xf32>`
  }];
  let arguments = (ins Tn_ReduceKindAttr:$kind, Tn_Tensor:$operand, DenseI64ArrayAttr:$axes, UnitAttr:$select_last);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = "$kind $operand `axes` $axes attr-dict `:` type($operand) `->` type($result)";
}

def Tn_WindowOp : Tn_Op<"window", [
    Pure, InferTypeOpAdaptor, DeclareOpInterfaceMethods<Tn_ReferenceOpInterface>,
    DeclareOpInterfaceMethods<Tn_CostOpInterface>, DeclareOpInterfaceMethods<Tn_LayoutOpInterface>]> {
  let summary = "Reduction of a window that slides over every dimension";
  let description = [{
    Pooling in any layout: `sizes`, `strides`, `dilations`, `low` and `high` have one entry per dimension (1, 1, 1, 0, 0
    where the window does not move). Positions outside the operand count as the neutral element. Kinds: sum, prod,
    max, min. Constraint `window_c1`: sizes, strides and dilations are positive, paddings not negative.

    Example: `%y = tn.window max %x sizes [1, 2, 2, 1] strides [1, 2, 2, 1] dilations [1, 1, 1, 1] low [0, 0, 0, 0]
    high [0, 0, 0, 0] : tensor<1x8x8x16xf32> -> tensor<1x4x4x16xf32>`
  }];
  let arguments = (ins Tn_ReduceKindAttr:$kind, Tn_Tensor:$operand, DenseI64ArrayAttr:$sizes,
                   DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$low,
                   DenseI64ArrayAttr:$high);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = [{
    $kind $operand `sizes` $sizes `strides` $strides `dilations` $dilations `low` $low `high` $high attr-dict `:`
    type($operand) `->` type($result)
  }];
}

#endif

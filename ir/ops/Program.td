#ifndef TENON_IR_OPS_PROGRAM
#define TENON_IR_OPS_PROGRAM

include "ir/ops/Base.td"

def Tn_KernelOp : Tn_Op<"kernel", [IsolatedFromAbove, SingleBlock, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Operations that run as one kernel";
  let description = [{
    The body computes the results from the block arguments, which stand for `inputs`; it is written in tn operations on
    tensors at every stage and ends in `tn.yield`. Before memory planning inputs and results are tensors. Afterwards the
    kernel is in buffer form: inputs and `outputs` are memrefs, the block arguments keep the tensor types, and each
    yielded tensor is written to the output of the same position.

    `template_name` is the kernel template that lowers the body, `schedule` its parameters, one dictionary per
    target level. Locations name the graph nodes that the kernel computes.

    Example:
    ```mlir
    %y = tn.kernel ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>) template "contraction" {
    ^bb0(%a: tensor<4x8xf32>, %b: tensor<8x2xf32>):
      %0 = tn.contract %a [0, 2], %b [2, 1] -> [0, 1] : tensor<4x8xf32>, tensor<8x2xf32> -> tensor<4x2xf32>
      tn.yield %0 : tensor<4x2xf32>
    } -> tensor<4x2xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$inputs, Variadic<AnyMemRef>:$outputs,
                   OptionalAttr<StrAttr>:$template_name, OptionalAttr<DictionaryAttr>:$schedule);
  let results = (outs Variadic<Tn_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`ins` `(` $inputs^ `:` type($inputs) `)`)? (`outs` `(` $outputs^ `:` type($outputs) `)`)?
    (`template` $template_name^)? (`schedule` $schedule^)? attr-dict-with-keyword $body (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::Block *getBlock() { return &getBody().front(); }
    YieldOp getYield();
    /// Whether inputs and outputs are buffers.
    bool isBufferForm() { return getNumResults() == 0; }
  }];
  let hasVerifier = 1;
}

def Tn_YieldOp : Tn_Op<"yield", [Pure, Terminator, HasParent<"KernelOp">]> {
  let summary = "Results of a kernel's body";
  let description = [{Example: `tn.yield %0 : tensor<4x2xf32>`}];
  let arguments = (ins Variadic<Tn_Tensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def Tn_ViewOp : Tn_Op<"view", [Pure]> {
  let summary = "A buffer at a byte offset of an arena";
  let description = [{
    Gives the bytes at `offset` of the base (the activation arena or the weight block) a type, which may be strided.

    Example: `%b = tn.view %arena[4096] : memref<65536xi8> -> memref<1x64x56x56xf32>`
  }];
  let arguments = (ins AnyMemRef:$base, I64Attr:$offset);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$base `[` $offset `]` attr-dict `:` type($base) `->` type($result)";
}

#endif

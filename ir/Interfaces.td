#ifndef TENON_IR_INTERFACES
#define TENON_IR_INTERFACES

include "mlir/IR/OpBase.td"

def Tn_ReferenceOpInterface : OpInterface<"ReferenceOpInterface"> {
  let cppNamespace = "::tenon::tn";
  let description = [{
    The meaning of an operation, executable: what constant folding, the interpreter and the debugger call. Naive,
    accumulating in f64 (integers exactly), rounding once into the result's element type.
  }];
  let methods = [
    InterfaceMethod<[{Computes the results from operand values. `outputs` arrive allocated with the result types.}],
      "::llvm::LogicalResult", "evaluate",
      (ins "::llvm::ArrayRef<::tenon::Tensor>":$inputs, "::llvm::MutableArrayRef<::tenon::Tensor>":$outputs)>
  ];
}

def Tn_ElementwiseOpInterface : OpInterface<"ElementwiseOpInterface"> {
  let cppNamespace = "::tenon::tn";
  let description = [{
    Operations that compute each element of their result from one element of each operand, broadcast as NumPy does.
  }];
  let methods = [
    InterfaceMethod<[{
      Emits the body for one element or one vector of elements. Operands are scalars or vectors, all of one vector
      shape, of the *compute type* of their element type: f32 for f16, bf16 and smaller floats, the signless integer
      for unsigned ones, i1 for booleans. Returns a value of the compute type of the result.
    }], "::mlir::Value", "emitBody",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "::mlir::ValueRange":$operands)>,
    InterfaceMethod<[{Computes one element. Integers and booleans travel in Scalar::i, floats in Scalar::f.}],
      "::tenon::Scalar", "evaluateScalar", (ins "::llvm::ArrayRef<::tenon::Scalar>":$operands)>,
    InterfaceMethod<[{True if one element costs tens of instructions (exp, tanh, ...), so recomputing it is dear.}],
      "bool", "isExpensive", (ins), [{}], [{ return false; }]>
  ];
}

def Tn_DecomposableOpInterface : OpInterface<"DecomposableOpInterface"> {
  let cppNamespace = "::tenon::tn";
  let description = [{A composite that can say itself in simpler operations.}];
  let methods = [
    InterfaceMethod<[{Emits the equivalent operations and returns the values for each result.}],
      "::llvm::SmallVector<::mlir::Value>", "decompose", (ins "::mlir::OpBuilder &":$builder)>
  ];
}

def Tn_LayoutOpInterface : OpInterface<"LayoutOpInterface"> {
  let cppNamespace = "::tenon::tn";
  let description = [{
    Operations of one result that can be computed with its dimensions in another order, from operands whose dimensions
    are in that order. `permutation` is that of a `tn.transpose` of the result.
  }];
  let methods = [
    InterfaceMethod<[{Whether the result can be computed in this order.}],
      "bool", "canPermute", (ins "::llvm::ArrayRef<int64_t>":$permutation), [{}], [{ return true; }]>,
    InterfaceMethod<[{Whether the operand's dimensions are those of the result, in the same order.}],
      "bool", "followsLayout", (ins "unsigned":$operand), [{}], [{ return true; }]>,
    InterfaceMethod<[{
      Emits the operation on `operands`, of which those that follow the layout have the rank of the result and are
      permuted, and returns its result, which is the original one permuted.
    }],
      "::mlir::Value", "permute", (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$operands,
                                       "::llvm::ArrayRef<int64_t>":$permutation)>
  ];
}

def Tn_CostOpInterface : OpInterface<"CostOpInterface"> {
  let cppNamespace = "::tenon::tn";
  let description = [{Arithmetic of an operation, for reports and fusion decisions.}];
  let methods = [
    InterfaceMethod<[{Floating-point operations; a fused multiply-add counts two.}], "uint64_t", "getFlops">
  ];
}

#endif

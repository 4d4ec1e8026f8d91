#ifndef TENON_CODEGEN_COMMON_INTERFACES
#define TENON_CODEGEN_COMMON_INTERFACES

include "mlir/IR/OpBase.td"

def Cg_IndexableOpInterface : OpInterface<"IndexableOpInterface"> {
  let cppNamespace = "::tenon::codegen";
  let description = [{
    Operations that can say what one element of their result is, given its index. Kernels of such operations need no
    intermediate buffer: the loop over the results asks for elements, and each operation asks its operands in turn.
    Implemented in code generation for operations of the tn dialect; elementwise operations need not implement it.
  }];
  let methods = [
    InterfaceMethod<[{
      Emits the element of result `result` at `index`: a scalar, or a vector over the lanes of the index, of the
      compute type of the element type.
    }], "::mlir::Value", "emitElement",
      (ins "::tenon::codegen::ElementEmitter &":$emitter, "unsigned":$result,
           "::llvm::ArrayRef<::tenon::codegen::Index>":$index)>
  ];
}

#endif

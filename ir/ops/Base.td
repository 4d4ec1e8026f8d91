#ifndef TENON_IR_OPS_BASE
#define TENON_IR_OPS_BASE

include "ir/Dialect.td"
include "ir/Interfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

/// Ranked tensor of any element type.
def Tn_Tensor : RankedTensorOf<[AnyType]>;

class Tn_Op<string mnemonic, list<Trait> traits = []> : Op<Tn_Dialect, mnemonic, traits>;

/// A function of tensors: no side effect, result types follow from operands and attributes, executable by reference.
class Tn_PureOp<string mnemonic, list<Trait> traits = []>
    : Tn_Op<mnemonic, !listconcat(traits, [
        Pure, InferTypeOpAdaptor,
        DeclareOpInterfaceMethods<Tn_ReferenceOpInterface>])>;

#endif

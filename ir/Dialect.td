#ifndef TENON_IR_DIALECT
#define TENON_IR_DIALECT

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"

def Tn_Dialect : Dialect {
  let name = "tn";
  let cppNamespace = "::tenon::tn";
  let summary = "Tensor programs of a neural network, from import to kernels";
  let description = [{
    The one dialect of Tenon's own. Models are imported into it, every graph pass rewrites it, and kernels are planned
    in it. Values are builtin ranked tensors; elementwise operations broadcast as NumPy does. Element types: floats,
    signless integers for signed ones, `ui8` and the like for unsigned ones, `i1` for booleans.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = [{
    /// The bytes that `#tn.weight` attributes of this context name.
    ::tenon::WeightStore &getWeightStore() { return *weightStore; }
  private:
    std::shared_ptr<::tenon::WeightStore> weightStore;
    void registerOps();
  public:
  }];
}

def Tn_WeightAttr : AttrDef<Tn_Dialect, "Weight"> {
  let mnemonic = "weight";
  let summary = "Names constant bytes that stay outside the IR";
  let description = [{
    `#tn.weight<"model.weights", 4096, 37632>` names `size` bytes at `offset` of a source known to the context's weight
    store: an external data file, an initializer of the model file, or a folded constant. What is to be done to the
    bytes before they reach the artifact (transposing, padding, packing) is written as operations on the constant,
    which the emitter evaluates; so a recipe has the meaning of the operations and needs no language of its own.
  }];
  let parameters = (ins "::mlir::StringAttr":$source, "int64_t":$offset, "int64_t":$size);
  let assemblyFormat = "`<` $source `,` $offset `,` $size `>`";
}

def Tn_ShapeAttr : AttrDef<Tn_Dialect, "Shape"> {
  let mnemonic = "shape";
  let summary = "Symbolic dimensions of a tensor type";
  let description = [{
    Encoding of a tensor type with dynamic dimensions: `tensor<?x?x768xf32, #tn.shape<["batch", "seq"],
    ()[s0, s1] -> (s0, s1, 768)>>`. The map has one result per dimension, over the named symbols.
    Static shapes carry nothing.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::StringAttr">:$symbols, "::mlir::AffineMap":$dims);
  let assemblyFormat = "`<` `[` $symbols `]` `,` $dims `>`";
}

#endif

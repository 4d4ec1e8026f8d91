#ifndef TENON_IR_OPS_ELEMENTWISE
#define TENON_IR_OPS_ELEMENTWISE

include "ir/ops/Base.td"

class Tn_Elementwise<string mnemonic, list<string> interfaceMethods = []>
    : Tn_Op<mnemonic, [
        Pure, DeclareOpInterfaceMethods<InferTypeOpInterface>, DeclareOpInterfaceMethods<Tn_ReferenceOpInterface>,
        DeclareOpInterfaceMethods<Tn_CostOpInterface>, DeclareOpInterfaceMethods<Tn_LayoutOpInterface>,
        DeclareOpInterfaceMethods<Tn_ElementwiseOpInterface, interfaceMethods>]> {
  let results = (outs Tn_Tensor:$result);
  string inferBody = [{
    return ::tenon::tn::inferElementwise(context, location, operands, inferredReturnTypes);
  }];
  string boolBody = [{
    return ::tenon::tn::inferComparison(context, location, operands, inferredReturnTypes);
  }];
  string commonDefinitions = [{
    ::llvm::LogicalResult $cppClass::evaluate(::llvm::ArrayRef<::tenon::Tensor> inputs,
                                              ::llvm::MutableArrayRef<::tenon::Tensor> outputs) {
      return ::tenon::tn::evaluateElementwise(*this, inputs, outputs[0]);
    }
    uint64_t $cppClass::getFlops() { return ::tenon::tn::elementwiseFlops(*this); }
    ::mlir::Value $cppClass::permute(::mlir::OpBuilder &builder, ::mlir::ValueRange operands,
                                     ::llvm::ArrayRef<int64_t> permutation) {
      return ::tenon::tn::clonePermuted(*this, builder, operands, permutation)->getResult(0);
    }
  }];
  string inferSignature = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *context,
        ::std::optional<::mlir::Location> location, ::mlir::ValueRange operands, ::mlir::DictionaryAttr attributes,
        ::mlir::OpaqueProperties properties, ::mlir::RegionRange regions,
        ::llvm::SmallVectorImpl<::mlir::Type> &inferredReturnTypes) }];
}

/// One operand, result of the same type.
class Tn_Unary<string mnemonic, string what, string formula, list<string> methods = []>
    : Tn_Elementwise<mnemonic, methods> {
  let summary = what;
  let description = "`" # formula # "`, element by element.\n\nExample: `%y = tn." # mnemonic #
                    " %x : tensor<4xf32> -> tensor<4xf32>`";
  let arguments = (ins Tn_Tensor:$operand);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let extraClassDefinition = inferSignature # "{" # inferBody # "}" # commonDefinitions;
}

/// A unary float function that costs tens of instructions.
class Tn_Function<string mnemonic, string what, string formula>
    : Tn_Unary<mnemonic, what, formula, ["isExpensive"]> {
  let extraClassDefinition = inferSignature # "{" # inferBody # "}" # commonDefinitions #
                             "bool $cppClass::isExpensive() { return true; }";
}

/// One operand, boolean result.
class Tn_Test<string mnemonic, string what, string formula> : Tn_Elementwise<mnemonic> {
  let summary = what;
  let description = "`" # formula # "`, element by element.\n\nExample: `%y = tn." # mnemonic #
                    " %x : tensor<4xf32> -> tensor<4xi1>`";
  let arguments = (ins Tn_Tensor:$operand);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let extraClassDefinition = inferSignature # "{" # boolBody # "}" # commonDefinitions;
}

/// Two operands of one element type, broadcast against each other.
class Tn_Binary<string mnemonic, string what, string formula, list<string> methods = []>
    : Tn_Elementwise<mnemonic, methods> {
  let summary = what;
  let description = "`" # formula # "`, element by element, operands broadcast as in NumPy.\n\nExample: `%z = tn." #
                    mnemonic # " %x, %y : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>`";
  let arguments = (ins Tn_Tensor:$lhs, Tn_Tensor:$rhs);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
  let extraClassDefinition = inferSignature # "{" # inferBody # "}" # commonDefinitions;
}

def Tn_AddOp : Tn_Binary<"add", "Addition", "lhs + rhs">;
def Tn_SubOp : Tn_Binary<"sub", "Subtraction", "lhs - rhs">;
def Tn_MulOp : Tn_Binary<"mul", "Multiplication", "lhs * rhs">;
def Tn_DivOp : Tn_Binary<"div", "Division; integers truncate, division by zero gives 0", "lhs / rhs">;
def Tn_RemOp : Tn_Binary<"rem", "Remainder with the dividend's sign, as C's fmod; by an integer 0 gives 0", "fmod(lhs, rhs)">;
def Tn_ModOp : Tn_Binary<"mod", "Remainder with the divisor's sign, as Python's %; by an integer 0 gives 0", "lhs - floor(lhs / rhs) * rhs">;
def Tn_PowOp : Tn_Binary<"pow", "Power, rules for special values as C's pow", "lhs ** rhs", ["isExpensive"]> {
  let extraClassDefinition = inferSignature # "{" # inferBody # "}" # commonDefinitions #
                             "bool $cppClass::isExpensive() { return true; }";
}
def Tn_MaxOp : Tn_Binary<"max", "Maximum; NaN if either is NaN", "max(lhs, rhs)">;
def Tn_MinOp : Tn_Binary<"min", "Minimum; NaN if either is NaN", "min(lhs, rhs)">;
def Tn_AndOp : Tn_Binary<"and", "Bitwise and of integers or booleans", "lhs & rhs">;
def Tn_OrOp : Tn_Binary<"or", "Bitwise or of integers or booleans", "lhs | rhs">;
def Tn_XorOp : Tn_Binary<"xor", "Bitwise exclusive or of integers or booleans", "lhs ^ rhs">;
def Tn_ShlOp : Tn_Binary<"shl", "Shift left; by the width or more gives 0", "lhs << rhs">;
def Tn_ShrOp : Tn_Binary<"shr", "Logical shift right; by the width or more gives 0", "lhs >> rhs">;

def Tn_NegOp : Tn_Unary<"neg", "Negation", "-x">;
def Tn_AbsOp : Tn_Unary<"abs", "Absolute value", "|x|">;
def Tn_SignOp : Tn_Unary<"sign", "Sign: -1, 0 or 1; NaN stays", "sign(x)">;
def Tn_NotOp : Tn_Unary<"not", "Bitwise complement; logical not of booleans", "~x">;
def Tn_FloorOp : Tn_Unary<"floor", "Rounding towards minus infinity", "floor(x)">;
def Tn_CeilOp : Tn_Unary<"ceil", "Rounding towards infinity", "ceil(x)">;
def Tn_RoundOp : Tn_Unary<"round", "Rounding to nearest, ties to even", "rint(x)">;
def Tn_SqrtOp : Tn_Unary<"sqrt", "Square root", "sqrt(x)">;
def Tn_ReciprocalOp : Tn_Unary<"reciprocal", "Reciprocal", "1 / x">;
def Tn_ReluOp : Tn_Unary<"relu", "Rectified linear unit; NaN stays", "max(x, 0)">;
def Tn_ExpOp : Tn_Function<"exp", "Exponential", "e ** x">;
def Tn_LogOp : Tn_Function<"log", "Natural logarithm", "ln(x)">;
def Tn_TanhOp : Tn_Function<"tanh", "Hyperbolic tangent", "tanh(x)">;
def Tn_ErfOp : Tn_Function<"erf", "Error function", "erf(x)">;
def Tn_SinOp : Tn_Function<"sin", "Sine of radians", "sin(x)">;
def Tn_CosOp : Tn_Function<"cos", "Cosine of radians", "cos(x)">;
def Tn_TanOp : Tn_Function<"tan", "Tangent of radians", "tan(x)">;
def Tn_AsinOp : Tn_Function<"asin", "Arc sine in radians", "asin(x)">;
def Tn_AcosOp : Tn_Function<"acos", "Arc cosine in radians", "acos(x)">;
def Tn_AtanOp : Tn_Function<"atan", "Arc tangent in radians", "atan(x)">;
def Tn_SinhOp : Tn_Function<"sinh", "Hyperbolic sine", "sinh(x)">;
def Tn_CoshOp : Tn_Function<"cosh", "Hyperbolic cosine", "cosh(x)">;
def Tn_AsinhOp : Tn_Function<"asinh", "Inverse hyperbolic sine", "asinh(x)">;
def Tn_AcoshOp : Tn_Function<"acosh", "Inverse hyperbolic cosine", "acosh(x)">;
def Tn_AtanhOp : Tn_Function<"atanh", "Inverse hyperbolic tangent", "atanh(x)">;
def Tn_SigmoidOp : Tn_Function<"sigmoid", "Logistic function", "1 / (1 + exp(-x))">;
def Tn_SiluOp : Tn_Function<"silu", "Sigmoid linear unit (swish)", "x / (1 + exp(-x))">;
def Tn_GeluOp : Tn_Function<"gelu", "Gaussian error linear unit, exact form", "x / 2 * (1 + erf(x / sqrt(2)))">;
def Tn_GeluTanhOp : Tn_Function<"gelu_tanh", "Gaussian error linear unit, tanh form",
                                "x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3)))">;

def Tn_IsNanOp : Tn_Test<"is_nan", "Test for NaN", "x != x">;
def Tn_IsInfOp : Tn_Test<"is_inf", "Test for an infinity of either sign", "|x| == inf">;

def Tn_Predicate_Eq : I32EnumAttrCase<"Eq", 0, "eq">;
def Tn_Predicate_Ne : I32EnumAttrCase<"Ne", 1, "ne">;
def Tn_Predicate_Lt : I32EnumAttrCase<"Lt", 2, "lt">;
def Tn_Predicate_Le : I32EnumAttrCase<"Le", 3, "le">;
def Tn_Predicate_Gt : I32EnumAttrCase<"Gt", 4, "gt">;
def Tn_Predicate_Ge : I32EnumAttrCase<"Ge", 5, "ge">;
def Tn_Predicate : I32EnumAttr<"Predicate", "comparison", [
    Tn_Predicate_Eq, Tn_Predicate_Ne, Tn_Predicate_Lt, Tn_Predicate_Le, Tn_Predicate_Gt, Tn_Predicate_Ge]> {
  let cppNamespace = "::tenon::tn";
  let genSpecializedAttr = 0;
}
def Tn_PredicateAttr : EnumAttr<Tn_Dialect, Tn_Predicate, "predicate">;

def Tn_CompareOp : Tn_Elementwise<"compare"> {
  let summary = "Comparison; false if either is NaN, but `ne` is true";
  let description = [{
    Example: `%z = tn.compare lt %x, %y : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xi1>`
  }];
  let arguments = (ins Tn_PredicateAttr:$predicate, Tn_Tensor:$lhs, Tn_Tensor:$rhs);
  let assemblyFormat = "$predicate $lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
  let extraClassDefinition = inferSignature # "{" # boolBody # "}" # commonDefinitions;
}

def Tn_SelectOp : Tn_Elementwise<"select"> {
  let summary = "Choice by a condition";
  let description = [{
    `condition ? on_true : on_false`, element by element, all three broadcast.

    Example: `%z = tn.select %c, %x, %y : tensor<4xi1>, tensor<2x4xf32>, tensor<f32> -> tensor<2x4xf32>`
  }];
  let arguments = (ins Tn_Tensor:$condition, Tn_Tensor:$on_true, Tn_Tensor:$on_false);
  let assemblyFormat = [{
    $condition `,` $on_true `,` $on_false attr-dict `:` type($condition) `,` type($on_true) `,` type($on_false)
    `->` type($result)
  }];
  let extraClassDefinition = inferSignature # "{" # [{
    return ::tenon::tn::inferElementwise(context, location, operands, inferredReturnTypes, /*first=*/1);
  }] # "}" # commonDefinitions;
}

def Tn_CastOp : Tn_Op<"cast", [
    Pure, DeclareOpInterfaceMethods<Tn_ReferenceOpInterface>, DeclareOpInterfaceMethods<Tn_CostOpInterface>,
    DeclareOpInterfaceMethods<Tn_LayoutOpInterface>, DeclareOpInterfaceMethods<Tn_ElementwiseOpInterface>]> {
  let summary = "Conversion to another element type";
  let description = [{
    Floats round to nearest, ties to even. Float to integer truncates; out of range saturates and NaN gives 0. Integers
    wrap. To boolean is `x != 0`. With `saturate`, conversion to an 8-bit or smaller float clamps to its finite range.

    Example: `%y = tn.cast %x : tensor<4xi64> -> tensor<4xf32>`
  }];
  let arguments = (ins Tn_Tensor:$operand, UnitAttr:$saturate);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif

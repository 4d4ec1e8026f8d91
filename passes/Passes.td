// All passes over the tn dialect, in the order of the stages. One pass = one file of the same name = one test.
#ifndef TENON_PASSES
#define TENON_PASSES

include "mlir/Pass/PassBase.td"

/// A pass over one function that honours a rewrite budget, so that a culprit can be found by bisection.
class Tn_Pass<string name> : Pass<"tn-" # name, "::mlir::func::FuncOp"> {
  let dependentDialects = ["::tenon::tn::TnDialect"];
  list<Option> budget = [Option<"budget", "budget", "int64_t", /*default=*/"-1",
                                "Stop after so many rewrites; -1 means no limit">];
  let options = budget;
}

//===----------------------------------------------------------------------===//
// graph
//===----------------------------------------------------------------------===//

def Simplify : Tn_Pass<"simplify"> {
  let summary = "Algebraic and structural simplification";
  let description = [{
    Applies the canonicalization patterns of the tn operations and rules between them: identities, merging of
    operations with constants, chains of slices, concatenations, paddings and casts, powers with small exponents.
    Results may differ from the original in the last bit only where constants are merged.

    Before:
    ```mlir
    %0 = tn.mul %x, %two : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
    %1 = tn.mul %0, %three : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
    ```
    After:
    ```mlir
    %1 = tn.mul %x, %six : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
    ```
  }];
}

def FoldConstants : Tn_Pass<"fold-constants"> {
  let summary = "Evaluation of operations on constants";
  let description = [{
    Evaluates every operation whose operands are all constants with its reference semantics, in program order, so that
    chains fold in one walk. A result larger than its operands and than `max-growth` bytes stays an operation: it is
    a recipe for the weights. Run the simplifications first: what they absorb need not be evaluated.

    Before:
    ```mlir
    %a = tn.constant dense<2.0> : tensor<4xf32>
    %b = tn.exp %a : tensor<4xf32> -> tensor<4xf32>
    ```
    After:
    ```mlir
    %b = tn.constant dense<7.38905621> : tensor<4xf32>
    ```
  }];
  let options = !listconcat(budget, [
    Option<"maxGrowth", "max-growth", "int64_t", /*default=*/"65536",
           "Bytes up to which a result may be larger than the operands together">]);
  let statistics = [Statistic<"folded", "folded", "Operations evaluated">,
                    Statistic<"kept", "kept", "Operations on constants kept for the size of their results">];
}

def FoldScales : Tn_Pass<"fold-scales"> {
  let summary = "Constant factors moved into constant filters and matrices";
  let description = [{
    Multiplies a constant per-channel (per-column) factor into the filter of a convolution (the matrix of a
    contraction) that has no other reader, through a bias in between. This is what remains of a batch normalisation.
    Rounding differs: each product of filter and factor is rounded once.

    Before:
    ```mlir
    %0 = tn.conv %x, %filter ... : tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32> -> tensor<1x16x8x8xf32>
    %1 = tn.mul %0, %scale : tensor<1x16x8x8xf32>, tensor<1x16x1x1xf32> -> tensor<1x16x8x8xf32>
    ```
    After:
    ```mlir
    %1 = tn.conv %x, %scaled ... : tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32> -> tensor<1x16x8x8xf32>
    ```
  }];
  let statistics = [Statistic<"scaled", "scaled", "Factors folded into filters and matrices">];
}

//===----------------------------------------------------------------------===//
// raise
//===----------------------------------------------------------------------===//

def Raise : Tn_Pass<"raise"> {
  let summary = "Recognition of what exporters took apart";
  let description = [{
    Finds sigmoid, SiLU, GELU (error function and tanh forms), softmax, layer and RMS normalisation in their expanded
    spellings. Constants are compared within a relative 1e-4 (exporters round them); an epsilon is taken as found.

    Before:
    ```mlir
    %0 = tn.sigmoid %x : tensor<4xf32> -> tensor<4xf32>
    %1 = tn.mul %x, %0 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
    ```
    After:
    ```mlir
    %1 = tn.silu %x : tensor<4xf32> -> tensor<4xf32>
    ```
  }];
  let statistics = [Statistic<"raised", "raised", "Composites recognised">];
}

//===----------------------------------------------------------------------===//
// layout
//===----------------------------------------------------------------------===//

def SinkReshapes : Tn_Pass<"sink-reshapes"> {
  let summary = "Reshapes moved towards the results until they cancel";
  let description = [{
    Moves `tn.reshape` downwards through operations that do not mind: elementwise ones, softmax, normalisation,
    reduction and contraction where the reshape only regroups dimensions that the operation leaves alone. Reshapes
    meet and cancel, or end at a result or before an operation that needs the shape. They only ever move down.

    Before:
    ```mlir
    %0 = tn.reshape %x : tensor<128x768xf32> -> tensor<1x128x768xf32>
    %1 = tn.add %0, %y : tensor<1x128x768xf32>, tensor<1x128x768xf32> -> tensor<1x128x768xf32>
    %2 = tn.reshape %1 : tensor<1x128x768xf32> -> tensor<128x768xf32>
    ```
    After:
    ```mlir
    %0 = tn.reshape %y : tensor<1x128x768xf32> -> tensor<128x768xf32>
    %2 = tn.add %x, %0 : tensor<128x768xf32>, tensor<128x768xf32> -> tensor<128x768xf32>
    ```
  }];
  let statistics = [Statistic<"before", "reshapes-before", "Reshapes of computed values before the pass">,
                    Statistic<"after", "reshapes-after", "Reshapes of computed values after the pass">];
}

def Layout : Tn_Pass<"layout"> {
  let summary = "Convolutions with channels last, transposes cancelled";
  let description = [{
    Rewrites every convolution to `channels_last` between transposes, then moves transposes downwards through all
    operations that can be permuted until they meet their inverse. What remains stands at the edges of the graph.

    Before:
    ```mlir
    %0 = tn.conv %x, %w ... : tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32> -> tensor<1x16x8x8xf32>
    %1 = tn.relu %0 : tensor<1x16x8x8xf32> -> tensor<1x16x8x8xf32>
    ```
    After:
    ```mlir
    %0 = tn.transpose %x [0, 2, 3, 1] : tensor<1x3x8x8xf32> -> tensor<1x8x8x3xf32>
    %1 = tn.conv %0, %w ... {channels_last} : tensor<1x8x8x3xf32>, tensor<16x3x3x3xf32> -> tensor<1x8x8x16xf32>
    %2 = tn.relu %1 : tensor<1x8x8x16xf32> -> tensor<1x8x8x16xf32>
    %3 = tn.transpose %2 [0, 3, 1, 2] : tensor<1x8x8x16xf32> -> tensor<1x16x8x8xf32>
    ```
  }];
  let statistics = [Statistic<"before", "transposes-before", "Transposes of computed values before the pass">,
                    Statistic<"after", "transposes-after", "Transposes of computed values after the pass">];
}

def SinkTransposes : Tn_Pass<"sink-transposes"> {
  let summary = "Transposes moved towards the results until they cancel";
  let description = [{
    Moves `tn.transpose` downwards through operations with `LayoutOpInterface` where that does not make more of them:
    every operand that follows is a transpose of the same kind with one reader, a constant, or not changed by it.
    Transposes meet and cancel, or end in the loop numbers of a `tn.contract`.

    Before:
    ```mlir
    %0 = tn.transpose %x [0, 2, 1] : tensor<2x3x4xf32> -> tensor<2x4x3xf32>
    %1 = tn.softmax %0 axis 2 : tensor<2x4x3xf32> -> tensor<2x4x3xf32>
    ```
    After:
    ```mlir
    %0 = tn.softmax %x axis 1 : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
    %1 = tn.transpose %0 [0, 2, 1] : tensor<2x3x4xf32> -> tensor<2x4x3xf32>
    ```
  }];
}

#endif

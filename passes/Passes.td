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
    Contractions lose their loops of size 1 on the way, so a batch of one does not reach the kernels.

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

def SinkScales : Tn_Pass<"sink-scales"> {
  let summary = "Factors of a product's operands moved to its result";
  let description = [{
    A single constant factor of an operand of a `tn.contract`, also where the operand is seen in another shape, becomes a
    factor of the result: the kernel of the product multiplies its sums in registers, and the operand can be read where
    it is. Runs behind raise, which knows activations by the factors in them. Not for types narrower than f32, whose
    sums might overflow.

    Before:
    ```mlir
    %0 = tn.mul %q, %c : tensor<8x64xf32>, tensor<f32> -> tensor<8x64xf32>
    %1 = tn.contract %0 [0, 2], %k [1, 2] -> [0, 1] : tensor<8x64xf32>, tensor<9x64xf32> -> tensor<8x9xf32>
    ```
    After:
    ```mlir
    %0 = tn.contract %q [0, 2], %k [1, 2] -> [0, 1] : tensor<8x64xf32>, tensor<9x64xf32> -> tensor<8x9xf32>
    %1 = tn.mul %0, %c : tensor<8x9xf32>, tensor<f32> -> tensor<8x9xf32>
    ```
  }];
}
def SinkTransposes : Tn_Pass<"sink-transposes"> {
  let summary = "Transposes moved towards the results until they cancel";
  let description = [{
    Moves `tn.transpose` downwards through operations with `LayoutOpInterface` where that does not make more of them:
    every operand that follows is a transpose of the same kind with one reader, a constant, or not changed by it. One
    that is cut into slices becomes one of each of them. Transposes meet and cancel, or end in the loop numbers of a `tn.contract`.

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

//===----------------------------------------------------------------------===//
// fuse
//===----------------------------------------------------------------------===//

def MaterializePadding : Tn_Pass<"materialize-padding"> {
  let summary = "Padding of convolutions as an operation of its own";
  let description = [{
    Takes the zero padding of channels-last convolutions out, so that their inner loops know no border, and the
    producer of the input can write the padded tensor.

    Before:
    ```mlir
    %0 = tn.conv %x, %w ... low [1, 1] high [1, 1] ... : tensor<1x8x8x3xf32>, tensor<16x3x3x3xf32> -> tensor<1x8x8x16xf32>
    ```
    After:
    ```mlir
    %p = tn.pad %x constant [0, 1, 1, 0] [0, 1, 1, 0] 0.0 : tensor<1x8x8x3xf32> -> tensor<1x10x10x3xf32>
    %0 = tn.conv %p, %w ... low [0, 0] high [0, 0] ... : tensor<1x10x10x3xf32>, tensor<16x3x3x3xf32> -> tensor<1x8x8x16xf32>
    ```
  }];
  let statistics = [Statistic<"materialized", "materialized", "Convolutions whose padding was taken out">];
}

def DecomposeComposites : Tn_Pass<"decompose-composites"> {
  let summary = "Composites that do not work along trailing dimensions as simpler operations";
  let description = [{
    The rows template computes softmax and normalisations along trailing dimensions. Along others, and of empty tensors,
    they become the operations that they are made of, which every element of the result can be computed from.

    Before:
    ```mlir
    %0 = tn.softmax %x axis 0 : tensor<4x8xf32> -> tensor<4x8xf32>
    ```
    After:
    ```mlir
    %m = tn.reduce max %x axes [0] : tensor<4x8xf32> -> tensor<1x8xf32>
    %d = tn.sub %x, %m : tensor<4x8xf32>, tensor<1x8xf32> -> tensor<4x8xf32>
    %e = tn.exp %d : tensor<4x8xf32> -> tensor<4x8xf32>
    %s = tn.reduce sum %e axes [0] : tensor<4x8xf32> -> tensor<1x8xf32>
    %r = tn.reciprocal %s : tensor<1x8xf32> -> tensor<1x8xf32>
    %0 = tn.mul %e, %r : tensor<4x8xf32>, tensor<1x8xf32> -> tensor<4x8xf32>
    ```
  }];
  let statistics = [Statistic<"decomposed", "decomposed", "Composites taken apart">];
}

def Winograd : Tn_Pass<"winograd"> {
  let summary = "Winograd's algorithm for 3x3 convolutions where it pays";
  let description = [{
    Turns `tn.conv` of a 3x3 window, stride 1, without groups and dilation, whose filter is computed at compile time,
    into `tn.winograd_conv` on tiles of 4x4 or 2x2 outputs, whichever a cost model finds cheapest, the direct form
    included: arithmetic at the rates that kernels reach, or the weights' way from memory, whichever takes longer, and
    the transforms. The filter's transform is a recipe for the weights. Where tiles do not divide the result, the
    padding of the input is widened; without a padding of its own to widen the convolution stays direct.

    Before:
    ```mlir
    %y = tn.conv %x, %w strides [1, 1] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups 1
         {channels_last} : tensor<1x58x58x64xf32>, tensor<64x64x3x3xf32> -> tensor<1x56x56x64xf32>
    ```
    After:
    ```mlir
    %u = tn.winograd_filter %w tile 4 panel 32 : tensor<64x64x3x3xf32> -> tensor<2x36x64x32xf32>
    %y = tn.winograd_conv %x, %u tile 4 size [56, 56] filters 64
         : tensor<1x58x58x64xf32>, tensor<2x36x64x32xf32> -> tensor<1x56x56x64xf32>
    ```
  }];
  let options = !listconcat(budget, [
    Option<"largestTile", "largest-tile", "int64_t", /*default=*/"4",
           "Outputs per side of the largest tile: 4, 2, or 0 for direct convolutions only">]);
  let statistics = [Statistic<"rewritten", "rewritten", "Convolutions rewritten">];
}

def ScaleWeights : Tn_Pass<"scale-weights"> {
  let summary = "Factors of large operands moved to the small one that they are multiplied with";
  let description = [{
    A factor of one operand of a `tn.contract`, or of the input of a `tn.conv` without groups, becomes a factor of the
    other operand, the weights as a rule: squeeze-and-excite blocks scale the channels of a map that a convolution reads
    next. The factor may vary along one dimension, which the other operand has to have: a channel, not a pixel or an image.

    Done where the other operand has less than a quarter of the scaled one's elements (a map lies in a cache when it is
    scaled, weights come from memory), and where the multiplication is a pass over memory of its own: the scaled tensor has no other reader, and the tensor that it is computed from has others, or is
    an input of the model. Otherwise the kernel that computes it multiplies in registers. Behind materialize-padding, since
    padded maps are copied anyway, and winograd, which needs weights that are known when compiling. Not for types narrower
    than f32, whose products might overflow.

    Before:
    ```mlir
    %0 = tn.mul %x, %gate : tensor<1x56x56x96xf32>, tensor<1x1x1x96xf32> -> tensor<1x56x56x96xf32>
    %1 = tn.conv %0, %w ... : tensor<1x56x56x96xf32>, tensor<24x96x1x1xf32> -> tensor<1x56x56x24xf32>
    ```
    After:
    ```mlir
    %s = tn.reshape %gate : tensor<1x1x1x96xf32> -> tensor<1x96x1x1xf32>
    %0 = tn.mul %w, %s : tensor<24x96x1x1xf32>, tensor<1x96x1x1xf32> -> tensor<24x96x1x1xf32>
    %1 = tn.conv %x, %0 ... : tensor<1x56x56x96xf32>, tensor<24x96x1x1xf32> -> tensor<1x56x56x24xf32>
    ```
  }];
  let statistics = [Statistic<"moved", "moved", "Factors moved to the other operand">];
}

def Fuse : Tn_Pass<"fuse"> {
  let summary = "Operations grouped into kernels";
  let description = [{
    Forms `tn.kernel` regions: contractions and row reductions with the elementwise operations around them, chains of
    elementwise operations and data movement. Asks the kernel templates whether they can lower a region before it is
    formed. Needs the library of templates, which the compiler's driver hands over.

    Before:
    ```mlir
    %0 = tn.exp %x : tensor<4xf32> -> tensor<4xf32>
    %1 = tn.neg %0 : tensor<4xf32> -> tensor<4xf32>
    ```
    After:
    ```mlir
    %1 = tn.kernel ins(%x : tensor<4xf32>) template "elementwise" {
    ^bb0(%a: tensor<4xf32>):
      %2 = tn.exp %a : tensor<4xf32> -> tensor<4xf32>
      %3 = tn.neg %2 : tensor<4xf32> -> tensor<4xf32>
      tn.yield %3 : tensor<4xf32>
    } -> tensor<4xf32>
    ```
  }];
  let statistics = [Statistic<"kernels", "kernels", "Kernels formed">,
                    Statistic<"fused", "fused", "Operations that run in the kernel of another">];
}

def FuseAttention : Tn_Pass<"fuse-attention"> {
  let summary = "Scores, softmax and values of attention in one kernel";
  let description = [{
    Joins three kernels, of which each is the only reader of the one before: a contraction, a softmax along its last
    dimension, and a contraction that sums over that dimension. The template `attention` computes the scores in blocks
    of rows that stay in the cache. Needs the library of templates, which the compiler's driver hands over.

    Before:
    ```mlir
    %s = tn.kernel ins(%q, %k : ...) template "contraction" { ... } -> tensor<12x128x128xf32>
    %p = tn.kernel ins(%s : tensor<12x128x128xf32>) template "rows" { ... } -> tensor<12x128x128xf32>
    %y = tn.kernel ins(%p, %v : ...) template "contraction" { ... } -> tensor<128x12x64xf32>
    ```
    After:
    ```mlir
    %y = tn.kernel ins(%q, %k, %v : ...) template "attention" { ... } -> tensor<128x12x64xf32>
    ```
  }];
  let statistics = [Statistic<"joined", "joined", "Attentions that became one kernel">];
}

//===----------------------------------------------------------------------===//
// schedule
//===----------------------------------------------------------------------===//

def Schedule : Tn_Pass<"schedule"> {
  let summary = "Operands prepared and schedules chosen for every kernel and target";
  let description = [{
    Lets each template prepare its operands (constant right operands of contractions get panel form) and stores the
    schedule per target level in the kernel. Weights that are scaled at run time are packed before they are scaled,
    so that only the product is left to do.

    Before:
    ```mlir
    %y = tn.kernel ins(%x : tensor<4xf32>) template "elementwise" { ... } -> tensor<4xf32>
    ```
    After:
    ```mlir
    %y = tn.kernel ins(%x : tensor<4xf32>) template "elementwise"
           schedule {"x86-64-v4" = {block = 4, lanes = 1}} { ... } -> tensor<4xf32>
    ```
  }];
}

def FuseBands : Tn_Pass<"fuse-bands"> {
  let summary = "Kernels with a large map between them take turns in bands of rows";
  let description = [{
    Nests two or three kernels in one of the template `bands`: one that computes a map too large for the second-level
    cache, its only reader, and the only reader of that one if it reads row by row. The maps between them shrink to
    windows of some rows in scratch memory. Readers that read rows several times (depthwise convolutions) come first,
    then those that read them one by one. Needs the library of templates, which the compiler's driver hands over.

    Before:
    ```mlir
    %1 = tn.kernel ins(%x, %w : ...) template "contraction" schedule ... -> tensor<1x114x114x96xf32>
    %2 = tn.kernel ins(%1, %f : ...) template "depthwise" schedule ... -> tensor<1x56x56x96xf32>
    ```
    After:
    ```mlir
    %2 = tn.kernel ins(%x, %w, %f : ...) template "bands" schedule {"x86-64-v4" = {band = 4, stages = [...]}} {
    ^bb0(...):
      %3 = tn.kernel ins(%a, %b : ...) template "contraction" ... -> tensor<1x114x114x96xf32>
      %4 = tn.kernel ins(%3, %c : ...) template "depthwise" ... -> tensor<1x56x56x96xf32>
      tn.yield %4 : tensor<1x56x56x96xf32>
    } -> tensor<1x56x56x96xf32>
    ```
  }];
  let options = !listconcat(budget, [
    Option<"least", "least", "int64_t", /*default=*/"768 << 10", "Bytes of the smallest map that is worth it">]);
  let statistics = [Statistic<"formed", "formed", "Chains that became one kernel">];
}

//===----------------------------------------------------------------------===//
// memory
//===----------------------------------------------------------------------===//

def PlanMemory : Pass<"tn-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Tensors between kernels become views into one arena";
  let description = [{
    Brings `@main` into buffer form: arena, weight block, inputs and outputs are its arguments, kernels work on
    `tn.view`s of them. Buffers whose lifetimes do not meet share memory, a kernel may write over an input that dies
    in it. Kernels that only concatenate, slice or pad vanish where operands and results can be views of the same
    memory, unless more bytes of the arena, by a tenth, would be alive at one step. What is computed from constants
    moves to `@weights`, with its offsets in the weight block.

    With `guard` every buffer of the arena lies between bands of at least as many bytes that belong to no other buffer
    that is alive at the same time (attribute `tn.guard_bytes`): artifacts that check their bounds poison them.

    Before:
    ```mlir
    func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = tn.kernel ins(%x : tensor<4xf32>) ... -> tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
    After:
    ```mlir
    func.func @main(%arena: memref<?xi8>, %weights: memref<?xi8>, %x: memref<4xf32>, %y: memref<4xf32>) {
      tn.kernel ins(%x : memref<4xf32>) outs(%y : memref<4xf32>) ...
      return
    }
    ```
  }];
  let dependentDialects = ["::tenon::tn::TnDialect"];
  let options = [Option<"guard", "guard", "int64_t", /*default=*/"0", "Bytes of the bands before and behind buffers">];
  let statistics = [Statistic<"arenaBytes", "arena-bytes", "Bytes of the arena">,
                    Statistic<"lowerBound", "lower-bound", "Most bytes alive at one step">,
                    Statistic<"weightBytes", "weight-bytes", "Bytes of the weight block">,
                    Statistic<"inPlace", "in-place", "Kernels that only moved and were absorbed">];
}

#endif

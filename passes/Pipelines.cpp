//===- Pipelines.cpp - The one place that knows the order of passes ------===//
#include "passes/Pipelines.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"

using namespace mlir;

namespace tenon {

void buildGraphPipeline(OpPassManager &pm, const PipelineOptions &options) {
  FoldConstantsOptions folding;
  folding.maxGrowth = options.maxGrowth;
  OpPassManager &fn = pm.nest<func::FuncOp>();
  fn.addPass(createSimplify());             // x * 2 * 3, exporter's noise --> x * 6
  fn.addPass(createFoldConstants(folding)); // shape arithmetic, weights computed by nodes --> constants
  fn.addPass(createSimplify());             // what became constant --> simpler operations
  fn.addPass(createFoldScales());           // conv * scale --> conv with a scaled filter
  fn.addPass(createFoldConstants(folding)); // scaled filters and biases --> constants
  fn.addPass(createCSEPass());              // equal subgraphs --> one
}

void buildRaisePipeline(OpPassManager &pm, const PipelineOptions &options) {
  OpPassManager &fn = pm.nest<func::FuncOp>();
  fn.addPass(createRaise());      // exp(x - max) / sum, x * sigmoid(x), ... --> softmax, silu, ...
  fn.addPass(createSinkScales()); // (q * c) k --> (q k) * c
  fn.addPass(createSimplify());   // constants of dissolved patterns --> gone; factors of factors --> one
}

void buildLayoutPipeline(OpPassManager &pm, const PipelineOptions &options) {
  FoldConstantsOptions folding;
  folding.maxGrowth = options.maxGrowth;
  OpPassManager &fn = pm.nest<func::FuncOp>();
  fn.addPass(createSinkTransposes());       // transpose, op, transpose --> op
  fn.addPass(createLayout());               // NCHW convolutions --> channels last
  fn.addPass(createSinkReshapes());         // reshape, op, reshape --> op
  fn.addPass(createSimplify());             // transposes in contractions --> loop numbers
  fn.addPass(createFoldConstants(folding)); // permuted constants --> constants
  fn.addPass(createCSEPass());              // equal transposes --> one
}

void buildFusePipeline(OpPassManager &pm, const PipelineOptions &options, const KernelLibrary &library) {
  WinogradOptions winograd;
  winograd.largestTile = options.winograd;
  OpPassManager &fn = pm.nest<func::FuncOp>();
  fn.addPass(createMaterializePadding());   // conv with padding --> pad, conv
  fn.addPass(createCSEPass());              // equal paddings --> one
  fn.addPass(createWinograd(winograd));     // 3x3 conv --> winograd_conv, a transformed filter
  fn.addPass(createCSEPass());              // equal widened paddings --> one
  fn.addPass(createScaleWeights());         // conv(x * gate, w) --> conv(x, w * gate) where w is smaller
  fn.addPass(createDecomposeComposites());  // softmax over channels --> max, exp, sum, mul
  fn.addPass(createFuse(library));          // operations --> kernels
  fn.addPass(createFuseAttention(library)); // scores, softmax, values --> one kernel
}

void buildSchedulePipeline(OpPassManager &pm, const KernelLibrary &library) {
  OpPassManager &fn = pm.nest<func::FuncOp>();
  fn.addPass(createSchedule(library));  // kernels --> kernels with packed operands and schedules
  fn.addPass(createCSEPass());          // equal packings of one weight --> one
  fn.addPass(createFuseBands(library)); // kernels with a large map between them --> one that takes them in turns
}

void buildMemoryPipeline(OpPassManager &pm, const KernelLibrary &library, int64_t guardBytes) {
  pm.addPass(createPlanMemory(library, guardBytes)); // tensors --> views into arena and weight block
}

void registerPipelines() {
  PassPipelineRegistration<PipelineOptions>("tn-graph-stage", "Stage graph", buildGraphPipeline);
  PassPipelineRegistration<PipelineOptions>("tn-raise-stage", "Stage raise", buildRaisePipeline);
  PassPipelineRegistration<PipelineOptions>("tn-layout-stage", "Stage layout", buildLayoutPipeline);
}

} // namespace tenon

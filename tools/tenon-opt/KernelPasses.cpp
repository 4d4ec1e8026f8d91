#include "KernelPasses.h"
#include "codegen/common/KernelTemplate.h"
#include "mlir/Pass/PassRegistry.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"

using namespace mlir;

namespace tenon {

static const KernelLibrary &library() {
  static const KernelLibrary instance = [] {
    KernelLibrary made;
    made.models = codegen::allTemplates();
    for (const Target &target : allTargets())
      made.targets.push_back(&target);
    return made;
  }();
  return instance;
}

void registerKernelPasses() {
  registerPass([] { return createFuse(library()); });
  registerPass([] { return createFuseAttention(library()); });
  registerPass([] { return createSchedule(library()); });
  registerPass([] { return createFuseBands(library()); });
  registerPass([] { return createPlanMemory(library()); });
  static PassPipelineRegistration<PipelineOptions> fuse(
      "tn-fuse-stage", "Stage fuse",
      [](OpPassManager &pm, const PipelineOptions &options) { buildFusePipeline(pm, options, library()); });
  static PassPipelineRegistration<> schedule("tn-schedule-stage", "Stage schedule",
                                             [](OpPassManager &pm) { buildSchedulePipeline(pm, library()); });
  static PassPipelineRegistration<> memory("tn-memory-stage", "Stage memory",
                                           [](OpPassManager &pm) { buildMemoryPipeline(pm, library()); });
}

} // namespace tenon

//===- Pipelines.h - The stages of the compiler as pass pipelines --------===//
#ifndef TENON_PASSES_PIPELINES_H
#define TENON_PASSES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace tenon {

struct KernelLibrary;

/// What the stages may be told.
struct PipelineOptions : mlir::PassPipelineOptions<PipelineOptions> {
  /// Bytes up to which a folded constant may be larger than what it is computed from.
  Option<int64_t> maxGrowth{*this, "max-growth",
                            llvm::cl::desc("Bytes up to which a folded constant may be larger than its operands"),
                            llvm::cl::init(65536)};
  /// Outputs per side of the largest tile of Winograd's algorithm: 4, 2, or 0 for direct convolutions only.
  Option<int64_t> winograd{*this, "winograd", llvm::cl::desc("Largest tile of Winograd's algorithm; 0: direct"),
                           llvm::cl::init(4)};
};

/// Imported graph -> canonical graph without constant computations.
void buildGraphPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);

/// Canonical graph -> graph with the composites that exporters took apart.
void buildRaisePipeline(mlir::OpPassManager &pm, const PipelineOptions &options);

/// Graph -> graph in the layouts that kernels want.
void buildLayoutPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);

/// Graph -> kernels in tensor form.
void buildFusePipeline(mlir::OpPassManager &pm, const PipelineOptions &options, const KernelLibrary &library);

/// Kernels -> kernels with prepared operands and schedules.
void buildSchedulePipeline(mlir::OpPassManager &pm, const KernelLibrary &library);

/// Scheduled kernels -> program in buffer form.
/// Between the arena's buffers lie bands of `guardBytes`.
void buildMemoryPipeline(mlir::OpPassManager &pm, const KernelLibrary &library, int64_t guardBytes = 0);

/// Makes the stages known as --tn-graph-stage, --tn-raise-stage, ... of tenon-opt.
void registerPipelines();

} // namespace tenon

#endif

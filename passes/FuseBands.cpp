//===- FuseBands.cpp - Kernels that take turns in bands of rows ----------===//
//
// Looks for maps that leave the second-level cache between the kernel that writes them and the one that reads them (a
// depthwise convolution, behind the convolution that widens its input): the two become nested kernels of one, which
// takes them in turns. A kernel behind them that reads the rows one by one joins.
//
//===----------------------------------------------------------------------===//
#include "mlir/IR/Remarks.h"
#include "passes/JoinChain.h"
#include "passes/KernelModel.h"
#include "passes/Passes.h"
#include "passes/SetSchedules.h"
#include "passes/Steps.h"
#include "passes/Values.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_FUSEBANDS
#include "passes/Passes.h.inc"

namespace {

/// Weights of a kernel that each band reads again.
constexpr int64_t kMostWeightBytes = 256 << 10;

/// The kernels of a chain as nested kernels of one.
tn::KernelOp nestKernels(ArrayRef<tn::KernelOp> chain, StringRef templateName) {
  tn::KernelOp outer = joinChain(chain, [&](OpBuilder &b, IRMapping &values) {
    for (tn::KernelOp kernel : chain)
      cast<tn::KernelOp>(b.clone(*kernel, values)).removeScheduleAttr();
    return SmallVector<Value>{values.lookup(tn::KernelOp(chain.back()).getResult(0))};
  });
  outer.setTemplateName(templateName);
  return outer;
}

struct FuseBands : impl::FuseBandsBase<FuseBands> {
  using FuseBandsBase::FuseBandsBase;
  FuseBands(const KernelLibrary *library, const FuseBandsOptions &options) : FuseBandsBase(options), library(library) {}

  void runOnOperation() override {
    bands = library ? library->find("bands") : nullptr;
    if (!bands || library->targets.empty())
      return;
    // Those that read rows more than once first: they gain most.
    for (bool overlaps : {true, false})
      for (tn::KernelOp reader : llvm::to_vector(getOperation().getOps<tn::KernelOp>()))
        if (failed(formAround(reader, overlaps)))
          return signalPassFailure();
    for (Operation *kernel : joined)
      kernel->erase();
  }

private:
  std::optional<RowItems> rowItems(tn::KernelOp kernel) {
    const KernelModel *model = library->find(kernel.getTemplateName().value_or(""));
    const Target *target = library->targets.front();
    auto schedule = kernel.getSchedule() ? kernel.getSchedule()->getAs<DictionaryAttr>(target->name) : nullptr;
    return model && schedule ? model->rowItems(kernel, schedule) : std::nullopt;
  }

  /// Makes one kernel of a reader of a large map and what writes it, if the rows that it reads for neighbouring rows
  /// overlap, or don't.
  LogicalResult formAround(tn::KernelOp reader, bool overlaps) {
    std::optional<RowItems> items = joined.contains(reader) ? std::nullopt : rowItems(reader);
    if (!items || reader->getNumResults() != 1 || (items->reach > items->stride) != overlaps ||
        !areSmall(reader, items->input))
      return success();
    Value map = reader.getInputs()[items->input];
    auto producer = map.getDefiningOp<tn::KernelOp>();
    if (!producer || !isChained(producer) || denseBytes(map.getType()) < least)
      return success();
    std::optional<RowItems> before = rowItems(producer);
    if (!before || !areSmall(producer, before->input))
      return success();
    if (tn::KernelOp behind = rowwiseReader(reader)) {
      if (failed(join({producer, reader, behind})))
        return failure();
      if (joined.contains(reader))
        return success();
    }
    return join({producer, reader});
  }

  /// Whether the kernel's result has one reader and is in no chain yet.
  bool isChained(tn::KernelOp kernel) {
    return kernel->getNumResults() == 1 && kernel->hasOneUse() && !joined.contains(kernel);
  }

  /// Whether what every band reads again, all constants, is little.
  static bool areSmall(tn::KernelOp kernel, unsigned map) {
    int64_t bytes = 0;
    for (auto [i, input] : llvm::enumerate(kernel.getInputs()))
      if (i != map && !isa<BlockArgument>(input) && !input.getDefiningOp<tn::KernelOp>())
        bytes += denseBytes(input.getType());
    return bytes <= kMostWeightBytes;
  }

  /// The kernel that reads the result of `kernel` row by row, if it is the only reader.
  tn::KernelOp rowwiseReader(tn::KernelOp kernel) {
    auto reader = isChained(kernel) ? dyn_cast<tn::KernelOp>(*kernel->user_begin()) : nullptr;
    std::optional<RowItems> items = reader && reader->getNumResults() == 1 ? rowItems(reader) : std::nullopt;
    if (!items || items->reach > items->stride || reader.getInputs()[items->input] != kernel->getResult(0) ||
        !areSmall(reader, items->input))
      return nullptr;
    return reader;
  }

  /// Nests the chain in one kernel if the template can take its kernels in turns on every target.
  LogicalResult join(ArrayRef<tn::KernelOp> chain) {
    tn::KernelOp last = chain.back(), outer = nestKernels(chain, bands->getName());
    bool fits = bands->match(outer) && llvm::all_of(library->targets, [&](const Target *target) {
                  return static_cast<bool>(bands->schedule(outer, *target));
                });
    if (!fits || budget == 0 || !mayStep(last, "form bands")) {
      outer.erase();
      return success();
    }
    remark::passed(outer.getLoc(), remark::RemarkOpts::name("fused").category("tn-fuse"))
        << std::to_string(chain.size()) << " kernels take turns in bands of rows: what lies between them, "
        << std::to_string(denseBytes(chain.front()->getResult(0).getType()) >> 10) << " kB, would leave the cache";
    last->replaceAllUsesWith(outer->getResults());
    joined.insert(chain.begin(), chain.end());
    for (tn::KernelOp kernel : llvm::reverse(chain))
      kernel->dropAllReferences();
    budget = budget - 1;
    ++formed;
    return setSchedules(outer, *library);
  }

  const KernelLibrary *library = nullptr;
  const KernelModel *bands = nullptr;
  /// Kernels that are nested in others now.
  llvm::DenseSet<Operation *> joined;
};

} // namespace

std::unique_ptr<Pass> createFuseBands(const KernelLibrary &library, const FuseBandsOptions &options) {
  return std::make_unique<FuseBands>(&library, options);
}

} // namespace tenon

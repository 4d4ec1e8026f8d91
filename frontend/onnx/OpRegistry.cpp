#include "frontend/onnx/OpRegistry.h"
#include "llvm/ADT/STLExtras.h"

namespace tenon::onnx {

void OpRegistry::add(llvm::ArrayRef<OpEntry> table) {
  for (const OpEntry &entry : table) {
    auto &versions = entries[key(entry.domain, entry.op)];
    versions.push_back(entry);
    llvm::sort(versions, [](const OpEntry &a, const OpEntry &b) { return a.since < b.since; });
  }
}

const OpEntry *OpRegistry::find(llvm::StringRef domain, llvm::StringRef op, int64_t opset) const {
  auto it = entries.find(key(domain, op));
  if (it == entries.end())
    return nullptr;
  const OpEntry *best = nullptr;
  for (const OpEntry &entry : it->second)
    if (entry.since <= opset)
      best = &entry;
  return best && best->until && opset > best->until ? nullptr : best;
}

std::optional<int64_t> OpRegistry::firstVersion(llvm::StringRef domain, llvm::StringRef op) const {
  auto it = entries.find(key(domain, op));
  return it == entries.end() ? std::nullopt : std::optional(it->second.front().since);
}

const OpRegistry &OpRegistry::get() {
  static const OpRegistry registry = [] {
    OpRegistry r;
    registerActivationOps(r);
    registerAttentionOps(r);
    registerConvolutionOps(r);
    registerElementwiseOps(r);
    registerGatherOps(r);
    registerGeneratorOps(r);
    registerLossOps(r);
    registerMatMulOps(r);
    registerMovementOps(r);
    registerNormalizationOps(r);
    registerPoolingOps(r);
    registerQuantizationOps(r);
    registerRecurrentOps(r);
    registerReductionOps(r);
    registerResizeOps(r);
    registerSamplingOps(r);
    registerScatterOps(r);
    registerShapeOps(r);
    registerSignalOps(r);
    registerSortOps(r);
    registerTrainingOps(r);
    return r;
  }();
  return registry;
}

} // namespace tenon::onnx

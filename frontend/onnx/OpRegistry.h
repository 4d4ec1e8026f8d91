// Which importer function serves an operator at an opset version.

#ifndef TENON_FRONTEND_ONNX_OPREGISTRY_H
#define TENON_FRONTEND_ONNX_OPREGISTRY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/LogicalResult.h"

#include <cstdint>
#include <optional>
#include <string>

namespace tenon::onnx {

class NodeImporter;

/// Imports one node: emits tn operations and sets the node's results, or reports why it can't.
using ImportFunction = llvm::LogicalResult (*)(NodeImporter &);

/// No limit on the number of inputs.
inline constexpr unsigned anyNumber = ~0u;

/// One importer function and the versions that it serves: from `since` to the version before the next entry
/// of the same operator.
struct OpEntry {
  const char *op;
  int64_t since;
  unsigned minInputs, maxInputs;
  ImportFunction import;
  const char *domain = "";
  /// Newest opset whose meaning the function implements; 0: all that the loader accepts.
  int64_t until = 0;
};

/// All operators that can be imported. Built once, then read only.
class OpRegistry {
public:
  /// The registry of every operator family.
  static const OpRegistry &get();

  void add(llvm::ArrayRef<OpEntry> table);

  /// The entry with the greatest since-version that is not above `opset`, or null.
  const OpEntry *find(llvm::StringRef domain, llvm::StringRef op, int64_t opset) const;

  /// The lowest since-version of an operator, or nothing if the operator is not known at any.
  std::optional<int64_t> firstVersion(llvm::StringRef domain, llvm::StringRef op) const;

private:
  static std::string key(llvm::StringRef domain, llvm::StringRef op) { return domain.str() + "::" + op.str(); }

  llvm::StringMap<llvm::SmallVector<OpEntry, 2>> entries; ///< ascending since-versions
};

void registerActivationOps(OpRegistry &registry);
void registerAttentionOps(OpRegistry &registry);
void registerConvolutionOps(OpRegistry &registry);
void registerElementwiseOps(OpRegistry &registry);
void registerGatherOps(OpRegistry &registry);
void registerGeneratorOps(OpRegistry &registry);
void registerLossOps(OpRegistry &registry);
void registerMatMulOps(OpRegistry &registry);
void registerMovementOps(OpRegistry &registry);
void registerNormalizationOps(OpRegistry &registry);
void registerPoolingOps(OpRegistry &registry);
void registerQuantizationOps(OpRegistry &registry);
void registerRecurrentOps(OpRegistry &registry);
void registerReductionOps(OpRegistry &registry);
void registerResizeOps(OpRegistry &registry);
void registerSamplingOps(OpRegistry &registry);
void registerScatterOps(OpRegistry &registry);
void registerShapeOps(OpRegistry &registry);
void registerSignalOps(OpRegistry &registry);
void registerSortOps(OpRegistry &registry);
void registerTrainingOps(OpRegistry &registry);

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_OPREGISTRY_H

// ONNX model -> module of tn operations.

#ifndef TENON_FRONTEND_ONNX_IMPORTER_H
#define TENON_FRONTEND_ONNX_IMPORTER_H

#include "frontend/onnx/Model.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <map>
#include <string>
#include <vector>

namespace tenon::onnx {

struct ImportOptions {
  /// Shapes of inputs by name, in place of those that the model declares.
  std::map<std::string, std::vector<int64_t>> shapes;
  /// Sizes of symbolic dimensions by name.
  std::map<std::string, int64_t> dims;
  /// Values of inputs that are known at compile time, by name. Such an input becomes a constant and is no
  /// argument.
  std::map<std::string, TensorData> constants;
  /// A model that has a value with more bytes than this is refused.
  int64_t maxTensorBytes = int64_t(1) << 40;
};

/// Imports the model's graph as `func.func @main` in tn operations: one argument per graph input that has no
/// initializer, with its name in the argument attribute `tn.name`; one result per graph output, named the
/// same way. Locations are the names of the nodes. Decomposes every operator; constants are folded as far as
/// shapes need them.
///
/// Every node that can't be imported is reported in one run (nodes that depend on it are not), as are
/// dimensions that are left open; the result is then null and diags.status() the kind of failure.
mlir::OwningOpRef<mlir::ModuleOp> importModel(const Model &model, const ImportOptions &options,
                                              mlir::MLIRContext &context, Diagnostics &diags);

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_IMPORTER_H

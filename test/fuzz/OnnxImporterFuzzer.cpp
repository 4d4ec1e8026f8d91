// The importer on arbitrary bytes: whatever they are, it returns; what it imports verifies, and so does what
// the graph stage makes of it.
//   onnx-importer-fuzzer -max_len=4096 CORPUS_DIR

#include "frontend/onnx/Importer.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Pipelines.h"

#include <cstdint>
#include <cstdlib>

using namespace tenon;

static void require(bool condition) {
  if (!condition)
    std::abort();
}

/// The pipeline up to stage `graph`. A fresh context per input: types and attributes of a context are never
/// freed.
static void runGraphStage(mlir::ModuleOp module) {
  mlir::PassManager pm(module->getContext());
  buildGraphPipeline(pm, PipelineOptions());
  require(mlir::succeeded(pm.run(module)));
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  onnx::LoadOptions loading;
  loading.maxInlinedNodes = 1000; // keeps one input fast
  onnx::Diagnostics diags;
  std::string_view bytes(reinterpret_cast<const char *>(data), size);
  std::shared_ptr<const onnx::Model> model = onnx::Model::loadFromMemory(bytes, "fuzz.onnx", loading, diags);
  if (!model)
    return 0;
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  mlir::ScopedDiagnosticHandler quiet(&context, [](mlir::Diagnostic &) { return mlir::success(); });
  onnx::ImportOptions importing;
  importing.maxTensorBytes = 1 << 16;
  for (const char *symbol : {"N", "M", "batch", "seq"})
    importing.dims[symbol] = 2;
  mlir::OwningOpRef<mlir::ModuleOp> module = onnx::importModel(*model, importing, context, diags);
  require((module.get() != nullptr) == (diags.errorCount() == 0));
  if (!module)
    return 0;
  require(mlir::succeeded(mlir::verify(*module)));
  runGraphStage(*module);
  return 0;
}

#include "Registration.h"
#include "CheckPipeline.h"
#include "KernelPasses.h"
#include "codegen/cpu/ObjectCode.h"
#include "ir/Dialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"

namespace tenon {

void registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<tn::TnDialect, mlir::arith::ArithDialect, mlir::func::FuncDialect, mlir::math::MathDialect,
                  mlir::memref::MemRefDialect, mlir::scf::SCFDialect, mlir::vector::VectorDialect>();
  codegen::registerCodegenDialects(registry);
}

static void registerUpstreamPasses() {
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerInlinerPass();
  mlir::registerPrintIRPass();
  mlir::registerPrintOpStatsPass();
  mlir::registerStripDebugInfoPass();
  mlir::registerSymbolDCEPass();
}

void registerAllPasses() {
  registerUpstreamPasses();
  registerKernelPasses();
  registerTenonPasses();
  registerPipelines();
  registerCheckPipeline();
}

} // namespace tenon

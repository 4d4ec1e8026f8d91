#include "passes/Rewrites.h"
#include "ir/Dialect.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Provenance.h"

using namespace mlir;

namespace tenon {

LogicalResult applyRewrites(func::FuncOp function, RewritePatternSet &&patterns, int64_t budget) {
  int64_t operations = 0;
  function.walk([&](Operation *) { ++operations; });
  GreedyRewriteConfig config;
  config.setMaxIterations(GreedyRewriteConfig::kNoLimit);
  config.setMaxNumRewrites(budget >= 0 ? budget : 1000 + 200 * operations);
  config.enableConstantCSE(false);
  ProvenanceListener provenance;
  config.setListener(&provenance);
  if (failed(applyPatternsGreedily(function, std::move(patterns), config)) && budget < 0)
    return function.emitError("rewriting does not come to an end");
  return success();
}

void addDialectPatterns(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  // getRegisteredOperationsByDialect finds nothing when dialects were loaded in descending order of their names.
  for (RegisteredOperationName name : context->getRegisteredOperations())
    if (name.getDialectNamespace() == tn::TnDialect::getDialectNamespace())
      name.getCanonicalizationPatterns(patterns, context);
}

Operation *cloneWith(OpBuilder &b, Operation *op, ValueRange operands, ArrayRef<int64_t> resultShape) {
  Operation *copy = op->cloneWithoutRegions();
  copy->setOperands(operands);
  Value result = copy->getResult(0);
  result.setType(RankedTensorType::get(resultShape, getElementTypeOrSelf(result.getType())));
  return b.insert(copy);
}

} // namespace tenon

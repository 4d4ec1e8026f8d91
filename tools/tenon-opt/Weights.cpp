#include "Weights.h"
#include "ir/Dialect.h"
#include "mlir/IR/DialectRegistry.h"
#include "tools/compiler/WeightFile.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace tenon {

namespace {

struct LoadWeights : DialectExtension<LoadWeights, tn::TnDialect> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LoadWeights)
  explicit LoadWeights(std::string path) : path(std::move(path)) {}

  void apply(MLIRContext *, tn::TnDialect *dialect) const override {
    std::string error; // the file has been read once
    (void)loadWeightFile(path, dialect->getWeightStore(), error);
  }

  std::string path;
};

} // namespace

bool registerWeights(DialectRegistry &registry, llvm::StringRef modulePath) {
  std::string path = findWeightFile(modulePath), error;
  if (path.empty())
    return true;
  WeightStore store;
  if (!loadWeightFile(path, store, error)) {
    llvm::errs() << "error: " << error << "\n";
    return false;
  }
  registry.addExtension(TypeID::get<LoadWeights>(), std::make_unique<LoadWeights>(path));
  return true;
}

} // namespace tenon

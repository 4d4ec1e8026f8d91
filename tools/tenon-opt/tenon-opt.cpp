//===- tenon-opt.cpp - mlir-opt with the tn dialect and Tenon's passes ---===//
#include "Registration.h"
#include "Weights.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  tenon::registerDialects(registry);
  tenon::registerAllPasses();
  auto [input, output] = mlir::registerAndParseCLIOptions(argc, argv, "Tenon's pass driver\n", registry);
  if (!tenon::registerWeights(registry, input))
    return EXIT_FAILURE;
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, input, output, registry));
}

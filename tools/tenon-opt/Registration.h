//===- Registration.h - What Tenon's MLIR tools know ---------------------===//
#ifndef TENON_TOOLS_REGISTRATION_H
#define TENON_TOOLS_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace tenon {

/// The dialects that programs of any stage are written in.
void registerDialects(mlir::DialectRegistry &registry);

/// Our passes and pipelines, and those of MLIR that are of use with them. Once per process.
void registerAllPasses();

} // namespace tenon

#endif

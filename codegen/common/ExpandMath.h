// Own expansions of the math dialect, so that generated code calls no libm.
#pragma once

#include "mlir/IR/Operation.h"
#include "mlir/Support/LogicalResult.h"

namespace tenon {

/// Replaces every transcendental `math` operation on f32 and f64, scalars and vectors of any static shape,
/// below `root` by arith, vector and scf operations and the math operations that are instructions everywhere
/// (absf, fma, copysign, sqrt, trunc, floor, ceil, roundeven, integer bit counts).
///
/// - Fails, with an error at the operation, on one whose element type is neither f32 nor f64.
/// - sin, cos and tan hold a branch (scf.if on "any lane beyond 2^16", f64 2^26) around the reduction of huge
///   arguments: run this before scf is lowered.
/// - No operation carries fast-math flags, and the target machine must not fuse multiply and add on its own
///   (llvm::FPOpFusion::Fast): some sequences are exact only as written.
///
/// Error bounds are stated at the functions in codegen/common/math and asserted in test/codegen/math.
llvm::LogicalResult expandMath(mlir::Operation *root);

} // namespace tenon

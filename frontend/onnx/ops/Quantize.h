// The step from numbers to quantised integers that several operators end in.

#ifndef TENON_FRONTEND_ONNX_OPS_QUANTIZE_H
#define TENON_FRONTEND_ONNX_OPS_QUANTIZE_H

#include "frontend/onnx/NodeImporter.h"

namespace tenon::onnx {

/// saturate(round(v) + zero) as `type`; `zero` may be null. Values are rounded and clamped here for integers
/// only: the cast does it for floats, which with `saturate` do not overflow.
mlir::Value quantizeScaled(NodeImporter &n, mlir::Value v, mlir::Value zero, mlir::Type type, bool saturate);

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_OPS_QUANTIZE_H

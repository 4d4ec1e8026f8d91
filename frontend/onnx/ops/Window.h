// The attributes that convolution and pooling share.

#ifndef TENON_FRONTEND_ONNX_OPS_WINDOW_H
#define TENON_FRONTEND_ONNX_OPS_WINDOW_H

#include "frontend/onnx/NodeImporter.h"

namespace tenon::onnx {

/// One entry per spatial dimension.
struct WindowAttributes {
  llvm::SmallVector<int64_t> kernel, strides, dilations, low, high;

  size_t rank() const { return kernel.size(); }
  /// Extent that a window covers along dimension `d`.
  int64_t span(size_t d) const { return (kernel[d] - 1) * dilations[d] + 1; }
  bool hasPadding() const {
    return llvm::any_of(low, [](int64_t p) { return p != 0; }) || llvm::any_of(high, [](int64_t p) { return p != 0; });
  }
};

enum class AutoPad { NotSet, Valid, SameUpper, SameLower };

/// Reads auto_pad; reports an unknown value and gives nothing.
std::optional<AutoPad> readAutoPad(NodeImporter &n);

/// Reads kernel_shape (default: `kernel`, or required when that is empty), strides, dilations and pads for
/// inputs with `spatial` rank. Reports lists of a wrong length.
std::optional<WindowAttributes> readWindow(NodeImporter &n, size_t spatial, llvm::ArrayRef<int64_t> kernel);

/// Sets the paddings that auto_pad asks for.
void applyAutoPad(WindowAttributes &window, AutoPad mode, llvm::ArrayRef<int64_t> input);

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_OPS_WINDOW_H

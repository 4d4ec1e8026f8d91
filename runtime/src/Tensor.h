// Sizes and printed forms of tensor types and shapes.
#ifndef TENON_RUNTIME_TENSOR_H
#define TENON_RUNTIME_TENSOR_H

#include "tenon/tenon.h"

namespace tn {

/// A shape as text for messages: "[batch, 3, 224, ?]"; cut short with "..." when it is too long.
class ShapeText {
public:
  /// `entry` names the symbols among `dims`; NULL when there are none.
  ShapeText(uint32_t rank, const int64_t *dims, const tn_entry_desc *entry = nullptr);
  const char *c_str() const { return text; }

private:
  char text[160];
};

/// Alignment that compiled code may rely on for a buffer of this type.
size_t elementAlignment(tn_dtype dtype);

} // namespace tn

#endif

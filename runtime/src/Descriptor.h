// Access to the tables of a tn_model_desc.
#ifndef TENON_RUNTIME_DESCRIPTOR_H
#define TENON_RUNTIME_DESCRIPTOR_H

#include "tenon/tenon.h"

namespace tn {

/// Element of a table of the descriptor. The stride is the size that the compiler knew, which may exceed
/// ours.
template <typename T> const T &at(const T *table, uint32_t index) {
  return *reinterpret_cast<const T *>(reinterpret_cast<const char *>(table) + size_t(index) * table->size);
}

/// Symbol that a dim of a tensor description stands for, or -1.
inline int64_t symbolOf(int64_t dim) { return dim < 0 && dim != INT64_MIN ? -1 - dim : -1; }

/// Whether `desc` is something that this runtime understands; everything else relies on it.
tn_status checkDescriptor(const tn_model_desc *desc);

} // namespace tn

#endif

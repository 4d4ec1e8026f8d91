// All memory of the runtime: the host's allocator where there is one, malloc and mmap otherwise.
#ifndef TENON_RUNTIME_ALLOCATOR_H
#define TENON_RUNTIME_ALLOCATOR_H

#include "tenon/tenon.h"

namespace tn {

/// Vector registers and cache lines want this; every allocation has it.
constexpr size_t kAlignment = 64;

inline size_t alignUp(size_t bytes, size_t alignment) { return (bytes + alignment - 1) & ~(alignment - 1); }

struct Allocator {
  tn_allocator host; ///< alloc == nullptr: the default

  /// Zeroed when it comes from the default for 2 MB and more, undefined otherwise. NULL when there is no
  /// memory.
  void *allocate(size_t bytes) const;
  void release(void *memory, size_t bytes) const;

  /// Zeroed storage for a T without constructor.
  template <typename T> T *create() const {
    void *memory = allocate(sizeof(T));
    return memory ? static_cast<T *>(__builtin_memset(memory, 0, sizeof(T))) : nullptr;
  }
};

/// A growing block: keeps what it has when that is enough.
struct Block {
  char *data;
  size_t bytes;

  bool grow(const Allocator &allocator, size_t wanted);
  void release(const Allocator &allocator);
};

} // namespace tn

#endif

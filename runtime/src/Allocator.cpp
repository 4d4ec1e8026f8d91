#include "Allocator.h"

#include <stdlib.h>
#include <sys/mman.h>

using namespace tn;

static constexpr size_t kHugePage = size_t(2) << 20;

/// Anonymous memory that starts on a huge-page boundary, so that the kernel can back all of it with huge
/// pages.
static void *mapHuge(size_t bytes) {
  size_t length = alignUp(bytes, kHugePage), reserved = length + kHugePage;
  if (length < bytes || reserved < length)
    return nullptr;
  void *memory = mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return nullptr;
  char *begin = static_cast<char *>(memory);
  char *aligned = reinterpret_cast<char *>(alignUp(reinterpret_cast<size_t>(begin), kHugePage));
  if (aligned != begin)
    munmap(begin, static_cast<size_t>(aligned - begin));
  size_t tail = static_cast<size_t>(begin + reserved - (aligned + length));
  if (tail)
    munmap(aligned + length, tail);
  madvise(aligned, length, MADV_HUGEPAGE); // a wish; small pages do as well
  return aligned;
}

void *Allocator::allocate(size_t bytes) const {
  if (bytes == 0)
    bytes = 1;
  if (host.alloc)
    return host.alloc(host.user, bytes, kAlignment);
  if (bytes >= kHugePage)
    return mapHuge(bytes);
  void *memory = nullptr;
  return posix_memalign(&memory, kAlignment, bytes) == 0 ? memory : nullptr;
}

void Allocator::release(void *memory, size_t bytes) const {
  if (!memory)
    return;
  if (bytes == 0)
    bytes = 1;
  if (host.alloc)
    host.free(host.user, memory, bytes);
  else if (bytes >= kHugePage)
    munmap(memory, alignUp(bytes, kHugePage));
  else
    free(memory);
}

bool Block::grow(const Allocator &allocator, size_t wanted) {
  if (data && wanted <= bytes)
    return true;
  void *memory = allocator.allocate(wanted);
  if (!memory)
    return false;
  allocator.release(data, bytes);
  data = static_cast<char *>(memory);
  bytes = wanted;
  return true;
}

void Block::release(const Allocator &allocator) {
  allocator.release(data, bytes);
  data = nullptr;
  bytes = 0;
}

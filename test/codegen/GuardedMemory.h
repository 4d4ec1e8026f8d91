//===- GuardedMemory.h - Memory whose borders are watched ----------------===//
#ifndef TENON_TEST_CODEGEN_GUARDEDMEMORY_H
#define TENON_TEST_CODEGEN_GUARDEDMEMORY_H

#include <cstdint>
#include <functional>

namespace tenon::test {

/// `bytes` of memory between pages that can't be touched. At the end or at the begin it meets them exactly;
/// the other side is filled with a pattern.
class GuardedMemory {
public:
  enum class Edge { End, Begin };
  /// The start is aligned to `alignment` bytes, which is as exact as the end then is.
  GuardedMemory(int64_t bytes, Edge edge, int64_t alignment = 1);
  GuardedMemory(GuardedMemory &&other);
  GuardedMemory(const GuardedMemory &) = delete;
  ~GuardedMemory();

  char *data() const { return start; }
  void fill(unsigned char byte);
  void protect();
  /// Whether nothing was written beside the memory.
  bool isIntact() const;

private:
  char *mapping = nullptr, *start = nullptr;
  int64_t bytes = 0, mapped = 0;
};

/// Runs `body`; false if it touched memory that it must not.
bool runsWithoutFault(const std::function<void()> &body);

} // namespace tenon::test

#endif

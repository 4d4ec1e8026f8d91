//===- KernelCache.h - Objects of kernels that outlive a compilation -----===//
//
// One file per kernel, target and optimisation level in a directory that processes may share:
//
//   magic, key, hash of key and object, object
//
// A file is taken only if all of it is as it was written, by this user, and nobody else could have changed it: it
// holds code. Whatever is wrong with the cache makes compiling slower and never fails it.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_CODEGEN_CPU_KERNELCACHE_H
#define TENON_CODEGEN_CPU_KERNELCACHE_H

#include "codegen/cpu/ObjectCode.h"
#include <array>
#include <atomic>

namespace tenon::codegen {

class KernelCache {
public:
  using Key = std::array<uint8_t, 32>;
  /// How often objects were found and not, and how many could not be written.
  struct Counts {
    size_t hits = 0, misses = 0, unwritten = 0;
  };

  /// `limitBytes`: the least recently used files are removed when all together are larger. Only the cache's own files
  /// in the directory are ever read, replaced or removed.
  KernelCache(std::string directory, uint64_t limitBytes);

  /// What decides a kernel's object, hashed: body, types and schedule, target, level and this compiler. Two kernels
  /// that differ in locations or in what surrounds them have one key.
  static Key keyOf(tn::KernelOp kernel, const Target &target, CodeLevel level);

  /// Appends the object of that key to `out`. Thread-safe, as is store().
  bool find(const Key &key, llvm::SmallVectorImpl<char> &out);
  void store(const Key &key, llvm::ArrayRef<char> object);

  /// Removes files until the rest is within the limit. Looks at most once a minute, whichever process does.
  void prune() const;

  Counts getCounts() const { return {hits, misses, unwritten}; }

private:
  std::string pathOf(const Key &key) const;
  bool write(const Key &key, llvm::ArrayRef<char> object) const;

  std::string directory;
  uint64_t limitBytes;
  std::atomic<size_t> hits{0}, misses{0}, unwritten{0};
};

} // namespace tenon::codegen

#endif

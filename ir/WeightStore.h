//===- WeightStore.h - Constant bytes that stay outside the IR -----------===//
#ifndef TENON_IR_WEIGHTSTORE_H
#define TENON_IR_WEIGHTSTORE_H

#include "ir/Tensor.h"
#include "llvm/ADT/StringMap.h"
#include <mutex>
#include <optional>

namespace tenon {

/// The sources that `#tn.weight` attributes name, one store per MLIR context. Sources are memory-mapped files or
/// owned blocks; they are only ever added. Thread-safe.
class WeightStore {
public:
  struct Source {
    const char *data = nullptr;
    int64_t size = 0;
    std::shared_ptr<const void> owner;
  };

  /// Makes `source` known under `name`; a name that is taken keeps its first source.
  void add(llvm::StringRef name, Source source);

  /// Adds a computed block under a fresh name ("const#N") and returns the name.
  std::string addComputed(Source source);

  /// A whole source, or nothing if there is none of that name.
  std::optional<Source> get(llvm::StringRef name) const;

  /// The bytes [offset, offset + size) of a source, or nothing if there is no such source or range.
  std::optional<Source> find(llvm::StringRef name, int64_t offset, int64_t size) const;

private:
  mutable std::mutex mutex;
  llvm::StringMap<Source> sources;
  unsigned nextComputed = 0;
};

} // namespace tenon

#endif

//===- ReshapeGroups.h - Which dimensions a reshape leaves alone ---------===//
#ifndef TENON_PASSES_RESHAPEGROUPS_H
#define TENON_PASSES_RESHAPEGROUPS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>

namespace tenon {

/// A reshape, cut into the smallest runs of dimensions that correspond. [1, 128, 768] -> [128, 12, 64] has
/// the groups {0 <-> nothing}, {1 <-> 0}, {2 <-> 1, 2}: a dimension of size 1 without a partner is a group of
/// its own.
class ReshapeGroups {
public:
  struct Group {
    unsigned from, fromCount, to, toCount;
    bool isSingle() const { return fromCount == 1 && toCount == 1; }
  };

  /// Nothing if a dimension is empty or unknown.
  static std::optional<ReshapeGroups> get(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to);

  llvm::ArrayRef<Group> getGroups() const { return groups; }

  /// The dimension of `from` that dimension `dim` of `to` is, if it is one.
  std::optional<int64_t> sourceOf(int64_t dim) const;

  /// For a shape that broadcasts to `to`: the one of the same elements that broadcasts to `from` in the same
  /// way, without leading ones. Nothing if the broadcast splits a group.
  std::optional<llvm::SmallVector<int64_t>> broadcastBack(llvm::ArrayRef<int64_t> shape) const;

private:
  llvm::SmallVector<int64_t> from, to;
  llvm::SmallVector<Group> groups;
};

} // namespace tenon

#endif

#include "passes/ReshapeGroups.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace tenon {

std::optional<ReshapeGroups> ReshapeGroups::get(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  ReshapeGroups result;
  result.from.assign(from.begin(), from.end());
  result.to.assign(to.begin(), to.end());
  unsigned i = 0, j = 0;
  while (i < from.size() || j < to.size()) {
    bool fromUnit = i < from.size() && from[i] == 1, toUnit = j < to.size() && to[j] == 1;
    if (fromUnit || toUnit) {
      Group unit = {i, fromUnit, j, toUnit};
      result.groups.push_back(unit);
      i += unit.fromCount;
      j += unit.toCount;
      continue;
    }
    if (i == from.size() || j == to.size() || from[i] <= 0 || to[j] <= 0)
      return std::nullopt;
    Group group = {i, 1, j, 1};
    int64_t a = from[i++], b = to[j++];
    while (a != b) {
      bool extendFrom = a < b;
      if ((extendFrom ? i == from.size() : j == to.size()) || (extendFrom ? from[i] : to[j]) <= 0)
        return std::nullopt;
      (extendFrom ? a : b) *= extendFrom ? from[i++] : to[j++];
      ++(extendFrom ? group.fromCount : group.toCount);
    }
    result.groups.push_back(group);
  }
  return result;
}

std::optional<int64_t> ReshapeGroups::sourceOf(int64_t dim) const {
  for (const Group &group : groups)
    if (group.isSingle() && group.to == dim)
      return group.from;
  return std::nullopt;
}

std::optional<SmallVector<int64_t>> ReshapeGroups::broadcastBack(ArrayRef<int64_t> shape) const {
  SmallVector<int64_t> full(to.size() - shape.size(), 1), result;
  llvm::append_range(full, shape);
  for (const Group &group : groups) {
    ArrayRef<int64_t> own = ArrayRef<int64_t>(full).slice(group.to, group.toCount);
    bool isFull = own == ArrayRef<int64_t>(to).slice(group.to, group.toCount);
    bool isUnit = llvm::all_of(own, [](int64_t d) { return d == 1; });
    if (!isFull && !isUnit)
      return std::nullopt;
    for (unsigned d = group.from; d < group.from + group.fromCount; ++d)
      result.push_back(isFull ? from[d] : 1);
  }
  while (!result.empty() && result.front() == 1)
    result.erase(result.begin());
  return result;
}

} // namespace tenon

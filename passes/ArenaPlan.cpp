#include "passes/ArenaPlan.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"
#include <map>

namespace tenon {

static bool overlapInTime(const ArenaBuffer &a, const ArenaBuffer &b) { return a.begin <= b.end && b.begin <= a.end; }

/// Places buffers in the given order, each into the tightest gap between those placed before it.
static int64_t place(llvm::ArrayRef<ArenaBuffer *> order) {
  int64_t total = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    ArenaBuffer &buffer = *order[i];
    llvm::SmallVector<ArenaBuffer *> others;
    for (size_t j = 0; j < i; ++j)
      if (overlapInTime(buffer, *order[j]))
        others.push_back(order[j]);
    llvm::sort(others, [](ArenaBuffer *a, ArenaBuffer *b) { return a->offset < b->offset; });
    int64_t best = -1, bestGap = INT64_MAX, free = 0;
    for (ArenaBuffer *other : others) {
      int64_t gap = other->offset - free;
      if (gap >= buffer.size && gap < bestGap) {
        best = free;
        bestGap = gap;
      }
      free = std::max(free, other->offset + other->size);
    }
    buffer.offset = best >= 0 ? best : free;
    total = std::max(total, buffer.offset + buffer.size);
  }
  return total;
}

int64_t mostBytesAlive(llvm::ArrayRef<ArenaBuffer> buffers) {
  std::map<int64_t, int64_t> changes;
  for (const ArenaBuffer &buffer : buffers) {
    changes[buffer.begin] += buffer.size;
    changes[buffer.end + 1] -= buffer.size;
  }
  int64_t alive = 0, most = 0;
  for (auto &[step, change] : changes) {
    alive += change;
    most = std::max(most, alive);
  }
  return most;
}

ArenaPlan planArena(llvm::MutableArrayRef<ArenaBuffer> buffers, int64_t alignment, int64_t guard) {
  ArenaPlan plan;
  llvm::SmallVector<ArenaBuffer *> order;
  for (ArenaBuffer &buffer : buffers) {
    buffer.size = llvm::alignTo(buffer.size, alignment) + 2 * guard;
    order.push_back(&buffer);
  }
  plan.lowerBound = mostBytesAlive(buffers);
  // Orders that work well on different graphs: the best one is kept.
  using Less = bool (*)(const ArenaBuffer *, const ArenaBuffer *);
  static constexpr Less orders[] = {
      [](const ArenaBuffer *a, const ArenaBuffer *b) {
        return std::make_tuple(-a->size, a->begin, a->end) < std::make_tuple(-b->size, b->begin, b->end);
      },
      [](const ArenaBuffer *a, const ArenaBuffer *b) {
        return std::make_tuple(a->begin, -a->size, a->end) < std::make_tuple(b->begin, -b->size, b->end);
      },
      [](const ArenaBuffer *a, const ArenaBuffer *b) {
        int64_t x = a->size * (a->end - a->begin + 1), y = b->size * (b->end - b->begin + 1);
        return std::make_tuple(-x, a->begin) < std::make_tuple(-y, b->begin);
      }};
  plan.size = INT64_MAX;
  const Less *best = nullptr;
  for (const Less &less : orders) {
    llvm::sort(order, less);
    int64_t size = place(order);
    if (size < plan.size) {
      plan.size = size;
      best = &less;
    }
    if (size == plan.lowerBound)
      break;
  }
  if (best) {
    llvm::sort(order, *best);
    plan.size = place(order);
  }
  for (ArenaBuffer &buffer : buffers) {
    buffer.size -= 2 * guard;
    buffer.offset += guard;
  }
  return plan;
}

} // namespace tenon

//===- ArenaPlan.h - Offsets of buffers with known lifetimes -------------===//
#ifndef TENON_PASSES_ARENAPLAN_H
#define TENON_PASSES_ARENAPLAN_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace tenon {

/// A buffer that is alive from step `begin` to step `end`, both included. Sizes and offsets are bytes.
struct ArenaBuffer {
  int64_t size = 0;
  int64_t begin = 0, end = 0;
  int64_t offset = 0;
};

struct ArenaPlan {
  int64_t size = 0;       ///< bytes of the arena
  int64_t lowerBound = 0; ///< most bytes alive at one step
};

/// Most bytes alive at one step.
int64_t mostBytesAlive(llvm::ArrayRef<ArenaBuffer> buffers);

/// Gives every buffer an offset (a multiple of `alignment`) such that no two that are alive together overlap.
/// Before and behind each lie `guard` bytes (a multiple of `alignment`) that are nobody's as long as it lives.
ArenaPlan planArena(llvm::MutableArrayRef<ArenaBuffer> buffers, int64_t alignment, int64_t guard = 0);

} // namespace tenon

#endif

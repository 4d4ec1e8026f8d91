//===- RegisterTile.h - How many rows a register tile has ----------------===//
#ifndef TENON_CODEGEN_COMMON_REGISTERTILE_H
#define TENON_CODEGEN_COMMON_REGISTERTILE_H

#include "ir/Dialect.h"
#include "passes/Target.h"

namespace tenon::codegen {

/// Rows of a tile of `vectors` vectors that fit the registers, with the right operand's vectors and one more.
int64_t mostRows(const Target &target, int64_t vectors);

/// Most rows of a tile that reads rows of input `i` of the kernel, `stride` elements apart: fewer than the first-level
/// cache has places for one address where they fall on the same ones and memory planning can't move them apart,
/// because they are an input of the model.
int64_t mostRowsOf(tn::KernelOp kernel, unsigned i, int64_t stride, const Target &target, int64_t vectors);

/// Whether an element of a left operand whose rows lie `stride` elements apart is to be loaded once for two vectors.
/// Processors with two multiply-adds in a cycle could not load as many elements as one vector takes. Where rows lie
/// within a cache line (the first convolution of a network) LLVM draws the loads of many rows and steps in front of
/// their uses and runs out of registers; AVX-512 then loads for one vector, as part of the multiply-add.
bool sharesLoads(int64_t stride, const Target &target);

/// How often a tile's accumulators are taken, for consecutive k, so that there are enough of them to hide the latency
/// of the multiply-adds.
int64_t accumulatorSets(int64_t rows, int64_t vectors);

/// Steps of a sum by which tiles of at least kNearRows rows fetch the right operand into the first-level cache before
/// they use it: it is on its way from the second-level cache meanwhile. Tiles of fewer rows wait for memory instead.
constexpr int64_t kNearSteps = 8, kNearRows = 4;

/// What a tile costs beside its rows, in rows of multiply-adds: its begin and end.
constexpr double kTileEnds = 0.6;

/// Cost of covering `extent` positions of `rows` rows each by tiles of `size` of them, in rows of multiply-adds: a tile
/// costs its rows, but no less than it takes to hide their latency, and its ends.
double tileCost(int64_t extent, int64_t size, int64_t vectors, int64_t rows = 1, double ends = kTileEnds);

/// The size of at most `most` positions that costs least.
int64_t chooseRows(int64_t extent, int64_t most, int64_t vectors, int64_t rows = 1, double ends = kTileEnds);

} // namespace tenon::codegen

#endif

//===- RegisterTile.h - How many rows a register tile has ----------------===//
#ifndef TENON_CODEGEN_COMMON_REGISTERTILE_H
#define TENON_CODEGEN_COMMON_REGISTERTILE_H

#include "passes/Target.h"

namespace tenon::codegen {

/// Rows of a tile of `vectors` vectors that fit the registers, with the right operand's vectors and one more.
int64_t mostRows(const Target &target, int64_t vectors);

/// Cost of covering `extent` positions by tiles of `size`, in rows of multiply-adds; see chooseRows.
double tileCost(int64_t extent, int64_t size, int64_t vectors, int64_t rows = 1);

/// Least cost of covering `extent` positions by tiles of at most `most`, where a position is `rows` rows: a tile costs
/// its rows, but no less than it takes to hide the latency of the multiply-adds, and a bit for its begin and end.
int64_t chooseRows(int64_t extent, int64_t most, int64_t vectors, int64_t rows = 1);

} // namespace tenon::codegen

#endif

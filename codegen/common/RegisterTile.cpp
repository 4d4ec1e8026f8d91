#include "codegen/common/RegisterTile.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

namespace tenon::codegen {

int64_t mostRows(const Target &target, int64_t vectors) {
  return std::min<int64_t>(14, (target.vectorRegisters - vectors - 1) / vectors);
}

double tileCost(int64_t extent, int64_t size, int64_t vectors, int64_t rows) {
  constexpr double kAccumulators = 10, kEnds = 0.6;
  double least = kAccumulators / static_cast<double>(vectors);
  return static_cast<double>(llvm::divideCeil(extent, size)) *
         (std::max(static_cast<double>(size * rows), least) + kEnds);
}

int64_t chooseRows(int64_t extent, int64_t most, int64_t vectors, int64_t rows) {
  double best = 1e30;
  int64_t choice = 1;
  for (int64_t size = 1; size <= std::min(extent, most); ++size) {
    double cost = tileCost(extent, size, vectors, rows);
    if (cost <= best) {
      best = cost;
      choice = size;
    }
  }
  return choice;
}

} // namespace tenon::codegen

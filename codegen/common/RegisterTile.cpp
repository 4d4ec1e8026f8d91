#include "codegen/common/RegisterTile.h"
#include "passes/Places.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace mlir;

namespace tenon::codegen {

/// Multiply-adds that are under way at a time: two in a cycle, four cycles each.
constexpr int64_t kAccumulators = 8;

int64_t mostRows(const Target &target, int64_t vectors) {
  return std::min<int64_t>(14, (target.vectorRegisters - vectors - 1) / vectors);
}

int64_t mostRowsOf(tn::KernelOp kernel, unsigned i, int64_t stride, const Target &target, int64_t vectors) {
  constexpr int64_t kCrowdedBytes = 1024, kWays = 8;
  int64_t most = mostRows(target, vectors);
  if (stride == 0 || stride * 4 % kCrowdedBytes != 0)
    return most;
  return isa<BlockArgument>(rootOf(kernel.getInputs()[i])) ? std::min(most, kWays) : most;
}

bool sharesLoads(int64_t stride, const Target &target) {
  constexpr int64_t kNearBytes = 64;
  return target.vectorBytes < 64 || stride * 4 > kNearBytes;
}

int64_t accumulatorSets(int64_t rows, int64_t vectors) {
  return std::clamp<int64_t>(kAccumulators / (rows * vectors), 1, 4);
}

double tileCost(int64_t extent, int64_t size, int64_t vectors, int64_t rows, double ends) {
  int64_t perRow = vectors * accumulatorSets(size * rows, vectors);
  double least = static_cast<double>(kAccumulators) / static_cast<double>(perRow);
  return static_cast<double>(llvm::divideCeil(extent, size)) *
         (std::max(static_cast<double>(size * rows), least) + ends);
}

int64_t chooseRows(int64_t extent, int64_t most, int64_t vectors, int64_t rows, double ends) {
  double best = 1e30;
  int64_t choice = 1;
  for (int64_t size = 1; size <= std::min(extent, most); ++size) {
    double cost = tileCost(extent, size, vectors, rows, ends);
    if (cost <= best) {
      best = cost;
      choice = size;
    }
  }
  return choice;
}

} // namespace tenon::codegen

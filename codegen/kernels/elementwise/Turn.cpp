#include "codegen/kernels/elementwise/Turn.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tenon::codegen {

static int64_t lanesOf(Value v) { return cast<VectorType>(v.getType()).getNumElements(); }

/// Blocks of lanes off the diagonal change places between vectors of a pair, for blocks of half the lanes
/// down to one (Eklundh 1972).
void transposeVectors(OpBuilder &b, Location loc, SmallVector<Value> &vectors) {
  int64_t lanes = lanesOf(vectors[0]);
  for (int64_t block = lanes / 2; block > 0; block /= 2)
    for (int64_t i = 0; i < lanes; ++i) {
      if (i & block)
        continue;
      SmallVector<int64_t> upper, lower;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        // Positions from `lanes` on are the second vector's.
        upper.push_back(lane & block ? lanes + lane - block : lane);
        lower.push_back(lane & block ? lanes + lane : lane + block);
      }
      Value x = vectors[i], y = vectors[i + block];
      vectors[i] = vector::ShuffleOp::create(b, loc, x, y, upper);
      vectors[i + block] = vector::ShuffleOp::create(b, loc, x, y, lower);
    }
}

SmallVector<Value> interleaveVectors(OpBuilder &b, Location loc, ArrayRef<Value> vectors) {
  auto count = static_cast<int64_t>(vectors.size());
  int64_t lanes = lanesOf(vectors[0]);
  SmallVector<Value> results;
  for (int64_t v = 0; v < count; ++v) {
    Value result = vectors[0];
    // Lanes come in turn from the vectors; those of later vectors keep some place until their turn.
    for (int64_t from = 0; from < count; ++from) {
      SmallVector<int64_t> mask;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        int64_t position = v * lanes + lane;
        mask.push_back(position % count == from ? lanes + position / count : from == 0 ? 0 : lane);
      }
      if (from > 0 || count == 1)
        result = vector::ShuffleOp::create(b, loc, result, vectors[from], mask);
      else
        result = vector::ShuffleOp::create(b, loc, vectors[0], vectors[0], mask);
    }
    results.push_back(result);
  }
  return results;
}

} // namespace tenon::codegen

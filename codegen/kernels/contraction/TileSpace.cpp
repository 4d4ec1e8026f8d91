#include "codegen/kernels/contraction/TileSpace.h"
#include "codegen/common/RegisterTile.h"

using namespace mlir;

namespace tenon::codegen {

/// The longest sum that is not taken in blocks.
static constexpr int64_t kLongestSum = 512;

SmallVector<std::pair<RowTile, double>> weighTiles(const Problem &problem, int64_t most, int64_t vectors) {
  SmallVector<std::pair<RowTile, double>> weighed;
  if (problem.m.empty())
    return weighed;
  int64_t inner = problem.m.back().extent;
  if (problem.m.size() > 1 && inner * 2 <= most) {
    int64_t middle = problem.m[problem.m.size() - 2].extent;
    for (int64_t th = 1; th <= std::min(middle, most / inner); ++th)
      weighed.push_back({{th, inner}, tileCost(middle, th, vectors, inner)});
    return weighed;
  }
  for (int64_t tw = 1; tw <= std::min(inner, most); ++tw)
    weighed.push_back({{1, tw}, tileCost(inner, tw, vectors)});
  return weighed;
}

RowTile chooseTile(const Problem &problem, int64_t most, int64_t vectors) {
  RowTile choice;
  double best = std::numeric_limits<double>::infinity();
  for (auto [tile, cost] : weighTiles(problem, most, vectors))
    if (cost <= best) {
      best = cost;
      choice = tile;
    }
  return choice;
}

SmallVector<RowTile> allTiles(const Problem &problem, int64_t most) {
  SmallVector<RowTile> all = {RowTile()};
  if (problem.m.empty())
    return all;
  int64_t inner = problem.m.back().extent;
  for (int64_t rows = 2; rows <= std::min(inner, most); ++rows)
    all.push_back({1, rows});
  if (problem.m.size() > 1)
    for (int64_t rows = 2; rows <= std::min(problem.m[problem.m.size() - 2].extent, most / inner); ++rows)
      all.push_back({rows, inner});
  return all;
}

bool sumsInBlocks(const Problem &problem) { return problem.depth() > kLongestSum; }

int64_t panelsOfItem(DictionaryAttr schedule) {
  return schedule.contains("panels") ? scheduled(schedule, "panels") : 1;
}

SmallVector<int64_t> tileSpace(const Problem &problem, DictionaryAttr schedule) {
  RowSpace space(problem, {scheduled(schedule, "rows_outer"), scheduled(schedule, "rows")});
  int64_t chunk = scheduled(schedule, "chunk");
  SmallVector<int64_t> shape;
  for (const ProblemLoop &loop : problem.batch)
    shape.push_back(loop.extent);
  shape.push_back(llvm::divideCeil(problem.panels(), panelsOfItem(schedule)));
  if (sumsInBlocks(problem)) {
    shape.push_back(llvm::divideCeil(space.tiles(), chunk));
    return shape;
  }
  for (const ProblemLoop &loop : space.outer)
    shape.push_back(loop.extent);
  shape.push_back(space.middleTiles);
  shape.push_back(llvm::divideCeil(space.innerTiles, chunk));
  return shape;
}

/// Sums of a register tile.
static int64_t tileSums(DictionaryAttr schedule) {
  return scheduled(schedule, "rows_outer") * scheduled(schedule, "rows") * kPanel;
}

int64_t totalsOfBlocks(const Problem &problem, DictionaryAttr schedule) {
  return sumsInBlocks(problem) ? scheduled(schedule, "chunk") * panelsOfItem(schedule) * tileSums(schedule) : 0;
}

int64_t totalsBytes(const Problem &problem, DictionaryAttr schedule) {
  return problem.depth() > kSumPart ? (totalsOfBlocks(problem, schedule) + tileSums(schedule)) * 4 : 0;
}

int64_t tileItems(const Problem &problem, DictionaryAttr schedule) { return product(tileSpace(problem, schedule)); }

} // namespace tenon::codegen

//===- Contraction.cpp - Sums of products over packed operands -----------===//
//
// Matrix products in every arrangement, and convolutions, which are matrix products whose left operand is addressed
// with the strides of a sliding window: no im2col. A register tile of MR rows and NV vectors is accumulated over all
// of k and leaves through the epilogue, still in registers.
//
// Parallel space: batches x panels x outer rows x chunks of row tiles, panels before rows, so that a panel of weights
// is read once from memory and then from the cache. A last tile that does not fit begins earlier: it computes some rows
// again, and stores the others.
//
//===----------------------------------------------------------------------===//
#include "codegen/common/Epilogue.h"
#include "codegen/common/RegisterTile.h"
#include "codegen/kernels/contraction/Tile.h"
#include "ir/Constant.h"

using namespace mlir;

namespace tenon::codegen {
namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Rows from which on the rows of a tile crowd each other out of the cache if they are badly spaced.
constexpr int64_t kTallTile = 4;

/// The contraction of a kernel, packed or not yet.
Operation *findAnchor(tn::KernelOp kernel) {
  if (std::optional<Problem> problem = findProblem(kernel))
    return problem->anchor;
  Operation *anchor = nullptr;
  for (Operation &op : kernel.getBlock()->without_terminator())
    if (isa<tn::ContractOp, tn::ConvOp>(op)) {
      if (anchor)
        return nullptr;
      anchor = &op;
    }
  if (!anchor || !packSpec(anchor) || !isa<BlockArgument>(anchor->getOperand(0)) ||
      !isa<BlockArgument>(anchor->getOperand(1)))
    return nullptr;
  return anchor;
}

bool isEpilogue(Operation *op, Operation *anchor) { return op == anchor || isa<tn::UnpackOp>(op) || isEpilogueOp(op); }

class ContractionTemplate : public KernelTemplate {
public:
  llvm::StringRef getName() const override { return "contraction"; }

  bool match(tn::KernelOp kernel) const override {
    Operation *anchor = findAnchor(kernel);
    if (!anchor)
      return false;
    for (Operation &op : kernel.getBlock()->without_terminator())
      if (!isEpilogue(&op, anchor))
        return false;
    return yieldsMatch(kernel, anchor->getResult(0));
  }

  void prepare(tn::KernelOp kernel) const override {
    if (findProblem(kernel))
      return;
    packOperand(kernel, findAnchor(kernel));
  }

  DictionaryAttr schedule(tn::KernelOp kernel, const Target &target) const override {
    Problem problem = *findProblem(kernel);
    int64_t vectors = chooseVectors(problem, target);
    RowTile tile = chooseTile(problem, mostTileRows(kernel, problem, target, vectors), vectors);
    return describe(kernel, problem, target, tile, vectors, kUnroll);
  }

  SmallVector<WeighedSchedule> weigh(tn::KernelOp kernel, const Target &target) const override {
    Problem problem = *findProblem(kernel);
    int64_t vectors = chooseVectors(problem, target);
    SmallVector<WeighedSchedule> weighed;
    for (auto [tile, cost] : weighTiles(problem, mostTileRows(kernel, problem, target, vectors), vectors))
      weighed.push_back({describe(kernel, problem, target, tile, vectors, kUnroll), cost});
    return weighed;
  }
  llvm::StringRef getCostUnit() const override { return "rows of multiply-adds"; }

  /// Every register tile that leaves room for the operands, by steps of 4 and 8.
  SmallVector<DictionaryAttr> candidates(tn::KernelOp kernel, const Target &target) const override {
    Problem problem = *findProblem(kernel);
    SmallVector<DictionaryAttr> all;
    for (int64_t vectors = 1; vectors <= mostVectors(problem, target); ++vectors)
      for (RowTile tile : allTiles(problem, mostRows(target, vectors)))
        for (int64_t unroll : {kUnroll, 2 * kUnroll})
          all.push_back(describe(kernel, problem, target, tile, vectors, unroll));
    return all;
  }

  int64_t extent(tn::KernelOp kernel, DictionaryAttr schedule) const override {
    return tileItems(*findProblem(kernel), schedule);
  }

  int64_t scratchBytes(tn::KernelOp kernel, DictionaryAttr schedule) const override {
    return totalsBytes(*findProblem(kernel), schedule);
  }

  std::optional<RowItems> rowItems(tn::KernelOp kernel, DictionaryAttr schedule) const override {
    Problem problem = *findProblem(kernel);
    if (!problem.batch.empty() || problem.m.empty() || sumsInBlocks(problem) || !isRowMajor(problem))
      return std::nullopt;
    RowItems items;
    // The tiles of the only loop, or those of the loop around the innermost one.
    bool isOnly = problem.m.size() == 1;
    const ProblemLoop &rows = problem.m[isOnly ? 0 : problem.m.size() - 2];
    int64_t chunk = scheduled(schedule, "chunk");
    items.dim = rows.resultDim;
    items.planes = problem.panels();
    items.tileRows = isOnly ? chunk * scheduled(schedule, "rows") : scheduled(schedule, "rows_outer");
    items.parts = isOnly ? 1 : tileSpace(problem, schedule).back();
    items.input = lhsInput(problem);
    if (auto conv = dyn_cast<tn::ConvOp>(problem.anchor)) {
      if (items.dim != 1)
        return std::nullopt;
      items.stride = conv.getStrides()[0];
      items.reach = (conv.getFilter().getType().getDimSize(2) - 1) * conv.getDilations()[0] + 1;
    } else {
      items.inputDim = rows.lhsDim;
    }
    auto images = [](Value map, unsigned dim) { return product(typeOf(map).getShape().take_front(dim)); };
    if (images(problem.anchor->getResult(0), items.dim) != images(problem.anchor->getOperand(0), items.inputDim))
      return std::nullopt;
    return withBorders(kernel, problem.anchor->getResult(0), items);
  }

  bool allowsInPlace(tn::KernelOp kernel, unsigned i, unsigned o) const override {
    Problem problem = *findProblem(kernel);
    if (i == lhsInput(problem) || i == problem.packed)
      return false;
    auto from = typeOf(kernel.getBlock()->getArgument(i)), to = typeOf(kernel.getYield().getValues()[o]);
    return from.getNumElements() == to.getNumElements() && from.getElementType() == to.getElementType();
  }

  bool readsPaddedRows(tn::KernelOp kernel, unsigned i) const override { return i != findProblem(kernel)->packed; }
  bool writesPaddedRows(tn::KernelOp kernel, unsigned o) const override { return storesPaddedRows(kernel, o); }
  bool wantsPaddedRows(tn::KernelOp kernel, unsigned i) const override {
    Problem problem = *findProblem(kernel);
    int64_t rows = 1;
    for (const ProblemLoop &loop : problem.m)
      rows *= loop.extent;
    return i == lhsInput(problem) && rows >= kTallTile && problem.k.back().lhsStride == 1;
  }

private:
  static constexpr int64_t kUnroll = 4;

  static unsigned lhsInput(const Problem &problem) {
    return cast<BlockArgument>(problem.anchor->getOperand(0)).getArgNumber();
  }

  /// Whether the row loops run over the result's dimensions in their order, before its columns, and those of the left
  /// operand likewise.
  static bool isRowMajor(const Problem &problem) {
    int dim = -1, lhsDim = -1;
    for (const ProblemLoop &loop : problem.m) {
      if (loop.resultDim <= dim || (loop.lhsDim >= 0 && loop.lhsDim <= lhsDim))
        return false;
      dim = loop.resultDim;
      lhsDim = loop.lhsDim;
    }
    return problem.nDims.front() > dim;
  }

  static int64_t mostVectors(const Problem &problem, const Target &target) {
    return std::min<int64_t>(2, llvm::divideCeil(std::min(problem.n, kPanel), target.floatLanes()));
  }

  static int64_t chooseVectors(const Problem &problem, const Target &target) {
    bool shares = problem.m.empty() || sharesLoads(problem.m.back().lhsStride, target);
    return shares ? mostVectors(problem, target) : 1;
  }

  static int64_t mostTileRows(tn::KernelOp kernel, const Problem &problem, const Target &target, int64_t vectors) {
    int64_t stride = problem.m.empty() || problem.k.back().lhsStride != 1 ? 0 : problem.m.back().lhsStride;
    return mostRowsOf(kernel, lhsInput(problem), stride, target, vectors);
  }

  /// Work items that are enough to share out where the tiles of an item share blocks of the sum.
  static constexpr int64_t kItemsInBlocks = 12;

  /// Panels of a work item that takes its sums in blocks: some at a time read a block of the left operand from the
  /// second-level cache where the whole operand would not stay.
  static int64_t panelsInBlocks(const Problem &problem) {
    constexpr int64_t kMost = 4, kStaysBytes = 256 << 10;
    if (typeOf(problem.anchor->getOperand(0)).getNumElements() * 4 <= kStaysBytes * problem.batches())
      return 1;
    int64_t panels = kMost;
    while (panels > 1 && problem.batches() * problem.panels() < kItemsInBlocks * panels)
      panels /= 2;
    return panels;
  }

  /// A schedule with as many row tiles in a work item as leave enough items to share out; fewer of them where the tiles
  /// of an item share blocks of the sum.
  static DictionaryAttr describe(tn::KernelOp kernel, const Problem &problem, const Target &target, RowTile tile,
                                 int64_t vectors, int64_t unroll) {
    RowSpace space(problem, tile);
    SmallVector<std::pair<llvm::StringRef, int64_t>> entries = {{"lanes", target.floatLanes()},
                                                                {"vectors", vectors},
                                                                {"rows_outer", tile.th},
                                                                {"rows", tile.tw},
                                                                {"unroll", unroll}};
    auto chunkOf = [](int64_t tiles, int64_t chunks) {
      return llvm::divideCeil(tiles, std::clamp<int64_t>(chunks, 1, tiles));
    };
    if (sumsInBlocks(problem)) {
      constexpr int64_t kTotalsBytes = 128 << 10;
      int64_t panels = panelsInBlocks(problem);
      int64_t items = problem.batches() * llvm::divideCeil(problem.panels(), panels);
      int64_t most = llvm::divideCeil(space.tiles() * tile.rows() * panels * kPanel * 4, kTotalsBytes);
      entries.push_back({"panels", panels});
      entries.push_back(
          {"chunk", chunkOf(space.tiles(), std::max<int64_t>(llvm::divideCeil(kItemsInBlocks, items), most))});
    } else {
      constexpr int64_t kItems = 64;
      int64_t items = problem.batches() * problem.panels() * (space.tiles() / space.innerTiles);
      entries.push_back({"chunk", chunkOf(space.innerTiles, llvm::divideCeil(kItems, items))});
    }
    return makeSchedule(kernel.getContext(), entries);
  }

public:
  LogicalResult lower(KernelFunction &fn, DictionaryAttr schedule) const override {
    Problem problem = *findProblem(fn.getKernel());
    TilePlace place;
    place.lhs = fn.input(lhsInput(problem)).memref;
    place.totals = fn.scratch(0, fn.builder().getF32Type());
    place.store = [&](ElementEmitter &e, ArrayRef<Index> index, Value sum) {
      emitEpilogue(fn, e, problem.anchor->getResult(0), index, sum);
    };
    ElementEmitter e = fn.emitter(1);
    emitItems(fn, tileItems(problem, schedule), [&](Value item) {
      e.scoped(
          [&] { emitTiles(fn, problem, schedule, e.delinearize({item, 0, {}}, tileSpace(problem, schedule)), place); });
    });
    return success();
  }
};

} // namespace

const KernelTemplate &contractionTemplate() {
  static const ContractionTemplate instance;
  return instance;
}

} // namespace tenon::codegen

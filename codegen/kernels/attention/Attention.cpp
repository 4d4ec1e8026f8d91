//===- Attention.cpp - softmax(q k + mask) v without the scores in memory -===//
//
// Two contractions with a softmax of the first one's result between them, which is the second one's left operand. A
// work item takes a block of rows of the scores: it computes them into scratch memory, panel by panel of the keys,
// replaces each row by exponentials, and multiplies the block by the values, panel by panel. What a row's exponentials
// are to be divided by is applied to its results, in the epilogue. A block is so small that the
// scores stay in the second-level cache beside keys and values.
//
// Parallel space: the dimensions of the scores but rows and columns x blocks of rows.
//
//===----------------------------------------------------------------------===//
#include "codegen/common/Epilogue.h"
#include "codegen/common/Loops.h"
#include "codegen/common/RegisterTile.h"
#include "codegen/kernels/attention/Body.h"
#include "codegen/kernels/attention/SoftmaxRows.h"
#include "codegen/kernels/contraction/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace tenon::codegen {
namespace {

constexpr int64_t kUnroll = 4;
/// Scratch memory for scores, which is to stay in the second-level cache beside keys and values.
constexpr int64_t kBlockBytes = 64 << 10;
/// Work items below which blocks are made smaller, so that threads get equal shares.
constexpr int64_t kItems = 32;

/// Distance of two rows of scores in scratch memory: whole vectors, no multiple of 1 kB.
int64_t rowPitch(const AttentionBody &body) { return static_cast<int64_t>(llvm::alignTo(body.columns(), kPanel)) + 16; }

/// Both contractions as loop nests whose innermost row loop is that of the blocks.
struct Nests {
  Nests(tn::KernelOp kernel, AttentionBody body)
      : scores(*describeProblem(body.scores, stridesOf(kernel, cast<BlockArgument>(body.scores.getLhs())))) {
    SmallVector<int64_t> strides(body.rank(), 0);
    strides[body.rowDim] = rowPitch(body);
    strides.back() = 1;
    values = *describeProblem(body.values, strides);
    moveLast(scores.m, [&](const ProblemLoop &loop) { return loop.resultDim == body.rowDim; });
    moveLast(values.m, [&](const ProblemLoop &loop) { return loop.lhsDim == body.rowDim; });
  }

  Problem scores, values;

private:
  static void moveLast(SmallVector<ProblemLoop> &loops, llvm::function_ref<bool(const ProblemLoop &)> isRow) {
    auto row = llvm::find_if(loops, isRow);
    std::rotate(row, row + 1, loops.end());
  }
};

/// Where things lie in scratch memory, in bytes.
struct Scratch {
  Scratch(const AttentionBody &body, const Nests &nests, DictionaryAttr schedule) {
    int64_t rows = scheduled(schedule, "rows") * scheduled(schedule, "chunk");
    factors = rows * rowPitch(body) * 4;
    totals = factors + static_cast<int64_t>(llvm::alignTo(rows * 4, 64));
    bytes = totals + std::max(totalsBytes(nests.scores, schedule), totalsBytes(nests.values, schedule));
  }
  int64_t factors; ///< one per row: the reciprocal of its sum
  int64_t totals;  ///< sums that are taken in blocks
  int64_t bytes;
};

/// Emits work items.
class AttentionEmitter {
public:
  AttentionEmitter(KernelFunction &fn, const AttentionBody &body, const Nests &nests, DictionaryAttr schedule)
      : fn(fn), b(fn.builder()), loc(fn.getLoc()), body(body), nests(nests), schedule(schedule), e(fn.emitter(1)),
        rows(scheduled(schedule, "rows")), chunk(scheduled(schedule, "chunk")), pitch(rowPitch(body)) {}

  /// Dimensions of the scores but rows and columns, blocks of rows.
  static SmallVector<int64_t> itemSpace(const AttentionBody &body, DictionaryAttr schedule) {
    SmallVector<int64_t> shape;
    for (int64_t d = 0; d + 1 < body.rank(); ++d)
      if (d != body.rowDim)
        shape.push_back(body.shape()[d]);
    shape.push_back(llvm::divideCeil(body.rows(), scheduled(schedule, "rows") * scheduled(schedule, "chunk")));
    return shape;
  }

  void emitItem(Value item) {
    SmallVector<Index> at = e.delinearize({item, 0, {}}, itemSpace(body, schedule));
    block = at.pop_back_val();
    outer = at;
    outer.insert(outer.begin() + body.rowDim, Index());
    Scratch layout(body, nests, schedule);
    memory = fn.scratch(0, b.getF32Type());
    factors = fn.scratch(layout.factors, b.getF32Type());
    totals = fn.scratch(layout.totals, b.getF32Type());
    // A last tile that does not fit begins earlier, maybe in front of its block.
    Index start = e.multiply(block, rows * chunk);
    Value most = e.indexConstant(body.rows() - rows), extent = e.indexConstant(body.rows());
    firstRow = {arith::MinSIOp::create(b, loc, start.base, most), 0, {}};
    Value end = arith::MinSIOp::create(b, loc, e.addConstant(start, rows * chunk).base, extent);
    emitScores();
    emitFor(e, e.indexConstant(0), local(e, {end, 0, {}}).base, 1, {}, [&](Value row, ValueRange) {
      Value factor = emitSoftmaxRow(fn, memory, e.multiply({row, 0, {}}, pitch).base, body.columns(),
                                    scheduled(schedule, "lanes"));
      memref::StoreOp::create(b, loc, factor, factors, ValueRange{row});
      return SmallVector<Value>();
    });
    emitValues();
  }

private:
  /// The number of a row within the block.
  Index local(ElementEmitter &v, const Index &row) { return v.add(row, v.multiply(firstRow, -1)); }

  void emitScores() {
    TilePlace place;
    place.lhs = fn.input(cast<BlockArgument>(body.scores.getLhs()).getArgNumber()).memref;
    place.totals = totals;
    place.storesRepeated = true;
    place.store = [&](ElementEmitter &v, ArrayRef<Index> index, Value sum) {
      v.bind(body.scores.getResult(), [sum](ElementEmitter &, ArrayRef<Index>) { return sum; });
      Value score = v.vectorElement(body.softmax.getOperand(), index);
      Index at = v.add(v.multiply(local(v, index[body.rowDim]), pitch), index.back());
      v.store(score, {memory, 0, {1}}, b.getF32Type(), at);
    };
    emitPanels(nests.scores, place, [](const ProblemLoop &loop) { return loop.resultDim; });
  }

  void emitValues() {
    TilePlace place;
    place.lhs = memory;
    place.lhsBase = e.multiply(firstRow, -pitch);
    place.totals = totals;
    int rowDim = nests.values.m.back().resultDim;
    place.store = [&, rowDim](ElementEmitter &v, ArrayRef<Index> index, Value sum) {
      Value row = local(v, index[rowDim]).base;
      Value factor = v.broadcast(memref::LoadOp::create(b, loc, factors, ValueRange{row}));
      emitEpilogue(fn, v, body.values.getResult(), index, arith::MulFOp::create(b, loc, sum, factor));
    };
    emitPanels(nests.values, place, [](const ProblemLoop &loop) { return loop.lhsDim; });
  }

  /// The block of rows, panel by panel of the right operand. `scoreDim`: the dimension of the scores that a loop
  /// counts.
  void emitPanels(const Problem &problem, TilePlace &place, llvm::function_ref<int(const ProblemLoop &)> scoreDim) {
    place.tilesPerPanel = chunk;
    SmallVector<Index> batch, rowLoops;
    for (const ProblemLoop &loop : problem.batch)
      batch.push_back(outer[scoreDim(loop)]);
    for (const ProblemLoop &loop : ArrayRef(problem.m).drop_back())
      rowLoops.push_back(outer[scoreDim(loop)]);
    emitFor(e, e.indexConstant(0), e.indexConstant(problem.panels()), 1, {}, [&](Value panel, ValueRange) {
      SmallVector<Index> at(batch);
      at.push_back({panel, 0, {}});
      llvm::append_range(at, rowLoops);
      if (rowLoops.empty())
        at.push_back(e.constantIndex(0));
      at.push_back(block);
      emitTiles(fn, problem, schedule, at, place);
      return SmallVector<Value>();
    });
  }

  KernelFunction &fn;
  OpBuilder &b;
  Location loc;
  AttentionBody body;
  const Nests &nests;
  DictionaryAttr schedule;
  ElementEmitter e;
  int64_t rows, chunk, pitch;
  SmallVector<Index> outer; ///< position in the scores; rows and columns have none
  Index block, firstRow;
  Value memory, factors, totals;
};

class AttentionTemplate : public KernelTemplate {
public:
  llvm::StringRef getName() const override { return "attention"; }

  bool match(tn::KernelOp kernel) const override { return findAttention(kernel).has_value(); }

  void prepare(tn::KernelOp kernel) const override {
    AttentionBody body = *findAttention(kernel);
    for (tn::ContractOp anchor : {body.scores, body.values})
      if (isa<BlockArgument>(anchor.getRhs()))
        packOperand(kernel, anchor);
  }

  DictionaryAttr schedule(tn::KernelOp kernel, const Target &target) const override {
    return cheapest(weigh(kernel, target));
  }

  SmallVector<WeighedSchedule> weigh(tn::KernelOp kernel, const Target &target) const override {
    AttentionBody body = *findAttention(kernel);
    unsigned queries = cast<BlockArgument>(body.scores.getLhs()).getArgNumber();
    int64_t stride = Nests(kernel, body).scores.m.back().lhsStride;
    int64_t vectors = sharesLoads(stride, target) ? mostVectors(body, target) : 1;
    int64_t most = std::min(body.rows(), mostRowsOf(kernel, queries, stride, target, vectors));
    SmallVector<WeighedSchedule> weighed;
    for (int64_t rows = 1; rows <= most; ++rows)
      weighed.push_back(
          {describe(kernel, body, target, rows, vectors, body.rows()), tileCost(body.rows(), rows, vectors)});
    return weighed;
  }
  llvm::StringRef getCostUnit() const override { return "rows of multiply-adds"; }

  SmallVector<DictionaryAttr> candidates(tn::KernelOp kernel, const Target &target) const override {
    AttentionBody body = *findAttention(kernel);
    SmallVector<DictionaryAttr> all;
    for (int64_t vectors = 1; vectors <= mostVectors(body, target); ++vectors)
      for (int64_t rows = 1; rows <= std::min(body.rows(), mostRows(target, vectors)); ++rows)
        for (int64_t tiles = 1; tiles * rows < body.rows() + rows; ++tiles)
          if (DictionaryAttr made = describe(kernel, body, target, rows, vectors, tiles, 4 * kBlockBytes);
              !llvm::is_contained(all, made))
            all.push_back(made);
    return all;
  }

  int64_t extent(tn::KernelOp kernel, DictionaryAttr schedule) const override {
    return product(AttentionEmitter::itemSpace(*findAttention(kernel), schedule));
  }

  int64_t scratchBytes(tn::KernelOp kernel, DictionaryAttr schedule) const override {
    AttentionBody body = *findAttention(kernel);
    return Scratch(body, Nests(kernel, body), schedule).bytes;
  }

  bool readsPaddedRows(tn::KernelOp kernel, unsigned i) const override {
    Nests nests(kernel, *findAttention(kernel));
    return i != nests.scores.packed && i != nests.values.packed;
  }
  bool writesPaddedRows(tn::KernelOp kernel, unsigned o) const override { return storesPaddedRows(kernel, o); }
  bool wantsPaddedRows(tn::KernelOp kernel, unsigned i) const override {
    AttentionBody body = *findAttention(kernel);
    auto queries = cast<BlockArgument>(body.scores.getLhs());
    return i == queries.getArgNumber() && Nests(kernel, body).scores.k.back().lhsStride == 1;
  }

  LogicalResult lower(KernelFunction &fn, DictionaryAttr schedule) const override {
    AttentionBody body = *findAttention(fn.getKernel());
    Nests nests(fn.getKernel(), body);
    emitItems(fn, extent(fn.getKernel(), schedule),
              [&](Value item) { AttentionEmitter(fn, body, nests, schedule).emitItem(item); });
    return success();
  }

private:
  static int64_t mostVectors(const AttentionBody &body, const Target &target) {
    return std::min<int64_t>(2, llvm::divideCeil(std::min(body.columns(), kPanel), target.floatLanes()));
  }

  /// A schedule with blocks of at most `tiles` row tiles and `bytes` bytes, less if the number of work items asks for
  /// it.
  static DictionaryAttr describe(tn::KernelOp kernel, const AttentionBody &body, const Target &target, int64_t rows,
                                 int64_t vectors, int64_t tiles, int64_t bytes = kBlockBytes) {
    int64_t all = llvm::divideCeil(body.rows(), rows), others = body.elements() / body.rows() / body.columns();
    int64_t fitting = std::max<int64_t>(1, bytes / (rows * rowPitch(body) * 4));
    int64_t shared = llvm::divideCeil(all, std::clamp<int64_t>(llvm::divideCeil(kItems, others), 1, all));
    int64_t blocks = llvm::divideCeil(all, std::min({tiles, fitting, shared}));
    return makeSchedule(kernel.getContext(), {{"lanes", target.floatLanes()},
                                              {"vectors", vectors},
                                              {"rows_outer", 1},
                                              {"rows", rows},
                                              {"unroll", kUnroll},
                                              {"chunk", llvm::divideCeil(all, blocks)}});
  }
};

} // namespace

const KernelTemplate &attentionTemplate() {
  static const AttentionTemplate instance;
  return instance;
}

} // namespace tenon::codegen

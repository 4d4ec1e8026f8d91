//===- Tile.cpp - Register tiles of a contraction ------------------------===//
//
// A tile of MR rows and NV vectors is accumulated over all of k and leaves through the epilogue, still in registers. A
// last tile that does not fit begins earlier: it computes some rows again, and stores the others.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/contraction/Tile.h"
#include "codegen/common/Epilogue.h"
#include "codegen/common/Loops.h"
#include "codegen/common/RegisterTile.h"
#include "codegen/kernels/contraction/PanelPrefetch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tenon::codegen {

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

namespace {

/// Emits the tiles of one place in the space of a contraction.
class TileEmitter {
public:
  TileEmitter(KernelFunction &fn, const Problem &problem, DictionaryAttr schedule, const TilePlace &place)
      : fn(fn), place(place), b(fn.builder()), loc(fn.getLoc()), problem(problem), lanes(scheduled(schedule, "lanes")),
        vectors(scheduled(schedule, "vectors")), unroll(scheduled(schedule, "unroll")),
        tile{scheduled(schedule, "rows_outer"), scheduled(schedule, "rows")}, space(problem, tile),
        chunk(scheduled(schedule, "chunk")), itemPanels(panelsOfItem(schedule)), e(fn.emitter(lanes)),
        vectorType(VectorType::get({lanes}, b.getF32Type())), firstPartAt(totalsOfBlocks(problem, schedule)),
        next(e, fn.input(problem.packed).memref, rowTiles(), place.tilesPerPanel != 0, unroll) {}

  /// `at`: a place in the space of tileSpace, or one that names all row loops and a chunk of the innermost.
  void emitAt(ArrayRef<Index> at) {
    resultBase.assign(typeOf(problem.anchor->getResult(0)).getRank(), e.constantIndex(0));
    lhsBase = place.lhsBase.base ? place.lhsBase : e.constantIndex(0);
    Index batchNumber = e.constantIndex(0);
    for (auto [loop, i] : llvm::zip(problem.batch, at)) {
      batchNumber = e.add(e.multiply(batchNumber, loop.extent), i);
      move(loop, i);
    }
    at = at.drop_front(problem.batch.size());
    panel = e.multiply(at.front(), itemPanels);
    Index number = e.add(e.multiply(batchNumber, problem.panels()), panel);
    panelBase = e.multiply(number, panelSize());
    if (sumsInBlocks(problem))
      emitInBlocks(at.drop_front());
    else
      emitAtOnce(number, at.drop_front());
  }

private:
  int64_t panelSize() const { return problem.depth() * kPanel; }

  void move(const ProblemLoop &loop, const Index &i) {
    lhsBase = e.add(lhsBase, e.multiply(i, loop.lhsStride));
    if (loop.resultDim >= 0)
      resultBase[loop.resultDim] = e.add(resultBase[loop.resultDim], e.multiply(i, loop.resultStep));
  }
  void moveMiddle(const Index &t) {
    middleTile = t;
    move(space.middle, clampStart(e.multiply(t, tile.th), space.middle.extent, tile.th));
  }
  void moveInner(const Index &t) {
    innerTile = t.base;
    move(space.inner, clampStart(e.multiply(t, tile.tw), space.inner.extent, tile.tw));
  }

  /// The end of a chunk of row tiles of `count` that begins at `first`.
  Value chunkEnd(Value first, int64_t count) {
    Value last = e.indexConstant(count);
    if (chunk >= count)
      return last;
    Value end = arith::AddIOp::create(b, loc, first, e.indexConstant(chunk));
    return count % chunk == 0 ? end : Value(arith::MinSIOp::create(b, loc, end, last));
  }

  /// `body(t)` for the row tiles [first, last), whose moves end with it.
  void forEachTile(Value first, Value last, llvm::function_ref<void(Index)> body) {
    SmallVector<Index> savedResult(resultBase);
    Index savedLhs = lhsBase;
    emitFor(e, first, last, 1, {}, [&](Value t, ValueRange) -> SmallVector<Value> {
      body({t, 0, {}});
      resultBase = savedResult;
      lhsBase = savedLhs;
      return {};
    });
  }

  /// Tiles that are accumulated over all of k in registers.
  void emitAtOnce(const Index &number, ArrayRef<Index> at) {
    for (auto [loop, i] : llvm::zip(space.outer, at))
      move(loop, i);
    moveMiddle(at[space.outer.size()]);
    // The panel after this one, or this one again.
    Value most = e.indexConstant(problem.batches() * problem.panels() - 1);
    Index after = isOnly() ? number : Index{arith::MinSIOp::create(b, loc, e.addConstant(number, 1).base, most), 0, {}};
    Index ahead = e.add(e.multiply(after, panelSize()), e.multiply(panelBase, -1));
    Value first = e.multiply(at.back(), chunk).base;
    totalsBase = e.constantIndex(0);
    forEachTile(first, chunkEnd(first, space.innerTiles), [&](Index t) {
      moveInner(t);
      next.aim(ahead, e.add(e.multiply(middleTile, space.innerTiles), t));
      withColumns([&](int64_t columns) { emitTileOfBlock(whole(), columns, !isOnly()); });
    });
  }

  /// Some iterations of sum loop `d`, which begin at these positions behind the first of the left operand and the
  /// panel.
  struct Block {
    size_t d;
    int64_t extent;
    Index left, panel;
    bool mayBeLast;
    Index number = {}; ///< among the blocks that a larger one was cut into; null if it wasn't
  };
  Block whole() { return {0, problem.k.front().extent, e.constantIndex(0), e.constantIndex(0), /*mayBeLast=*/true}; }
  bool isWhole(const Block &block) const { return block.extent * depthBelow(block.d) == problem.depth(); }

  /// Tiles whose sums are taken in blocks of k: one block for all panels of the item and all tiles of the chunk, so
  /// that the block's part of the operands is read from the cache, then the next. In between the sums are in memory.
  void emitInBlocks(ArrayRef<Index> at) {
    SmallVector<int64_t> shape = space.shape();
    Value first = e.multiply(at.back(), chunk).base, last;
    if (at.size() == 1) {
      last = chunkEnd(first, space.tiles());
    } else {
      last = chunkEnd(first, space.innerTiles);
      Index before =
          e.multiply(e.linearize(at.drop_back(), rowMajorStrides(ArrayRef(shape).drop_back())), space.innerTiles);
      first = e.add(before, {first, 0, {}}).base;
      last = e.add(before, {last, 0, {}}).base;
    }
    Value count = e.indexConstant(itemPanels);
    if (problem.panels() % itemPanels != 0)
      count =
          arith::MinSIOp::create(b, loc, count, e.add(e.constantIndex(problem.panels()), e.multiply(panel, -1)).base);
    forEachBlock(whole(), kSumBlock, [&](const Block &block) {
      forEachPanel(count, [&](const Index &p) {
        blockAhead = distanceToNextBlock(p, count, block.panel);
        withColumns([&](int64_t columns) {
          forEachTile(first, last, [&](Index t) {
            Index local = e.add(t, e.multiply({first, 0, {}}, -1));
            totalsBase = e.multiply(e.add(e.multiply(p, chunk), local), tile.rows() * kPanel);
            next.aim(blockAhead, local);
            SmallVector<Index> at = e.delinearize(t, shape);
            for (auto [loop, i] : llvm::zip(space.outer, at))
              move(loop, i);
            moveMiddle(at[space.outer.size()]);
            moveInner(at.back());
            emitTileOfBlock(block, columns, /*prefetches=*/true);
          });
        });
      });
    });
  }

  /// `body(p)` for the panels of the item, `count` of them.
  void forEachPanel(Value count, llvm::function_ref<void(const Index &)> body) {
    if (itemPanels == 1)
      return body(e.constantIndex(0));
    Index savedPanel = panel, savedBase = panelBase;
    emitFor(e, e.indexConstant(0), count, 1, {}, [&](Value p, ValueRange) {
      panel = e.add(savedPanel, {p, 0, {}});
      panelBase = e.add(savedBase, e.multiply({p, 0, {}}, panelSize()));
      body({p, 0, {}});
      return SmallVector<Value>();
    });
    panel = savedPanel;
    panelBase = savedBase;
  }

  /// A tile's sums of a block, in one or two parts.
  void emitTileOfBlock(const Block &block, int64_t columns, bool prefetches) {
    int64_t half = llvm::divideCeil(block.extent * depthBelow(block.d), 2);
    forEachColumnTile(columns, prefetches, [&](int64_t columns, int64_t count) {
      forEachBlock({block.d, block.extent, block.left, block.panel, block.mayBeLast}, std::max(kSumPart * sets, half),
                   [&](const Block &part) { emitPart(part, columns, count); });
    });
  }

  /// The sums of a part are added to those of the parts before; the last part's leave through the epilogue.
  void emitPart(const Block &part, int64_t columns, int64_t count) {
    SmallVector<Value> sums(tile.rows() * count * sets, zero());
    sums =
        mergeSets(emitSum(part.d, part.extent, e.add(lhsBase, part.left), e.add(panelBase, part.panel), sums, count));
    auto finish = [&] {
      e.scoped([&] { emitEpilogue(sums, columns, count); });
      return SmallVector<Value>();
    };
    if (isWhole(part)) {
      finish();
      return;
    }
    auto isAt = [&](const Index &position, int64_t constant) {
      return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, position.base, e.indexConstant(constant));
    };
    // What the first of two parts leaves for the second has a place of its own: LLVM would otherwise hold it in
    // registers meanwhile, which there are not enough of.
    Index before = totalsBase, after = totalsBase;
    if (part.number.base) {
      Index distance = e.add(e.constantIndex(firstPartAt), e.multiply(totalsBase, -1));
      before = e.add(totalsBase, multiply(part.number, distance));
      after = e.add(e.constantIndex(firstPartAt), e.multiply(multiply(part.number, distance), -1));
    }
    sums = emitIf(e, isAt(part.panel, 0), [&] { return sums; }, [&] { return addTotals(sums, before); });
    auto store = [&] {
      for (auto [i, sum] : llvm::enumerate(sums))
        vector::StoreOp::create(b, loc, sum, place.totals, ValueRange{totalAt(after, i)});
      return SmallVector<Value>();
    };
    Index end = e.addConstant(part.panel, part.extent * depthBelow(part.d) * kPanel);
    if (part.mayBeLast)
      emitIf(e, isAt(end, panelSize()), finish, store);
    else
      store();
  }

  SmallVector<Value> addTotals(ArrayRef<Value> sums, const Index &from) {
    SmallVector<Value> totals;
    for (auto [i, sum] : llvm::enumerate(sums)) {
      Value before = vector::LoadOp::create(b, loc, vectorType, place.totals, ValueRange{totalAt(from, i)});
      totals.push_back(arith::AddFOp::create(b, loc, before, sum));
    }
    return totals;
  }
  Value totalAt(const Index &start, int64_t i) {
    return e.addConstant(start, firstColumn * tile.rows() + i * lanes).base;
  }
  Index multiply(const Index &x, const Index &y) { return {b.createOrFold<arith::MulIOp>(loc, x.base, y.base), 0, {}}; }

  /// How far behind the lines of the block at `position` of the item's panel `p` of `count` those lie that are used
  /// next: those of the next panel; after the last panel those of the first one's next block, or of the next item.
  Index distanceToNextBlock(const Index &p, Value count, const Index &position) {
    int64_t block = blockSteps() * kPanel;
    if (itemPanels == 1)
      return e.constantIndex(block);
    auto ifLess = [&](const Index &left, Value right, const Index &yes, const Index &no) {
      Value condition = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, left.base, right);
      return Index{arith::SelectOp::create(b, loc, condition, yes.base, no.base), 0, {}};
    };
    Index firstPanel = e.addConstant(e.multiply(p, -panelSize()), block);
    Index behindLast = ifLess(position, e.indexConstant(panelSize() - block), firstPanel, e.constantIndex(block));
    return ifLess(e.addConstant(p, 1), count, e.constantIndex(panelSize()), behindLast);
  }

  /// Products of a block, roughly.
  int64_t blockSteps() const { return llvm::divideCeil(problem.depth(), llvm::divideCeil(problem.depth(), kSumBlock)); }

  /// Whether the kernel has one panel.
  bool isOnly() const { return problem.batches() * problem.panels() == 1; }

  /// Row tiles that use a panel.
  int64_t rowTiles() const {
    if (sumsInBlocks(problem))
      return std::min(chunk, space.tiles());
    return place.tilesPerPanel ? place.tilesPerPanel : space.middleTiles * space.innerTiles;
  }

  /// The start of a tile, moved back where it would leave the extent.
  Index clampStart(const Index &start, int64_t extent, int64_t size) {
    if (extent % size == 0)
      return start;
    Value most = e.indexConstant(extent - size);
    return {arith::MinSIOp::create(b, loc, start.base, most), 0, {}};
  }

  /// `emit(columns)` for the columns of the panel; the last panel may be narrower.
  void withColumns(llvm::function_ref<void(int64_t)> emit) {
    int64_t rest = problem.n % kPanel, panels = problem.panels();
    if (rest == 0)
      return emit(kPanel);
    if (panels == 1)
      return emit(rest);
    Value isLast = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, panel.base, e.indexConstant(panels - 1));
    auto branch = [&](int64_t columns) {
      return [&emit, columns] {
        emit(columns);
        return SmallVector<Value>();
      };
    };
    emitIf(e, isLast, branch(rest), branch(kPanel));
  }

  /// `emit(columns, vectors)` for the first `columns` columns of the panel, at most `vectors` vectors at a time.
  void forEachColumnTile(int64_t columns, bool prefetches, llvm::function_ref<void(int64_t, int64_t)> emit) {
    for (firstColumn = 0; firstColumn < columns; firstColumn += vectors * lanes) {
      int64_t width = std::min(vectors * lanes, columns - firstColumn), count = llvm::divideCeil(width, lanes);
      prefetching = prefetches && firstColumn == 0 && next.pays();
      // Few accumulators are taken several times over for consecutive k, to hide the latency of the additions.
      sets = std::min(accumulatorSets(tile.rows(), count), unroll);
      emit(width, count);
    }
  }

  Value zero() { return arith::ConstantOp::create(b, loc, b.getZeroAttr(vectorType)); }
  SmallVector<Value> mergeSets(SmallVector<Value> sums) {
    size_t each = sums.size() / sets;
    for (int64_t s = 1; s < sets; ++s)
      for (size_t i = 0; i < each; ++i)
        sums[i] = arith::AddFOp::create(b, loc, sums[i], sums[s * each + i]);
    sums.resize(each);
    return sums;
  }

  /// Products of the sum loops inside of loop `d`.
  int64_t depthBelow(size_t d) const {
    int64_t below = 1;
    for (const ProblemLoop &loop : ArrayRef(problem.k).drop_front(d + 1))
      below *= loop.extent;
    return below;
  }

  /// `sums` and the products of `extent` iterations of sum loop `d`, in registers.
  SmallVector<Value> emitSum(size_t d, int64_t extent, const Index &lhs, const Index &panelAt, ValueRange sums,
                             int64_t count) {
    const ProblemLoop &loop = problem.k[d];
    if (d + 1 == problem.k.size())
      return emitSteps(lhs, panelAt, extent, loop, SmallVector<Value>(sums), count);
    return emitFor(e, e.indexConstant(0), e.indexConstant(extent), 1, sums, [&](Value k, ValueRange carried) {
      Index i = {k, 0, {}};
      return emitSum(d + 1, problem.k[d + 1].extent, e.add(lhs, e.multiply(i, loop.lhsStride)),
                     e.add(panelAt, e.multiply(i, depthBelow(d) * kPanel)), carried, count);
    });
  }

  /// Takes a block in blocks of at most `most` products, and of about the same size.
  void forEachBlock(const Block &all, int64_t most, llvm::function_ref<void(const Block &)> body) {
    if (all.extent * depthBelow(all.d) <= most)
      return body(all);
    const ProblemLoop &loop = problem.k[all.d];
    int64_t below = depthBelow(all.d), blocks = llvm::divideCeil(all.extent * below, most);
    auto size = static_cast<int64_t>(llvm::alignTo(llvm::divideCeil(all.extent, blocks), below == 1 ? unroll : 1));
    auto part = [&](const Index &number, int64_t extent, bool mayBeLast) {
      Index k = e.multiply(number, size);
      Block block = {all.d,
                     extent,
                     e.add(all.left, e.multiply(k, loop.lhsStride)),
                     e.add(all.panel, e.multiply(k, below * kPanel)),
                     all.mayBeLast && mayBeLast,
                     number};
      if (below < most)
        return body(block);
      block.d += 1;
      block.extent = problem.k[block.d].extent;
      forEachBlock(block, most, body);
    };
    int64_t whole = all.extent / size;
    emitFor(e, e.indexConstant(0), e.indexConstant(whole), 1, {}, [&](Value i, ValueRange) {
      part({i, 0, {}}, size, whole * size == all.extent);
      return SmallVector<Value>();
    });
    if (whole * size < all.extent)
      part(e.constantIndex(whole), all.extent - whole * size, true);
  }

  /// `extent` consecutive k of the innermost sum loop.
  SmallVector<Value> emitSteps(const Index &lhs, const Index &panelAt, int64_t extent, const ProblemLoop &loop,
                               SmallVector<Value> now, int64_t count) {
    int64_t whole = extent / unroll * unroll;
    if (whole == unroll && extent <= 2 * unroll)
      whole = 0;
    if (whole)
      now = emitFor(e, e.indexConstant(0), e.indexConstant(whole), unroll, now, [&](Value k, ValueRange carried) {
        Index i = {k, 0, {}};
        SmallVector<Value> inner(carried);
        if (prefetching)
          next.emit(e.add(panelAt, e.multiply(i, kPanel)));
        emitStraight(e.add(lhs, e.multiply(i, loop.lhsStride)), e.add(panelAt, e.multiply(i, kPanel)), unroll, loop,
                     inner, count);
        return inner;
      });
    if (whole < extent)
      emitStraight(e.addConstant(lhs, whole * loop.lhsStride), e.addConstant(panelAt, whole * kPanel), extent - whole,
                   loop, now, count);
    return now;
  }

  /// `steps` consecutive k, straight.
  void emitStraight(const Index &lhs, const Index &panelAt, int64_t steps, const ProblemLoop &loop,
                    SmallVector<Value> &sums, int64_t count) {
    Value left = place.lhs, panels = fn.input(problem.packed).memref;
    for (int64_t k = 0; k < steps; ++k) {
      SmallVector<Value> right;
      for (int64_t j = 0; j < count; ++j)
        right.push_back(vector::LoadOp::create(
            b, loc, vectorType, panels, ValueRange{e.addConstant(panelAt, k * kPanel + firstColumn + j * lanes).base}));
      for (int64_t j = 0; tile.rows() >= kNearRows && j < count * lanes; j += kLine)
        prefetchLine(e, panels, e.addConstant(panelAt, (k + kNearSteps) * kPanel + firstColumn + j));
      SmallVectorImpl<Value>::iterator set = sums.begin() + (k % sets) * tile.rows() * count;
      for (int64_t r = 0; r < tile.rows(); ++r) {
        int64_t displacement = r / tile.tw * space.middle.lhsStride + r % tile.tw * space.inner.lhsStride;
        Value x = memref::LoadOp::create(b, loc, left, e.addConstant(lhs, displacement + k * loop.lhsStride).base);
        Value wide = vector::BroadcastOp::create(b, loc, vectorType, x);
        for (int64_t j = 0; j < count; ++j)
          set[r * count + j] = math::FmaOp::create(b, loc, wide, right[j], set[r * count + j]);
      }
    }
  }

  /// Hands on the sums with their positions.
  void emitEpilogue(ArrayRef<Value> sums, int64_t columns, int64_t count) {
    Index column = e.addConstant(e.multiply(panel, kPanel), firstColumn);
    for (int64_t j = 0; j < count; ++j) {
      int64_t width = std::min(lanes, columns - j * lanes);
      e.setMask(e.firstLanes(width));
      Index n = e.addConstant(column, j * lanes);
      n.step = 1;
      for (int64_t r = 0; r < tile.rows(); ++r)
        emitUnlessRepeated(r, [&] {
          SmallVector<Index> index(resultBase);
          addTo(index, space.middle, r / tile.tw);
          addTo(index, space.inner, r % tile.tw);
          placeColumns(index, n);
          place.store(e, index, sums[r * count + j]);
        });
    }
    e.setMask({});
  }

  /// Emits what stores row `r`, under a condition where a last tile that begins earlier has the row from the one
  /// before. It must not store it again: the epilogue may have replaced what it reads.
  void emitUnlessRepeated(int64_t r, llvm::function_ref<void()> emit) {
    Value condition;
    auto unlessLast = [&](Value number, int64_t tiles, bool repeated) {
      if (!repeated)
        return;
      Value other = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, number, e.indexConstant(tiles - 1));
      condition = condition ? Value(arith::AndIOp::create(b, loc, condition, other)) : other;
    };
    unlessLast(innerTile, space.innerTiles, r % tile.tw < space.innerTiles * tile.tw - space.inner.extent);
    unlessLast(middleTile.base, space.middleTiles, r / tile.tw < space.middleTiles * tile.th - space.middle.extent);
    if (!condition || place.storesRepeated)
      return emit();
    auto ifOp = scf::IfOp::create(b, loc, TypeRange{}, condition, /*withElse=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&ifOp.getThenRegion().front());
    e.scoped(emit);
  }

  void addTo(SmallVector<Index> &index, const ProblemLoop &loop, int64_t i) {
    if (loop.resultDim >= 0 && i != 0)
      index[loop.resultDim] = e.addConstant(index[loop.resultDim], i * loop.resultStep);
  }

  /// Splits the column number over the result's column dimensions.
  void placeColumns(SmallVector<Index> &index, const Index &n) {
    ArrayRef<int64_t> shape = typeOf(problem.anchor->getResult(0)).getShape();
    SmallVector<int64_t> sizes;
    for (int64_t d : problem.nDims)
      sizes.push_back(shape[d]);
    if (sizes.size() == 1) {
      index[problem.nDims[0]] = e.add(index[problem.nDims[0]], n);
      return;
    }
    for (auto [d, i] : llvm::zip(problem.nDims, e.delinearize(n, sizes)))
      index[d] = i;
  }

  KernelFunction &fn;
  const TilePlace &place;
  OpBuilder &b;
  Location loc;
  const Problem &problem;
  int64_t lanes, vectors, unroll;
  RowTile tile;
  RowSpace space;
  int64_t chunk, itemPanels;
  ElementEmitter e;
  VectorType vectorType;
  int64_t firstPartAt; ///< where in the totals the first part of a tile's sums is
  PanelPrefetch next;
  SmallVector<Index> resultBase; ///< position of the tile in the result, columns excluded
  Index panel, panelBase, lhsBase, totalsBase, blockAhead, middleTile;
  Value innerTile;
  int64_t firstColumn = 0;  ///< of the tile, in its panel
  int64_t sets = 1;         ///< accumulators per element of the tile
  bool prefetching = false; ///< the columns being emitted are those that fetch the next panel
};

} // namespace

void emitTiles(KernelFunction &fn, const Problem &problem, DictionaryAttr schedule, ArrayRef<Index> at,
               const TilePlace &place) {
  TileEmitter(fn, problem, schedule, place).emitAt(at);
}

} // namespace tenon::codegen

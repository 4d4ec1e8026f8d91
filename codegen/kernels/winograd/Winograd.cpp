//===- Winograd.cpp - 3x3 convolutions by Winograd's algorithm -----------===//
//
// A block of tiles is brought into the algorithm's domain, one matrix [tiles, channels] per point; for a panel of 32
// filters the products of all points are summed over the channels by register tiles; and the sums of each tile are
// brought back and leave through the epilogue. A block stays in the second-level cache, unless its convolution has so
// many weights that reading them for few tiles would cost more than reading the tiles for every panel.
//
// Parallel space: blocks of tiles x panels. Whoever begins with a block transforms it, so a block that is shared by
// threads is transformed by each. The last block begins earlier where blocks do not divide the tiles: a tile's results
// do not depend on its block.
//
//===----------------------------------------------------------------------===//
#include "codegen/common/Epilogue.h"
#include "codegen/common/Loops.h"
#include "codegen/common/RegisterTile.h"
#include "codegen/kernels/winograd/TransformEmitter.h"
#include "ir/ops/WinogradTransform.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tenon::codegen {
namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Bytes of transformed tiles that stay in the second-level cache beside the weights, and that a block may have.
constexpr int64_t kNearBlockBytes = 640 << 10, kBlockBytes = 4 << 20;
/// Floats of a cache line, by which matrices are kept apart so that they do not crowd in the first-level cache.
constexpr int64_t kLine = 16;
/// Channels that are added up in straight code, and one after the other: the sums of such blocks are added up in turn,
/// for rounding errors grow with the root of the number of additions in a row.
constexpr int64_t kUnroll = 4, kSumBlock = 128;

tn::WinogradConvOp findAnchor(tn::KernelOp kernel) {
  tn::WinogradConvOp anchor;
  for (Operation &op : kernel.getBlock()->without_terminator())
    if (auto conv = dyn_cast<tn::WinogradConvOp>(op)) {
      if (anchor)
        return nullptr;
      anchor = conv;
    }
  if (!anchor || !isa<BlockArgument>(anchor.getInput()) || !isa<BlockArgument>(anchor.getFilter()))
    return nullptr;
  return anchor;
}

/// The sizes of a convolution and where its intermediate values lie in scratch memory, in floats.
struct Layout {
  explicit Layout(tn::WinogradConvOp conv)
      : tile(conv.getTile()), size(tile + 2), points(size * size), channels(typeOf(conv.getInput()).getDimSize(3)),
        filters(conv.getFilters()), panel(typeOf(conv.getFilter()).getDimSize(3)),
        panels(llvm::divideCeil(filters, panel)), high(conv.getTilesHigh()), wide(conv.getTilesWide()),
        images(typeOf(conv.getInput()).getDimSize(0)) {}
  Layout(tn::WinogradConvOp conv, DictionaryAttr schedule) : Layout(conv) { setBlock(scheduled(schedule, "tiles")); }

  int64_t tiles() const { return images * high * wide; }
  int64_t blocks() const { return llvm::divideCeil(tiles(), block); }
  /// Distance of the rows of a transformed block: a multiple of 1 kB would be a bad one.
  int64_t rowStride() const { return channels % 256 == 0 ? channels + kLine : channels; }

  void setBlock(int64_t count) {
    block = count;
    inputPlane = block * rowStride() + kLine;
    sumPlane = block * panel + kLine;
    sumsAt = points * inputPlane;
    resultAt = sumsAt + points * sumPlane;
    floats = resultAt + tile * tile * panel;
  }

  int64_t tile, size, points, channels, filters, panel, panels, high, wide, images;
  int64_t block = 1, inputPlane = 0, sumPlane = 0, sumsAt = 0, resultAt = 0, floats = 0;
};

class WinogradEmitter {
public:
  WinogradEmitter(KernelFunction &fn, tn::WinogradConvOp conv, DictionaryAttr schedule)
      : fn(fn), b(fn.builder()), loc(fn.getLoc()), conv(conv), layout(conv, schedule), matrices(layout.tile),
        lanes(scheduled(schedule, "lanes")), vectors(scheduled(schedule, "vectors")), rows(scheduled(schedule, "rows")),
        e(fn.emitter(lanes)), vectorType(VectorType::get({lanes}, b.getF32Type())), transforms(b, loc, vectorType),
        input(fn.input(cast<BlockArgument>(conv.getInput()).getArgNumber())),
        filter(fn.input(cast<BlockArgument>(conv.getFilter()).getArgNumber()).memref),
        scratch(fn.scratch(0, b.getF32Type())) {}

  void emitItem(Value item) {
    SmallVector<Index> at = e.delinearize({item, 0, {}}, {layout.blocks(), layout.panels});
    panel = at[1];
    Value most = e.indexConstant(layout.tiles() - layout.block);
    firstTile = {arith::MinSIOp::create(b, loc, e.multiply(at[0], layout.block).base, most), 0, {}};
    emitTransformOnce(item);
    emitProducts();
    emitResults();
  }

private:
  Value load(Value memref, const Index &at) {
    return vector::LoadOp::create(b, loc, vectorType, memref, ValueRange{at.base});
  }
  /// `locality`: 3 into the first-level cache, 2 into the second.
  void prefetch(Value memref, const Index &at, int32_t locality) {
    memref::PrefetchOp::create(b, loc, memref, at.base, /*isWrite=*/false, locality, /*isDataCache=*/true);
  }
  void store(Value value, const Index &at) { vector::StoreOp::create(b, loc, value, scratch, ValueRange{at.base}); }
  void forEach(int64_t count, int64_t step, llvm::function_ref<void(Index)> body) {
    emitFor(e, e.indexConstant(0), e.indexConstant(count), step, {}, [&](Value i, ValueRange) {
      body({i, 0, {}});
      return SmallVector<Value>();
    });
  }
  /// Image, row and column of a tile.
  SmallVector<Index> place(const Index &t) {
    return e.delinearize(e.add(firstTile, t), {layout.images, layout.high, layout.wide});
  }

  /// The block is transformed by its first panel, or by the first item of a range.
  void emitTransformOnce(Value item) {
    Value isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, item, fn.getBegin());
    Value isNew = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, panel.base, e.indexConstant(0));
    Value condition = arith::OrIOp::create(b, loc, isFirst, isNew);
    auto ifOp = scf::IfOp::create(b, loc, TypeRange{}, condition, /*withElse=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&ifOp.getThenRegion().front());
    e.scoped([&] { forEach(layout.block, 1, [&](Index t) { emitTransform(t); }); });
  }

  /// B^T d B of one tile, for a vector of channels at a time. Meanwhile the pixels that the tile to its right has
  /// beside them are fetched.
  void emitTransform(const Index &t) {
    SmallVector<Index> at = place(t);
    Index from = e.linearize({at[0], e.multiply(at[1], layout.tile), e.multiply(at[2], layout.tile)},
                             ArrayRef<int64_t>(input.strides).take_front(3));
    from = e.addConstant(from, input.offset);
    Index to = e.multiply(t, layout.rowStride());
    forEach(layout.channels, lanes, [&](Index c) {
      int64_t size = layout.size;
      SmallVector<Value> half(layout.points);
      for (int64_t j = 0; j < size; ++j) {
        SmallVector<Value> column;
        for (int64_t i = 0; i < size; ++i) {
          Index at = e.addConstant(e.add(from, c), i * input.strides[1] + j * input.strides[2]);
          column.push_back(load(input.memref, at));
          if (j >= size - layout.tile)
            prefetch(input.memref, e.addConstant(at, layout.tile * input.strides[2]), 3);
        }
        for (auto [i, value] : llvm::enumerate(transforms.byRows(matrices.input, column)))
          half[i * size + j] = value;
      }
      for (int64_t i = 0; i < size; ++i)
        for (auto [j, value] :
             llvm::enumerate(transforms.byRows(matrices.input, ArrayRef<Value>(half).slice(i * size, size))))
          store(value, e.addConstant(e.add(to, c), (i * size + static_cast<int64_t>(j)) * layout.inputPlane));
    });
  }

  /// The sums over channels of every point, for all tiles of the block and the filters of the panel.
  void emitProducts() {
    forEach(layout.points, 1, [&](Index point) {
      Index left = e.multiply(point, layout.inputPlane);
      Index number = e.add(e.multiply(panel, layout.points), point);
      Index right = e.multiply(number, layout.channels * layout.panel);
      Value most = e.indexConstant(layout.panels * layout.points - 1);
      Index next = {arith::MinSIOp::create(b, loc, e.addConstant(number, 1).base, most), 0, {}};
      Index ahead = e.add(e.multiply(next, layout.channels * layout.panel), e.multiply(right, -1));
      Index sums = e.addConstant(e.multiply(point, layout.sumPlane), layout.sumsAt);
      int64_t rowTiles = llvm::divideCeil(layout.block, rows);
      prefetchShare = llvm::divideCeil(kUnroll * layout.panel / kLine, rowTiles);
      forEach(rowTiles, 1, [&](Index t) {
        Value most = e.indexConstant(layout.block - rows);
        prefetchDistance = e.add(ahead, e.multiply(t, prefetchShare * kLine));
        Index row = {arith::MinSIOp::create(b, loc, e.multiply(t, rows).base, most), 0, {}};
        for (int64_t column = 0; column < layout.panel; column += vectors * lanes)
          emitRegisterTile(e.add(left, e.multiply(row, layout.rowStride())), e.addConstant(right, column),
                           e.addConstant(e.add(sums, e.multiply(row, layout.panel)), column), column == 0);
      });
    });
  }

  /// Sums of some rows and vectors of columns. With `prefetching` the weights of the next point are fetched
  /// meanwhile: every row tile asks for its share of the lines that correspond to those it reads.
  void emitRegisterTile(const Index &left, const Index &right, const Index &to, bool prefetching) {
    int64_t blocks = llvm::divideCeil(layout.channels, kSumBlock);
    int64_t size = static_cast<int64_t>(llvm::alignTo(llvm::divideCeil(layout.channels, blocks), kUnroll));
    for (int64_t first = 0; first < layout.channels; first += size) {
      SmallVector<Value> sums = emitSums(left, right, first, std::min(first + size, layout.channels), prefetching);
      for (int64_t i = 0; i < rows * vectors; ++i) {
        Index at = e.addConstant(to, i / vectors * layout.panel + i % vectors * lanes);
        store(first ? arith::AddFOp::create(b, loc, load(scratch, at), sums[i]) : sums[i], at);
      }
    }
  }

  /// The sums over the channels [first, end).
  SmallVector<Value> emitSums(const Index &left, const Index &right, int64_t first, int64_t end, bool prefetching) {
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(vectorType));
    SmallVector<Value> sums(rows * vectors, zero);
    return emitFor(e, e.indexConstant(first), e.indexConstant(end), kUnroll, sums, [&](Value c, ValueRange carried) {
      SmallVector<Value> now(carried);
      Index leftAt = e.add(left, {c, 0, {}}), rightAt = e.add(right, e.multiply({c, 0, {}}, layout.panel));
      for (int64_t i = 0; prefetching && i < prefetchShare; ++i)
        prefetch(filter, e.addConstant(e.add(rightAt, prefetchDistance), i * kLine), 2);
      for (int64_t k = 0; k < kUnroll; ++k)
        emitStep(e.addConstant(leftAt, k), e.addConstant(rightAt, k * layout.panel), now);
      return now;
    });
  }

  /// The products of one channel.
  void emitStep(const Index &left, const Index &right, SmallVector<Value> &sums) {
    SmallVector<Value> weights;
    for (int64_t j = 0; j < vectors; ++j)
      weights.push_back(load(filter, e.addConstant(right, j * lanes)));
    for (int64_t j = 0; rows >= kNearRows && j < vectors * lanes; j += kLine)
      prefetch(filter, e.addConstant(right, kNearSteps * layout.panel + j), 3);
    for (int64_t r = 0; r < rows; ++r) {
      Value x = memref::LoadOp::create(b, loc, scratch, e.addConstant(left, r * layout.rowStride()).base);
      Value wide = vector::BroadcastOp::create(b, loc, vectorType, x);
      for (int64_t j = 0; j < vectors; ++j)
        sums[r * vectors + j] = math::FmaOp::create(b, loc, wide, weights[j], sums[r * vectors + j]);
    }
  }

  void emitResults() {
    forEach(layout.block, 1, [&](Index t) {
      emitBackTransform(t);
      SmallVector<Index> at = place(t);
      emitStores({at[0], e.multiply(at[1], layout.tile), e.multiply(at[2], layout.tile)});
    });
  }

  /// A^T m A of one tile into scratch memory, all columns of the panel.
  void emitBackTransform(const Index &t) {
    int64_t size = layout.size, tile = layout.tile;
    Index from = e.addConstant(e.multiply(t, layout.panel), layout.sumsAt);
    for (int64_t column = 0; column < layout.panel; column += lanes) {
      SmallVector<Value> half(tile * size);
      for (int64_t j = 0; j < size; ++j) {
        SmallVector<Value> sums;
        for (int64_t i = 0; i < size; ++i)
          sums.push_back(load(scratch, e.addConstant(from, (i * size + j) * layout.sumPlane + column)));
        for (auto [i, value] : llvm::enumerate(transforms.byColumns(matrices.output, sums)))
          half[i * size + j] = value;
      }
      for (int64_t i = 0; i < tile; ++i)
        for (auto [j, value] :
             llvm::enumerate(transforms.byColumns(matrices.output, ArrayRef<Value>(half).slice(i * size, size))))
          store(value, e.constantIndex(layout.resultAt + (i * tile + static_cast<int64_t>(j)) * layout.panel + column));
    }
  }

  /// The tile's results that the convolution has, through the epilogue. `corner`: image, row and column.
  void emitStores(ArrayRef<Index> corner) {
    ArrayRef<int64_t> size = conv.getSize();
    auto count = [&](int64_t d) {
      Value whole = e.indexConstant(layout.tile);
      if (size[d] % layout.tile == 0)
        return whole;
      Value rest = arith::SubIOp::create(b, loc, e.indexConstant(size[d]), corner[d + 1].base);
      return Value(arith::MinSIOp::create(b, loc, whole, rest));
    };
    auto loop = [&](Value end, llvm::function_ref<void(Index)> body) {
      emitFor(e, e.indexConstant(0), end, 1, {}, [&](Value i, ValueRange) {
        body({i, 0, {}});
        return SmallVector<Value>();
      });
    };
    Value height = count(0), width = count(1);
    loop(height, [&](Index i) {
      loop(width, [&](Index j) {
        Index from = e.addConstant(e.multiply(e.add(e.multiply(i, layout.tile), j), layout.panel), layout.resultAt);
        emitPixel({corner[0], e.add(corner[1], i), e.add(corner[2], j), e.multiply(panel, layout.panel)}, from);
      });
    });
  }

  /// The panel's columns of one pixel; the last panel may have fewer.
  void emitPixel(ArrayRef<Index> index, const Index &from) {
    int64_t rest = layout.filters % layout.panel;
    if (rest == 0)
      return emitColumns(index, from, layout.panel);
    if (layout.panels == 1)
      return emitColumns(index, from, rest);
    Value isLast =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, panel.base, e.indexConstant(layout.panels - 1));
    auto branch = [&](int64_t columns) {
      return [&, columns] {
        emitColumns(index, from, columns);
        return SmallVector<Value>();
      };
    };
    emitIf(e, isLast, branch(rest), branch(layout.panel));
  }

  void emitColumns(ArrayRef<Index> index, const Index &from, int64_t columns) {
    for (int64_t column = 0; column < columns; column += lanes) {
      int64_t width = std::min(lanes, columns - column);
      e.setMask(e.firstLanes(width));
      SmallVector<Index> at(index);
      at.back() = e.addConstant(at.back(), column);
      at.back().step = 1;
      e.scoped([&] { emitEpilogue(fn, e, conv.getResult(), at, load(scratch, e.addConstant(from, column))); });
    }
    e.setMask({});
  }

  KernelFunction &fn;
  OpBuilder &b;
  Location loc;
  tn::WinogradConvOp conv;
  Layout layout;
  WinogradTransform matrices;
  int64_t lanes, vectors, rows;
  ElementEmitter e;
  VectorType vectorType;
  TransformEmitter transforms;
  Buffer input;
  Value filter, scratch;
  Index panel, firstTile, prefetchDistance;
  int64_t prefetchShare = 0; ///< lines per row tile and steps of the sum
};

/// Bytes of a point's weights in a panel that stay in the first-level cache from one register tile to the next.
constexpr int64_t kNearBytes = 16 << 10;
/// As kTileEnds, for weights that do not: every tile reads them again.
constexpr double kFarEnds = 2.5;

/// What a block costs beside its tiles, in rows of multiply-adds: it reads all weights again, from the second-level
/// cache, the third or memory. And what a tile costs whose block does not stay in the second-level cache, for it is
/// read again by every panel. Between what was measured on Skylake (10 and 24 for the third-level cache and memory;
/// 0.2) and what follows from the faster caches of Zen 4 (2.5 and 9; 0.08).
double blockEnds(int64_t weightBytes) { return weightBytes <= 2 << 20 ? 1 : weightBytes <= 16 << 20 ? 5 : 12; }
constexpr double kFarTile = 0.15;

class WinogradTemplate : public KernelTemplate {
public:
  llvm::StringRef getName() const override { return "winograd"; }

  bool match(tn::KernelOp kernel) const override {
    tn::WinogradConvOp anchor = findAnchor(kernel);
    if (!anchor || typeOf(anchor.getFilter()).getDimSize(3) != 32 || typeOf(anchor.getInput()).getDimSize(3) % kLine ||
        anchor.getType().getNumElements() == 0)
      return false;
    for (Operation &op : kernel.getBlock()->without_terminator())
      if (&op != anchor && !isEpilogueOp(&op))
        return false;
    return yieldsMatch(kernel, anchor.getResult());
  }

  /// Blocks and register tiles are chosen together, so that neither has many tiles that are computed in vain.
  DictionaryAttr schedule(tn::KernelOp kernel, const Target &target) const override {
    return cheapest(weigh(kernel, target));
  }

  /// Every size of blocks with the register tile that costs least.
  SmallVector<WeighedSchedule> weigh(tn::KernelOp kernel, const Target &target) const override {
    Layout layout(findAnchor(kernel));
    int64_t vectors = sharesLoads(layout.rowStride(), target) ? 2 : 1, most = mostRows(target, vectors);
    double ends = layout.channels * layout.panel * 4 > kNearBytes ? kFarEnds : kTileEnds;
    int64_t tileBytes = layout.points * layout.channels * 4,
            limit = std::clamp<int64_t>(kBlockBytes / tileBytes, 8, 56);
    double blockCost = blockEnds(tileBytes * layout.panels * layout.panel);
    SmallVector<WeighedSchedule> weighed;
    for (int64_t size = std::min<int64_t>(8, layout.tiles()); size <= std::min(limit, layout.tiles()); ++size) {
      int64_t blocks = llvm::divideCeil(layout.tiles(), size), tiles = llvm::divideCeil(layout.tiles(), blocks);
      int64_t rows = chooseRows(tiles, most, vectors, 1, ends);
      double cost = tileCost(tiles, rows, vectors, 1, ends) + blockCost;
      if (tiles * tileBytes > kNearBlockBytes)
        cost += static_cast<double>(tiles) * kFarTile;
      cost *= static_cast<double>(blocks);
      DictionaryAttr made = describe(kernel, layout, target, size, vectors, rows);
      if (weighed.empty() || weighed.back().schedule != made)
        weighed.push_back({made, cost});
    }
    return weighed;
  }
  llvm::StringRef getCostUnit() const override { return "rows of multiply-adds"; }

  /// Blocks of equal size, with every register tile.
  SmallVector<DictionaryAttr> candidates(tn::KernelOp kernel, const Target &target) const override {
    constexpr int64_t kMostTiles = 112;
    Layout layout(findAnchor(kernel));
    SmallVector<DictionaryAttr> all = {schedule(kernel, target)};
    for (int64_t most = 7; most <= kMostTiles; most += 7)
      for (int64_t vectors : {1, 2})
        for (int64_t rows = 4; rows <= std::min(most, mostRows(target, vectors)); ++rows)
          if (DictionaryAttr made = describe(kernel, layout, target, most, vectors, rows);
              !llvm::is_contained(all, made))
            all.push_back(made);
    return all;
  }

  int64_t extent(tn::KernelOp kernel, DictionaryAttr schedule) const override {
    Layout layout(findAnchor(kernel), schedule);
    return layout.blocks() * layout.panels;
  }

  int64_t scratchBytes(tn::KernelOp kernel, DictionaryAttr schedule) const override {
    return Layout(findAnchor(kernel), schedule).floats * 4;
  }

  bool readsPaddedRows(tn::KernelOp kernel, unsigned i) const override {
    return i != cast<BlockArgument>(findAnchor(kernel).getFilter()).getArgNumber();
  }
  bool writesPaddedRows(tn::KernelOp kernel, unsigned o) const override { return storesPaddedRows(kernel, o); }

  LogicalResult lower(KernelFunction &fn, DictionaryAttr schedule) const override {
    tn::WinogradConvOp conv = findAnchor(fn.getKernel());
    Layout layout(conv, schedule);
    WinogradEmitter emitter(fn, conv, schedule);
    emitItems(fn, layout.blocks() * layout.panels, [&](Value item) { emitter.emitItem(item); });
    return success();
  }

private:
  /// A schedule with blocks of equal size, of at most `most` tiles.
  static DictionaryAttr describe(tn::KernelOp kernel, const Layout &layout, const Target &target, int64_t most,
                                 int64_t vectors, int64_t rows) {
    int64_t blocks = llvm::divideCeil(layout.tiles(), most), tiles = llvm::divideCeil(layout.tiles(), blocks);
    return makeSchedule(
        kernel.getContext(),
        {{"lanes", target.floatLanes()}, {"vectors", vectors}, {"tiles", tiles}, {"rows", std::min(rows, tiles)}});
  }
};

} // namespace

const KernelTemplate &winogradTemplate() {
  static const WinogradTemplate instance;
  return instance;
}

} // namespace tenon::codegen

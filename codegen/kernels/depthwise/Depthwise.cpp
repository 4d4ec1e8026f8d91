//===- Depthwise.cpp - Convolutions of narrow groups ---------------------===//
//
// Groups as narrow as one channel (depthwise) or a few: too narrow for a panel of the contraction template. Channels
// run in vectors, whole groups in each. A tile of output pixels keeps its sums in registers over all taps and input
// channels of a group; an input vector serves all taps that reach it, once per channel of a group, which is spread
// over the lanes of its group by a shuffle. The filter is stored with its output channels last, so that the weights
// of a tap and input channel are one vector.
//
// Parallel space: batch times tiles of all but the last spatial dimension times blocks of channels.
//
//===----------------------------------------------------------------------===//
#include "codegen/common/Epilogue.h"
#include "codegen/common/Loops.h"
#include "codegen/kernels/depthwise/PixelTile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tenon::codegen {
namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Input channels of a group.
int64_t groupWidth(tn::ConvOp conv) { return conv.getFilter().getType().getDimSize(1); }

/// Whether groups have as many filters as input channels, and vectors of every target hold whole groups.
bool isNarrow(tn::ConvOp conv) {
  constexpr int64_t kFewestLanes = 8;
  auto isZero = [](int64_t p) { return p == 0; };
  ArrayRef<int64_t> filter = conv.getFilter().getType().getShape();
  return conv.getChannelsLast() && kFewestLanes % filter[1] == 0 && conv.getGroups() > 1 &&
         filter[0] == static_cast<int64_t>(conv.getGroups()) * filter[1] && llvm::all_of(conv.getLow(), isZero) &&
         llvm::all_of(conv.getHigh(), isZero) &&
         llvm::all_of(conv.getInputDilation(), [](int64_t d) { return d == 1; }) &&
         conv.getType().getElementType().isF32() && conv.getType().getNumElements() > 0;
}

/// The kernel's convolution; its filter is an argument, or an argument [taps.., input channel, output channel] that is
/// brought back into the filter's layout.
tn::ConvOp findAnchor(tn::KernelOp kernel) {
  tn::ConvOp anchor;
  for (Operation &op : kernel.getBlock()->without_terminator())
    if (auto conv = dyn_cast<tn::ConvOp>(op)) {
      if (anchor)
        return nullptr;
      anchor = conv;
    }
  return anchor && isNarrow(anchor) && isa<BlockArgument>(anchor.getInput()) ? anchor : nullptr;
}

/// The argument behind a prepared filter.
BlockArgument preparedFilter(tn::ConvOp conv) {
  auto transpose = conv.getFilter().getDefiningOp<tn::TransposeOp>();
  return transpose ? dyn_cast<BlockArgument>(transpose.getOperand()) : BlockArgument();
}

PixelTile scheduledTile(tn::ConvOp conv, DictionaryAttr schedule) {
  return PixelTile(conv, scheduled(schedule, "rows"), scheduled(schedule, "columns"));
}

/// Items without borders: every index of the result but the last spatial one and the channel, in tiles, and
/// blocks of channels.
SmallVector<int64_t> itemSpace(tn::ConvOp conv, const PixelTile &tile, int64_t block) {
  ArrayRef<int64_t> shape = conv.getType().getShape();
  SmallVector<int64_t> space = {shape[0]};
  for (int64_t i = 0; i + 2 < conv.getSpatialRank(); ++i)
    space.push_back(shape[conv.getSpatialDim(i)]);
  space.push_back(tile.rowTiles());
  space.push_back(llvm::divideCeil(shape.back(), block));
  return space;
}

/// Channels of a work item: all of them, or as many as leave enough items to share out, at least a cache
/// line's.
int64_t channelBlock(tn::ConvOp conv, const PixelTile &tile, int64_t lanes) {
  constexpr int64_t kItems = 64, kLeastChannels = 64;
  int64_t channels = conv.getType().getShape().back();
  int64_t others = product(itemSpace(conv, tile, channels));
  int64_t blocks = std::clamp<int64_t>(llvm::divideCeil(kItems, others), 1, llvm::divideCeil(channels, kLeastChannels));
  return llvm::alignTo(llvm::divideCeil(channels, blocks), lanes);
}

class DepthwiseEmitter {
public:
  DepthwiseEmitter(KernelFunction &fn, tn::ConvOp conv, DictionaryAttr schedule)
      : fn(fn), conv(conv), tile(scheduledTile(conv, schedule)), lanes(scheduled(schedule, "lanes")),
        block(scheduled(schedule, "block")), channels(typeOf(conv).getShape().back()), e(fn.emitter(lanes)),
        input(fn.input(cast<BlockArgument>(conv.getInput()).getArgNumber())),
        filter(fn.input(preparedFilter(conv).getArgNumber())) {}

  void emitItem(Value item) {
    SmallVector<Index> at = e.delinearize({item, 0, {}}, itemSpace(conv, tile, block));
    int64_t spatial = conv.getSpatialRank();
    pixel.assign(typeOf(conv).getRank(), e.constantIndex(0));
    pixel[0] = at[0];
    for (int64_t i = 0; i + 2 < spatial; ++i)
      pixel[conv.getSpatialDim(i)] = at[1 + i];
    if (spatial > 1)
      pixel[conv.getSpatialDim(spatial - 2)] = tileStart(at[at.size() - 2], tile.rows, tile.vertical.extent);
    Value first = e.multiply(at.back(), block).base, last = e.indexConstant(channels);
    if (channels > block)
      last = arith::MinSIOp::create(fn.builder(), fn.getLoc(), e.addConstant({first, 0, {}}, block).base, last);
    emitFor(e, e.indexConstant(0), e.indexConstant(tile.columnTiles()), 1, {}, [&](Value t, ValueRange) {
      pixel[conv.getSpatialDim(spatial - 1)] = tileStart({t, 0, {}}, tile.columns, tile.horizontal.extent);
      emitChannels(first, last);
      return SmallVector<Value>();
    });
  }

private:
  /// First pixel of tile `number`; the last tile begins earlier where tiles don't divide the extent.
  Index tileStart(const Index &number, int64_t size, int64_t extent) {
    Index start = e.multiply(number, size);
    if (extent % size != 0)
      start.base = arith::MinSIOp::create(fn.builder(), fn.getLoc(), start.base, e.indexConstant(extent - size));
    return start;
  }

  /// Channels [first, last) in vectors. The last vector begins earlier where vectors don't divide the
  /// channels; where there is less than one, lanes are masked.
  void emitChannels(Value first, Value last) {
    if (channels < lanes) {
      e.setMask(e.firstLanes(channels));
      e.scoped([&] { emitTile({e.indexConstant(0), 1, {}}); });
      return e.setMask({});
    }
    emitFor(e, first, last, lanes, {}, [&](Value c, ValueRange) {
      if (channels % lanes != 0)
        c = arith::MinSIOp::create(fn.builder(), fn.getLoc(), c, e.indexConstant(channels - lanes));
      emitTile({c, 1, {}});
      return SmallVector<Value>();
    });
  }

  /// The result's index of pixel (r, c) of the tile.
  SmallVector<Index> pixelIndex(int64_t r, int64_t c, const Index &channel) {
    SmallVector<Index> index(pixel);
    int64_t spatial = conv.getSpatialRank();
    if (spatial > 1)
      index[conv.getSpatialDim(spatial - 2)] = e.addConstant(index[conv.getSpatialDim(spatial - 2)], r);
    index[conv.getSpatialDim(spatial - 1)] = e.addConstant(index[conv.getSpatialDim(spatial - 1)], c);
    index.back() = channel;
    return index;
  }

  void emitTile(const Index &channel) {
    sums.assign(tile.rows * tile.columns, e.broadcast(e.constant(fn.builder().getF32Type(), 0)));
    // Position of the tile's first pixel in the input; taps and pixels add constants.
    SmallVector<Index> origin(pixel);
    for (int64_t i = 0; i < conv.getSpatialRank(); ++i)
      origin[conv.getSpatialDim(i)] = e.multiply(origin[conv.getSpatialDim(i)], conv.getStrides()[i]);
    origin.back() = channel;
    Index base = e.linearize(origin, input.strides);
    // Taps of spatial dimensions that are not tiled.
    int64_t untiled = std::max<int64_t>(conv.getSpatialRank() - 2, 0);
    ArrayRef<int64_t> sizes = conv.getFilter().getType().getShape().slice(2, untiled);
    SmallVector<int64_t> strides = rowMajorStrides(sizes);
    for (int64_t number = 0; number < product(sizes); ++number) {
      int64_t offset = 0;
      for (int64_t i = 0; i < untiled; ++i)
        offset += number / strides[i] % sizes[i] * conv.getDilations()[i] * input.strides[conv.getSpatialDim(i)];
      emitPlane(e.addConstant(base, offset), channel, number * tile.vertical.taps * tile.horizontal.taps);
    }
    for (int64_t r = 0; r < tile.rows; ++r)
      for (int64_t c = 0; c < tile.columns; ++c)
        emitEpilogue(fn, e, conv.getResult(), pixelIndex(r, c, channel), sums[r * tile.columns + c]);
  }

  /// Adds to the sums what one plane of the input gives. `firstTap` is the number of the plane's first tap.
  void emitPlane(const Index &base, const Index &channel, int64_t firstTap) {
    for (int64_t k = 0; k < groupWidth(conv); ++k)
      e.scoped([&] { emitChannel(base, channel, firstTap, k); });
  }

  /// What channel `k` of every group gives: each input vector is loaded once and meets all taps that reach it.
  void emitChannel(const Index &base, const Index &channel, int64_t firstTap, int64_t k) {
    int64_t spatial = conv.getSpatialRank();
    int64_t rowStride = spatial > 1 ? input.strides[conv.getSpatialDim(spatial - 2)] : 0;
    int64_t columnStride = input.strides[conv.getSpatialDim(spatial - 1)];
    Buffer flat = {input.memref, input.offset, {1}}, weights = {filter.memref, filter.offset, {1}};
    Type f32 = fn.builder().getF32Type();
    SmallVector<Value> weight(tile.vertical.taps * tile.horizontal.taps);
    for (int64_t y : tile.vertical.positions(tile.rows))
      for (int64_t x : tile.horizontal.positions(tile.columns)) {
        Value value = spread(e.load(flat, f32, e.addConstant(base, y * rowStride + x * columnStride)), k);
        for (auto [r, ky] : tile.vertical.uses(y, tile.rows))
          for (auto [c, kx] : tile.horizontal.uses(x, tile.columns)) {
            int64_t tap = ky * tile.horizontal.taps + kx;
            if (!weight[tap])
              weight[tap] =
                  e.load(weights, f32, e.addConstant(channel, ((firstTap + tap) * groupWidth(conv) + k) * channels));
            Value &sum = sums[r * tile.columns + c];
            sum = math::FmaOp::create(fn.builder(), fn.getLoc(), value, weight[tap], sum);
          }
      }
  }

  /// Lane `k` of every group in all lanes of the group.
  Value spread(Value value, int64_t k) {
    int64_t width = groupWidth(conv);
    if (width == 1)
      return value;
    SmallVector<int64_t> from;
    for (int64_t lane = 0; lane < lanes; ++lane)
      from.push_back(lane / width * width + k);
    return vector::ShuffleOp::create(fn.builder(), fn.getLoc(), value, value, from);
  }

  KernelFunction &fn;
  tn::ConvOp conv;
  PixelTile tile;
  int64_t lanes, block, channels;
  ElementEmitter e;
  Buffer input, filter;
  SmallVector<Index> pixel; ///< first pixel of the tile in the result
  SmallVector<Value> sums;  ///< of the tile's pixels, row by row
};

class DepthwiseTemplate : public KernelTemplate {
public:
  llvm::StringRef getName() const override { return "depthwise"; }

  bool match(tn::KernelOp kernel) const override {
    tn::ConvOp anchor = findAnchor(kernel);
    // Taps are straight code.
    if (!anchor || product(anchor.getFilter().getType().getShape().drop_front(1)) > 128)
      return false;
    BlockArgument prepared = preparedFilter(anchor);
    if (!prepared && !isa<BlockArgument>(anchor.getFilter()))
      return false;
    for (Operation &op : kernel.getBlock()->without_terminator()) {
      bool filterOp = prepared && op.getResult(0) == anchor.getFilter();
      if (&op != anchor && !filterOp && !isEpilogueOp(&op))
        return false;
    }
    return yieldsMatch(kernel, anchor.getResult());
  }

  void prepare(tn::KernelOp kernel) const override {
    tn::ConvOp conv = findAnchor(kernel);
    if (preparedFilter(conv))
      return;
    auto argument = cast<BlockArgument>(conv.getFilter());
    int64_t rank = typeOf(argument).getRank();
    SmallVector<int64_t> there, back = {rank - 1, rank - 2};
    for (int64_t d = 2; d < rank; ++d) {
      there.push_back(d);
      back.push_back(d - 2);
    }
    there.append({1, 0});
    OpBuilder outside(kernel), inside(conv);
    Location loc = conv.getLoc();
    Value operand = kernel.getInputs()[argument.getArgNumber()];
    Value turned = tn::TransposeOp::create(outside, loc, operand, there);
    unsigned position = kernel.getInputs().size();
    kernel.getInputsMutable().append(turned);
    BlockArgument inner = kernel.getBlock()->insertArgument(position, turned.getType(), loc);
    conv.getFilterMutable().assign(tn::TransposeOp::create(inside, loc, inner, back));
    if (argument.use_empty()) {
      unsigned old = argument.getArgNumber();
      kernel.getInputsMutable().erase(old);
      kernel.getBlock()->eraseArgument(old);
    }
  }

  DictionaryAttr schedule(tn::KernelOp kernel, const Target &target) const override {
    tn::ConvOp conv = findAnchor(kernel);
    return describe(conv, PixelTile(conv, target), target);
  }

  SmallVector<WeighedSchedule> weigh(tn::KernelOp kernel, const Target &target) const override {
    tn::ConvOp conv = findAnchor(kernel);
    SmallVector<WeighedSchedule> weighed;
    for (const PixelTile &tile : PixelTile::all(conv, target))
      weighed.push_back({describe(conv, tile, target), tile.cost(target)});
    return weighed;
  }
  llvm::StringRef getCostUnit() const override { return "cycles of a plane"; }

  SmallVector<DictionaryAttr> candidates(tn::KernelOp kernel, const Target &target) const override {
    tn::ConvOp conv = findAnchor(kernel);
    SmallVector<DictionaryAttr> all;
    for (const PixelTile &tile : PixelTile::all(conv, target))
      all.push_back(describe(conv, tile, target));
    return all;
  }

  int64_t extent(tn::KernelOp kernel, DictionaryAttr schedule) const override {
    return tiles(findAnchor(kernel), schedule);
  }

  std::optional<RowItems> rowItems(tn::KernelOp kernel, DictionaryAttr schedule) const override {
    tn::ConvOp conv = findAnchor(kernel);
    if (conv.getSpatialRank() != 2)
      return std::nullopt;
    RowItems items;
    PixelTile tile = scheduledTile(conv, schedule);
    items.tileRows = tile.rows;
    items.parts = itemSpace(conv, tile, scheduled(schedule, "block")).back();
    items.input = cast<BlockArgument>(conv.getInput()).getArgNumber();
    items.stride = tile.vertical.stride;
    items.reach = (tile.vertical.taps - 1) * tile.vertical.dilation + 1;
    return withBorders(kernel, conv.getResult(), items);
  }

  bool readsPaddedRows(tn::KernelOp kernel, unsigned i) const override {
    return i != preparedFilter(findAnchor(kernel)).getArgNumber();
  }
  bool writesPaddedRows(tn::KernelOp kernel, unsigned o) const override { return storesPaddedRows(kernel, o); }

  LogicalResult lower(KernelFunction &fn, DictionaryAttr schedule) const override {
    tn::ConvOp conv = findAnchor(fn.getKernel());
    DepthwiseEmitter emitter(fn, conv, schedule);
    emitItems(fn, tiles(conv, schedule), [&](Value item) { emitter.emitItem(item); });
    return success();
  }

private:
  static DictionaryAttr describe(tn::ConvOp conv, const PixelTile &tile, const Target &target) {
    int64_t lanes = target.floatLanes();
    return makeSchedule(
        conv.getContext(),
        {{"lanes", lanes}, {"rows", tile.rows}, {"columns", tile.columns}, {"block", channelBlock(conv, tile, lanes)}});
  }

  static int64_t tiles(tn::ConvOp conv, DictionaryAttr schedule) {
    return product(itemSpace(conv, scheduledTile(conv, schedule), scheduled(schedule, "block")));
  }
};

} // namespace

const KernelTemplate &depthwiseTemplate() {
  static const DepthwiseTemplate instance;
  return instance;
}

} // namespace tenon::codegen

//===- Depthwise.cpp - Convolutions with one input channel per filter ----===//
//
// Channels run in vectors. A tile of output pixels keeps its sums in registers over all taps; the filter is stored
// with channels last, so that a tap's weights are one vector.
//
// Parallel space: batch times tiles of all but the last spatial dimension.
//
//===----------------------------------------------------------------------===//
#include "codegen/common/Epilogue.h"
#include "codegen/common/Loops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace tenon::codegen {
namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

bool isDepthwise(tn::ConvOp conv) {
  auto isZero = [](int64_t p) { return p == 0; };
  ArrayRef<int64_t> filter = conv.getFilter().getType().getShape();
  return conv.getChannelsLast() && filter[1] == 1 && filter[0] == static_cast<int64_t>(conv.getGroups()) &&
         filter[0] > 1 && llvm::all_of(conv.getLow(), isZero) && llvm::all_of(conv.getHigh(), isZero) &&
         llvm::all_of(conv.getInputDilation(), [](int64_t d) { return d == 1; }) &&
         conv.getType().getElementType().isF32() && conv.getType().getNumElements() > 0;
}

/// The kernel's depthwise convolution; its filter is an argument, or an argument with channels last that is brought
/// back into the filter's layout.
tn::ConvOp findAnchor(tn::KernelOp kernel) {
  tn::ConvOp anchor;
  for (Operation &op : kernel.getBlock()->without_terminator())
    if (auto conv = dyn_cast<tn::ConvOp>(op)) {
      if (anchor)
        return nullptr;
      anchor = conv;
    }
  return anchor && isDepthwise(anchor) && isa<BlockArgument>(anchor.getInput()) ? anchor : nullptr;
}

/// The argument with channels last behind a prepared filter.
BlockArgument preparedFilter(tn::ConvOp conv) {
  auto reshape = conv.getFilter().getDefiningOp<tn::ReshapeOp>();
  auto transpose = reshape ? reshape.getOperand().getDefiningOp<tn::TransposeOp>() : nullptr;
  return transpose ? dyn_cast<BlockArgument>(transpose.getOperand()) : BlockArgument();
}

/// Output pixels of a register tile along the two last spatial dimensions.
struct PixelTile {
  /// The tile for a target: its sums, a weight and an input must fit the registers.
  PixelTile(tn::ConvOp conv, const Target &target) : PixelTile(conv) {
    columns = even(width, 7);
    rows = height % 2 == 0 && columns <= 7 && 2 * columns + 4 <= target.vectorRegisters ? 2 : 1;
  }
  PixelTile(tn::ConvOp conv, DictionaryAttr schedule) : PixelTile(conv) {
    columns = scheduled(schedule, "columns");
    rows = scheduled(schedule, "rows");
  }
  /// The tile size up to `most` that wastes least when the last tile is moved back.
  static int64_t even(int64_t extent, int64_t most) {
    int64_t tiles = llvm::divideCeil(extent, most);
    return llvm::divideCeil(extent, tiles);
  }
  int64_t rowTiles() const { return height / rows; }
  int64_t columnTiles() const { return llvm::divideCeil(width, columns); }
  int64_t width, height, columns = 1, rows = 1;

private:
  explicit PixelTile(tn::ConvOp conv) {
    ArrayRef<int64_t> shape = conv.getType().getShape();
    int64_t spatial = conv.getSpatialRank();
    width = shape[conv.getSpatialDim(spatial - 1)];
    height = spatial > 1 ? shape[conv.getSpatialDim(spatial - 2)] : 1;
  }
};

/// Items without borders: every index of the result but the last spatial one and the channel, in tiles.
SmallVector<int64_t> itemSpace(tn::ConvOp conv, const PixelTile &tile) {
  ArrayRef<int64_t> shape = conv.getType().getShape();
  SmallVector<int64_t> space = {shape[0]};
  for (int64_t i = 0; i + 2 < conv.getSpatialRank(); ++i)
    space.push_back(shape[conv.getSpatialDim(i)]);
  space.push_back(tile.rowTiles());
  return space;
}

class DepthwiseEmitter {
public:
  DepthwiseEmitter(KernelFunction &fn, tn::ConvOp conv, const PixelTile &tile, int64_t lanes)
      : fn(fn), conv(conv), tile(tile), lanes(lanes), e(fn.emitter(lanes)),
        input(fn.input(cast<BlockArgument>(conv.getInput()).getArgNumber())),
        filter(fn.input(preparedFilter(conv).getArgNumber())) {}

  void emitItem(Value item) {
    SmallVector<Index> at = e.delinearize({item, 0, {}}, itemSpace(conv, tile));
    int64_t spatial = conv.getSpatialRank();
    pixel.assign(typeOf(conv).getRank(), e.constantIndex(0));
    pixel[0] = at[0];
    for (int64_t i = 0; i + 2 < spatial; ++i)
      pixel[conv.getSpatialDim(i)] = at[1 + i];
    if (spatial > 1)
      pixel[conv.getSpatialDim(spatial - 2)] = e.multiply(at.back(), tile.rows);
    emitFor(e, e.indexConstant(0), e.indexConstant(tile.columnTiles()), 1, {}, [&](Value t, ValueRange) {
      Index column = e.multiply({t, 0, {}}, tile.columns);
      if (tile.width % tile.columns != 0)
        column.base =
            arith::MinSIOp::create(fn.builder(), fn.getLoc(), column.base, e.indexConstant(tile.width - tile.columns));
      pixel[conv.getSpatialDim(spatial - 1)] = column;
      emitChannels();
      return SmallVector<Value>();
    });
  }

private:
  void emitChannels() {
    int64_t channels = typeOf(conv).getShape().back(), whole = channels / lanes * lanes;
    if (whole)
      emitFor(e, e.indexConstant(0), e.indexConstant(whole), lanes, {}, [&](Value c, ValueRange) {
        emitTile({c, 1, {}});
        return SmallVector<Value>();
      });
    if (whole == channels)
      return;
    SmallVector<bool> bits(lanes, false);
    std::fill(bits.begin(), bits.begin() + (channels - whole), true);
    auto type = VectorType::get({lanes}, fn.builder().getI1Type());
    e.setMask(arith::ConstantOp::create(fn.builder(), fn.getLoc(), DenseElementsAttr::get(type, ArrayRef<bool>(bits))));
    Index rest = e.constantIndex(whole);
    rest.step = 1;
    e.scoped([&] { emitTile(rest); });
    e.setMask({});
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
    OpBuilder &b = fn.builder();
    Type f32 = b.getF32Type();
    SmallVector<Value> sums(tile.rows * tile.columns, e.broadcast(e.constant(f32, 0)));
    // Position of the tile's first pixel in the input; taps and pixels add constants.
    SmallVector<Index> origin(pixel);
    for (int64_t i = 0; i < conv.getSpatialRank(); ++i)
      origin[conv.getSpatialDim(i)] = e.multiply(origin[conv.getSpatialDim(i)], conv.getStrides()[i]);
    origin.back() = channel;
    Index base = e.linearize(origin, input.strides);
    Buffer flat = {input.memref, input.offset, {1}};
    forEachTap([&](ArrayRef<int64_t> tap, int64_t number) {
      Index weightAt = e.addConstant(channel, number * typeOf(conv).getShape().back());
      Value weight = e.load({filter.memref, filter.offset, {1}}, f32, weightAt);
      int64_t tapOffset = 0, spatial = conv.getSpatialRank();
      for (int64_t i = 0; i < spatial; ++i)
        tapOffset += tap[i] * conv.getDilations()[i] * input.strides[conv.getSpatialDim(i)];
      for (int64_t r = 0; r < tile.rows; ++r)
        for (int64_t c = 0; c < tile.columns; ++c) {
          int64_t offset =
              tapOffset + c * conv.getStrides()[spatial - 1] * input.strides[conv.getSpatialDim(spatial - 1)];
          if (spatial > 1)
            offset += r * conv.getStrides()[spatial - 2] * input.strides[conv.getSpatialDim(spatial - 2)];
          Value x = e.load(flat, f32, e.addConstant(base, offset));
          Value &sum = sums[r * tile.columns + c];
          sum = math::FmaOp::create(b, fn.getLoc(), x, weight, sum);
        }
    });
    for (int64_t r = 0; r < tile.rows; ++r)
      for (int64_t c = 0; c < tile.columns; ++c)
        emitEpilogue(fn, e, conv.getResult(), pixelIndex(r, c, channel), sums[r * tile.columns + c]);
  }

  void forEachTap(llvm::function_ref<void(ArrayRef<int64_t>, int64_t)> body) {
    ArrayRef<int64_t> sizes = conv.getFilter().getType().getShape().drop_front(2);
    SmallVector<int64_t> strides = rowMajorStrides(sizes), tap(sizes.size());
    for (int64_t number = 0; number < product(sizes); ++number) {
      for (size_t i = 0; i < sizes.size(); ++i)
        tap[i] = number / strides[i] % sizes[i];
      body(tap, number);
    }
  }

  KernelFunction &fn;
  tn::ConvOp conv;
  PixelTile tile;
  int64_t lanes;
  ElementEmitter e;
  Buffer input, filter;
  SmallVector<Index> pixel; ///< first pixel of the tile in the result
};

class DepthwiseTemplate : public KernelTemplate {
public:
  llvm::StringRef getName() const override { return "depthwise"; }

  bool match(tn::KernelOp kernel) const override {
    tn::ConvOp anchor = findAnchor(kernel);
    // Taps are straight code.
    if (!anchor || product(anchor.getFilter().getType().getShape().drop_front(2)) > 64)
      return false;
    BlockArgument prepared = preparedFilter(anchor);
    if (!prepared && !isa<BlockArgument>(anchor.getFilter()))
      return false;
    for (Operation &op : kernel.getBlock()->without_terminator()) {
      bool filterOp = prepared && (op.getResult(0) == anchor.getFilter() || isa<tn::TransposeOp>(op));
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
    RankedTensorType plain = typeOf(argument);
    SmallVector<int64_t> shape(plain.getShape()), there, back = {plain.getRank() - 2};
    shape.erase(shape.begin() + 1);
    for (int64_t d = 1; d + 1 < plain.getRank(); ++d) {
      there.push_back(d);
      back.push_back(d - 1);
    }
    there.push_back(0);
    OpBuilder outside(kernel), inside(conv);
    Location loc = conv.getLoc();
    Value operand = kernel.getInputs()[argument.getArgNumber()];
    Value squeezed = tn::ReshapeOp::create(outside, loc, RankedTensorType::get(shape, plain.getElementType()), operand);
    Value turned = tn::TransposeOp::create(outside, loc, squeezed, there);
    unsigned position = kernel.getInputs().size();
    kernel.getInputsMutable().append(turned);
    BlockArgument inner = kernel.getBlock()->insertArgument(position, turned.getType(), loc);
    Value restored = tn::TransposeOp::create(inside, loc, inner, back);
    conv.getFilterMutable().assign(tn::ReshapeOp::create(inside, loc, plain, restored));
    if (argument.use_empty()) {
      unsigned old = argument.getArgNumber();
      kernel.getInputsMutable().erase(old);
      kernel.getBlock()->eraseArgument(old);
    }
  }

  DictionaryAttr schedule(tn::KernelOp kernel, const Target &target) const override {
    PixelTile tile(findAnchor(kernel), target);
    return makeSchedule(kernel.getContext(),
                        {{"lanes", target.floatLanes()}, {"rows", tile.rows}, {"columns", tile.columns}});
  }

  int64_t extent(tn::KernelOp kernel, DictionaryAttr schedule) const override {
    tn::ConvOp conv = findAnchor(kernel);
    return product(itemSpace(conv, PixelTile(conv, schedule)));
  }

  bool readsPaddedRows(tn::KernelOp kernel, unsigned i) const override {
    return i != preparedFilter(findAnchor(kernel)).getArgNumber();
  }
  bool writesPaddedRows(tn::KernelOp kernel, unsigned o) const override { return storesPaddedRows(kernel, o); }

  LogicalResult lower(KernelFunction &fn, DictionaryAttr schedule) const override {
    tn::ConvOp conv = findAnchor(fn.getKernel());
    PixelTile tile(conv, schedule);
    DepthwiseEmitter emitter(fn, conv, tile, scheduled(schedule, "lanes"));
    emitItems(fn, product(itemSpace(conv, tile)), [&](Value item) { emitter.emitItem(item); });
    return success();
  }
};

} // namespace

const KernelTemplate &depthwiseTemplate() {
  static const DepthwiseTemplate instance;
  return instance;
}

} // namespace tenon::codegen

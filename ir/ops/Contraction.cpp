//===- Contraction.cpp - contract and conv -------------------------------===//
#include "ir/Dialect.h"
#include "ir/ops/Gemm.h"
#include "ir/ops/Indexing.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::tn;

static RankedTensorType tensorType(Value v) { return cast<RankedTensorType>(v.getType()); }

//===----------------------------------------------------------------------===//
// contract
//===----------------------------------------------------------------------===//

static int64_t loopCount(ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs) {
  int64_t count = 0;
  for (ArrayRef<int64_t> dims : {lhs, rhs})
    for (int64_t d : dims)
      count = std::max(count, d + 1);
  return count;
}

/// Records the extents of the loops that a tensor's dimensions name; fails on a clash.
static LogicalResult bindLoops(ArrayRef<int64_t> dims, ArrayRef<int64_t> shape, SmallVectorImpl<int64_t> &extents) {
  if (dims.size() != shape.size())
    return failure();
  SmallVector<bool> seen(extents.size(), false);
  for (auto [loop, size] : llvm::zip(dims, shape)) {
    if (loop < 0 || seen[loop] || (extents[loop] >= 0 && extents[loop] != size))
      return failure();
    seen[loop] = true;
    extents[loop] = size;
  }
  return success();
}

LogicalResult ContractOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  RankedTensorType lhs = tensorType(adaptor.getLhs()), rhs = tensorType(adaptor.getRhs());
  if (lhs.getElementType() != rhs.getElementType())
    return inferError(location, "contract_c2: operands have different element types");
  int64_t loops = loopCount(adaptor.getLhsDims(), adaptor.getRhsDims());
  if (loops > lhs.getRank() + rhs.getRank())
    return inferError(location, "contract_c1: loop numbers are not consecutive");
  SmallVector<int64_t> extents(loops, -1);
  if (failed(bindLoops(adaptor.getLhsDims(), lhs.getShape(), extents)) ||
      failed(bindLoops(adaptor.getRhsDims(), rhs.getShape(), extents)) || llvm::is_contained(extents, -1))
    return inferError(location, "contract_c1: dimensions and loops do not match");
  SmallVector<int64_t> shape;
  SmallVector<bool> seen(loops, false);
  for (int64_t loop : adaptor.getResultDims()) {
    if (loop < 0 || loop >= loops || seen[loop])
      return inferError(location, "contract_c1: result names a loop twice or one that no operand has");
    seen[loop] = true;
    shape.push_back(extents[loop]);
  }
  types.push_back(RankedTensorType::get(shape, lhs.getElementType()));
  return success();
}

SmallVector<int64_t> ContractOp::getLoopExtents() {
  SmallVector<int64_t> extents(loopCount(getLhsDims(), getRhsDims()), -1);
  (void)bindLoops(getLhsDims(), getLhs().getType().getShape(), extents);
  (void)bindLoops(getRhsDims(), getRhs().getType().getShape(), extents);
  return extents;
}

uint64_t ContractOp::getFlops() { return 2 * product(getLoopExtents()); }

/// Strides of a tensor per loop; 0 for loops it does not have.
static SmallVector<int64_t> loopStrides(ArrayRef<int64_t> dims, ArrayRef<int64_t> shape, size_t loops) {
  SmallVector<int64_t> own = rowMajorStrides(shape), strides(loops, 0);
  for (auto [d, loop] : llvm::enumerate(dims))
    strides[loop] = own[d];
  return strides;
}

namespace {
/// A loop of a sum of products with the step that it moves each operand by.
struct SumLoop {
  int64_t extent, lhs, rhs;
};
} // namespace

/// Sum over a loop of lhs * rhs, in f64.
static double sumProducts(const float *lhs, const float *rhs, SumLoop loop) {
  double sum = 0;
  for (int64_t i = 0; i < loop.extent; ++i, lhs += loop.lhs, rhs += loop.rhs)
    sum += static_cast<double>(*lhs) * static_cast<double>(*rhs);
  return sum;
}

/// Sum over the loops, in f64 for floats and in wrapping 64-bit arithmetic for integers.
static Scalar sumGeneric(const Tensor &lhs, const Tensor &rhs, int64_t l, int64_t r, ArrayRef<SumLoop> loops) {
  if (loops.empty()) {
    Scalar x = lhs.get(l), y = rhs.get(r);
    return {x.f * y.f, static_cast<int64_t>(uint64_t(x.i) * uint64_t(y.i))};
  }
  Scalar sum;
  for (int64_t i = 0; i < loops[0].extent; ++i) {
    Scalar part = sumGeneric(lhs, rhs, l + i * loops[0].lhs, r + i * loops[0].rhs, loops.drop_front());
    sum = {sum.f + part.f, static_cast<int64_t>(uint64_t(sum.i) + uint64_t(part.i))};
  }
  return sum;
}

namespace {
/// Loops that one side of a matrix product runs over, merged: how far each step moves the tensors.
struct MergedLoops {
  SmallVector<int64_t> extents;
  SmallVector<int64_t> lhs, rhs, result;

  void add(int64_t extent, int64_t l, int64_t r, int64_t o) {
    extents.push_back(extent);
    lhs.push_back(l);
    rhs.push_back(r);
    result.push_back(o);
  }
  int64_t count() const { return product(extents); }
  /// Positions of all steps, in order.
  std::vector<int64_t> positions(ArrayRef<int64_t> strides) const {
    std::vector<int64_t> list;
    forEachPosition(extents, {SmallVector<int64_t>(strides)}, [&](ArrayRef<int64_t> p) { list.push_back(p[0]); });
    return list;
  }
};
} // namespace

/// Products of f32 matrices, one per step of the batch loops.
static void multiplyMatrices(MLIRContext *context, const MergedLoops &batch, const MergedLoops &m, const MergedLoops &n,
                             const MergedLoops &k, const float *lhs, const float *rhs, float *result) {
  std::vector<int64_t> mLhs = m.positions(m.lhs), mOut = m.positions(m.result), nRhs = n.positions(n.rhs);
  std::vector<int64_t> nOut = n.positions(n.result), kLhs = k.positions(k.lhs), kRhs = k.positions(k.rhs);
  auto rows = static_cast<int64_t>(mLhs.size()), columns = static_cast<int64_t>(nRhs.size());
  auto sum = static_cast<int64_t>(kLhs.size());
  forEachPosition(batch.extents, {batch.lhs, batch.rhs, batch.result}, [&](ArrayRef<int64_t> p) {
    const float *a = lhs + p[0], *b = rhs + p[1];
    float *c = result + p[2];
    multiply(context, {rows, columns, sum,
                       [&](int64_t row, int64_t count, double *to) {
                         for (int64_t i = row; i < row + count; ++i)
                           for (int64_t offset : kLhs)
                             *to++ = a[mLhs[i] + offset];
                       },
                       [&](int64_t column, int64_t count, int64_t stride, double *to) {
                         for (int64_t j = 0; j < count; ++j)
                           for (int64_t step = 0; step < sum; ++step)
                             to[step * stride + j] = b[nRhs[column + j] + kRhs[step]];
                       },
                       [&](int64_t row, int64_t column, int64_t count, const double *values) {
                         for (int64_t j = 0; j < count; ++j)
                           c[mOut[row] + nOut[column + j]] = static_cast<float>(values[j]);
                       }});
  });
}

/// Sorts the loops of an f32 contraction into those of a product of matrices.
static void contractMatrices(ContractOp op, ArrayRef<Tensor> inputs, Tensor &output) {
  SmallVector<int64_t> extents = op.getLoopExtents();
  SmallVector<int64_t> lhs = loopStrides(op.getLhsDims(), inputs[0].getShape(), extents.size());
  SmallVector<int64_t> rhs = loopStrides(op.getRhsDims(), inputs[1].getShape(), extents.size());
  SmallVector<int64_t> result = loopStrides(op.getResultDims(), output.getShape(), extents.size());
  MergedLoops batch, m, n, k;
  // Results in their order, sums in the order of the loops.
  SmallVector<int64_t> order(op.getResultDims());
  for (int64_t loop = 0; loop < static_cast<int64_t>(extents.size()); ++loop)
    if (!llvm::is_contained(op.getResultDims(), loop))
      order.push_back(loop);
  for (int64_t loop : order) {
    bool inLhs = llvm::is_contained(op.getLhsDims(), loop), inRhs = llvm::is_contained(op.getRhsDims(), loop);
    bool isSum = !llvm::is_contained(op.getResultDims(), loop);
    MergedLoops &loops = isSum ? k : inLhs && inRhs ? batch : inLhs ? m : n;
    loops.add(extents[loop], lhs[loop], rhs[loop], result[loop]);
  }
  multiplyMatrices(op.getContext(), batch, m, n, k, inputs[0].as<float>(), inputs[1].as<float>(),
                   output.asMutable<float>());
}

LogicalResult ContractOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  if (getType().getElementType().isF32())
    return contractMatrices(*this, inputs, outputs[0]), success();
  SmallVector<int64_t> extents = getLoopExtents();
  SmallVector<int64_t> lhs = loopStrides(getLhsDims(), inputs[0].getShape(), extents.size());
  SmallVector<int64_t> rhs = loopStrides(getRhsDims(), inputs[1].getShape(), extents.size());
  SmallVector<int64_t> outerLhs, outerRhs;
  for (int64_t loop : getResultDims()) {
    outerLhs.push_back(lhs[loop]);
    outerRhs.push_back(rhs[loop]);
  }
  SmallVector<SumLoop> sums;
  for (size_t loop = 0; loop < extents.size(); ++loop)
    if (!llvm::is_contained(getResultDims(), static_cast<int64_t>(loop)))
      sums.push_back({extents[loop], lhs[loop], rhs[loop]});
  int64_t position = 0;
  forEachPosition(outputs[0].getShape(), {outerLhs, outerRhs}, [&](ArrayRef<int64_t> p) {
    outputs[0].set(position++, sumGeneric(inputs[0], inputs[1], p[0], p[1], sums));
  });
  return success();
}

namespace {
/// A transposed operand is the operand under other loop numbers.
struct ContractOfTranspose : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter &rewriter) const override {
    auto absorb = [](Value &operand, SmallVector<int64_t> &dims) {
      auto transpose = operand.getDefiningOp<TransposeOp>();
      if (!transpose)
        return false;
      SmallVector<int64_t> source(dims.size());
      for (auto [d, p] : llvm::enumerate(transpose.getPermutation()))
        source[p] = dims[d];
      dims = source;
      operand = transpose.getOperand();
      return true;
    };
    Value lhs = op.getLhs(), rhs = op.getRhs();
    SmallVector<int64_t> lhsDims(op.getLhsDims()), rhsDims(op.getRhsDims());
    bool changed = absorb(lhs, lhsDims);
    changed |= absorb(rhs, rhsDims);
    if (!changed)
      return failure();
    rewriter.replaceOpWithNewOp<ContractOp>(op, lhs, rhs, lhsDims, rhsDims, op.getResultDims());
    return success();
  }
};

/// A transposed result, if nothing else reads it, is the contraction under other loop numbers.
struct TransposeOfContract : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto contract = op.getOperand().getDefiningOp<ContractOp>();
    if (!contract || !contract->hasOneUse())
      return failure();
    SmallVector<int64_t> dims;
    for (int64_t p : op.getPermutation())
      dims.push_back(contract.getResultDims()[p]);
    auto merged =
        ContractOp::create(rewriter, rewriter.getFusedLoc({contract.getLoc(), op.getLoc()}), contract.getLhs(),
                           contract.getRhs(), contract.getLhsDims(), contract.getRhsDims(), dims);
    rewriter.replaceOp(op, merged);
    return success();
  }
};
} // namespace

void ContractOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<ContractOfTranspose, TransposeOfContract>(context);
}

//===----------------------------------------------------------------------===//
// conv
//===----------------------------------------------------------------------===//

LogicalResult ConvOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  RankedTensorType input = tensorType(adaptor.getInput()), filter = tensorType(adaptor.getFilter());
  size_t spatial = adaptor.getStrides().size();
  int64_t groups = adaptor.getGroups();
  bool last = adaptor.getChannelsLast();
  for (ArrayRef<int64_t> list :
       {adaptor.getLow(), adaptor.getHigh(), adaptor.getDilations(), adaptor.getInputDilation()})
    if (list.size() != spatial)
      return inferError(location, "conv_c1: needs one entry per spatial dimension");
  if (input.getRank() != static_cast<int64_t>(spatial) + 2 || filter.getRank() != input.getRank())
    return inferError(location, "conv_c1: ranks of input and filter do not match the attributes");
  int64_t channels = input.getDimSize(last ? spatial + 1 : 1), filters = filter.getDimSize(0);
  if (groups <= 0 || channels % groups || filters % groups || filter.getDimSize(1) != channels / groups ||
      input.getElementType() != filter.getElementType())
    return inferError(location, "conv_c2: filter " + Twine(filters) + "x" + Twine(filter.getDimSize(1)) +
                                    " does not fit " + Twine(channels) + " channels in " + Twine(groups) + " groups");
  SmallVector<int64_t> shape = {input.getDimSize(0)};
  if (!last)
    shape.push_back(filters);
  for (size_t i = 0; i < spatial; ++i) {
    int64_t stride = adaptor.getStrides()[i], dilation = adaptor.getDilations()[i];
    int64_t inputDilation = adaptor.getInputDilation()[i];
    if (stride <= 0 || dilation <= 0 || inputDilation <= 0)
      return inferError(location, "conv_c1: strides and dilations must be positive");
    int64_t size = input.getDimSize(i + (last ? 1 : 2));
    int64_t dilated = size == 0 ? 0 : (size - 1) * inputDilation + 1;
    int64_t window = (filter.getDimSize(i + 2) - 1) * dilation + 1;
    int64_t room = dilated + adaptor.getLow()[i] + adaptor.getHigh()[i] - window;
    shape.push_back(room < 0 ? 0 : room / stride + 1);
  }
  if (last)
    shape.push_back(filters);
  types.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

uint64_t ConvOp::getFlops() {
  RankedTensorType filter = getFilter().getType();
  int64_t taps = product(filter.getShape().drop_front());
  int64_t dilation = product(getInputDilation());
  return 2 * product(getType().getShape()) * taps / std::max<int64_t>(1, dilation);
}

namespace {
/// One filter tap that lies inside the input: positions of the tap in input and filter, relative to channel 0.
struct Tap {
  int64_t input, filter;
};
} // namespace

/// The taps that contribute to the output at `index` (spatial part).
static void collectTaps(ConvOp op, ArrayRef<int64_t> index, ArrayRef<int64_t> inputStrides,
                        ArrayRef<int64_t> filterStrides, SmallVectorImpl<Tap> &taps) {
  ArrayRef<int64_t> filterShape = op.getFilter().getType().getShape();
  ArrayRef<int64_t> inputShape = op.getInput().getType().getShape();
  taps.assign(1, {0, 0});
  for (int64_t i = 0; i < op.getSpatialRank(); ++i) {
    SmallVector<Tap> next;
    unsigned dim = op.getSpatialDim(i);
    for (const Tap &tap : taps)
      for (int64_t k = 0; k < filterShape[i + 2]; ++k) {
        int64_t at = index[i] * op.getStrides()[i] + k * op.getDilations()[i] - op.getLow()[i];
        int64_t dilation = op.getInputDilation()[i];
        if (at < 0 || at % dilation || at / dilation >= inputShape[dim])
          continue;
        next.push_back({tap.input + at / dilation * inputStrides[dim], tap.filter + k * filterStrides[i + 2]});
      }
    taps.assign(next.begin(), next.end());
  }
}

/// An f32 convolution as a product of matrices: one row per pixel of the result, which holds what the window covers.
static void convolveMatrices(ConvOp op, ArrayRef<Tensor> inputs, Tensor &output) {
  SmallVector<int64_t> in = rowMajorStrides(inputs[0].getShape()), out = rowMajorStrides(output.getShape());
  SmallVector<int64_t> filter = rowMajorStrides(inputs[1].getShape());
  ArrayRef<int64_t> filterShape = inputs[1].getShape();
  int64_t channels = filterShape[1], taps = product(filterShape.drop_front(2)), groups = op.getGroups();
  int64_t filters = filterShape[0] / groups;
  unsigned c = op.getChannelDim();
  SmallVector<int64_t> space = {output.getShape()[0]}, steps = {out[0]};
  for (int64_t i = 0; i < op.getSpatialRank(); ++i) {
    space.push_back(output.getShape()[op.getSpatialDim(i)]);
    steps.push_back(out[op.getSpatialDim(i)]);
  }
  std::vector<SmallVector<int64_t, 4>> pixels;
  forEachIndex(space, [&](ArrayRef<int64_t> index) { pixels.emplace_back(index); });
  float *result = output.asMutable<float>();
  for (int64_t g = 0; g < groups; ++g) {
    const float *input = inputs[0].as<float>() + g * channels * in[c];
    const float *weights = inputs[1].as<float>() + g * filters * filter[0];
    auto readWindows = [&](int64_t row, int64_t count, double *to) {
      SmallVector<Tap> covered;
      std::fill_n(to, count * taps * channels, 0.0);
      for (int64_t i = row; i < row + count; ++i, to += taps * channels) {
        collectTaps(op, ArrayRef<int64_t>(pixels[i]).drop_front(), in, filter, covered);
        for (const Tap &tap : covered)
          for (int64_t k = 0; k < channels; ++k)
            to[tap.filter * channels + k] = input[pixels[i][0] * in[0] + tap.input + k * in[c]];
      }
    };
    auto readFilters = [&](int64_t column, int64_t count, int64_t stride, double *to) {
      for (int64_t tap = 0; tap < taps; ++tap)
        for (int64_t k = 0; k < channels; ++k, to += stride)
          for (int64_t j = 0; j < count; ++j)
            to[j] = weights[(column + j) * filter[0] + k * filter[1] + tap];
    };
    multiply(op.getContext(), {static_cast<int64_t>(pixels.size()), filters, taps * channels, readWindows, readFilters,
                               [&](int64_t row, int64_t column, int64_t count, const double *values) {
                                 float *to = result + g * filters * out[c];
                                 for (auto [at, step] : llvm::zip(pixels[row], steps))
                                   to += at * step;
                                 for (int64_t j = 0; j < count; ++j)
                                   to[(column + j) * out[c]] = static_cast<float>(values[j]);
                               }});
  }
}

LogicalResult ConvOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  // With few filters per group there is nothing to share between the columns of a matrix.
  if (getType().getElementType().isF32() && inputs[1].getShape()[0] >= 8 * static_cast<int64_t>(getGroups()))
    return convolveMatrices(*this, inputs, outputs[0]), success();
  SmallVector<int64_t> in = rowMajorStrides(inputs[0].getShape()), filter = rowMajorStrides(inputs[1].getShape());
  SmallVector<int64_t> out = rowMajorStrides(outputs[0].getShape());
  int64_t perGroup = inputs[1].getShape()[1], filters = inputs[1].getShape()[0];
  int64_t filtersPerGroup = std::max<int64_t>(1, filters / static_cast<int64_t>(getGroups()));
  unsigned c = getChannelDim();
  SmallVector<int64_t> spatial;
  for (int64_t i = 0; i < getSpatialRank(); ++i)
    spatial.push_back(outputs[0].getShape()[getSpatialDim(i)]);
  bool isF32 = getType().getElementType().isF32();
  SmallVector<Tap> taps;
  forEachIndex(spatial, [&](ArrayRef<int64_t> index) {
    collectTaps(*this, index, in, filter, taps);
    int64_t outPosition = 0;
    for (auto [i, at] : llvm::enumerate(index))
      outPosition += at * out[getSpatialDim(i)];
    for (int64_t n = 0; n < inputs[0].getShape()[0]; ++n)
      for (int64_t f = 0; f < filters; ++f) {
        int64_t inBase = n * in[0] + f / filtersPerGroup * perGroup * in[c], filterBase = f * filter[0];
        Scalar sum;
        for (const Tap &tap : taps) {
          SumLoop loop = {perGroup, in[c], filter[1]};
          if (isF32) {
            sum.f += sumProducts(inputs[0].as<float>() + inBase + tap.input,
                                 inputs[1].as<float>() + filterBase + tap.filter, loop);
            continue;
          }
          Scalar part = sumGeneric(inputs[0], inputs[1], inBase + tap.input, filterBase + tap.filter, loop);
          sum = {sum.f + part.f, sum.i + part.i};
        }
        outputs[0].set(outPosition + n * out[0] + f * out[c], sum);
      }
  });
  return success();
}

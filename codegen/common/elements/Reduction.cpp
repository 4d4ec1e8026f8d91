//===- Reduction.cpp - Elements of reductions and windows ----------------===//
#include "codegen/common/Loops.h"
#include "codegen/common/elements/Models.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace tenon::codegen {

static RankedTensorType typeOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()); }

namespace {

/// Elements that are reduced without a loop, at most.
constexpr int64_t kStraightTaps = 64;

/// Elements that are reduced one after the other, at most.
constexpr int64_t kBlock = 64;

/// The accumulator's start: a vector wherever the index has lanes.
Value startValue(ElementEmitter &e, Value scalar, ArrayRef<Index> index) {
  bool uniform = llvm::all_of(index, [](const Index &i) { return i.isUniform(); });
  return uniform ? scalar : e.broadcast(scalar);
}

Value likeStart(ElementEmitter &e, Value start, Value value) {
  return isa<VectorType>(start.getType()) ? e.broadcast(value) : value;
}

struct ReduceModel : IndexableModel<ReduceModel, tn::ReduceOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    auto reduce = cast<tn::ReduceOp>(op);
    if (reduce.getKind() == tn::ReduceKind::ArgMax || reduce.getKind() == tn::ReduceKind::ArgMin)
      return emitArg(reduce, e, index);
    Type element = typeOf(reduce.getOperand()).getElementType();
    SmallVector<int64_t> extents;
    for (int64_t axis : reduce.getAxes())
      extents.push_back(typeOf(reduce.getOperand()).getDimSize(axis));
    Value start = startValue(e, reductionNeutral(e, reduce.getKind(), element), index);
    SmallVector<Index> source(index);
    return e.roundTo(emitDim(reduce, e, extents, 0, source, start), element);
  }

  /// The reduction over the axes from the d-th on. Each of their rows, and each block of a long one, is reduced on its
  /// own before it joins the others: rounding errors of a sum grow with the number of elements that are added one after
  /// the other.
  static Value emitDim(tn::ReduceOp reduce, ElementEmitter &e, ArrayRef<int64_t> extents, size_t d,
                       SmallVector<Index> &source, Value start) {
    if (d == extents.size())
      return likeStart(e, start, e.element(reduce.getOperand(), source));
    Index &position = source[reduce.getAxes()[d]];
    auto step = [&](Value carried) {
      Value x = emitDim(reduce, e, extents, d + 1, source, start);
      return reductionStep(e, reduce.getKind(), typeOf(reduce.getOperand()).getElementType(), carried, x);
    };
    int64_t extent = extents[d];
    if (product(extents) <= kStraightTaps) {
      Value carried = start;
      for (int64_t i = 0; i < extent; ++i) {
        position = e.constantIndex(i);
        carried = step(carried);
      }
      return carried;
    }
    auto range = [&](Value low, Value high) {
      return emitFor(e, low, high, 1, start, [&](Value i, ValueRange carried) -> SmallVector<Value> {
        position = {i, 0, {}};
        return {step(carried[0])};
      })[0];
    };
    Value end = e.indexConstant(extent);
    if (extent <= kBlock)
      return range(e.indexConstant(0), end);
    return emitFor(e, e.indexConstant(0), end, kBlock, start, [&](Value low, ValueRange carried) -> SmallVector<Value> {
      Value high = e.addConstant({low, 0, {}}, kBlock).base;
      if (extent % kBlock != 0)
        high = arith::MinSIOp::create(e.builder(), e.getLoc(), high, end);
      return {reductionStep(e, reduce.getKind(), typeOf(reduce.getOperand()).getElementType(), carried[0],
                            range(low, high))};
    })[0];
  }

  static Value emitArg(tn::ReduceOp reduce, ElementEmitter &e, ArrayRef<Index> index) {
    OpBuilder &b = e.builder();
    Location loc = e.getLoc();
    int64_t axis = reduce.getAxes()[0];
    Type element = typeOf(reduce.getOperand()).getElementType();
    bool greatest = reduce.getKind() == tn::ReduceKind::ArgMax;
    auto at = [&](Value i) {
      SmallVector<Index> source(index);
      source[axis] = {i, 0, {}};
      return e.element(reduce.getOperand(), source);
    };
    Value first = startValue(e, e.scoped([&] { return at(e.indexConstant(0)); }), index);
    Value zero = startValue(e, arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0)), index);
    Value size = e.indexConstant(typeOf(reduce.getOperand()).getDimSize(axis));
    return emitFor(e, e.indexConstant(1), size, 1, ValueRange{first, zero},
                   [&](Value i, ValueRange carried) -> SmallVector<Value> {
                     Value x = likeStart(e, first, at(i));
                     Value better = replaces(e, element, x, carried[0], greatest, reduce.getSelectLast());
                     Value position = likeStart(e, first, arith::IndexCastOp::create(b, loc, b.getI64Type(), i));
                     return {arith::SelectOp::create(b, loc, better, x, carried[0]),
                             arith::SelectOp::create(b, loc, better, position, carried[1])};
                   })[1];
  }

  /// Whether `x` takes the place of `best`: it is more extreme, equal where the last one counts, or the first
  /// NaN.
  static Value replaces(ElementEmitter &e, Type element, Value x, Value best, bool greatest, bool last) {
    OpBuilder &b = e.builder();
    Location loc = e.getLoc();
    if (isa<FloatType>(element)) {
      using P = arith::CmpFPredicate;
      P p = greatest ? (last ? P::OGE : P::OGT) : (last ? P::OLE : P::OLT);
      Value better = arith::CmpFOp::create(b, loc, p, x, best);
      Value isNan = arith::CmpFOp::create(b, loc, P::UNO, x, x);
      Value wasNumber = arith::CmpFOp::create(b, loc, P::ORD, best, best);
      return arith::OrIOp::create(b, loc, better, arith::AndIOp::create(b, loc, isNan, wasNumber));
    }
    using P = arith::CmpIPredicate;
    bool isU = tenon::isUnsigned(element);
    P p = greatest ? (last ? (isU ? P::uge : P::sge) : (isU ? P::ugt : P::sgt))
                   : (last ? (isU ? P::ule : P::sle) : (isU ? P::ult : P::slt));
    return arith::CmpIOp::create(b, loc, p, x, best);
  }
};

struct WindowModel : IndexableModel<WindowModel, tn::WindowOp> {
  Value emitElement(Operation *op, ElementEmitter &e, unsigned, ArrayRef<Index> index) const {
    auto window = cast<tn::WindowOp>(op);
    Value start = startValue(e, reductionNeutral(e, window.getKind(), window.getType().getElementType()), index);
    SmallVector<Index> source(index.size());
    return e.roundTo(emitDim(window, e, index, 0, source, start), window.getType().getElementType());
  }

  /// The reduction over the window's dimensions from `d` on, starting from `carried`.
  static Value emitDim(tn::WindowOp window, ElementEmitter &e, ArrayRef<Index> index, size_t d,
                       SmallVector<Index> &source, Value carried) {
    Type element = window.getType().getElementType();
    if (d == index.size()) {
      Value x = likeStart(e, carried, e.element(window.getOperand(), source));
      return reductionStep(e, window.getKind(), element, carried, x);
    }
    int64_t size = window.getSizes()[d], low = window.getLow()[d], high = window.getHigh()[d];
    Index first = e.addConstant(e.multiply(index[d], window.getStrides()[d]), -low);
    if (size == 1 && low == 0 && high == 0) {
      source[d] = first;
      return emitDim(window, e, index, d + 1, source, carried);
    }
    if (product(window.getSizes()) <= kStraightTaps)
      if (Value straight = emitStraightDim(window, e, index, d, first, source, carried))
        return straight;
    Value begin = e.indexConstant(0), end = e.indexConstant(size);
    bool padded = low != 0 || high != 0;
    if (padded && first.isUniform())
      clampTaps(window, e, d, first.base, begin, end);
    return emitFor(e, begin, end, 1, carried, [&](Value tap, ValueRange inner) -> SmallVector<Value> {
      Index at = e.add(first, e.multiply({tap, 0, {}}, window.getDilations()[d]));
      if (!padded || first.isUniform()) {
        source[d] = at;
        return {emitDim(window, e, index, d + 1, source, inner[0])};
      }
      Value inside = e.inBounds(at, window.getOperand().getType().getDimSize(d));
      source[d] = e.guarded(at, inside);
      Value next = emitDim(window, e, index, d + 1, source, inner[0]);
      return {e.select(inside, next, inner[0])};
    })[0];
  }

  enum class Place { Inside, Outside, Either };
  /// Where a tap of windows that begin within `first` lies.
  static Place placeOf(tn::WindowOp window, size_t d, const Bounds &first, int64_t tap) {
    if (window.getLow()[d] == 0 && window.getHigh()[d] == 0)
      return Place::Inside;
    if (!first)
      return Place::Either;
    int64_t shift = tap * window.getDilations()[d], size = window.getOperand().getType().getDimSize(d);
    int64_t least = first->first + shift, greatest = first->second + shift;
    if (least >= 0 && greatest < size)
      return Place::Inside;
    return greatest < 0 || least >= size ? Place::Outside : Place::Either;
  }

  /// Taps one after the other without those outside, or null where that is known only when running.
  static Value emitStraightDim(tn::WindowOp window, ElementEmitter &e, ArrayRef<Index> index, size_t d,
                               const Index &first, SmallVector<Index> &source, Value carried) {
    Bounds bounds = e.boundsOf(first);
    SmallVector<int64_t> taps;
    for (int64_t tap = 0; tap < window.getSizes()[d]; ++tap) {
      Place place = placeOf(window, d, bounds, tap);
      if (place == Place::Either)
        return {};
      if (place == Place::Inside)
        taps.push_back(tap);
    }
    for (int64_t tap : taps) {
      source[d] = e.addConstant(first, tap * window.getDilations()[d]);
      carried = emitDim(window, e, index, d + 1, source, carried);
    }
    return carried;
  }

  /// Narrows [begin, end) to the taps inside the operand, for a window that begins at `first`.
  static void clampTaps(tn::WindowOp window, ElementEmitter &e, size_t d, Value first, Value &begin, Value &end) {
    OpBuilder &b = e.builder();
    Location loc = e.getLoc();
    int64_t dilation = window.getDilations()[d], size = window.getOperand().getType().getDimSize(d);
    Value zero = e.indexConstant(0), step = e.indexConstant(dilation);
    Value missing = arith::SubIOp::create(b, loc, zero, first);
    Value skip = arith::CeilDivSIOp::create(b, loc, missing, step);
    begin = arith::MaxSIOp::create(b, loc, zero, skip);
    Value room = arith::SubIOp::create(b, loc, e.indexConstant(size), first);
    Value last = arith::CeilDivSIOp::create(b, loc, room, step);
    end = arith::MinSIOp::create(b, loc, end, last);
  }
};

} // namespace

void attachReductionModels(MLIRContext *context) { attachModels<ReduceModel, WindowModel>(context); }

} // namespace tenon::codegen

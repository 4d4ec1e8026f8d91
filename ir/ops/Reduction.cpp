//===- Reduction.cpp - reduce and window ---------------------------------===//
#include "ir/Dialect.h"
#include "ir/ops/Indexing.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace tenon;
using namespace tenon::tn;

static RankedTensorType tensorType(Value v) { return cast<RankedTensorType>(v.getType()); }

namespace {
/// A reduction under way: f64 for floats, wrapping integers otherwise.
class Accumulator {
public:
  Accumulator(ReduceKind kind, Type element)
      : kind(kind), isFloat(isa<FloatType>(element)), isU(tenon::isUnsigned(element)) {
    value = neutral(element);
  }

  void add(Scalar x) {
    switch (kind) {
    case ReduceKind::Sum:
      value = {value.f + x.f, static_cast<int64_t>(uint64_t(value.i) + uint64_t(x.i))};
      return;
    case ReduceKind::Prod:
      value = {value.f * x.f, static_cast<int64_t>(uint64_t(value.i) * uint64_t(x.i))};
      return;
    default:
      if (precedes(x, value))
        value = x;
    }
  }

  /// True if `x` must replace `y` as the extreme; a NaN replaces all but a NaN.
  bool precedes(Scalar x, Scalar y) const {
    bool greatest = kind == ReduceKind::Max || kind == ReduceKind::ArgMax;
    if (isFloat)
      return std::isnan(y.f) ? false : std::isnan(x.f) || (greatest ? x.f > y.f : x.f < y.f);
    if (isU)
      return greatest ? uint64_t(x.i) > uint64_t(y.i) : uint64_t(x.i) < uint64_t(y.i);
    return greatest ? x.i > y.i : x.i < y.i;
  }

  Scalar value;

private:
  Scalar neutral(Type element) const {
    if (kind == ReduceKind::Sum)
      return {};
    if (kind == ReduceKind::Prod)
      return {1, 1};
    bool greatest = kind == ReduceKind::Max || kind == ReduceKind::ArgMax;
    if (isFloat)
      return Scalar::real(greatest ? -INFINITY : INFINITY);
    unsigned width = element.getIntOrFloatBitWidth();
    if (isU)
      return Scalar::integer(greatest ? 0 : APInt::getMaxValue(width).getZExtValue());
    return Scalar::integer(
        (greatest ? APInt::getSignedMinValue(width) : APInt::getSignedMaxValue(width)).getSExtValue());
  }

  ReduceKind kind;
  bool isFloat, isU;
};

bool isArg(ReduceKind kind) { return kind == ReduceKind::ArgMax || kind == ReduceKind::ArgMin; }
} // namespace

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getOperand());
  SmallVector<int64_t> shape(type.getShape());
  int64_t previous = -1;
  for (int64_t axis : adaptor.getAxes()) {
    if (axis <= previous || axis >= type.getRank())
      return inferError(location, "reduce_c1: axes must be ascending, distinct and within the rank");
    shape[axis] = 1;
    previous = axis;
  }
  bool arg = isArg(adaptor.getKind());
  if (arg && adaptor.getAxes().size() != 1)
    return inferError(location, "reduce_c2: arg_max and arg_min take one axis");
  types.push_back(RankedTensorType::get(shape, arg ? IntegerType::get(context, 64) : type.getElementType()));
  return success();
}

uint64_t ReduceOp::getFlops() { return getOperand().getType().getNumElements(); }

/// Splits strides into those of the kept and those of the reduced dimensions.
static void splitStrides(ArrayRef<int64_t> shape, ArrayRef<int64_t> axes, SmallVector<int64_t> &kept,
                         SmallVector<int64_t> &reducedShape, SmallVector<int64_t> &reduced) {
  kept = rowMajorStrides(shape);
  for (int64_t axis : axes) {
    reduced.push_back(kept[axis]);
    reducedShape.push_back(shape[axis]);
    kept[axis] = 0;
  }
}

LogicalResult ReduceOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  const Tensor &input = inputs[0];
  SmallVector<int64_t> kept, reducedShape, reduced;
  splitStrides(input.getShape(), getAxes(), kept, reducedShape, reduced);
  int64_t position = 0;
  forEachPosition(outputs[0].getShape(), {kept}, [&](ArrayRef<int64_t> p) {
    Accumulator acc(getKind(), input.getElementType());
    int64_t best = 0, index = 0;
    forEachPosition(reducedShape, {reduced}, [&](ArrayRef<int64_t> q) {
      Scalar x = input.get(p[0] + q[0]);
      if (isArg(getKind())) {
        bool tie = getSelectLast() && !acc.precedes(acc.value, x) && !std::isnan(acc.value.f);
        if (index == 0 || tie || acc.precedes(x, acc.value)) {
          acc.value = x;
          best = index;
        }
      } else {
        acc.add(x);
      }
      ++index;
    });
    outputs[0].set(position++, isArg(getKind()) ? Scalar::integer(best) : acc.value);
  });
  return success();
}

LogicalResult WindowOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getOperand());
  size_t rank = type.getRank();
  for (ArrayRef<int64_t> list :
       {adaptor.getSizes(), adaptor.getStrides(), adaptor.getDilations(), adaptor.getLow(), adaptor.getHigh()})
    if (list.size() != rank)
      return inferError(location, "window_c1: needs one entry per dimension");
  if (isArg(adaptor.getKind()))
    return inferError(location, "window_c2: arg_max and arg_min are not window reductions");
  SmallVector<int64_t> shape;
  for (size_t d = 0; d < rank; ++d) {
    if (adaptor.getSizes()[d] <= 0 || adaptor.getStrides()[d] <= 0 || adaptor.getDilations()[d] <= 0 ||
        adaptor.getLow()[d] < 0 || adaptor.getHigh()[d] < 0)
      return inferError(location, "window_c1: sizes, strides and dilations must be positive, paddings not negative");
    int64_t room = type.getDimSize(d) + adaptor.getLow()[d] + adaptor.getHigh()[d] -
                   ((adaptor.getSizes()[d] - 1) * adaptor.getDilations()[d] + 1);
    shape.push_back(room < 0 ? 0 : room / adaptor.getStrides()[d] + 1);
  }
  types.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

uint64_t WindowOp::getFlops() { return product(getType().getShape()) * product(getSizes()); }

LogicalResult WindowOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  const Tensor &input = inputs[0];
  SmallVector<int64_t> strides = rowMajorStrides(input.getShape());
  int64_t position = 0;
  forEachIndex(outputs[0].getShape(), [&](ArrayRef<int64_t> index) {
    Accumulator acc(getKind(), input.getElementType());
    forEachIndex(getSizes(), [&](ArrayRef<int64_t> tap) {
      int64_t source = 0;
      for (size_t d = 0; d < strides.size(); ++d) {
        int64_t at = index[d] * getStrides()[d] + tap[d] * getDilations()[d] - getLow()[d];
        if (at < 0 || at >= input.getShape()[d])
          return;
        source += at * strides[d];
      }
      acc.add(input.get(source));
    });
    outputs[0].set(position++, acc.value);
  });
  return success();
}

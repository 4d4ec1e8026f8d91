//===- Composite.cpp - Operations that backends see whole ----------------===//
#include "ir/Constant.h"
#include "ir/Dialect.h"
#include "ir/ops/Indexing.h"
#include <cmath>

using namespace mlir;
using namespace tenon;
using namespace tenon::tn;

static RankedTensorType tensorType(Value v) { return cast<RankedTensorType>(v.getType()); }

static Value scalarConstant(OpBuilder &b, Location loc, Type element, double value) {
  return splatConstant(b, loc, RankedTensorType::get({}, element), value);
}

/// Calls body(base position) for every row along `axes`, with the shape and strides of a row.
static void forEachRow(ArrayRef<int64_t> shape, ArrayRef<int64_t> axes,
                       llvm::function_ref<void(int64_t, ArrayRef<int64_t>, ArrayRef<int64_t>)> body) {
  SmallVector<int64_t> strides = rowMajorStrides(shape), outer(shape), rowShape, rowStrides;
  for (int64_t axis : axes) {
    rowShape.push_back(shape[axis]);
    rowStrides.push_back(strides[axis]);
    outer[axis] = 1;
  }
  forEachPosition(outer, {strides}, [&](ArrayRef<int64_t> p) { body(p[0], rowShape, rowStrides); });
}

//===----------------------------------------------------------------------===//
// softmax
//===----------------------------------------------------------------------===//

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getOperand());
  if (static_cast<int64_t>(adaptor.getAxis()) < 0 || static_cast<int64_t>(adaptor.getAxis()) >= type.getRank())
    return inferError(location, "softmax_c1: axis is not a dimension");
  types.push_back(type);
  return success();
}

LogicalResult SoftmaxOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  int64_t axis = getAxis();
  forEachRow(inputs[0].getShape(), axis, [&](int64_t base, ArrayRef<int64_t> row, ArrayRef<int64_t> strides) {
    double max = -INFINITY, sum = 0;
    auto at = [&](int64_t i) { return base + i * strides[0]; };
    for (int64_t i = 0; i < row[0]; ++i)
      max = std::max(max, inputs[0].get(at(i)).f);
    for (int64_t i = 0; i < row[0]; ++i)
      sum += std::exp(inputs[0].get(at(i)).f - max);
    for (int64_t i = 0; i < row[0]; ++i) {
      double shifted = inputs[0].get(at(i)).f - max;
      outputs[0].set(at(i), Scalar::real(getLog() ? shifted - std::log(sum) : std::exp(shifted) / sum));
    }
  });
  return success();
}

SmallVector<Value> SoftmaxOp::decompose(OpBuilder &b) {
  Location loc = getLoc();
  int64_t axis = getAxis();
  Value max = ReduceOp::create(b, loc, ReduceKind::Max, getOperand(), axis);
  Value shifted = SubOp::create(b, loc, getOperand(), max);
  Value exp = ExpOp::create(b, loc, shifted);
  Value sum = ReduceOp::create(b, loc, ReduceKind::Sum, exp, axis);
  if (getLog())
    return {SubOp::create(b, loc, shifted, LogOp::create(b, loc, sum))};
  return {MulOp::create(b, loc, exp, ReciprocalOp::create(b, loc, sum))};
}

//===----------------------------------------------------------------------===//
// normalize
//===----------------------------------------------------------------------===//

LogicalResult NormalizeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(adaptor.getOperand());
  int64_t previous = -1;
  for (int64_t axis : adaptor.getAxes()) {
    if (axis <= previous || axis >= type.getRank())
      return inferError(location, "normalize_c1: axes must be ascending, distinct and within the rank");
    previous = axis;
  }
  types.push_back(type);
  return success();
}

LogicalResult NormalizeOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  double epsilon = getEpsilon().convertToDouble();
  forEachRow(inputs[0].getShape(), getAxes(), [&](int64_t base, ArrayRef<int64_t> row, ArrayRef<int64_t> strides) {
    SmallVector<int64_t> steps(strides);
    double sum = 0, squares = 0, count = product(row);
    forEachPosition(row, {steps}, [&](ArrayRef<int64_t> p) { sum += inputs[0].get(base + p[0]).f; });
    double mean = getRms() ? 0 : sum / count;
    forEachPosition(row, {steps}, [&](ArrayRef<int64_t> p) {
      double x = inputs[0].get(base + p[0]).f - mean;
      squares += x * x;
    });
    double scale = 1 / std::sqrt(squares / count + epsilon);
    forEachPosition(row, {steps}, [&](ArrayRef<int64_t> p) {
      outputs[0].set(base + p[0], Scalar::real((inputs[0].get(base + p[0]).f - mean) * scale));
    });
  });
  return success();
}

SmallVector<Value> NormalizeOp::decompose(OpBuilder &b) {
  Location loc = getLoc();
  RankedTensorType type = getType();
  double count = 1;
  for (int64_t axis : getAxes())
    count *= type.getDimSize(axis);
  Value inverse = scalarConstant(b, loc, type.getElementType(), 1 / count);
  Value centred = getOperand();
  if (!getRms()) {
    Value sum = ReduceOp::create(b, loc, ReduceKind::Sum, getOperand(), getAxes());
    centred = SubOp::create(b, loc, getOperand(), MulOp::create(b, loc, sum, inverse));
  }
  Value squares = ReduceOp::create(b, loc, ReduceKind::Sum, MulOp::create(b, loc, centred, centred), getAxes());
  Value variance = MulOp::create(b, loc, squares, inverse);
  Value epsilon = scalarConstant(b, loc, type.getElementType(), getEpsilon().convertToDouble());
  Value deviation = SqrtOp::create(b, loc, AddOp::create(b, loc, variance, epsilon));
  return {MulOp::create(b, loc, centred, ReciprocalOp::create(b, loc, deviation))};
}

//===----------------------------------------------------------------------===//
// lstm
//===----------------------------------------------------------------------===//

LogicalResult LstmOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  RankedTensorType gates = tensorType(adaptor.getGates()), recurrent = tensorType(adaptor.getRecurrent());
  RankedTensorType h0 = tensorType(adaptor.getH0()), c0 = tensorType(adaptor.getC0());
  bool fits = gates.getRank() == 4 && recurrent.getRank() == 3 && h0.getRank() == 3 && h0 == c0;
  if (fits) {
    int64_t directions = adaptor.getReverse().size(), hidden = recurrent.getDimSize(2);
    fits = gates.getDimSize(1) == directions && recurrent.getDimSize(0) == directions &&
           gates.getDimSize(3) == 4 * hidden && recurrent.getDimSize(1) == 4 * hidden &&
           h0.getShape() == ArrayRef<int64_t>({directions, gates.getDimSize(2), hidden});
  }
  if (!fits)
    return inferError(location, "lstm_c1: shapes of gates, recurrent weights and states do not fit together");
  types.push_back(
      RankedTensorType::get({gates.getDimSize(0), gates.getDimSize(1), gates.getDimSize(2), recurrent.getDimSize(2)},
                            gates.getElementType()));
  types.append(2, h0);
  return success();
}

uint64_t LstmOp::getFlops() {
  return 2 * product(getGates().getType().getShape()) * getRecurrent().getType().getDimSize(2);
}

static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

LogicalResult LstmOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  const Tensor &gates = inputs[0], &recurrent = inputs[1];
  int64_t steps = gates.getShape()[0], directions = gates.getShape()[1], batch = gates.getShape()[2];
  int64_t hidden = recurrent.getShape()[2];
  for (int64_t d = 0; d < directions; ++d)
    for (int64_t b = 0; b < batch; ++b) {
      SmallVector<double> h(hidden), c(hidden), g(4 * hidden);
      int64_t state = (d * batch + b) * hidden;
      for (int64_t i = 0; i < hidden; ++i) {
        h[i] = inputs[2].get(state + i).f;
        c[i] = inputs[3].get(state + i).f;
      }
      for (int64_t s = 0; s < steps; ++s) {
        int64_t t = getReverse()[d] ? steps - 1 - s : s, row = (t * directions + d) * batch + b;
        for (int64_t n = 0; n < 4 * hidden; ++n) {
          g[n] = gates.get(row * 4 * hidden + n).f;
          for (int64_t k = 0; k < hidden; ++k)
            g[n] += h[k] * recurrent.get((d * 4 * hidden + n) * hidden + k).f;
        }
        for (int64_t i = 0; i < hidden; ++i) {
          c[i] = sigmoid(g[2 * hidden + i]) * c[i] + sigmoid(g[i]) * std::tanh(g[3 * hidden + i]);
          h[i] = sigmoid(g[hidden + i]) * std::tanh(c[i]);
          outputs[0].set(row * hidden + i, Scalar::real(h[i]));
        }
      }
      for (int64_t i = 0; i < hidden; ++i) {
        outputs[1].set(state + i, Scalar::real(h[i]));
        outputs[2].set(state + i, Scalar::real(c[i]));
      }
    }
  return success();
}

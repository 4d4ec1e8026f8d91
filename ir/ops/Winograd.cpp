//===- Winograd.cpp - Convolutions by Winograd's algorithm ---------------===//
#include "ir/Dialect.h"
#include "ir/ops/Gemm.h"
#include "ir/ops/Indexing.h"
#include "ir/ops/WinogradTransform.h"
#include "mlir/IR/Threading.h"

using namespace mlir;

namespace tenon {

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

/// Coefficients of the product of (x - p), lowest power first, `count` of them.
static std::vector<double> polynomial(const std::vector<double> &roots, size_t count) {
  std::vector<double> result(count, 0.0);
  result[0] = 1;
  size_t degree = 0;
  for (double root : roots) {
    for (size_t i = ++degree; i > 0; --i)
      result[i] = result[i - 1] - root * result[i];
    result[0] *= -root;
  }
  return result;
}

WinogradTransform::WinogradTransform(int64_t tile) : tile(tile), size(tile + 2) {
  std::vector<double> points =
      tile == 2 ? std::vector<double>{0, 1, -1} : std::vector<double>{0, 0.75, -0.75, 1.5, -1.5};
  for (double point : points) {
    std::vector<double> others;
    double scale = 1;
    for (double other : points)
      if (other != point) {
        others.push_back(other);
        scale *= point - other;
      }
    input.push_back(polynomial(others, size));
    filter.push_back({1 / scale, point / scale, point * point / scale});
  }
  input.push_back(polynomial(points, size));
  filter.push_back({0, 0, 1});
  for (int64_t i = 0; i < tile; ++i) {
    std::vector<double> row;
    for (double point : points) {
      double power = 1;
      for (int64_t k = 0; k < i; ++k)
        power *= point;
      row.push_back(power);
    }
    row.push_back(i == tile - 1 ? 1 : 0);
    output.push_back(row);
  }
}

/// left * x * left^T for a square x.
static std::vector<double> transform(const std::vector<std::vector<double>> &left, const std::vector<double> &x) {
  size_t rows = left.size(), columns = left[0].size();
  std::vector<double> half(rows * columns, 0.0), result(rows * rows, 0.0);
  for (size_t i = 0; i < rows; ++i)
    for (size_t k = 0; k < columns; ++k)
      for (size_t j = 0; j < columns; ++j)
        half[i * columns + j] += left[i][k] * x[k * columns + j];
  for (size_t i = 0; i < rows; ++i)
    for (size_t j = 0; j < rows; ++j)
      for (size_t k = 0; k < columns; ++k)
        result[i * rows + j] += half[i * columns + k] * left[j][k];
  return result;
}

namespace tn {

//===----------------------------------------------------------------------===//
// winograd_filter
//===----------------------------------------------------------------------===//

static bool isTile(int64_t tile) { return tile == 2 || tile == 4; }

LogicalResult WinogradFilterOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                                 SmallVectorImpl<Type> &types) {
  auto filter = cast<RankedTensorType>(adaptor.getFilter().getType());
  ArrayRef<int64_t> shape = filter.getShape();
  int64_t tile = adaptor.getTile(), panel = adaptor.getPanel();
  if (!filter.getElementType().isF32() || shape.size() != 4 || shape[2] != 3 || shape[3] != 3 || !isTile(tile) ||
      panel < 1 || panel > 1024)
    return inferError(location, "winograd_c1: needs an f32 filter of 3x3, tiles of 2 or 4 and panels of 1 to 1024");
  types.push_back(RankedTensorType::get({(shape[0] + panel - 1) / panel, (tile + 2) * (tile + 2), shape[1], panel},
                                        filter.getElementType()));
  return success();
}

LogicalResult WinogradFilterOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  WinogradTransform matrices(getTile());
  int64_t filters = inputs[0].getShape()[0], channels = inputs[0].getShape()[1], panel = getPanel();
  int64_t points = matrices.size * matrices.size;
  const float *from = inputs[0].as<float>();
  float *to = outputs[0].asMutable<float>();
  std::fill_n(to, outputs[0].getNumElements(), 0.0f);
  for (int64_t f = 0; f < filters; ++f)
    for (int64_t c = 0; c < channels; ++c) {
      const float *taps = from + (f * channels + c) * 9;
      std::vector<double> made = transform(matrices.filter, std::vector<double>(taps, taps + 9));
      for (int64_t p = 0; p < points; ++p)
        to[((f / panel * points + p) * channels + c) * panel + f % panel] = static_cast<float>(made[p]);
    }
  return success();
}

//===----------------------------------------------------------------------===//
// winograd_conv
//===----------------------------------------------------------------------===//

LogicalResult WinogradConvOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                               SmallVectorImpl<Type> &types) {
  auto input = cast<RankedTensorType>(adaptor.getInput().getType());
  auto filter = cast<RankedTensorType>(adaptor.getFilter().getType());
  int64_t tile = adaptor.getTile(), filters = adaptor.getFilters();
  ArrayRef<int64_t> size = adaptor.getSize();
  bool good = input.getElementType().isF32() && filter.getElementType().isF32() && input.getRank() == 4 &&
              filter.getRank() == 4 && isTile(tile) && size.size() == 2 && filters >= 1 &&
              filter.getDimSize(0) * filter.getDimSize(3) >= filters &&
              filter.getDimSize(1) == (tile + 2) * (tile + 2) && filter.getDimSize(2) == input.getDimSize(3);
  for (int64_t d = 0; good && d < 2; ++d)
    good = size[d] >= 1 && size[d] <= input.getDimSize(d + 1) &&
           input.getDimSize(d + 1) >= (size[d] + tile - 1) / tile * tile + 2;
  if (!good)
    return inferError(location, "winograd_c2: filter, size and tile do not fit the input");
  types.push_back(RankedTensorType::get({input.getDimSize(0), size[0], size[1], filters}, input.getElementType()));
  return success();
}

uint64_t WinogradConvOp::getFlops() {
  ArrayRef<int64_t> filter = getFilter().getType().getShape();
  return 2 * getType().getDimSize(0) * getTilesHigh() * getTilesWide() * product(filter);
}

LogicalResult WinogradConvOp::evaluate(ArrayRef<Tensor> inputs, MutableArrayRef<Tensor> outputs) {
  WinogradTransform matrices(getTile());
  int64_t size = matrices.size, points = size * size, tile = matrices.tile;
  SmallVector<int64_t> in = rowMajorStrides(inputs[0].getShape()), out = rowMajorStrides(outputs[0].getShape());
  ArrayRef<int64_t> shape = outputs[0].getShape();
  int64_t channels = inputs[0].getShape()[3], panel = inputs[1].getShape()[3], filters = shape[3];
  const float *filter = inputs[1].as<float>();
  std::vector<SmallVector<int64_t, 4>> tiles;
  forEachIndex({shape[0], getTilesHigh(), getTilesWide()}, [&](ArrayRef<int64_t> at) { tiles.emplace_back(at); });
  // Per point, the transformed tiles times the transformed filters: [tiles, channels] * [channels, filters].
  int64_t count = tiles.size();
  std::vector<double> values(points * count * channels), sums(points * count * filters);
  MLIRContext *context = getContext();
  parallelFor(context, 0, count, [&](size_t t) {
    const float *from =
        inputs[0].as<float>() + tiles[t][0] * in[0] + tiles[t][1] * tile * in[1] + tiles[t][2] * tile * in[2];
    std::vector<double> window(points);
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t p = 0; p < points; ++p)
        window[p] = from[p / size * in[1] + p % size * in[2] + c];
      std::vector<double> made = transform(matrices.input, window);
      for (int64_t p = 0; p < points; ++p)
        values[(p * count + t) * channels + c] = made[p];
    }
  });
  for (int64_t p = 0; p < points; ++p)
    multiply(context, {count, filters, channels,
                       [&](int64_t row, int64_t rows, double *to) {
                         std::copy_n(values.data() + (p * count + row) * channels, rows * channels, to);
                       },
                       [&](int64_t column, int64_t columns, int64_t stride, double *to) {
                         for (int64_t c = 0; c < channels; ++c, to += stride)
                           for (int64_t f = column; f < column + columns; ++f)
                             to[f - column] = filter[((f / panel * points + p) * channels + c) * panel + f % panel];
                       },
                       [&](int64_t row, int64_t column, int64_t columns, const double *from) {
                         std::copy_n(from, columns, sums.data() + (p * count + row) * filters + column);
                       }});
  parallelFor(context, 0, count, [&](size_t t) {
    std::vector<double> own(points);
    for (int64_t f = 0; f < filters; ++f) {
      for (int64_t p = 0; p < points; ++p)
        own[p] = sums[(p * count + t) * filters + f];
      std::vector<double> made = transform(matrices.output, own);
      for (int64_t i = 0; i < tile * tile; ++i) {
        int64_t h = tiles[t][1] * tile + i / tile, w = tiles[t][2] * tile + i % tile;
        if (h < shape[1] && w < shape[2])
          outputs[0].set(tiles[t][0] * out[0] + h * out[1] + w * out[2] + f, Scalar::real(made[i]));
      }
    }
  });
  return success();
}

} // namespace tn
} // namespace tenon

// GridSample and AffineGrid.

#include "frontend/onnx/NodeImporter.h"
#include "ir/Constant.h"

using namespace mlir;

namespace tenon::onnx {

namespace {

/// Reads an image [N, C, spatial...] at positions that are computed at run time. Positions are [N, 1, P], one
/// value per spatial dimension.
class Sampler {
public:
  Sampler(NodeImporter &n, Value image, std::string mode, std::string padding, bool alignCorners)
      : n(n), shape(shapeOf(image)), mode(std::move(mode)), padding(std::move(padding)), alignCorners(alignCorners) {
    int64_t pixels = product(ArrayRef<int64_t>(shape).drop_front(2));
    flat = n.reshape(image, {shape[0], shape[1], pixels});
  }

  /// The sample at normalized coordinates, one [N, 1, P] per spatial dimension.
  Value sample(ArrayRef<Value> coordinates) {
    SmallVector<Value> positions;
    for (auto [d, c] : llvm::enumerate(coordinates)) {
      Value x = denormalize(c, sizeOf(d));
      positions.push_back(intoRange(mode == "nearest" ? n.emit<tn::RoundOp>(x) : x, sizeOf(d)));
    }
    return interpolate(positions, 0, {});
  }

private:
  int64_t sizeOf(size_t d) const { return shape[d + 2]; }
  Value number(double value) { return n.scalarLike(flat, value); }
  Value add(Value x, double c) { return n.emit<tn::AddOp>(x, number(c)); }
  Value mul(Value x, double c) { return n.emit<tn::MulOp>(x, number(c)); }

  Value denormalize(Value c, int64_t size) {
    double extent = static_cast<double>(size);
    return alignCorners ? mul(add(c, 1), (extent - 1) / 2) : mul(add(mul(add(c, 1), extent), -1), 0.5);
  }

  Value clamp(Value x, double high) { return n.emit<tn::MinOp>(n.emit<tn::MaxOp>(x, number(0)), number(high)); }

  /// Outside positions as the padding mode moves them inside.
  Value intoRange(Value x, int64_t size) {
    double low = alignCorners ? 0 : -0.5, high = static_cast<double>(size) - 1 - low;
    if (padding == "zeros")
      return x;
    Value moved = padding == "border" ? clamp(x, static_cast<double>(size - 1)) : reflect(x, low, high);
    Value above = n.emit<tn::CompareOp>(tn::Predicate::Gt, x, number(high));
    Value below = n.emit<tn::CompareOp>(tn::Predicate::Lt, x, number(low));
    return n.emit<tn::SelectOp>(n.emit<tn::OrOp>(above, below), moved, x);
  }

  Value reflect(Value x, double low, double high) {
    if (high == low)
      return mul(x, 0);
    Value t = n.emit<tn::ModOp>(add(x, -low), number(2 * (high - low)));
    Value back = n.emit<tn::SubOp>(number(2 * (high - low)), t);
    return add(n.emit<tn::MinOp>(t, back), low);
  }

  /// The sum over the taps of dimension `d` and those behind it.
  Value interpolate(ArrayRef<Value> positions, size_t d, SmallVector<Value> taken) {
    if (d == positions.size())
      return pixel(taken);
    auto next = [&](Value at) {
      SmallVector<Value> more(taken);
      more.push_back(at);
      return interpolate(positions, d + 1, more);
    };
    if (mode == "nearest")
      return next(positions[d]);
    Value base = n.emit<tn::FloorOp>(positions[d]), ratio = n.emit<tn::SubOp>(positions[d], base), sum;
    int64_t first = mode == "cubic" ? -1 : 0, last = mode == "cubic" ? 2 : 1;
    for (int64_t tap = first; tap <= last; ++tap) {
      Value term = n.emit<tn::MulOp>(next(add(base, static_cast<double>(tap))), weight(ratio, tap));
      sum = sum ? n.emit<tn::AddOp>(sum, term) : term;
    }
    return sum;
  }

  Value weight(Value ratio, int64_t tap) {
    Value x = n.emit<tn::AbsOp>(add(ratio, -static_cast<double>(tap)));
    if (mode != "cubic")
      return n.emit<tn::SubOp>(number(1), x);
    constexpr double a = -0.75;
    if (tap == 0 || tap == 1) // ((a + 2) x - (a + 3)) x^2 + 1
      return add(n.emit<tn::MulOp>(n.emit<tn::MulOp>(add(mul(x, a + 2), -(a + 3)), x), x), 1);
    Value inner = add(n.emit<tn::MulOp>(add(mul(x, a), -5 * a), x), 8 * a);
    return add(n.emit<tn::MulOp>(inner, x), -4 * a);
  }

  /// The pixels at whole positions: [N, C, P].
  Value pixel(ArrayRef<Value> positions) {
    Type i64 = n.getBuilder().getI64Type();
    Value linear, inside;
    for (auto [d, p] : llvm::enumerate(positions)) {
      double last = static_cast<double>(sizeOf(d) - 1);
      if (padding == "zeros") {
        Value above = n.emit<tn::CompareOp>(tn::Predicate::Ge, p, number(0));
        Value here = n.emit<tn::AndOp>(above, n.emit<tn::CompareOp>(tn::Predicate::Le, p, number(last)));
        inside = inside ? n.emit<tn::AndOp>(inside, here) : here;
      }
      Value at = n.cast(clamp(padding == "reflection" ? intoRange(p, sizeOf(d)) : p, last), i64);
      linear = linear ? n.emit<tn::MulOp>(linear, n.scalar(i64, static_cast<double>(sizeOf(d)))) : Value();
      linear = linear ? n.emit<tn::AddOp>(linear, at) : at;
    }
    if (!linear)
      return {};
    Value index = n.broadcast(linear, {shape[0], shape[1], shapeOf(linear)[2]});
    Value value = n.emit<tn::GatherElementsOp>(flat, index, uint64_t(2));
    return inside ? n.emit<tn::SelectOp>(inside, value, number(0)) : value;
  }

  NodeImporter &n;
  SmallVector<int64_t> shape;
  std::string mode, padding;
  bool alignCorners;
  Value flat;
};

} // namespace

static LogicalResult importGridSample(NodeImporter &n) {
  Value x = n.input(0), grid = n.input(1);
  std::string mode = n.attrs.getString("mode", "linear"), padding = n.attrs.getString("padding_mode", "zeros");
  bool align = n.attrs.getInt("align_corners", 0);
  int64_t spatial = rankOf(x) - 2;
  if (mode == "bilinear" || mode == "bicubic")
    mode.erase(0, 2);
  if ((mode != "linear" && mode != "nearest" && mode != "cubic") ||
      (padding != "zeros" && padding != "border" && padding != "reflection"))
    return n.malformed("mode or padding_mode is not one that ONNX knows");
  if (spatial < 1 || rankOf(grid) != rankOf(x) || shapeOf(grid).back() != spatial || !isFloat(x) || !isFloat(grid) ||
      shapeOf(grid)[0] != shapeOf(x)[0] || product(shapeOf(x)) == 0)
    return n.malformed("X must be [N, C, D...], grid [N, D..., rank of D]");
  if (spatial > 3)
    return n.unsupported("sampling in more than three dimensions");
  Type element = elementOf(x), wide = element.isF64() ? element : n.getBuilder().getF32Type();
  int64_t batch = shapeOf(x)[0], points = product(shapeOf(grid).drop_front().drop_back());
  Value flatGrid = n.reshape(n.cast(grid, wide), {batch, points, spatial});
  SmallVector<Value> coordinates;
  for (int64_t d = 0; d < spatial; ++d) // the grid names the last dimension first
    coordinates.push_back(n.reshape(n.sliceAxis(flatGrid, 2, spatial - 1 - d, spatial - d), {batch, 1, points}));
  SmallVector<int64_t> shape = {batch, shapeOf(x)[1]};
  llvm::append_range(shape, shapeOf(grid).drop_front().drop_back());
  Value image = n.cast(x, wide);
  if (!image || llvm::is_contained(coordinates, Value()))
    return failure();
  Value sampled = Sampler(n, image, mode, padding, align).sample(coordinates);
  return n.result(n.reshape(n.cast(sampled, element), shape));
}

/// The base grid is known; theta moves its points.
static LogicalResult importAffineGrid(NodeImporter &n) {
  Value theta = n.input(0);
  auto size = n.constantInts(1, "size");
  bool align = n.attrs.getInt("align_corners", 0);
  if (!size)
    return failure();
  int64_t spatial = static_cast<int64_t>(size->size()) - 2;
  if (spatial < 1 || rankOf(theta) != 3 || !isFloat(theta) || (*size)[0] != shapeOf(theta)[0] ||
      shapeOf(theta)[1] != spatial || shapeOf(theta)[2] != spatial + 1)
    return n.malformed("theta must be [N, rank, rank + 1], size [N, C, D...]");
  ArrayRef<int64_t> extents = ArrayRef<int64_t>(*size).drop_front(2);
  if (llvm::any_of(extents, [](int64_t e) { return e < 0 || e > (1 << 20); }) || product(extents) > (1 << 26))
    return n.malformed("size is negative or too large");
  int64_t points = product(extents);
  Tensor base(RankedTensorType::get({points, spatial + 1}, elementOf(theta)));
  for (int64_t p = 0; p < points; ++p) {
    int64_t rest = p;
    for (int64_t d = spatial - 1; d >= 0; rest /= extents[d], --d) {
      double i = static_cast<double>(rest % extents[d]), e = static_cast<double>(extents[d]);
      double at = align ? (e == 1 ? 0 : 2 * i / (e - 1) - 1) : (2 * i + 1) / e - 1;
      base.set(p * (spatial + 1) + spatial - 1 - d, Scalar::real(at));
    }
    base.set(p * (spatial + 1) + spatial, Scalar::real(1));
  }
  // Loops: 0 batch, 1 points, 2 result coordinate, 3 base coordinate.
  Value moved = n.emit<tn::ContractOp>(theta, n.constant(base), SmallVector<int64_t>{0, 2, 3},
                                       SmallVector<int64_t>{1, 3}, SmallVector<int64_t>{0, 1, 2});
  SmallVector<int64_t> shape = {(*size)[0]};
  llvm::append_range(shape, extents);
  shape.push_back(spatial);
  return n.result(n.reshape(moved, shape));
}

void registerSamplingOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"GridSample", 16, 2, 2, importGridSample},
      {"AffineGrid", 20, 2, 2, importAffineGrid},
  };
  registry.add(table);
}

} // namespace tenon::onnx

// Reduce*, ArgMax, ArgMin.

#include "frontend/onnx/NodeImporter.h"

using namespace mlir;

namespace tenon::onnx {

namespace {
struct Axes {
  SmallVector<int64_t> list;
  SmallVector<int64_t> resultShape;
  bool isIdentity = false;
};
} // namespace

/// Reads axes (attribute or operand), keepdims and noop_with_empty_axes.
static std::optional<Axes> readAxes(NodeImporter &n) {
  Value x = n.input(0);
  auto given = n.ints("axes", 1);
  if (!given)
    return std::nullopt;
  auto sorted = n.axes(*given, rankOf(x));
  if (!sorted)
    return std::nullopt;
  Axes axes{*sorted, {}, false};
  bool noop = n.attrs.getInt("noop_with_empty_axes", 0), keep = n.attrs.getInt("keepdims", 1);
  if (axes.list.empty() && noop)
    axes.isIdentity = true;
  else if (axes.list.empty())
    axes.list = llvm::to_vector(llvm::seq<int64_t>(0, rankOf(x)));
  for (auto [d, size] : llvm::enumerate(shapeOf(x))) {
    bool reduced = llvm::is_contained(axes.list, static_cast<int64_t>(d));
    if (!reduced || keep)
      axes.resultShape.push_back(reduced ? 1 : size);
  }
  return axes;
}

using Step = Value (*)(NodeImporter &, Value);

static Value same(NodeImporter &, Value v) { return v; }
static Value absolute(NodeImporter &n, Value v) { return n.emit<tn::AbsOp>(v); }
static Value square(NodeImporter &n, Value v) { return n.emit<tn::MulOp>(v, v); }
static Value logarithm(NodeImporter &n, Value v) { return n.emit<tn::LogOp>(v); }
static Value root(NodeImporter &n, Value v) {
  if (!v || isFloat(v))
    return n.emit<tn::SqrtOp>(v);
  return n.cast(n.emit<tn::SqrtOp>(n.cast(v, n.getBuilder().getF64Type())), elementOf(v));
}

/// after(reduce(before(x))); with nothing to reduce only the two steps are left.
template <tn::ReduceKind kind, Step before, Step after> static LogicalResult importReduce(NodeImporter &n) {
  auto axes = readAxes(n);
  if (!axes)
    return failure();
  Value v = before(n, n.input(0));
  if (!axes->isIdentity)
    v = n.reduce(kind, v, axes->list);
  return n.result(n.reshape(after(n, v), axes->resultShape));
}

static LogicalResult importReduceMean(NodeImporter &n) {
  auto axes = readAxes(n);
  if (!axes)
    return failure();
  Value v = axes->isIdentity ? n.input(0) : n.mean(n.input(0), axes->list);
  return n.result(n.reshape(v, axes->resultShape));
}

/// log(sum(exp(x - m))) + m, where m is the maximum, or 0 if that is infinite.
static LogicalResult importReduceLogSumExp(NodeImporter &n) {
  auto axes = readAxes(n);
  if (!axes)
    return failure();
  Value x = n.input(0);
  if (axes->isIdentity)
    return n.result(x);
  Value most = n.reduce(tn::ReduceKind::Max, x, axes->list);
  most = n.emit<tn::SelectOp>(n.emit<tn::IsInfOp>(most), n.scalarLike(x, 0), most);
  Value sum = n.reduce(tn::ReduceKind::Sum, n.emit<tn::ExpOp>(n.emit<tn::SubOp>(x, most)), axes->list);
  return n.result(n.reshape(n.emit<tn::AddOp>(n.emit<tn::LogOp>(sum), most), axes->resultShape));
}

template <tn::ReduceKind kind> static LogicalResult importArg(NodeImporter &n) {
  Value x = n.input(0);
  auto axis = n.axis(n.attrs.getInt("axis", 0), rankOf(x));
  if (!axis)
    return failure();
  bool keep = n.attrs.getInt("keepdims", 1), last = n.attrs.getInt("select_last_index", 0);
  Value v = n.emit<tn::ReduceOp>(kind, x, ArrayRef<int64_t>(*axis), last);
  SmallVector<int64_t> shape(shapeOf(x));
  shape[*axis] = 1;
  if (!keep)
    shape.erase(shape.begin() + *axis);
  return n.result(n.reshape(v, shape));
}

void registerReductionOps(OpRegistry &registry) {
  using Kind = tn::ReduceKind;
  static constexpr OpEntry table[] = {
      {"ReduceSum", 1, 1, 2, importReduce<Kind::Sum, same, same>},
      {"ReduceProd", 1, 1, 2, importReduce<Kind::Prod, same, same>},
      {"ReduceMax", 1, 1, 2, importReduce<Kind::Max, same, same>},
      {"ReduceMin", 1, 1, 2, importReduce<Kind::Min, same, same>},
      {"ReduceL1", 1, 1, 2, importReduce<Kind::Sum, absolute, same>},
      {"ReduceL2", 1, 1, 2, importReduce<Kind::Sum, square, root>},
      {"ReduceSumSquare", 1, 1, 2, importReduce<Kind::Sum, square, same>},
      {"ReduceLogSum", 1, 1, 2, importReduce<Kind::Sum, same, logarithm>},
      {"ReduceLogSumExp", 1, 1, 2, importReduceLogSumExp},
      {"ReduceMean", 1, 1, 2, importReduceMean},
      {"ArgMax", 1, 1, 1, importArg<Kind::ArgMax>},
      {"ArgMin", 1, 1, 1, importArg<Kind::ArgMin>},
  };
  registry.add(table);
}

} // namespace tenon::onnx

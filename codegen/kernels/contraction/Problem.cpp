#include "codegen/kernels/contraction/Problem.h"

using namespace mlir;

namespace tenon::codegen {

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

int64_t Problem::depth() const {
  int64_t result = 1;
  for (const ProblemLoop &loop : k)
    result *= loop.extent;
  return result;
}

int64_t Problem::batches() const {
  int64_t result = 1;
  for (const ProblemLoop &loop : batch)
    result *= loop.extent;
  return result;
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

/// Sum loops of a contraction, those that move the left operand furthest first: its memory is then read in order.
static void sortByStride(SmallVector<int64_t> &dims, llvm::function_ref<int64_t(int64_t)> stride) {
  llvm::sort(dims, [&](int64_t x, int64_t y) { return std::make_pair(-stride(x), x) < std::make_pair(-stride(y), y); });
}

static std::optional<PackSpec> packContract(tn::ContractOp op) {
  ArrayRef<int64_t> lhs = op.getLhsDims(), rhs = op.getRhsDims(), result = op.getResultDims();
  auto in = [](ArrayRef<int64_t> dims, int64_t loop) { return llvm::is_contained(dims, loop); };
  for (int64_t loop : lhs)
    if (!in(rhs, loop) && !in(result, loop))
      return std::nullopt;
  // The columns are the last result dimension that only the right operand has, and those before it unless the last
  // one fills whole panels.
  SmallVector<int64_t> columns;
  for (int64_t loop : llvm::reverse(result)) {
    if (in(lhs, loop) || (!columns.empty() && op.getLoopExtents()[columns.front()] % kPanel == 0))
      break;
    columns.insert(columns.begin(), loop);
  }
  if (columns.empty())
    return std::nullopt;
  PackSpec spec;
  spec.shape.assign(op.getRhs().getType().getShape().begin(), op.getRhs().getType().getShape().end());
  auto dimOf = [&](int64_t loop) { return static_cast<int64_t>(llvm::find(rhs, loop) - rhs.begin()); };
  for (int64_t loop : columns)
    spec.n.push_back(dimOf(loop));
  for (auto [d, loop] : llvm::enumerate(rhs)) {
    if (in(columns, loop))
      continue;
    (in(result, loop) ? spec.batch : spec.k).push_back(d);
  }
  SmallVector<int64_t> strides = rowMajorStrides(op.getLhs().getType().getShape());
  sortByStride(spec.k, [&](int64_t d) {
    auto it = llvm::find(lhs, rhs[d]);
    return it == lhs.end() ? INT64_MAX / 2 : strides[it - lhs.begin()];
  });
  return spec;
}

static std::optional<PackSpec> packConv(tn::ConvOp op) {
  auto isZero = [](int64_t p) { return p == 0; };
  if (!op.getChannelsLast() || !llvm::all_of(op.getLow(), isZero) || !llvm::all_of(op.getHigh(), isZero) ||
      llvm::any_of(op.getInputDilation(), [](int64_t d) { return d != 1; }))
    return std::nullopt;
  ArrayRef<int64_t> filter = op.getFilter().getType().getShape();
  int64_t groups = op.getGroups(), perGroup = filter[0] / groups;
  if (groups > 1 && filter[1] == 1 && perGroup == 1)
    return std::nullopt;
  PackSpec spec;
  int64_t shift = groups > 1 ? 1 : 0;
  if (groups > 1) {
    spec.shape.push_back(groups);
    spec.batch.push_back(0);
  }
  spec.shape.push_back(perGroup);
  llvm::append_range(spec.shape, filter.drop_front());
  for (int64_t i = 0; i < op.getSpatialRank(); ++i)
    spec.k.push_back(2 + shift + i);
  spec.k.push_back(1 + shift);
  spec.n.push_back(shift);
  return spec;
}

std::optional<PackSpec> packSpec(Operation *anchor) {
  if (!typeOf(anchor->getResult(0)).getElementType().isF32() || typeOf(anchor->getResult(0)).getNumElements() == 0)
    return std::nullopt;
  if (auto contract = dyn_cast<tn::ContractOp>(anchor))
    return packContract(contract);
  if (auto conv = dyn_cast<tn::ConvOp>(anchor))
    return packConv(conv);
  return std::nullopt;
}

void packOperand(tn::KernelOp kernel, Operation *anchor) {
  PackSpec spec = *packSpec(anchor);
  auto argument = cast<BlockArgument>(anchor->getOperand(1));
  RankedTensorType plain = typeOf(argument), shaped = RankedTensorType::get(spec.shape, plain.getElementType());
  OpBuilder outside(kernel);
  Location loc = anchor->getLoc();
  Value operand = kernel.getInputs()[argument.getArgNumber()];
  if (plain != shaped)
    operand = tn::ReshapeOp::create(outside, loc, shaped, operand);
  Value packed = tn::PackOp::create(outside, loc, operand, spec.batch, spec.k, spec.n, kPanel);
  // The packed operand is an input of its own: the plain one may have other readers in the body.
  unsigned position = kernel.getInputs().size();
  kernel.getInputsMutable().append(packed);
  BlockArgument inner = kernel.getBlock()->insertArgument(position, packed.getType(), loc);
  OpBuilder inside(anchor);
  Value unpacked = tn::UnpackOp::create(inside, loc, shaped, inner, spec.batch, spec.k, spec.n, kPanel);
  if (plain != shaped)
    unpacked = tn::ReshapeOp::create(inside, loc, plain, unpacked);
  anchor->setOperand(1, unpacked);
  if (argument.use_empty()) {
    unsigned old = argument.getArgNumber();
    kernel.getInputsMutable().erase(old);
    kernel.getBlock()->eraseArgument(old);
  }
}

//===----------------------------------------------------------------------===//
// The loop nest
//===----------------------------------------------------------------------===//

/// Joins neighbouring sum loops over which the left operand is contiguous, so that the inner loop is long.
static void mergeSums(SmallVector<ProblemLoop> &loops) {
  SmallVector<ProblemLoop> merged;
  for (const ProblemLoop &loop : loops) {
    if (loop.extent == 1)
      continue;
    if (!merged.empty() && merged.back().lhsStride == loop.lhsStride * loop.extent) {
      merged.back().extent *= loop.extent;
      merged.back().lhsStride = loop.lhsStride;
      continue;
    }
    merged.push_back(loop);
  }
  if (merged.empty())
    merged.emplace_back();
  loops = merged;
}

SmallVector<int64_t> stridesOf(tn::KernelOp kernel, BlockArgument argument) {
  auto type = cast<ShapedType>(kernel.getInputs()[argument.getArgNumber()].getType());
  auto memref = dyn_cast<MemRefType>(type);
  return memref ? memref.getStridesAndOffset().first : rowMajorStrides(type.getShape());
}

static void describeContract(tn::ContractOp op, tn::UnpackOp unpack, ArrayRef<int64_t> strides, Problem &problem) {
  ArrayRef<int64_t> lhs = op.getLhsDims(), rhs = op.getRhsDims(), result = op.getResultDims();
  SmallVector<int64_t> extents = op.getLoopExtents();
  auto makeLoop = [&](int64_t loop) {
    ProblemLoop made;
    made.extent = extents[loop];
    auto l = llvm::find(lhs, loop);
    made.lhsDim = l == lhs.end() ? -1 : static_cast<int>(l - lhs.begin());
    made.lhsStride = made.lhsDim < 0 ? 0 : strides[made.lhsDim];
    auto r = llvm::find(result, loop);
    made.resultDim = r == result.end() ? -1 : static_cast<int>(r - result.begin());
    return made;
  };
  for (int64_t d : unpack.getBatch())
    problem.batch.push_back(makeLoop(rhs[d]));
  for (int64_t d : unpack.getK())
    problem.k.push_back(makeLoop(rhs[d]));
  for (int64_t d : unpack.getN()) {
    problem.nDims.push_back(makeLoop(rhs[d]).resultDim);
    problem.n *= extents[rhs[d]];
  }
  for (int64_t loop : result)
    if (!llvm::is_contained(rhs, loop) && extents[loop] != 1)
      problem.m.push_back(makeLoop(loop));
}

static void describeConv(tn::ConvOp op, ArrayRef<int64_t> strides, Problem &problem) {
  ArrayRef<int64_t> filter = op.getFilter().getType().getShape(), result = op.getType().getShape();
  int64_t groups = op.getGroups(), perGroup = filter[0] / groups;
  int channel = op.getChannelDim();
  if (groups > 1)
    problem.batch.push_back({groups, filter[1] * strides[channel], channel, perGroup});
  if (result[0] != 1)
    problem.m.push_back({result[0], strides[0], 0});
  for (int64_t i = 0; i < op.getSpatialRank(); ++i) {
    int d = op.getSpatialDim(i);
    if (result[d] != 1)
      problem.m.push_back({result[d], strides[d] * op.getStrides()[i], d});
    problem.k.push_back({filter[i + 2], strides[d] * op.getDilations()[i], -1});
  }
  problem.k.push_back({filter[1], strides[channel], -1});
  problem.nDims.push_back(channel);
  problem.n = perGroup;
}

std::optional<Problem> describeProblem(Operation *anchor, ArrayRef<int64_t> lhsStrides) {
  Value packed = anchor->getOperand(1);
  if (auto reshape = packed.getDefiningOp<tn::ReshapeOp>(); reshape && isa<tn::ConvOp>(anchor))
    packed = reshape.getOperand();
  auto unpack = packed.getDefiningOp<tn::UnpackOp>();
  if (!unpack || unpack.getPanel() != kPanel || !isa<BlockArgument>(unpack.getOperand()) ||
      !typeOf(anchor->getOperand(0)).getElementType().isF32())
    return std::nullopt;
  Problem problem;
  problem.anchor = anchor;
  problem.packed = cast<BlockArgument>(unpack.getOperand()).getArgNumber();
  if (auto contract = dyn_cast<tn::ContractOp>(anchor))
    describeContract(contract, unpack, lhsStrides, problem);
  else
    describeConv(cast<tn::ConvOp>(anchor), lhsStrides, problem);
  mergeSums(problem.k);
  return problem;
}

std::optional<Problem> findProblem(tn::KernelOp kernel) {
  Operation *anchor = nullptr;
  for (Operation &op : kernel.getBlock()->without_terminator())
    if (isa<tn::ContractOp, tn::ConvOp>(op)) {
      if (anchor)
        return std::nullopt;
      anchor = &op;
    }
  auto lhs = anchor ? dyn_cast<BlockArgument>(anchor->getOperand(0)) : nullptr;
  return lhs ? describeProblem(anchor, stridesOf(kernel, lhs)) : std::nullopt;
}

} // namespace tenon::codegen

//===- Rows.cpp - Kernels that reduce along trailing dimensions ----------===//
//
// Softmax, normalisations, reductions, with elementwise operations before, between and behind them. A row is the part
// of the iteration space that is reduced: one or more trailing dimensions. The row is walked once per level of
// reductions (max, then sum of exp, then the result), each time computing from the inputs what the level needs; values
// that are dear to compute and needed again are kept in a scratch row, which stays in the first-level cache.
//
// Parallel space: the rows.
//
//===----------------------------------------------------------------------===//
#include "codegen/common/BodyWalk.h"
#include "codegen/common/KernelTemplate.h"
#include "codegen/common/Loops.h"
#include "ir/Constant.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tenon::codegen {
namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// The dimensions that an operation reduces, if it is a reduction or a composite made of them.
std::optional<SmallVector<int64_t>> reducedAxes(Operation *op) {
  if (auto reduce = dyn_cast<tn::ReduceOp>(op)) {
    if (reduce.getKind() == tn::ReduceKind::ArgMax || reduce.getKind() == tn::ReduceKind::ArgMin)
      return std::nullopt;
    return SmallVector<int64_t>(reduce.getAxes());
  }
  if (auto softmax = dyn_cast<tn::SoftmaxOp>(op))
    return SmallVector<int64_t>{static_cast<int64_t>(softmax.getAxis())};
  if (auto normalize = dyn_cast<tn::NormalizeOp>(op))
    return SmallVector<int64_t>(normalize.getAxes());
  return std::nullopt;
}

/// Shape of the iteration space and how many trailing dimensions make a row. Rank 0: the template does not match.
struct RowSpace {
  SmallVector<int64_t> shape;
  size_t rowRank = 0;
  ArrayRef<int64_t> outer() const { return ArrayRef<int64_t>(shape).drop_back(rowRank); }
  ArrayRef<int64_t> row() const { return ArrayRef<int64_t>(shape).take_back(rowRank); }
};

std::optional<RowSpace> rowSpace(tn::KernelOp kernel) {
  RowSpace space;
  for (Operation &op : kernel.getBlock()->without_terminator()) {
    std::optional<SmallVector<int64_t>> axes = reducedAxes(&op);
    if (!axes)
      continue;
    ArrayRef<int64_t> shape = typeOf(op.getOperand(0)).getShape();
    // Trailing dimensions, all of them and nothing else.
    for (auto [i, axis] : llvm::enumerate(*axes))
      if (axis != static_cast<int64_t>(shape.size() - axes->size() + i))
        return std::nullopt;
    if (space.shape.empty()) {
      space.shape.assign(shape.begin(), shape.end());
      space.rowRank = axes->size();
    }
    if (ArrayRef<int64_t>(space.shape) != shape || space.rowRank != axes->size())
      return std::nullopt;
  }
  if (space.rowRank == 0 || product(space.shape) == 0)
    return std::nullopt;
  return space;
}

/// What is computed in which walk over the row.
class Plan {
public:
  explicit Plan(tn::KernelOp kernel, const RowSpace &space) : kernel(kernel), space(space) {
    for (Operation &op : kernel.getBlock()->without_terminator()) {
      int64_t level = 0;
      for (Value operand : op.getOperands())
        level = std::max(level, levelOf(operand));
      if (auto reduce = dyn_cast<tn::ReduceOp>(op)) {
        reductions.resize(std::max<size_t>(reductions.size(), level + 1));
        reductions[level].push_back(reduce);
        ++level;
      }
      for (Value result : op.getResults())
        levels[result] = level;
    }
    findKept();
    findSegments();
  }

  int64_t levelOf(Value v) const { return levels.lookup(v); }
  bool isRow(Value v) const {
    auto type = typeOf(v);
    return type.getRank() >= static_cast<int64_t>(space.rowRank) &&
           type.getShape().take_back(space.rowRank) == space.row();
  }

  tn::KernelOp kernel;
  const RowSpace &space;
  std::vector<SmallVector<tn::ReduceOp>> reductions; ///< by the walk that computes them
  llvm::MapVector<Value, int64_t> kept;              ///< values kept in scratch, with the walk that computes them
  SmallVector<int64_t> segments; ///< positions of the last dimension from which on it reads other operands, and its end

private:
  /// Marks what walk `walk` computes to get `value`.
  void need(Value value, int64_t walk, llvm::MapVector<Value, llvm::SetVector<int64_t>> &walks) {
    Operation *op = value.getDefiningOp();
    if (!op || isa<tn::ReduceOp>(op) || !walks[value].insert(walk))
      return;
    for (Value operand : op->getOperands())
      need(operand, walk, walks);
  }

  void findKept() {
    llvm::MapVector<Value, llvm::SetVector<int64_t>> walks;
    for (auto [walk, list] : llvm::enumerate(reductions))
      for (tn::ReduceOp reduce : list)
        need(reduce.getOperand(), walk, walks);
    for (Value v : kernel.getYield().getValues())
      need(v, reductions.size(), walks);
    for (auto &[value, set] : walks) {
      auto elementwise = dyn_cast<tn::ElementwiseOpInterface>(value.getDefiningOp());
      if (elementwise && elementwise.isExpensive() && set.size() > 1 && isRow(value) &&
          typeOf(value).getShape() == ArrayRef<int64_t>(space.shape))
        kept[value] = *llvm::min_element(set);
    }
  }

  /// Loops along the last dimension are split where a concatenation goes on to the next operand or a padding begins.
  void findSegments() {
    constexpr size_t kMostSegments = 16;
    SmallVector<SmallVector<int64_t>> breaks(space.shape.size());
    BodyWalk walk(space.shape, breaks);
    for (Operation &op : *kernel.getBlock())
      if (isa<tn::ReduceOp, tn::YieldOp>(op))
        for (Value v : op.getOperands())
          if (typeOf(v).getShape() == ArrayRef<int64_t>(space.shape))
            walk.visit(v);
    segments = breaks.back();
    llvm::append_values(segments, 0, space.shape.back());
    llvm::sort(segments);
    segments.erase(llvm::unique(segments), segments.end());
    if (segments.size() > kMostSegments + 1)
      segments = {0, space.shape.back()};
  }

  llvm::DenseMap<Value, int64_t> levels;
};

/// The body with composites taken apart, as a kernel of its own.
struct Decomposed {
  explicit Decomposed(tn::KernelOp original) {
    kernel = cast<tn::KernelOp>(original->clone());
    SmallVector<tn::DecomposableOpInterface> composites;
    kernel.getBlock()->walk([&](tn::DecomposableOpInterface op) { composites.push_back(op); });
    for (tn::DecomposableOpInterface op : composites) {
      OpBuilder b(op);
      op->replaceAllUsesWith(ValueRange(op.decompose(b)));
      op->erase();
    }
  }
  ~Decomposed() { kernel->erase(); }
  tn::KernelOp kernel;
};

/// Emits the code of one row.
class RowEmitter {
public:
  RowEmitter(KernelFunction &fn, Plan &plan, int64_t lanes, ArrayRef<Value> originalArguments)
      : fn(fn), plan(plan), vector(fn.emitter(lanes)), scalar(fn.emitter(1)), lanes(lanes) {
    for (auto [i, argument] : llvm::enumerate(plan.kernel.getBlock()->getArguments())) {
      vector.bind(argument, fn.input(i));
      scalar.bind(argument, fn.input(i));
    }
    int64_t offset = 0;
    for (auto &[value, walk] : plan.kept) {
      Buffer buffer;
      Type element = computeType(typeOf(value).getElementType());
      buffer.memref = fn.scratch(offset, element);
      buffer.strides.assign(plan.space.outer().size(), 0);
      llvm::append_range(buffer.strides, rowMajorStrides(plan.space.row()));
      keptBuffers[value] = buffer;
      offset += llvm::alignTo(product(plan.space.row()) * elementBytes(element), 64);
    }
  }

  void emit(ArrayRef<Index> outerIndex) {
    outer.assign(outerIndex.begin(), outerIndex.end());
    for (size_t walk = 0; walk < plan.reductions.size(); ++walk) {
      prepareUniform(walk);
      emitReductions(walk);
      publishKept(walk);
    }
    prepareUniform(plan.reductions.size());
    emitResults();
  }

private:
  using Body = llvm::function_ref<SmallVector<Value>(ElementEmitter &, ArrayRef<Index>, ValueRange)>;

  /// Computes what is one value per row and known before the walk, outside of its loops.
  void prepareUniform(size_t walk) {
    for (Operation &op : plan.kernel.getBlock()->without_terminator()) {
      if (isa<tn::ReduceOp, tn::ConstantOp>(op) || plan.levelOf(op.getResult(0)) != static_cast<int64_t>(walk) ||
          walk == 0)
        continue;
      auto type = typeOf(op.getResult(0));
      if (type.getRank() > static_cast<int64_t>(plan.space.shape.size()) || plan.isRow(op.getResult(0)) ||
          !llvm::all_of(type.getShape().take_back(plan.space.rowRank), [](int64_t d) { return d == 1; }))
        continue;
      Value v = scalar.element(op.getResult(0), scalar.broadcastIndex(fullIndex(scalar, {}), type.getShape()));
      Provider provider = [v](ElementEmitter &, ArrayRef<Index>) { return v; };
      scalar.bind(op.getResult(0), provider);
      vector.bind(op.getResult(0), provider);
    }
  }

  using Provider = ElementEmitter::Provider;

  /// Outer index and row index joined; no row index means its start.
  SmallVector<Index> fullIndex(ElementEmitter &e, ArrayRef<Index> row) {
    SmallVector<Index> index(outer);
    llvm::append_range(index, row);
    while (index.size() < plan.space.shape.size())
      index.push_back(e.constantIndex(0));
    return index;
  }

  /// Runs `body` over the row: vectors (several at a time with accumulators of their own), then what is left.
  /// `combine` joins the carried vectors into the carried scalars.
  SmallVector<Value> walkRow(ValueRange vectorInit, ValueRange scalarInit, Body body,
                             llvm::function_ref<SmallVector<Value>(ValueRange, ValueRange)> step,
                             llvm::function_ref<SmallVector<Value>(ValueRange)> across) {
    ArrayRef<int64_t> row = plan.space.row();
    int64_t unroll = row.back() >= 8 * lanes && !vectorInit.empty() ? 4 : 1;
    bool anyScalars = false;
    SmallVector<Value> state;
    for (int64_t u = 0; u < (lanes > 1 ? unroll : 0); ++u)
      llvm::append_range(state, vectorInit);
    llvm::append_range(state, scalarInit);
    size_t per = vectorInit.size();
    ElementEmitter &e = scalar;
    SmallVector<Value> final = emitForNest(e, row.drop_back(), state, [&](ValueRange at, ValueRange carried) {
      SmallVector<Value> now(carried);
      SmallVector<Index> index;
      for (Value i : at)
        index.push_back({i, 0, {}});
      index.emplace_back();
      std::pair<int64_t, int64_t> bounds;
      auto run = [&](ElementEmitter &emitter, int64_t low, int64_t high, int64_t width, int64_t copies, size_t first,
                     size_t count) {
        if (low == high)
          return;
        SmallVector<Value> part(ArrayRef<Value>(now).slice(first, count * copies));
        SmallVector<Value> result = emitFor(
            emitter, emitter.indexConstant(low), emitter.indexConstant(high), width * copies, part,
            [&](Value i, ValueRange inner) {
              SmallVector<Value> next;
              for (int64_t u = 0; u < copies; ++u) {
                index.back() = emitter.addConstant({i, width == 1 ? 0 : 1, {}}, u * width);
                index.back().bounds = bounds;
                llvm::append_range(next, body(emitter, fullIndex(emitter, index), inner.slice(u * count, count)));
              }
              return next;
            });
        llvm::copy(result, now.begin() + first);
      };
      size_t vectorState = lanes > 1 ? per * unroll : 0;
      for (auto [low, high] : llvm::zip(plan.segments, ArrayRef(plan.segments).drop_front())) {
        bounds = {low, high - 1};
        int64_t inVectors = low;
        if (lanes > 1) {
          int64_t unrolled = low + (high - low) / (unroll * lanes) * (unroll * lanes);
          inVectors = low + (high - low) / lanes * lanes;
          run(vector, low, unrolled, lanes, unroll, 0, per);
          run(vector, unrolled, inVectors, lanes, 1, 0, per);
        }
        run(scalar, inVectors, high, 1, 1, vectorState, scalarInit.size());
        anyScalars |= inVectors < high;
      }
      return now;
    });
    if (per == 0)
      return {};
    SmallVector<Value> scalars(ArrayRef<Value>(final).take_back(scalarInit.size()));
    if (lanes == 1)
      return scalars;
    SmallVector<Value> sum(ArrayRef<Value>(final).take_front(per));
    for (int64_t u = 1; u < unroll; ++u)
      sum = step(sum, ArrayRef<Value>(final).slice(u * per, per));
    return anyScalars ? step(across(sum), scalars) : across(sum);
  }

  void storeKept(ElementEmitter &e, ArrayRef<Index> index, size_t walk) {
    for (auto &[value, first] : plan.kept)
      if (first == static_cast<int64_t>(walk))
        e.store(e.element(value, index), keptBuffers[value], computeType(typeOf(value).getElementType()), index);
  }

  void publishKept(size_t walk) {
    for (auto &[value, first] : plan.kept)
      if (first == static_cast<int64_t>(walk)) {
        Buffer buffer = keptBuffers[value];
        Type element = computeType(typeOf(value).getElementType());
        Provider provider = [buffer, element](ElementEmitter &e, ArrayRef<Index> index) {
          return e.load(buffer, element, index);
        };
        scalar.bind(value, provider);
        vector.bind(value, provider);
      }
  }

  void emitReductions(size_t walk) {
    ArrayRef<tn::ReduceOp> list = plan.reductions[walk];
    SmallVector<Value> vectorInit, scalarInit;
    for (tn::ReduceOp reduce : list) {
      Value neutral = reductionNeutral(scalar, reduce.getKind(), elementOf(reduce));
      scalarInit.push_back(neutral);
      vectorInit.push_back(vector.broadcast(neutral));
    }
    auto step = [&](ValueRange x, ValueRange y) {
      SmallVector<Value> result;
      for (auto [i, op] : llvm::enumerate(list)) {
        tn::ReduceOp reduce = op;
        result.push_back(reductionStep(scalar, reduce.getKind(), elementOf(reduce), x[i], y[i]));
      }
      return result;
    };
    auto body = [&](ElementEmitter &e, ArrayRef<Index> index, ValueRange carried) {
      storeKept(e, index, walk);
      SmallVector<Value> values;
      for (tn::ReduceOp reduce : list)
        values.push_back(e.vectorElement(reduce.getOperand(), index));
      return step(carried, values);
    };
    auto across = [&](ValueRange sums) {
      SmallVector<Value> result;
      for (auto [i, op] : llvm::enumerate(list)) {
        tn::ReduceOp reduce = op;
        result.push_back(reductionAcross(vector, reduce.getKind(), elementOf(reduce), sums[i]));
      }
      return result;
    };
    SmallVector<Value> results = walkRow(vectorInit, scalarInit, body, step, across);
    for (auto [reduce, result] : llvm::zip(list, results)) {
      Value rounded = scalar.roundTo(result, elementOf(reduce));
      Provider provider = [rounded](ElementEmitter &, ArrayRef<Index>) { return rounded; };
      tn::ReduceOp op = reduce;
      scalar.bind(op.getResult(), provider);
      vector.bind(op.getResult(), provider);
    }
  }

  void emitResults() {
    auto yields = plan.kernel.getYield().getValues();
    bool anyRow = false;
    for (auto [o, value] : llvm::enumerate(yields)) {
      if (plan.isRow(value)) {
        anyRow = true;
        continue;
      }
      SmallVector<Index> index = scalar.broadcastIndex(fullIndex(scalar, {}), typeOf(value).getShape());
      scalar.store(scalar.element(value, index), fn.output(o), typeOf(value).getElementType(), index);
    }
    if (!anyRow)
      return;
    auto body = [&](ElementEmitter &e, ArrayRef<Index> index, ValueRange) -> SmallVector<Value> {
      for (auto [o, value] : llvm::enumerate(yields)) {
        if (!plan.isRow(value))
          continue;
        SmallVector<Index> own = e.broadcastIndex(index, typeOf(value).getShape());
        e.store(e.element(value, own), fn.output(o), typeOf(value).getElementType(), own);
      }
      return {};
    };
    walkRow({}, {}, body, nullptr, nullptr);
  }

  static Type elementOf(tn::ReduceOp reduce) { return typeOf(reduce.getOperand()).getElementType(); }

  KernelFunction &fn;
  Plan &plan;
  ElementEmitter vector, scalar;
  int64_t lanes;
  SmallVector<Index> outer;
  llvm::DenseMap<Value, Buffer> keptBuffers;
};

class RowsTemplate : public KernelTemplate {
public:
  llvm::StringRef getName() const override { return "rows"; }

  bool match(tn::KernelOp kernel) const override {
    std::optional<RowSpace> space = rowSpace(kernel);
    if (!space)
      return false;
    for (Operation &op : kernel.getBlock()->without_terminator()) {
      if (isa<tn::ConstantOp>(op) ? !tn::splatValue(op.getResult(0)) : !isIndexable(&op) && !reducedAxes(&op))
        return false;
      if (isa<tn::ReduceOp>(op) && !reducedAxes(&op))
        return false;
    }
    for (Value v : kernel.getYield().getValues()) {
      // Results lie in the iteration space: whole rows or one element per row.
      ArrayRef<int64_t> shape = typeOf(v).getShape();
      if (shape.size() != space->shape.size() || shape.drop_back(space->rowRank) != space->outer())
        return false;
      bool row = shape.take_back(space->rowRank) == space->row();
      bool single = llvm::all_of(shape.take_back(space->rowRank), [](int64_t d) { return d == 1; });
      if (!row && !single)
        return false;
    }
    return true;
  }

  DictionaryAttr schedule(tn::KernelOp kernel, const Target &target) const override {
    int64_t length = rowSpace(kernel)->row().back();
    return makeSchedule(kernel.getContext(), {{"lanes", length >= target.floatLanes() ? target.floatLanes() : 1}});
  }

  int64_t extent(tn::KernelOp kernel, DictionaryAttr) const override { return product(rowSpace(kernel)->outer()); }

  int64_t scratchBytes(tn::KernelOp kernel, DictionaryAttr) const override {
    RowSpace space = *rowSpace(kernel);
    Decomposed body(kernel);
    Plan plan(body.kernel, space);
    int64_t bytes = 0;
    for (auto &[value, walk] : plan.kept)
      bytes += llvm::alignTo(product(space.row()) * elementBytes(computeType(typeOf(value).getElementType())), 64);
    return bytes;
  }

  bool allowsInPlace(tn::KernelOp kernel, unsigned i, unsigned o) const override {
    auto from = typeOf(kernel.getBlock()->getArgument(i)), to = typeOf(kernel.getYield().getValues()[o]);
    if (from != to || from.getShape() != ArrayRef<int64_t>(rowSpace(kernel)->shape))
      return false;
    for (Operation &op : kernel.getBlock()->without_terminator())
      if (!isa<tn::ElementwiseOpInterface, tn::ConstantOp>(op) && !reducedAxes(&op))
        return false;
    return true;
  }

  bool readsPaddedRows(tn::KernelOp kernel, unsigned i) const override { return true; }
  bool writesPaddedRows(tn::KernelOp kernel, unsigned o) const override { return true; }

  LogicalResult lower(KernelFunction &fn, DictionaryAttr schedule) const override {
    RowSpace space = *rowSpace(fn.getKernel());
    Decomposed body(fn.getKernel());
    Plan plan(body.kernel, space);
    int64_t lanes = scheduled(schedule, "lanes");
    ElementEmitter e = fn.emitter(1);
    emitFor(e, fn.getBegin(), fn.getEnd(), 1, {}, [&](Value item, ValueRange) -> SmallVector<Value> {
      RowEmitter row(fn, plan, lanes, {});
      row.emit(e.delinearize({item, 0, {}}, space.outer()));
      return {};
    });
    return success();
  }
};

} // namespace

const KernelTemplate &rowsTemplate() {
  static const RowsTemplate instance;
  return instance;
}

} // namespace tenon::codegen

//===- Elementwise.cpp - Kernels that compute each element on its own ----===//
//
// Elementwise chains, data movement, gathers, windows, column reductions: anything whose elements the emitter
// knows. It is also the naive lowering of every other kernel: a contraction lowered here is slow, and right.
//
// A work item is a rectangle of the last dimension and one other, the rows. Loops are split where conditions
// of the body change (Iteration.h). Vectors lie along the last dimension, what is left of it is done in
// scalars; or along the rows, where inputs are contiguous there: then a square of elements is turned in
// registers and stored.
//
// Parallel space: all other indices times blocks of rows times blocks of the last dimension.
//
//===----------------------------------------------------------------------===//
#include "codegen/common/KernelTemplate.h"
#include "codegen/common/Loops.h"
#include "codegen/kernels/elementwise/Iteration.h"
#include "codegen/kernels/elementwise/Turn.h"
#include "ir/Constant.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace tenon::codegen {
namespace {

/// Elements of a work item, about, where one takes one operation.
constexpr int64_t kItemElements = 4096;

/// True if each element is read only to compute the element at the same position.
bool isPurelyElementwise(tn::KernelOp kernel) {
  return llvm::all_of(kernel.getBlock()->without_terminator(),
                      [](Operation &op) { return isa<tn::ElementwiseOpInterface, tn::ConstantOp>(op); });
}

/// Items: all dimensions but the last and the rows, then blocks of rows, then blocks of the last dimension.
SmallVector<int64_t> itemSpace(const Iteration &iteration, int64_t rows, int64_t block) {
  SmallVector<int64_t> space;
  for (int64_t d = 0; d < iteration.lastDim(); ++d)
    space.push_back(d == iteration.rowDim ? llvm::divideCeil(iteration.shape[d], rows) : iteration.shape[d]);
  space.push_back(llvm::divideCeil(iteration.last(), block));
  return space;
}

class ElementwiseEmitter {
public:
  ElementwiseEmitter(KernelFunction &fn, const Iteration &iteration, DictionaryAttr schedule)
      : fn(fn), kernel(fn.getKernel()), iteration(iteration), lanes(scheduled(schedule, "lanes")),
        rows(scheduled(schedule, "rows")), block(scheduled(schedule, "block")), isInPlace(isPurelyElementwise(kernel)),
        vector(fn.emitter(lanes)), scalar(fn.emitter(1)) {}

  void emitItem(Value item) {
    index = scalar.delinearize({item, 0, {}}, itemSpace(iteration, rows, block));
    if (iteration.rowDim >= 0)
      rowRange = blockRange(index[iteration.rowDim], rows, iteration.shape[iteration.rowDim]);
    columnRange = blockRange(index.back(), block, iteration.last());
    emitOuter(0);
  }

private:
  /// Positions [low, high) of a dimension.
  struct Range {
    Value low, high;
  };

  Range blockRange(const Index &number, int64_t size, int64_t extent) {
    Value low = scalar.multiply(number, size).base;
    Value high = scalar.addConstant({low, 0, {}}, size).base;
    if (extent % size != 0)
      high = b().createOrFold<arith::MinSIOp>(fn.getLoc(), high, scalar.indexConstant(extent));
    return {low, high};
  }

  /// Code for a part of each segment of a dimension: `body(range, bounds, whole)`, where `whole` says that
  /// the range is the segment.
  void forSegments(int64_t dim, Range range, int64_t size,
                   llvm::function_ref<void(Range, std::pair<int64_t, int64_t>, bool)> body) {
    ArrayRef<int64_t> breaks = iteration.segments(dim);
    bool whole = size >= iteration.shape[dim];
    for (size_t s = 0; s + 1 < breaks.size(); ++s) {
      Range part = range;
      if (whole) {
        part = {scalar.indexConstant(breaks[s]), scalar.indexConstant(breaks[s + 1])};
      } else if (breaks.size() > 2) {
        part.low = arith::MaxSIOp::create(b(), fn.getLoc(), range.low, scalar.indexConstant(breaks[s]));
        part.high = arith::MinSIOp::create(b(), fn.getLoc(), range.high, scalar.indexConstant(breaks[s + 1]));
      }
      body(part, {breaks[s], breaks[s + 1] - 1}, whole);
    }
  }

  /// Decides the segments of the dimensions that the item fixes.
  void emitOuter(int64_t dim) {
    if (dim == iteration.lastDim())
      return iteration.rowDim >= 0 ? emitRows() : emitColumns();
    ArrayRef<int64_t> breaks = iteration.segments(dim);
    if (dim == iteration.rowDim || breaks.size() == 2)
      return emitOuter(dim + 1);
    Index position = index[dim];
    for (size_t s = 0; s + 1 < breaks.size(); ++s) {
      Index fromStart = scalar.addConstant(position, -breaks[s]);
      Value inside = scalar.inBounds(fromStart, breaks[s + 1] - breaks[s]);
      auto ifOp = scf::IfOp::create(b(), fn.getLoc(), TypeRange{}, inside, /*withElse=*/false);
      OpBuilder::InsertionGuard guard(b());
      b().setInsertionPointToStart(&ifOp.getThenRegion().front());
      index[dim] = position;
      index[dim].bounds = std::pair(breaks[s], breaks[s + 1] - 1);
      scalar.scoped([&] { vector.scoped([&] { emitOuter(dim + 1); }); });
    }
    index[dim] = position;
  }

  void emitRows() {
    int64_t dim = iteration.rowDim;
    forSegments(dim, rowRange, rows, [&](Range range, std::pair<int64_t, int64_t> bounds, bool) {
      int64_t length = bounds.second - bounds.first + 1;
      if (lanes > 1 && iteration.turned && length >= lanes)
        return emitTurnedRows(range, bounds);
      loop(range.low, range.high, 1, [&](Value row) {
        index[dim] = {row, 0, {}, bounds};
        emitColumns();
      });
    });
  }

  void emitColumns() {
    forSegments(
        iteration.lastDim(), columnRange, block, [&](Range range, std::pair<int64_t, int64_t> bounds, bool whole) {
          bool vectors = lanes > 1 && !iteration.turned;
          int64_t length = bounds.second - bounds.first + 1;
          if (!vectors || length < lanes)
            return emitSpan(scalar, range, 1, bounds);
          Value count = b().createOrFold<arith::SubIOp>(fn.getLoc(), range.high, range.low);
          Value rest = b().createOrFold<arith::RemSIOp>(fn.getLoc(), count, scalar.indexConstant(lanes));
          Value end = b().createOrFold<arith::SubIOp>(fn.getLoc(), range.high, rest);
          emitSpan(vector, {range.low, end}, lanes, bounds);
          // Every block but the last of a segment has whole vectors.
          bool wholeBlocks = whole || (iteration.segments(iteration.lastDim()).size() == 2 && block % lanes == 0);
          if (length % lanes == 0 && wholeBlocks)
            return;
          // What is left is part of the segment's last vector.
          if (wholeBlocks && !isInPlace) {
            Value last = scalar.indexConstant(bounds.second + 1 - lanes);
            if (!whole) {
              Value ends =
                  b().createOrFold<arith::CmpIOp>(fn.getLoc(), arith::CmpIPredicate::ne, rest, scalar.indexConstant(0));
              last = b().createOrFold<arith::SelectOp>(fn.getLoc(), ends, last, range.high);
            }
            return emitSpan(vector, {last, range.high}, lanes, bounds);
          }
          emitSpan(scalar, {end, range.high}, 1, bounds);
        });
  }

  /// The elements of a range of the last dimension, `step` at a time.
  void emitSpan(ElementEmitter &e, Range range, int64_t step, std::pair<int64_t, int64_t> bounds) {
    loop(range.low, range.high, step, [&](Value i) {
      index.back() = {i, step == 1 ? 0 : 1, {}, bounds};
      for (auto [o, value] : llvm::enumerate(kernel.getYield().getValues()))
        e.store(elementAt(e, value), outputBuffer(o), elementType(value), index);
    });
  }

  /// Vectors along the rows: squares of elements, or all columns where they are fewer than lanes.
  void emitTurnedRows(Range range, std::pair<int64_t, int64_t> bounds) {
    loop(range.low, range.high, lanes, [&](Value row) {
      row = atMost(row, bounds, range);
      if (iteration.last() < lanes)
        return emitInterleaved({row, 1, {}, bounds});
      forSegments(iteration.lastDim(), columnRange, block,
                  [&](Range columns, std::pair<int64_t, int64_t> columnBounds, bool) {
                    if (columnBounds.second - columnBounds.first + 1 >= lanes)
                      return loop(columns.low, columns.high, lanes, [&](Value column) {
                        emitSquare({row, 1, {}, bounds}, {atMost(column, columnBounds, columns), 0, {}, columnBounds});
                      });
                    Value rowEnd = scalar.addConstant({row, 0, {}}, lanes).base;
                    loop(row, rowEnd, 1, [&](Value one) {
                      index[iteration.rowDim] = {one, 0, {}, bounds};
                      emitSpan(scalar, columns, 1, columnBounds);
                    });
                  });
    });
  }

  /// The position, or that of the segment's last vector.
  Value atMost(Value position, std::pair<int64_t, int64_t> bounds, Range range) {
    auto whole = [&](Value v) { return getConstantIntValue(v).has_value(); };
    if ((bounds.second + 1 - bounds.first) % lanes == 0 && whole(range.low) && whole(range.high))
      return position;
    return b().createOrFold<arith::MinSIOp>(fn.getLoc(), position, scalar.indexConstant(bounds.second + 1 - lanes));
  }

  /// lanes x lanes elements, from vectors along the rows.
  void emitSquare(const Index &row, const Index &column) {
    for (auto [o, value] : llvm::enumerate(kernel.getYield().getValues())) {
      index[iteration.rowDim] = row;
      SmallVector<Value> vectors;
      for (int64_t j = 0; j < lanes; ++j) {
        index.back() = {scalar.addConstant({column.base, 0, {}}, j).base, 0, {}, column.bounds};
        vectors.push_back(vector.broadcast(elementAt(vector, value)));
      }
      transposeVectors(b(), fn.getLoc(), vectors);
      index.back() = {column.base, 1, {}, column.bounds};
      for (int64_t k = 0; k < lanes; ++k) {
        index[iteration.rowDim] = {scalar.addConstant({row.base, 0, {}}, k).base, 0, {}, row.bounds};
        vector.store(vectors[k], outputBuffer(o), elementType(value), index);
      }
    }
  }

  /// All columns of `lanes` rows, from a vector for each column.
  void emitInterleaved(const Index &row) {
    for (auto [o, value] : llvm::enumerate(kernel.getYield().getValues())) {
      index[iteration.rowDim] = row;
      SmallVector<Value> vectors;
      for (int64_t j = 0; j < iteration.last(); ++j) {
        index.back() = scalar.constantIndex(j);
        vectors.push_back(vector.broadcast(elementAt(vector, value)));
      }
      Buffer buffer = outputBuffer(o);
      if (buffer.strides[iteration.rowDim] != iteration.last()) {
        // Rows lie apart.
        for (auto [j, column] : llvm::enumerate(vectors)) {
          index.back() = scalar.constantIndex(static_cast<int64_t>(j));
          vector.store(column, buffer, elementType(value), index);
        }
        continue;
      }
      index[iteration.rowDim] = {row.base, 0, {}};
      index.back() = scalar.constantIndex(0);
      Index start = scalar.linearize(index, buffer.strides);
      Buffer line = {buffer.memref, buffer.offset, {1}};
      for (auto [v, part] : llvm::enumerate(interleaveVectors(b(), fn.getLoc(), vectors))) {
        Index at = scalar.addConstant(start, static_cast<int64_t>(v) * lanes);
        at.step = 1;
        vector.store(part, line, elementType(value), at);
      }
    }
  }

  /// What is yielded, at the current index.
  Value elementAt(ElementEmitter &e, Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    if (!iteration.flat)
      return e.element(value, ArrayRef<Index>(index).take_back(type.getRank()));
    // The innermost dimension that is not 1 has stride 1; every tensor has the linear position or a single
    // element.
    SmallVector<Index> at(type.getRank(), e.constantIndex(0));
    for (int64_t d = type.getRank() - 1; d >= 0; --d)
      if (type.getDimSize(d) != 1) {
        at[d] = index.back();
        break;
      }
    return e.element(value, at);
  }

  Buffer outputBuffer(unsigned o) {
    Buffer buffer = fn.output(o);
    if (iteration.flat || cast<RankedTensorType>(kernel.getYield().getValues()[o].getType()).getRank() == 0)
      buffer.strides = {1};
    return buffer;
  }

  static Type elementType(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

  void loop(Value low, Value high, int64_t step, llvm::function_ref<void(Value)> body) {
    emitFor(scalar, low, high, step, {}, [&](Value i, ValueRange) {
      vector.scoped([&] { body(i); });
      return SmallVector<Value>();
    });
  }

  OpBuilder &b() { return fn.builder(); }

  KernelFunction &fn;
  tn::KernelOp kernel;
  const Iteration &iteration;
  int64_t lanes, rows, block;
  bool isInPlace; ///< outputs may share memory with inputs: no element may be computed twice
  ElementEmitter vector, scalar;
  SmallVector<Index> index; ///< the element or vector under construction
  Range rowRange, columnRange;
};

class ElementwiseTemplate : public KernelTemplate {
public:
  llvm::StringRef getName() const override { return "elementwise"; }

  bool match(tn::KernelOp kernel) const override {
    for (Operation &op : kernel.getBlock()->without_terminator()) {
      if (!isIndexable(&op))
        return false;
      // Values other than splats are passed as inputs.
      if (isa<tn::ConstantOp>(op) && !tn::splatValue(op.getResult(0)))
        return false;
    }
    auto first = cast<RankedTensorType>(kernel.getYield().getValues()[0].getType());
    return llvm::all_of(kernel.getYield().getValues(),
                        [&](Value v) { return cast<RankedTensorType>(v.getType()).getShape() == first.getShape(); });
  }

  DictionaryAttr schedule(tn::KernelOp kernel, const Target &target) const override {
    Iteration iteration(kernel, target.floatLanes());
    int64_t lanes = chooseLanes(iteration, target.floatLanes());
    int64_t elements = std::max<int64_t>(kItemElements / iteration.work, lanes);
    // Blocks of equal size but for the rounding to vectors.
    auto evenly = [&](int64_t extent, int64_t most, int64_t multiple) {
      int64_t blocks = llvm::divideCeil(extent, std::max<int64_t>(most, 1));
      return std::clamp<int64_t>(llvm::alignTo(llvm::divideCeil(extent, std::max<int64_t>(blocks, 1)), multiple), 1,
                                 std::max<int64_t>(extent, 1));
    };
    int64_t most = iteration.turned ? std::min<int64_t>(elements, kTurnedColumns) : elements;
    int64_t block = evenly(iteration.last(), most, lanes), rows = 1;
    if (iteration.rowDim >= 0)
      rows = evenly(iteration.shape[iteration.rowDim], elements / block, iteration.turned ? lanes : 1);
    // Buffers whose rows lie apart are not flat any more.
    ArrayRef<int64_t> full = cast<RankedTensorType>(kernel.getYield().getValues()[0].getType()).getShape();
    if (iteration.flat && full.size() > 1 && iteration.last() > 0)
      rows = evenly(full[full.size() - 2], elements / std::min(full.back(), elements), 1);
    return makeSchedule(kernel.getContext(), {{"lanes", lanes}, {"rows", rows}, {"block", block}});
  }

  /// Any blocks will do: the best ones depend on the buffers, which memory planning decides after the schedule.
  bool accepts(tn::KernelOp kernel, const Target &target, DictionaryAttr schedule) const override {
    auto within = [&](llvm::StringRef name, int64_t most) {
      auto value = schedule.getAs<IntegerAttr>(name);
      return value && value.getType().isSignlessInteger(64) && value.getInt() >= 1 && value.getInt() <= most;
    };
    return schedule.size() == 3 && within("lanes", 8 * target.floatLanes()) &&
           llvm::isPowerOf2_64(scheduled(schedule, "lanes")) && within("rows", INT32_MAX) && within("block", INT32_MAX);
  }

  int64_t extent(tn::KernelOp kernel, DictionaryAttr schedule) const override {
    Iteration iteration(kernel, scheduled(schedule, "lanes"));
    return product(itemSpace(iteration, scheduled(schedule, "rows"), scheduled(schedule, "block")));
  }

  bool allowsInPlace(tn::KernelOp kernel, unsigned i, unsigned o) const override {
    Value argument = kernel.getBlock()->getArgument(i);
    Value result = kernel.getYield().getValues()[o];
    auto type = cast<RankedTensorType>(argument.getType()), to = cast<RankedTensorType>(result.getType());
    return type.getShape() == to.getShape() &&
           elementBytes(type.getElementType()) == elementBytes(to.getElementType()) && isPurelyElementwise(kernel);
  }

  bool readsPaddedRows(tn::KernelOp kernel, unsigned i) const override { return true; }
  bool writesPaddedRows(tn::KernelOp kernel, unsigned o) const override { return true; }

  LogicalResult lower(KernelFunction &fn, DictionaryAttr schedule) const override {
    int64_t items = extent(fn.getKernel(), schedule);
    if (items == 0)
      return success();
    Iteration iteration(fn.getKernel(), scheduled(schedule, "lanes"));
    ElementwiseEmitter emitter(fn, iteration, schedule);
    ElementEmitter e = fn.emitter(1);
    emitFor(e, fn.getBegin(), fn.getEnd(), 1, {}, [&](Value item, ValueRange) {
      emitter.emitItem(item);
      return SmallVector<Value>();
    });
    return success();
  }

private:
  /// One register's, or several where elements of windows and reductions wait for each other; 1 for short
  /// rows.
  static int64_t chooseLanes(const Iteration &iteration, int64_t lanes) {
    if (iteration.turned)
      return lanes;
    if (iteration.last() < lanes)
      return 1;
    int64_t best = 1;
    auto computed = [&](int64_t registers) { return llvm::alignTo(iteration.last(), registers * lanes); };
    for (int64_t registers : {2, 4})
      if (iteration.work > 1 && iteration.last() >= registers * lanes && computed(registers) <= computed(best))
        best = registers;
    return best * lanes;
  }

  /// Columns of an item whose vectors are turned: rows of the inputs that are read side by side.
  static constexpr int64_t kTurnedColumns = 64;
};

} // namespace

const KernelTemplate &elementwiseTemplate() {
  static const ElementwiseTemplate instance;
  return instance;
}

} // namespace tenon::codegen

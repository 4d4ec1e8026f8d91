//===- Elementwise.cpp - Kernels that compute each element on its own ----===//
//
// Elementwise chains, data movement, gathers, windows, column reductions: anything whose elements the emitter knows.
// The last dimension runs in vectors, what is left of it in scalars. It is also the naive lowering of every other
// kernel: a contraction lowered here is slow, and right.
//
// Parallel space: blocks of the last dimension times all other indices, outermost first.
//
//===----------------------------------------------------------------------===//
#include "codegen/common/KernelTemplate.h"
#include "codegen/common/Loops.h"
#include "ir/Constant.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace tenon::codegen {
namespace {

/// Elements of the last dimension that one work item covers at most.
constexpr int64_t kBlock = 4096;

/// True if the body is made of elementwise operations on tensors of one shape and on single elements, so that the
/// shape does not matter and one dimension will do.
bool isFlat(tn::KernelOp kernel) {
  if (kernel.isBufferForm())
    for (Type type : llvm::concat<const Type>(kernel.getInputs().getTypes(), kernel.getOutputs().getTypes()))
      if (!cast<MemRefType>(type).getLayout().isIdentity())
        return false;
  ArrayRef<int64_t> shape = cast<RankedTensorType>(kernel.getYield().getValues()[0].getType()).getShape();
  auto fits = [&](Value v) {
    auto type = cast<RankedTensorType>(v.getType());
    return type.getShape() == shape || type.getNumElements() == 1;
  };
  for (Value argument : kernel.getBlock()->getArguments())
    if (!fits(argument))
      return false;
  for (Operation &op : kernel.getBlock()->without_terminator())
    if (!isa<tn::ElementwiseOpInterface, tn::ConstantOp>(op) || !llvm::all_of(op.getResults(), fits))
      return false;
  return llvm::all_of(kernel.getYield().getValues(),
                      [&](Value v) { return cast<RankedTensorType>(v.getType()).getShape() == shape; });
}

/// The iteration space: the yielded shape, or its number of elements for flat kernels.
SmallVector<int64_t> iterationShape(tn::KernelOp kernel) {
  auto type = cast<RankedTensorType>(kernel.getYield().getValues()[0].getType());
  if (isFlat(kernel))
    return {type.getNumElements()};
  SmallVector<int64_t> shape(type.getShape());
  if (shape.empty())
    shape.push_back(1);
  return shape;
}

/// The operand of a concatenation that position `at` comes from, and where that operand begins.
std::pair<Value, int64_t> operandAt(tn::ConcatOp concat, int64_t at) {
  int64_t start = 0;
  for (Value operand : concat.getOperands()) {
    int64_t end = start + cast<RankedTensorType>(operand.getType()).getShape().back();
    if (at < end)
      return {operand, start};
    start = end;
  }
  llvm_unreachable("position beyond the concatenation");
}

/// The concatenations along the last dimension, and the positions at which their operands change. Between two of them
/// it is known at compile time which operand is read.
class Pieces {
public:
  Pieces(tn::KernelOp kernel, int64_t length) : boundaries{0, length} {
    for (Value v : kernel.getYield().getValues())
      visit(v);
    llvm::sort(boundaries);
    boundaries.erase(llvm::unique(boundaries), boundaries.end());
  }

  size_t count() const { return boundaries.size() - 1; }
  int64_t begin(size_t i) const { return boundaries[i]; }
  int64_t end(size_t i) const { return boundaries[i + 1]; }

  /// Lets the emitter read piece `i` from the operands that hold it.
  void bind(ElementEmitter &e, size_t i) const {
    for (tn::ConcatOp concat : concats) {
      auto [operand, start] = operandAt(concat, boundaries[i]);
      e.bind(concat.getResult(), [operand = operand, start = start](ElementEmitter &e, ArrayRef<Index> index) {
        SmallVector<Index> source(index);
        source.back() = e.addConstant(source.back(), -start);
        return e.element(operand, source);
      });
    }
  }

private:
  /// Follows what has the yielded value's last index, element by element.
  void visit(Value v) {
    Operation *op = v.getDefiningOp();
    auto type = cast<RankedTensorType>(v.getType());
    if (!op || type.getRank() == 0 || type.getShape().back() != boundaries[1] || !seen.insert(op).second)
      return;
    auto concat = dyn_cast<tn::ConcatOp>(op);
    if (concat && static_cast<int64_t>(concat.getAxis()) == type.getRank() - 1) {
      concats.push_back(concat);
      int64_t at = 0;
      for (Value operand : concat.getOperands())
        boundaries.push_back(at += cast<RankedTensorType>(operand.getType()).getShape().back());
      return;
    }
    auto pad = dyn_cast<tn::PadOp>(op);
    if (concat || isa<tn::ElementwiseOpInterface>(op) || (pad && pad.getLow().back() == 0 && pad.getHigh().back() == 0))
      for (Value operand : op->getOperands())
        visit(operand);
  }

  SmallVector<int64_t> boundaries;
  SmallVector<tn::ConcatOp> concats;
  llvm::SmallPtrSet<Operation *, 8> seen;
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
    SmallVector<int64_t> shape = iterationShape(kernel);
    int64_t lanes = shape.back() >= target.floatLanes() ? target.floatLanes() : 1;
    return makeSchedule(kernel.getContext(),
                        {{"lanes", lanes}, {"block", std::clamp<int64_t>(shape.back(), 1, kBlock)}});
  }

  int64_t extent(tn::KernelOp kernel, DictionaryAttr schedule) const override {
    SmallVector<int64_t> shape = iterationShape(kernel);
    int64_t block = scheduled(schedule, "block");
    if (product(shape) == 0)
      return 0;
    return product(ArrayRef<int64_t>(shape).drop_back()) * llvm::divideCeil(shape.back(), block);
  }

  bool allowsInPlace(tn::KernelOp kernel, unsigned i, unsigned o) const override {
    // Each element is read only to compute the element at the same position.
    Value argument = kernel.getBlock()->getArgument(i);
    Value result = kernel.getYield().getValues()[o];
    auto type = cast<RankedTensorType>(argument.getType()), to = cast<RankedTensorType>(result.getType());
    if (type.getShape() != to.getShape() || elementBytes(type.getElementType()) != elementBytes(to.getElementType()))
      return false;
    for (Operation &op : kernel.getBlock()->without_terminator())
      if (!isa<tn::ElementwiseOpInterface, tn::ConstantOp>(op))
        return false;
    return true;
  }

  bool readsPaddedRows(tn::KernelOp kernel, unsigned i) const override { return true; }
  bool writesPaddedRows(tn::KernelOp kernel, unsigned o) const override { return true; }

  LogicalResult lower(KernelFunction &fn, DictionaryAttr schedule) const override {
    tn::KernelOp kernel = fn.getKernel();
    SmallVector<int64_t> shape = iterationShape(kernel);
    if (product(shape) == 0)
      return success();
    int64_t lanes = scheduled(schedule, "lanes"), block = scheduled(schedule, "block");
    ElementEmitter e = fn.emitter(lanes), scalar = fn.emitter(1);
    int64_t blocks = llvm::divideCeil(shape.back(), block);
    SmallVector<int64_t> space(ArrayRef<int64_t>(shape).drop_back());
    space.push_back(blocks);
    Pieces pieces(kernel, shape.back());
    emitFor(scalar, fn.getBegin(), fn.getEnd(), 1, {}, [&](Value item, ValueRange) -> SmallVector<Value> {
      SmallVector<Index> index = scalar.delinearize({item, 0, {}}, space);
      OpBuilder &b = fn.builder();
      Location loc = fn.getLoc();
      for (size_t i = 0; i < pieces.count(); ++i) {
        Value low = scalar.indexConstant(pieces.begin(i)), high = scalar.indexConstant(pieces.end(i));
        if (blocks > 1) {
          Value begin = scalar.multiply(index.back(), block).base;
          Value end = arith::AddIOp::create(b, loc, begin, scalar.indexConstant(block));
          low = arith::MaxSIOp::create(b, loc, low, begin);
          high = arith::MinSIOp::create(b, loc, high, end);
        }
        pieces.bind(e, i);
        pieces.bind(scalar, i);
        bool whole = pieces.begin(i) % lanes == 0 && pieces.end(i) % lanes == 0 && block % lanes == 0;
        if (lanes > 1) {
          Value length = arith::SubIOp::create(b, loc, high, low);
          Value rest = whole ? scalar.indexConstant(0)
                             : Value(arith::RemSIOp::create(b, loc, length, scalar.indexConstant(lanes)));
          Value vectorEnd = arith::SubIOp::create(b, loc, high, rest);
          emitRange(fn, e, index, low, vectorEnd, lanes);
          low = vectorEnd;
        }
        if (lanes == 1 || !whole)
          emitRange(fn, scalar, index, low, high, 1);
      }
      return {};
    });
    return success();
  }

private:
  /// The elements [low, high) of the last dimension, `step` at a time.
  static void emitRange(KernelFunction &fn, ElementEmitter &e, ArrayRef<Index> outer, Value low, Value high,
                        int64_t step) {
    tn::KernelOp kernel = fn.getKernel();
    bool flat = isFlat(kernel);
    emitFor(e, low, high, step, {}, [&](Value i, ValueRange) -> SmallVector<Value> {
      SmallVector<Index> index(outer);
      index.back() = {i, step == 1 ? 0 : 1, {}};
      for (auto [o, value] : llvm::enumerate(kernel.getYield().getValues())) {
        Buffer buffer = fn.output(o);
        auto type = cast<RankedTensorType>(value.getType());
        if (flat || type.getRank() == 0)
          buffer.strides = {1};
        Value element = flat ? flatElement(e, fn, value, index.back())
                             : e.element(value, ArrayRef<Index>(index).take_back(type.getRank()));
        e.store(element, buffer, type.getElementType(), index);
      }
      return {};
    });
  }

  /// The element at a linear position of a flat kernel's value: every tensor has that position or a single element.
  static Value flatElement(ElementEmitter &e, KernelFunction &fn, Value value, const Index &at) {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<Index> index(type.getRank(), e.constantIndex(0));
    // The innermost dimension that is not 1 has stride 1.
    for (int64_t d = type.getRank() - 1; d >= 0; --d)
      if (type.getDimSize(d) != 1) {
        index[d] = at;
        break;
      }
    return e.element(value, index);
  }
};

} // namespace

const KernelTemplate &elementwiseTemplate() {
  static const ElementwiseTemplate instance;
  return instance;
}

} // namespace tenon::codegen

#include "codegen/common/Epilogue.h"
#include "codegen/common/Loops.h"
#include "ir/Constant.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace tenon::codegen {

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// The constant padding that yields `v`, if that is all it does.
static tn::PadOp yieldedPad(Value v) {
  auto pad = v.getDefiningOp<tn::PadOp>();
  return pad && pad.getMode() == tn::PadMode::Constant ? pad : nullptr;
}

bool isEpilogueOp(Operation *op) {
  if (isa<tn::PadOp>(op))
    return yieldedPad(op->getResult(0)) &&
           llvm::all_of(op->getUsers(), [](Operation *user) { return isa<tn::YieldOp>(user); });
  if (isa<tn::ConstantOp>(op))
    return tn::splatValue(op->getResult(0)).has_value();
  return isa<tn::ElementwiseOpInterface, tn::ReshapeOp>(op);
}

bool yieldsMatch(tn::KernelOp kernel, Value anchorResult) {
  int64_t elements = typeOf(anchorResult).getNumElements();
  return llvm::all_of(kernel.getYield().getValues(), [&](Value v) {
    tn::PadOp pad = yieldedPad(v);
    return typeOf(pad ? pad.getOperand() : v).getNumElements() == elements;
  });
}

/// The index of the same element under another shape. Trailing dimensions that agree keep their index.
static SmallVector<Index> reindex(ElementEmitter &e, ArrayRef<Index> index, ArrayRef<int64_t> from,
                                  ArrayRef<int64_t> to) {
  if (from == to)
    return SmallVector<Index>(index);
  size_t same = 0;
  while (same < from.size() && same < to.size() && from[from.size() - 1 - same] == to[to.size() - 1 - same])
    ++same;
  Index linear = e.linearize(index.drop_back(same), rowMajorStrides(from.drop_back(same)));
  SmallVector<Index> result = e.delinearize(linear, to.drop_back(same));
  llvm::append_range(result, index.take_back(same));
  return result;
}

void emitEpilogue(KernelFunction &fn, ElementEmitter &e, Value anchorResult, ArrayRef<Index> index, Value value) {
  e.bind(anchorResult, [value](ElementEmitter &, ArrayRef<Index>) { return value; });
  for (auto [o, yielded] : llvm::enumerate(fn.getKernel().getYield().getValues())) {
    tn::PadOp pad = yieldedPad(yielded);
    Value source = pad ? pad.getOperand() : yielded;
    SmallVector<Index> at = reindex(e, index, typeOf(anchorResult).getShape(), typeOf(source).getShape());
    Value element = e.vectorElement(source, at);
    if (pad)
      for (auto [d, low] : llvm::enumerate(pad.getLow()))
        if (low != 0)
          at[d] = e.addConstant(at[d], low);
    e.store(element, fn.output(o), typeOf(yielded).getElementType(), at);
  }
}

//===----------------------------------------------------------------------===//
// Borders
//===----------------------------------------------------------------------===//

namespace {
/// A padded tensor as rows: everything from the last padded dimension on is one row.
struct BorderRows {
  explicit BorderRows(tn::PadOp pad) : pad(pad) {
    ArrayRef<int64_t> shape = pad.getType().getShape();
    for (size_t d = 0; d < shape.size(); ++d)
      if (pad.getLow()[d] != 0 || pad.getHigh()[d] != 0)
        last = d;
    outer = shape.take_front(last);
    inner = product(shape.drop_front(last + 1));
  }
  tn::PadOp pad;
  size_t last = 0;
  ArrayRef<int64_t> outer;
  int64_t inner = 1;
  int64_t rows() const { return product(outer); }
};
} // namespace

/// Fills `count` elements from position `from` of a row-major buffer.
static void fill(KernelFunction &fn, const Buffer &buffer, Type element, Value from, int64_t count, double value) {
  int64_t lanes = fn.getTarget().floatLanes(), whole = count / lanes * lanes;
  ElementEmitter vector = fn.emitter(lanes), scalar = fn.emitter(1);
  Buffer flat = {buffer.memref, buffer.offset, {1}};
  auto run = [&](ElementEmitter &e, int64_t low, int64_t high, int64_t step) {
    if (low < high)
      emitFor(e, e.indexConstant(low), e.indexConstant(high), step, {}, [&](Value i, ValueRange) {
        Index at = e.add({from, 0, {}}, {i, step == 1 ? 0 : 1, {}});
        e.store(e.broadcast(e.constant(element, value)), flat, element, at);
        return SmallVector<Value>();
      });
  };
  run(vector, 0, whole, lanes);
  run(scalar, whole, count, 1);
}

/// Fills rows of the last dimension, `count` of them from number `from` on.
static void fillRows(KernelFunction &fn, const Buffer &buffer, Type element, const Index &from, int64_t count,
                     int64_t length, int64_t pitch, double value) {
  ElementEmitter e = fn.emitter(1);
  if (pitch == length)
    return fill(fn, buffer, element, e.multiply(from, length).base, count * length, value);
  emitFor(e, e.indexConstant(0), e.indexConstant(count), 1, {}, [&](Value i, ValueRange) {
    fill(fn, buffer, element, e.multiply(e.add(from, {i, 0, {}}), pitch).base, length, value);
    return SmallVector<Value>();
  });
}

/// The border of one row: all of it above and below the interior, else its two ends.
static void emitBorderRow(KernelFunction &fn, const BorderRows &rows, const Buffer &buffer, Value row) {
  OpBuilder &b = fn.builder();
  Location loc = fn.getLoc();
  ElementEmitter e = fn.emitter(1);
  tn::PadOp pad = rows.pad;
  ArrayRef<int64_t> shape = pad.getType().getShape(), interior = pad.getOperand().getType().getShape();
  SmallVector<Index> index = e.delinearize({row, 0, {}}, rows.outer);
  Value inside;
  for (size_t d = 0; d < rows.outer.size(); ++d) {
    if (pad.getLow()[d] == 0 && pad.getHigh()[d] == 0)
      continue;
    Value here = e.inBounds(e.addConstant(index[d], -pad.getLow()[d]), interior[d]);
    inside = inside ? Value(arith::AndIOp::create(b, loc, inside, here)) : here;
  }
  Type element = pad.getType().getElementType();
  double value = pad.getValue().convertToDouble();
  // Counted in rows of the last dimension, or in elements where that one is padded.
  bool byElement = rows.last + 1 == shape.size();
  int64_t length = byElement ? 1 : shape.back(), pitch = byElement ? 1 : buffer.strides[shape.size() - 2];
  int64_t each = rows.inner / length, total = shape[rows.last] * each;
  int64_t low = pad.getLow()[rows.last] * each, high = pad.getHigh()[rows.last] * each;
  Index start = e.multiply({row, 0, {}}, total);
  auto ends = [&] {
    fillRows(fn, buffer, element, start, low, length, pitch, value);
    fillRows(fn, buffer, element, e.addConstant(start, total - high), high, length, pitch, value);
  };
  if (!inside)
    return ends();
  auto ifOp = scf::IfOp::create(b, loc, TypeRange{}, inside, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&ifOp.getThenRegion().front());
  ends();
  b.setInsertionPointToStart(&ifOp.getElseRegion().front());
  fillRows(fn, buffer, element, start, total, length, pitch, value);
}

bool storesPaddedRows(tn::KernelOp kernel, unsigned o) {
  tn::PadOp pad = yieldedPad(kernel.getYield().getValues()[o]);
  return !pad || (pad.getLow().back() == 0 && pad.getHigh().back() == 0);
}

std::optional<RowItems> withBorders(tn::KernelOp kernel, Value anchorResult, RowItems items) {
  if (kernel.getYield().getValues().size() != 1)
    return std::nullopt;
  Value yielded = kernel.getYield().getValues()[0];
  tn::PadOp pad = yieldedPad(yielded);
  if (typeOf(pad ? pad.getOperand() : yielded).getShape() != typeOf(anchorResult).getShape())
    return std::nullopt;
  if (!pad)
    return items;
  // Rows have borders of their own if the next dimension is the last that is padded.
  auto isZero = [](int64_t p) { return p == 0; };
  if (BorderRows(pad).last != items.dim + 1 || !llvm::all_of(pad.getLow().take_front(items.dim), isZero) ||
      !llvm::all_of(pad.getHigh().take_front(items.dim), isZero))
    return std::nullopt;
  items.low = pad.getLow()[items.dim];
  items.high = pad.getHigh()[items.dim];
  return items;
}

/// Emits the borders of a range of the padded rows of every padded result.
static void emitBorderRows(KernelFunction &fn,
                           llvm::function_ref<std::pair<Value, Value>(const BorderRows &)> rangeOf) {
  ElementEmitter e = fn.emitter(1);
  for (auto [o, yielded] : llvm::enumerate(fn.getKernel().getYield().getValues())) {
    tn::PadOp pad = yieldedPad(yielded);
    if (!pad)
      continue;
    BorderRows rows(pad);
    const Buffer &buffer = fn.output(o);
    auto [begin, end] = rangeOf(rows);
    emitFor(e, begin, end, 1, {}, [&](Value row, ValueRange) {
      emitBorderRow(fn, rows, buffer, row);
      return SmallVector<Value>();
    });
  }
}

void emitBorders(KernelFunction &fn) {
  emitBorderRows(fn, [&](const BorderRows &) { return std::make_pair(fn.getBegin(), fn.getEnd()); });
}

void emitItems(KernelFunction &fn, int64_t extent, llvm::function_ref<void(Value)> body) {
  OpBuilder &b = fn.builder();
  Location loc = fn.getLoc();
  ElementEmitter e = fn.emitter(1);
  emitFor(e, fn.getBegin(), fn.getEnd(), 1, {}, [&](Value item, ValueRange) {
    body(item);
    return SmallVector<Value>();
  });
  if (!fn.fillsBorders())
    return;
  emitBorderRows(fn, [&](const BorderRows &rows) {
    auto share = [&](Value item) -> Value {
      Value product = arith::MulIOp::create(b, loc, item, e.indexConstant(rows.rows()));
      return arith::DivUIOp::create(b, loc, product, e.indexConstant(extent));
    };
    Value begin = share(fn.getBegin());
    return std::make_pair(begin, share(fn.getEnd()));
  });
}

} // namespace tenon::codegen

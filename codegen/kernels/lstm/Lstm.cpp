//===- Lstm.cpp - Recurrent kernels --------------------------------------===//
//
// One work item is one direction of a tn.lstm: all time steps in order. The recurrent weights are packed in panels; a
// step adds h . R to the input projections panel by panel into scratch memory, then computes the new state. Every other
// step takes the panels from the last to the first: where they are larger than a cache, what it still has of them is
// read before it is replaced.
//
//===----------------------------------------------------------------------===//
#include "codegen/common/KernelTemplate.h"
#include "codegen/common/Loops.h"
#include "codegen/kernels/contraction/Problem.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tenon::codegen {
namespace {

tn::LstmOp findLstm(tn::KernelOp kernel) {
  tn::LstmOp found;
  for (Operation &op : kernel.getBlock()->without_terminator()) {
    if (auto lstm = dyn_cast<tn::LstmOp>(op); lstm && !found)
      found = lstm;
    else if (!isa<tn::UnpackOp>(op))
      return nullptr;
  }
  return found;
}

struct Sizes {
  explicit Sizes(tn::LstmOp op) {
    ArrayRef<int64_t> gates = op.getGates().getType().getShape();
    steps = gates[0];
    directions = gates[1];
    batch = gates[2];
    hidden = gates[3] / 4;
    panels = llvm::divideCeil(4 * hidden, kPanel);
  }
  int64_t steps, directions, batch, hidden, panels;
  // Scratch memory, in floats: the sums of one step, then h and c of every batch row.
  int64_t sumsAt() const { return 0; }
  int64_t hiddenAt() const { return panels * kPanel; }
  int64_t cellAt() const { return hiddenAt() + llvm::alignTo(batch * hidden, 16); }
  int64_t floats() const { return cellAt() + llvm::alignTo(batch * hidden, 16); }
};

class LstmEmitter {
public:
  LstmEmitter(KernelFunction &fn, tn::LstmOp op, int64_t lanes)
      : fn(fn), b(fn.builder()), loc(fn.getLoc()), op(op), sizes(op), lanes(lanes), vector(fn.emitter(lanes)),
        scalar(fn.emitter(1)) {
    Value memory = fn.scratch(0, b.getF32Type());
    sums = {memory, sizes.sumsAt(), {1}};
    hidden = {memory, sizes.hiddenAt(), {sizes.hidden, 1}};
    cell = {memory, sizes.cellAt(), {sizes.hidden, 1}};
    for (auto [o, value] : llvm::enumerate(fn.getKernel().getYield().getValues()))
      outputs[cast<OpResult>(value).getResultNumber()] = fn.output(o);
  }

  void emitDirection(Index direction) {
    this->direction = direction;
    copyState(op.getH0(), hidden);
    copyState(op.getC0(), cell);
    ElementEmitter &e = scalar;
    emitFor(e, e.indexConstant(0), e.indexConstant(sizes.steps), 1, {}, [&](Value step, ValueRange) {
      Index time = {timeOf(step), 0, {}};
      emitFor(e, e.indexConstant(0), e.indexConstant(sizes.batch), 1, {}, [&](Value row, ValueRange) {
        Index batch = {row, 0, {}};
        emitSums(step, batch);
        emitState(time, batch);
        return SmallVector<Value>();
      });
      return SmallVector<Value>();
    });
    writeState(1, hidden);
    writeState(2, cell);
  }

private:
  Type f32() { return b.getF32Type(); }

  /// The time step that the `step`-th one is in this direction.
  Value timeOf(Value step) {
    Value last = scalar.indexConstant(sizes.steps - 1);
    Value backwards = arith::SubIOp::create(b, loc, last, step);
    Value time;
    for (auto [d, reverse] : llvm::enumerate(op.getReverse())) {
      Value here = reverse ? backwards : step;
      if (!time) {
        time = here;
        continue;
      }
      Value is = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, direction.base,
                                       scalar.indexConstant(static_cast<int64_t>(d)));
      time = arith::SelectOp::create(b, loc, is, here, time);
    }
    return time;
  }

  /// Runs `body` over the hidden units, in vectors and then one by one.
  void overHidden(llvm::function_ref<void(ElementEmitter &, Index)> body) {
    int64_t whole = lanes > 1 ? sizes.hidden / lanes * lanes : 0;
    auto run = [&](ElementEmitter &e, int64_t low, int64_t high, int64_t step) {
      if (low < high)
        emitFor(e, e.indexConstant(low), e.indexConstant(high), step, {}, [&](Value i, ValueRange) {
          body(e, {i, step == 1 ? 0 : 1, {}});
          return SmallVector<Value>();
        });
    };
    if (whole)
      run(vector, 0, whole, lanes);
    run(scalar, whole, sizes.hidden, 1);
  }

  void overBatch(llvm::function_ref<void(Index)> body) {
    emitFor(scalar, scalar.indexConstant(0), scalar.indexConstant(sizes.batch), 1, {}, [&](Value row, ValueRange) {
      body({row, 0, {}});
      return SmallVector<Value>();
    });
  }

  void copyState(Value from, const Buffer &to) {
    overBatch([&](Index row) {
      overHidden(
          [&](ElementEmitter &e, Index i) { e.store(e.element(from, {direction, row, i}), to, f32(), {row, i}); });
    });
  }

  void writeState(unsigned result, const Buffer &from) {
    auto it = outputs.find(result);
    if (it == outputs.end())
      return;
    overBatch([&](Index row) {
      overHidden([&](ElementEmitter &e, Index i) {
        e.store(e.load(from, f32(), {row, i}), it->second, f32(), {direction, row, i});
      });
    });
  }

  /// Number of the panel that is the `p`-th of a step.
  Index turnPanel(Value step, Value p) {
    ElementEmitter &e = vector;
    Value odd =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, e.modulo({step, 0, {}}, 2).base, e.indexConstant(0));
    Value mirrored = arith::SubIOp::create(b, loc, e.indexConstant(sizes.panels - 1), p);
    return {arith::SelectOp::create(b, loc, odd, mirrored, p), 0, {}};
  }

  /// sums = h . R^T for one batch row.
  void emitSums(Value step, Index row) {
    Value packed = findPacked();
    auto type = VectorType::get({lanes}, f32());
    int64_t count = kPanel / lanes, unroll = std::max<int64_t>(1, 8 / count);
    ElementEmitter &e = vector;
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
    emitFor(e, e.indexConstant(0), e.indexConstant(sizes.panels), 1, {}, [&](Value p, ValueRange) {
      Index number = turnPanel(step, p);
      Index panel = e.multiply(e.add(e.multiply(direction, sizes.panels), number), sizes.hidden * kPanel);
      Index state = e.addConstant(e.multiply(row, sizes.hidden), hidden.offset);
      SmallVector<Value> acc(count * unroll, zero);
      auto accumulate = [&](Index k, int64_t set, SmallVector<Value> &now) {
        Value h = memref::LoadOp::create(b, loc, hidden.memref, e.add(state, k).base);
        Value wide = vector::BroadcastOp::create(b, loc, type, h);
        for (int64_t j = 0; j < count; ++j) {
          Index at = e.addConstant(e.add(panel, e.multiply(k, kPanel)), j * lanes);
          Value w = vector::LoadOp::create(b, loc, type, packed, ValueRange{at.base});
          Value &sum = now[set * count + j];
          sum = math::FmaOp::create(b, loc, wide, w, sum);
        }
      };
      int64_t whole = sizes.hidden / unroll * unroll;
      if (whole)
        acc = emitFor(e, e.indexConstant(0), e.indexConstant(whole), unroll, acc, [&](Value k, ValueRange carried) {
          SmallVector<Value> now(carried);
          for (int64_t u = 0; u < unroll; ++u)
            accumulate(e.addConstant({k, 0, {}}, u), u, now);
          return now;
        });
      for (int64_t k = whole; k < sizes.hidden; ++k)
        accumulate(e.constantIndex(k), k - whole, acc);
      for (int64_t j = 0; j < count; ++j) {
        Value sum = acc[j];
        for (int64_t u = 1; u < unroll; ++u)
          sum = arith::AddFOp::create(b, loc, sum, acc[u * count + j]);
        Index at = e.addConstant(e.multiply(number, kPanel), j * lanes);
        at.step = 1;
        e.store(sum, sums, f32(), at);
      }
      return SmallVector<Value>();
    });
  }

  Value findPacked() {
    auto unpack = op.getRecurrent().getDefiningOp<tn::UnpackOp>();
    return fn.input(cast<BlockArgument>(unpack.getOperand()).getArgNumber()).memref;
  }

  /// The gates and the new state of one batch row at one time.
  void emitState(Index time, Index row) {
    overHidden([&](ElementEmitter &e, Index i) {
      auto gate = [&](int64_t g) -> Value {
        Index at = e.addConstant(i, g * sizes.hidden);
        Value input = e.element(op.getGates(), {time, direction, row, at});
        return arith::AddFOp::create(b, loc, input, e.load(sums, f32(), at));
      };
      // ONNX's order: input, output, forget, cell.
      auto sigmoid = [&](int64_t g) { return tn::emitSigmoid(b, loc, gate(g)); };
      Value in = sigmoid(0), out = sigmoid(1), forget = sigmoid(2);
      Value candidate = math::TanhOp::create(b, loc, gate(3));
      Value old = e.load(cell, f32(), {row, i});
      Value next = math::FmaOp::create(b, loc, forget, old, arith::MulFOp::create(b, loc, in, candidate));
      Value h = arith::MulFOp::create(b, loc, out, math::TanhOp::create(b, loc, next));
      e.store(next, cell, f32(), {row, i});
      e.store(h, hidden, f32(), {row, i});
      if (auto it = outputs.find(0); it != outputs.end())
        e.store(h, it->second, f32(), {time, direction, row, i});
    });
  }

  KernelFunction &fn;
  OpBuilder &b;
  Location loc;
  tn::LstmOp op;
  Sizes sizes;
  int64_t lanes;
  ElementEmitter vector, scalar;
  Buffer sums, hidden, cell;
  std::map<unsigned, Buffer> outputs;
  Index direction;
};

class LstmTemplate : public KernelTemplate {
public:
  llvm::StringRef getName() const override { return "lstm"; }

  bool match(tn::KernelOp kernel) const override {
    tn::LstmOp op = findLstm(kernel);
    return op && op.getGates().getType().getElementType().isF32() && llvm::all_of(op->getOperands(), [](Value v) {
             return isa<BlockArgument>(v) || v.getDefiningOp<tn::UnpackOp>();
           });
  }

  void prepare(tn::KernelOp kernel) const override {
    tn::LstmOp op = findLstm(kernel);
    if (op.getRecurrent().getDefiningOp<tn::UnpackOp>())
      return;
    auto argument = cast<BlockArgument>(op.getRecurrent());
    OpBuilder outside(kernel), inside(op);
    OpOperand &operand = kernel->getOpOperand(argument.getArgNumber());
    Type plain = argument.getType();
    Value packed = tn::PackOp::create(outside, op.getLoc(), operand.get(), ArrayRef<int64_t>{0}, ArrayRef<int64_t>{2},
                                      ArrayRef<int64_t>{1}, kPanel);
    operand.set(packed);
    argument.setType(packed.getType());
    Value unpacked = tn::UnpackOp::create(inside, op.getLoc(), plain, argument, ArrayRef<int64_t>{0},
                                          ArrayRef<int64_t>{2}, ArrayRef<int64_t>{1}, kPanel);
    op.getRecurrentMutable().assign(unpacked);
  }

  DictionaryAttr schedule(tn::KernelOp kernel, const Target &target) const override {
    return makeSchedule(kernel.getContext(), {{"lanes", target.floatLanes()}});
  }

  int64_t extent(tn::KernelOp kernel, DictionaryAttr) const override { return Sizes(findLstm(kernel)).directions; }

  int64_t scratchBytes(tn::KernelOp kernel, DictionaryAttr) const override {
    return Sizes(findLstm(kernel)).floats() * 4;
  }

  LogicalResult lower(KernelFunction &fn, DictionaryAttr schedule) const override {
    tn::LstmOp op = findLstm(fn.getKernel());
    ElementEmitter e = fn.emitter(1);
    emitFor(e, fn.getBegin(), fn.getEnd(), 1, {}, [&](Value item, ValueRange) {
      LstmEmitter(fn, op, scheduled(schedule, "lanes")).emitDirection({item, 0, {}});
      return SmallVector<Value>();
    });
    return success();
  }
};

} // namespace

const KernelTemplate &lstmTemplate() {
  static const LstmTemplate instance;
  return instance;
}

} // namespace tenon::codegen

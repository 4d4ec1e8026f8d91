#include "codegen/kernels/attention/SoftmaxRows.h"
#include "codegen/common/Loops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tenon::codegen {
namespace {

class SoftmaxRow {
public:
  SoftmaxRow(KernelFunction &fn, Value memory, Value start, int64_t count, int64_t lanes)
      : b(fn.builder()), loc(fn.getLoc()), e(fn.emitter(lanes)), memory(memory), start{start, 0, {}}, count(count),
        lanes(lanes), type(VectorType::get({lanes}, b.getF32Type())) {}

  Value emit() {
    SmallVector<Value> most =
        walk(kMaxima, constant(-std::numeric_limits<double>::infinity()),
             [&](Value at, Value mask, Value carried) { return greater(selectIf(mask, load(at), carried), carried); });
    Value greatest = most[0];
    for (Value other : ArrayRef(most).drop_front())
      greatest = greater(other, greatest);
    greatest = reductionAcross(e, tn::ReduceKind::Max, b.getF32Type(), greatest);
    Value wide = vector::BroadcastOp::create(b, loc, type, greatest);
    SmallVector<Value> sums = walk(kSums, constant(0), [&](Value at, Value mask, Value carried) {
      Value exp = exponential(arith::SubFOp::create(b, loc, load(at), wide));
      vector::StoreOp::create(b, loc, exp, memory, ValueRange{at});
      return Value(arith::AddFOp::create(b, loc, carried, selectIf(mask, exp, constant(0))));
    });
    Value sum = sums[0];
    for (Value other : ArrayRef(sums).drop_front())
      sum = arith::AddFOp::create(b, loc, sum, other);
    sum = reductionAcross(e, tn::ReduceKind::Sum, b.getF32Type(), sum);
    Value one = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(1));
    return arith::DivFOp::create(b, loc, one, sum);
  }

private:
  static constexpr int64_t kMaxima = 4, kSums = 2; ///< accumulators, against the latency of the operations

  using Step = llvm::function_ref<Value(Value at, Value mask, Value carried)>;

  /// carried[i] = step(position, mask, carried[i]) over the vectors of the row in turn. The last one has a mask if it
  /// is not full.
  SmallVector<Value> walk(int64_t copies, Value init, Step step) {
    int64_t vectors = llvm::divideCeil(count, lanes), whole = count / lanes / copies * copies;
    SmallVector<Value> carried(copies, init);
    if (whole > copies)
      carried = emitFor(e, e.indexConstant(0), e.indexConstant(whole * lanes), copies * lanes, carried,
                        [&](Value i, ValueRange now) {
                          SmallVector<Value> next;
                          for (int64_t u = 0; u < copies; ++u)
                            next.push_back(step(at(e.addConstant({i, 0, {}}, u * lanes)), {}, now[u]));
                          return next;
                        });
    else
      whole = 0;
    for (int64_t v = whole; v < vectors; ++v) {
      Value &mine = carried[v % copies];
      mine = step(at(e.constantIndex(v * lanes)), e.firstLanes(std::min(lanes, count - v * lanes)), mine);
    }
    return carried;
  }

  Value at(const Index &i) { return e.add(start, i).base; }
  Value load(Value at) { return vector::LoadOp::create(b, loc, type, memory, ValueRange{at}); }
  Value constant(double value) {
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, static_cast<float>(value)));
  }
  Value selectIf(Value mask, Value x, Value otherwise) {
    return mask ? Value(arith::SelectOp::create(b, loc, mask, x, otherwise)) : x;
  }
  /// x where it is greater: a NaN is passed over here, and found by the sum.
  Value greater(Value x, Value y) {
    return arith::SelectOp::create(b, loc, arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, y), x, y);
  }
  /// e^x for x <= 0, by the expansion for normal results.
  Value exponential(Value x) {
    constexpr double kLeast = -87.3; // ln of the least normal number
    Value exp = math::ExpOp::create(b, loc, x, arith::FastMathFlags::afn);
    Value isSmall = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, constant(kLeast));
    return arith::SelectOp::create(b, loc, isSmall, constant(0), exp);
  }

  OpBuilder &b;
  Location loc;
  ElementEmitter e;
  Value memory;
  Index start;
  int64_t count, lanes;
  VectorType type;
};

} // namespace

Value emitSoftmaxRow(KernelFunction &fn, Value memory, Value start, int64_t count, int64_t lanes) {
  return SoftmaxRow(fn, memory, start, count, lanes).emit();
}

} // namespace tenon::codegen

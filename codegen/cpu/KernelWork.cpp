#include "codegen/cpu/KernelWork.h"
#include "codegen/common/ExpandMath.h"
#include "codegen/cpu/ObjectCode.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tenon::codegen {

KernelWork &KernelWork::operator+=(const KernelWork &more) {
  arithmetic += more.arithmetic;
  memory += more.memory;
  other += more.other;
  return *this;
}

namespace {

constexpr double kDivision = 8; ///< multiply-adds in whose time one division is done

class Counter {
public:
  Counter(const Target &target, int64_t extent) : target(target), extent(extent) {}

  KernelWork count(func::FuncOp function) {
    Block &entry = function.getBody().front();
    values[entry.getArgument(1)] = 0;
    values[entry.getArgument(2)] = extent;
    countBlock(entry, 1);
    return total;
  }

private:
  void countBlock(Block &block, double times) {
    for (Operation &op : block) {
      if (auto loop = dyn_cast<scf::ForOp>(op))
        countLoop(loop, times);
      else if (auto branch = dyn_cast<scf::IfOp>(op))
        countBranch(branch, times);
      else if (auto call = dyn_cast<func::CallOp>(op))
        countCall(call, times);
      else if (op.getNumRegions() > 0)
        for (Region &region : op.getRegions())
          for (Block &inner : region)
            countBlock(inner, times);
      else
        countOperation(op, times);
    }
  }

  void countLoop(scf::ForOp loop, double times) {
    std::optional<int64_t> low = evaluate(loop.getLowerBound()), high = evaluate(loop.getUpperBound()),
                           step = evaluate(loop.getStep());
    if (!low || !high || !step || *step <= 0)
      return countBlock(*loop.getBody(), times);
    int64_t trips = std::max<int64_t>(0, llvm::divideCeilSigned(*high - *low, *step));
    auto countTrips = [&](int64_t trip, int64_t count) {
      values[loop.getInductionVar()] = *low + trip * *step;
      countBlock(*loop.getBody(), times * static_cast<double>(count));
    };
    // Begin and end of a short loop may take other branches than the rest.
    constexpr int64_t kShort = 16;
    bool mayBranch = trips > 1 && trips <= kShort &&
                     loop.getBody()->walk([](scf::IfOp) { return WalkResult::interrupt(); }).wasInterrupted();
    if (!mayBranch)
      return countTrips(trips / 2, trips);
    auto before = values;
    countTrips(0, 1);
    values = before;
    countTrips(trips - 1, 1);
    values = before;
    if (trips > 2)
      countTrips(trips / 2, trips - 2);
  }

  /// The function called, which may have been counted for other operands before.
  void countCall(func::CallOp call, double times) {
    auto callee = call->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>(call.getCallee());
    auto before = values;
    for (auto [argument, operand] : llvm::zip_equal(callee.getArguments(), call.getOperands()))
      values[argument] = evaluate(operand);
    countBlock(callee.getBody().front(), times);
    values = before;
  }

  void countBranch(scf::IfOp branch, double times) {
    std::optional<int64_t> condition = evaluate(branch.getCondition());
    if (condition.value_or(1) != 0)
      countBlock(branch.getThenRegion().front(), times);
    else if (!branch.getElseRegion().empty())
      countBlock(branch.getElseRegion().front(), times);
  }

  void countOperation(Operation &op, double times) {
    llvm::TypeSwitch<Operation *>(&op)
        .Case<memref::LoadOp, memref::StoreOp>([&](Operation *) { total.memory += times / 2; })
        .Case<vector::LoadOp, vector::MaskedLoadOp>(
            [&](Operation *load) { total.memory += times * vectors(load->getResult(0).getType()); })
        .Case<vector::StoreOp, vector::MaskedStoreOp>([&](Operation *store) {
          for (Value operand : store->getOperands())
            if (auto type = dyn_cast<VectorType>(operand.getType()); type && !type.getElementType().isInteger(1))
              total.memory += times * vectors(type);
        })
        .Case<vector::GatherOp>([&](vector::GatherOp gather) {
          total.memory += times * static_cast<double>(gather.getVectorType().getNumElements()) / 2;
        })
        .Default([&](Operation *other) { countComputation(other, times); });
  }

  void countComputation(Operation *op, double times) {
    // What computes addresses and constants, and what is part of the instruction that uses it.
    if (op->getNumResults() == 0 || op->hasTrait<OpTrait::ConstantLike>() ||
        isa<vector::BroadcastOp, arith::BitcastOp, vector::BitCastOp>(op))
      return;
    Type type = op->getResult(0).getType(), element = getElementTypeOrSelf(type);
    bool isFloat = isa<FloatType>(element);
    if (!isFloat && !isa<VectorType>(type))
      return;
    double count = times * vectors(type);
    if (isa<arith::DivFOp, math::SqrtOp>(op))
      total.arithmetic += kDivision * count;
    else if (isFloat && isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) && !isa<arith::SelectOp>(op))
      total.arithmetic += count;
    else
      total.other += count;
  }

  /// Vectors of the target that a value takes.
  double vectors(Type type) const {
    auto vector = dyn_cast<VectorType>(type);
    if (!vector || vector.getElementType().isInteger(1))
      return 1;
    Type element = vector.getElementType();
    int64_t bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
    return static_cast<double>(llvm::divideCeil(vector.getNumElements() * bits, 8 * target.vectorBytes));
  }

  /// The value in the trips of the loops around that are being counted.
  std::optional<int64_t> evaluate(Value v) {
    if (auto it = values.find(v); it != values.end())
      return it->second;
    Operation *op = v.getDefiningOp();
    if (!op)
      return std::nullopt;
    APInt constant;
    std::optional<int64_t> result;
    if (matchPattern(v, m_ConstantInt(&constant)))
      result = constant.getSExtValue();
    else
      result = compute(op);
    values[v] = result;
    return result;
  }

  std::optional<int64_t> compute(Operation *op) {
    SmallVector<int64_t> x;
    for (Value operand : op->getOperands()) {
      std::optional<int64_t> value = evaluate(operand);
      if (!value)
        return std::nullopt;
      x.push_back(*value);
    }
    using Result = std::optional<int64_t>;
    return llvm::TypeSwitch<Operation *, Result>(op)
        .Case<arith::IndexCastOp>([&](auto) -> Result { return x[0]; })
        .Case<arith::AddIOp>([&](auto) -> Result { return x[0] + x[1]; })
        .Case<arith::SubIOp>([&](auto) -> Result { return x[0] - x[1]; })
        .Case<arith::MulIOp>([&](auto) -> Result { return x[0] * x[1]; })
        .Case<arith::AndIOp>([&](auto) -> Result { return x[0] & x[1]; })
        .Case<arith::OrIOp>([&](auto) -> Result { return x[0] | x[1]; })
        .Case<arith::MinSIOp>([&](auto) -> Result { return std::min(x[0], x[1]); })
        .Case<arith::MaxSIOp>([&](auto) -> Result { return std::max(x[0], x[1]); })
        .Case<arith::DivUIOp, arith::DivSIOp>([&](auto) -> Result { return x[1] ? Result(x[0] / x[1]) : Result(); })
        .Case<arith::RemUIOp, arith::RemSIOp>([&](auto) -> Result { return x[1] ? Result(x[0] % x[1]) : Result(); })
        .Case<arith::SelectOp>([&](auto) -> Result { return x[0] ? x[1] : x[2]; })
        .Case<arith::CmpIOp>([&](arith::CmpIOp compare) -> Result {
          return arith::applyCmpPredicate(compare.getPredicate(), APInt(64, x[0], true), APInt(64, x[1], true));
        })
        .Default([](auto) -> Result { return std::nullopt; });
  }

  const Target &target;
  int64_t extent;
  KernelWork total;
  llvm::DenseMap<Value, std::optional<int64_t>> values;
};

} // namespace

FailureOr<KernelWork> countWork(tn::KernelOp kernel, const Target &target) {
  auto schedule = kernel.getSchedule() ? kernel.getSchedule()->getAs<DictionaryAttr>(target.name) : nullptr;
  const KernelTemplate *model = findTemplate(kernel.getTemplateName().value_or(""));
  if (!schedule || !model)
    return failure();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(kernel.getContext()));
  if (failed(emitKernel(*module, "kernel", kernel, target)) || failed(expandMath(*module)))
    return failure();
  return Counter(target, model->extent(kernel, schedule)).count(module->lookupSymbol<func::FuncOp>("kernel"));
}

} // namespace tenon::codegen

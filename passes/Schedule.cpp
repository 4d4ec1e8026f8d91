//===- Schedule.cpp - Prepares kernels and gives them schedules ----------===//
#include "mlir/IR/IRMapping.h"
#include "passes/KernelModel.h"
#include "passes/Passes.h"
#include "passes/SetSchedules.h"
#include "passes/Steps.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_SCHEDULE
#include "passes/Passes.h.inc"

namespace {

/// True if the value is computed at compile time: from constants, outside of kernels.
bool isCompileTime(Value v) {
  Operation *op = v.getDefiningOp();
  return op && !isa<tn::KernelOp>(op) && llvm::all_of(op->getOperands(), isCompileTime);
}

/// Weights below this size are not worth a slower reader.
constexpr int64_t kSharedBytes = 1 << 20;

struct Schedule : impl::ScheduleBase<Schedule> {
  using ScheduleBase::ScheduleBase;
  explicit Schedule(const KernelLibrary *library) : library(library) {}

  void runOnOperation() override {
    if (!library)
      return;
    func::FuncOp function = getOperation();
    SmallVector<tn::KernelOp> kernels(function.getOps<tn::KernelOp>());
    for (tn::KernelOp kernel : kernels)
      if (mayStep(kernel, "prepare operands"))
        library->find(*kernel.getTemplateName())->prepare(kernel);
    sharePackedWeights(function);
    if (failed(wrapLooseOperations(function)))
      return signalPassFailure();
    kernels.assign(function.getOps<tn::KernelOp>().begin(), function.getOps<tn::KernelOp>().end());
    for (tn::KernelOp kernel : kernels)
      if (mayStep(kernel, "choose schedule") && failed(setSchedules(kernel, *library)))
        return signalPassFailure();
  }

  /// A large weight that one kernel wants packed and another one plain (an embedding tied to the output layer) is
  /// kept in the packed form only: the other kernel reads it through tn.unpack.
  void sharePackedWeights(func::FuncOp function) {
    for (tn::PackOp pack : llvm::to_vector(function.getOps<tn::PackOp>())) {
      Value weight = pack.getOperand();
      int64_t bytes = product(pack.getType().getShape()) * elementBytes(pack.getType().getElementType());
      if (!isCompileTime(weight) || bytes < kSharedBytes || !mayStep(pack, "share packed weight"))
        continue;
      pack->moveAfter(weight.getDefiningOp());
      for (OpOperand &use : llvm::make_early_inc_range(weight.getUses()))
        if (auto kernel = dyn_cast<tn::KernelOp>(use.getOwner()))
          readPacked(kernel, use.getOperandNumber(), pack);
    }
  }

  void readPacked(tn::KernelOp kernel, unsigned input, tn::PackOp pack) {
    BlockArgument argument = kernel.getBlock()->getArgument(input);
    Type plain = argument.getType();
    OpBuilder b(kernel.getContext());
    b.setInsertionPointToStart(kernel.getBlock());
    auto unpack = tn::UnpackOp::create(b, pack.getLoc(), plain, argument, pack.getBatch(), pack.getK(), pack.getN(),
                                       pack.getPanel());
    argument.replaceAllUsesExcept(unpack, unpack);
    argument.setType(pack.getType());
    kernel->setOperand(input, pack);
    if (library->find(*kernel.getTemplateName())->match(kernel))
      return;
    kernel->setOperand(input, pack.getOperand());
    argument.setType(plain);
    unpack.getResult().replaceAllUsesWith(argument);
    unpack->erase();
  }

  /// What preparation computes from values that are only known at run time becomes a kernel of its own.
  LogicalResult wrapLooseOperations(func::FuncOp function) {
    SmallVector<Operation *> loose;
    for (Operation &op : function.getBody().front().without_terminator())
      if (!isa<tn::KernelOp, tn::ReshapeOp, tn::ConstantOp>(op) && !isCompileTime(op.getResult(0)))
        loose.push_back(&op);
    for (Operation *op : loose) {
      if (!mayStep(op, "wrap operation"))
        continue;
      OpBuilder b(op);
      auto kernel = tn::KernelOp::create(b, op->getLoc(), op->getResultTypes(), op->getOperands(), ValueRange{},
                                         StringAttr(), DictionaryAttr());
      Block *body = b.createBlock(&kernel.getBody());
      IRMapping mapping;
      for (Value operand : op->getOperands())
        mapping.map(operand, body->addArgument(operand.getType(), op->getLoc()));
      Operation *inner = b.clone(*op, mapping);
      tn::YieldOp::create(b, op->getLoc(), inner->getResults());
      const KernelModel *model = library->match(kernel);
      if (!model)
        return op->emitError("no kernel template can compute ") << op->getName() << " here";
      kernel.setTemplateName(model->getName());
      op->replaceAllUsesWith(kernel.getResults());
      op->erase();
    }
    return success();
  }

  const KernelLibrary *library = nullptr;
};

} // namespace

std::unique_ptr<Pass> createSchedule(const KernelLibrary &library) { return std::make_unique<Schedule>(&library); }

} // namespace tenon

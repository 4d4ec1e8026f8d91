//===- Schedule.cpp - Prepares kernels and gives them schedules ----------===//
#include "passes/KernelModel.h"
#include "passes/Passes.h"
#include "mlir/IR/IRMapping.h"

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

struct Schedule : impl::ScheduleBase<Schedule> {
  using ScheduleBase::ScheduleBase;
  explicit Schedule(const KernelLibrary *library) : library(library) {}

  void runOnOperation() override {
    if (!library)
      return;
    func::FuncOp function = getOperation();
    SmallVector<tn::KernelOp> kernels(function.getOps<tn::KernelOp>());
    for (tn::KernelOp kernel : kernels)
      library->find(*kernel.getTemplateName())->prepare(kernel);
    if (failed(wrapLooseOperations(function)))
      return signalPassFailure();
    kernels.assign(function.getOps<tn::KernelOp>().begin(), function.getOps<tn::KernelOp>().end());
    for (tn::KernelOp kernel : kernels)
      setSchedules(kernel);
  }

  /// What preparation computes from values that are only known at run time becomes a kernel of its own.
  LogicalResult wrapLooseOperations(func::FuncOp function) {
    SmallVector<Operation *> loose;
    for (Operation &op : function.getBody().front().without_terminator())
      if (!isa<tn::KernelOp, tn::ReshapeOp, tn::ConstantOp>(op) && !isCompileTime(op.getResult(0)))
        loose.push_back(&op);
    for (Operation *op : loose) {
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

  void setSchedules(tn::KernelOp kernel) {
    const KernelModel *model = library->find(*kernel.getTemplateName());
    Builder b(kernel.getContext());
    SmallVector<NamedAttribute> schedules;
    for (const Target *target : library->targets)
      schedules.push_back(b.getNamedAttr(target->name, model->schedule(kernel, *target)));
    kernel.setScheduleAttr(b.getDictionaryAttr(schedules));
  }

  const KernelLibrary *library = nullptr;
};

} // namespace

std::unique_ptr<Pass> createSchedule(const KernelLibrary &library) { return std::make_unique<Schedule>(&library); }

} // namespace tenon

//===- Schedule.cpp - Prepares kernels and gives them schedules ----------===//
#include "mlir/IR/IRMapping.h"
#include "passes/KernelModel.h"
#include "passes/Passes.h"
#include "passes/Permutations.h"
#include "passes/SetSchedules.h"
#include "passes/Steps.h"
#include "passes/Values.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_SCHEDULE
#include "passes/Passes.h.inc"

namespace {

/// Weights below this size are not worth a slower reader.
constexpr int64_t kSharedBytes = 1 << 20;

/// What a kernel computes that does nothing but multiply weights, for one tn.pack.
struct ScaledWeights {
  tn::KernelOp kernel;
  Value weights, factor;

  static std::optional<ScaledWeights> get(tn::PackOp pack) {
    auto kernel = pack.getOperand().getDefiningOp<tn::KernelOp>();
    if (!kernel || !pack.getOperand().hasOneUse() || kernel->getNumResults() != 1)
      return std::nullopt;
    auto scale = dyn_cast<tn::MulOp>(kernel.getBlock()->front());
    if (!scale || scale->getNextNode() != kernel.getBlock()->getTerminator())
      return std::nullopt;
    auto inputOf = [&](Value v) { return kernel.getInputs()[cast<BlockArgument>(v).getArgNumber()]; };
    Value lhs = inputOf(scale.getLhs()), rhs = inputOf(scale.getRhs());
    for (auto [weights, factor] : {std::pair(lhs, rhs), {rhs, lhs}})
      if (isCompileTime(weights) && weights.getType() == pack.getOperand().getType() && !variesAlong(factor, pack))
        return ScaledWeights{kernel, weights, factor};
    return std::nullopt;
  }

  /// Whether a factor varies along what lies side by side in a panel.
  static bool variesAlong(Value factor, tn::PackOp pack) {
    int64_t missing = pack.getOperand().getType().getRank() - static_cast<int64_t>(shapeOf(factor).size());
    return llvm::any_of(pack.getN(), [&](int64_t d) { return d >= missing && shapeOf(factor)[d - missing] != 1; });
  }

  /// The panels with a dimension for each one of k: [batch.., panels, k.., panel].
  static SmallVector<int64_t> panelShape(tn::PackOp pack) {
    ArrayRef<int64_t> plain = shapeOf(pack.getOperand()), packed = pack.getType().getShape();
    SmallVector<int64_t> shape(packed.drop_back(2));
    for (int64_t d : pack.getK())
      shape.push_back(plain[d]);
    shape.push_back(packed.back());
    return shape;
  }

  /// The factor as it multiplies these.
  Value panelFactor(OpBuilder &b, tn::PackOp pack) {
    SmallVector<int64_t> order(pack.getBatch());
    llvm::append_range(order, pack.getN());
    llvm::append_range(order, pack.getK());
    Value ordered = createTranspose(b, kernel.getLoc(), extendRank(b, kernel.getLoc(), factor, order.size()), order);
    SmallVector<int64_t> shape(shapeOf(ordered));
    shape.erase(shape.begin() + pack.getBatch().size(), shape.begin() + pack.getBatch().size() + pack.getN().size());
    shape.insert(shape.begin() + pack.getBatch().size(), 1);
    shape.push_back(1);
    return createReshape(b, kernel.getLoc(), ordered, shape);
  }
};

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
    packBeforeScaling(function);
    sharePackedWeights(function);
    if (failed(wrapLooseOperations(function)))
      return signalPassFailure();
    kernels.assign(function.getOps<tn::KernelOp>().begin(), function.getOps<tn::KernelOp>().end());
    for (tn::KernelOp kernel : kernels)
      if (mayStep(kernel, "choose schedule") && failed(setSchedules(kernel, *library)))
        return signalPassFailure();
  }

  /// pack(w * f) -> pack(w) * f for weights that are scaled at run time: the packing stays a recipe for the weight
  /// block, and what is left to do is one product over panels, in the order of memory.
  static void packBeforeScaling(func::FuncOp function) {
    for (tn::PackOp pack : llvm::to_vector(function.getOps<tn::PackOp>())) {
      std::optional<ScaledWeights> scaled = ScaledWeights::get(pack);
      if (!scaled || !mayStep(pack, "pack before scaling"))
        continue;
      OpBuilder b(pack);
      Value packed = tn::PackOp::create(b, pack.getLoc(), scaled->weights, pack.getBatch(), pack.getK(), pack.getN(),
                                        pack.getPanel());
      Value panels = createReshape(b, pack.getLoc(), packed, scaled->panelShape(pack));
      Value product = tn::MulOp::create(b, scaled->kernel.getLoc(), panels, scaled->panelFactor(b, pack));
      pack.replaceAllUsesWith(createReshape(b, pack.getLoc(), product, shapeOf(packed)));
      pack.erase();
      scaled->kernel.erase();
    }
  }

  /// A large weight that one kernel wants packed and another one plain (an embedding tied to the output layer) is
  /// kept in the packed form only: the other kernel reads it through tn.unpack.
  void sharePackedWeights(func::FuncOp function) {
    for (tn::PackOp pack : llvm::to_vector(function.getOps<tn::PackOp>())) {
      Value weight = pack.getOperand();
      int64_t bytes = denseBytes(pack.getType());
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

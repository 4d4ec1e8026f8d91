//===- Fuse.cpp - Groups operations into kernels -------------------------===//
//
// Decides which operations run together. Contractions and row reductions are anchors: elementwise operations behind
// them join, so that results leave registers once. What remains, elementwise chains and data movement, is grouped
// bottom-up: a producer with one reader joins its reader. Each group becomes a tn.kernel, if a kernel template
// matches; otherwise its operations become kernels of their own.
//
//===----------------------------------------------------------------------===//
#include "ir/Constant.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "passes/FuseRules.h"
#include "passes/KernelModel.h"
#include "passes/Passes.h"
#include "passes/Steps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_FUSE
#include "passes/Passes.h.inc"

namespace {

using Group = llvm::SetVector<Operation *>;

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Operations that take part in kernels: not constants, reshapes (which are views) and what is computed at compile
/// time from constants.
class Candidates {
public:
  explicit Candidates(Block &block) {
    for (Operation &op : block.without_terminator()) {
      bool folded = op.getNumOperands() > 0 || isa<tn::ConstantOp>(op);
      for (Value operand : op.getOperands())
        folded &= operand.getDefiningOp() && compileTime.contains(operand.getDefiningOp());
      if (folded)
        compileTime.insert(&op);
      else if (!isa<tn::ReshapeOp, tn::KernelOp>(op))
        candidates.insert(&op);
    }
  }
  bool contains(Operation *op) const { return candidates.contains(op); }
  bool isCompileTime(Value v) const { return v.getDefiningOp() && compileTime.contains(v.getDefiningOp()); }
  ArrayRef<Operation *> list() const { return candidates.getArrayRef(); }

private:
  llvm::SetVector<Operation *> candidates;
  llvm::DenseSet<Operation *> compileTime;
};

/// Forms the groups of one function.
class Grouping {
public:
  explicit Grouping(Block &block) : block(block), candidates(block) {}

  const FuseGroups &run() {
    for (Operation *op : candidates.list())
      if (isContraction(op))
        growDown(start(op));
    for (Operation *op : candidates.list())
      if (!groupOf.count(op) && isRowReduction(op)) {
        unsigned g = start(op);
        growRow(g);
        growUp(g);
      }
    for (Operation *op : llvm::reverse(candidates.list()))
      if (!groupOf.count(op)) {
        unsigned g = start(op);
        if (isPointwise(op))
          growUp(g);
      }
    return result;
  }

private:
  unsigned start(Operation *op) {
    groups.emplace_back();
    add(groups.size() - 1, op);
    return groups.size() - 1;
  }

  void add(unsigned g, Operation *op) {
    groups[g].insert(op);
    groupOf[op] = g;
  }

  bool isFree(Operation *op) const { return candidates.contains(op) && !groupOf.count(op); }

  /// Elementwise readers of the group's last result join, as long as each computes a tensor of the anchor's size and
  /// their other operands do not wait for the group.
  void growDown(unsigned g) {
    Operation *anchor = groups[g].front();
    int64_t elements = typeOf(anchor->getResult(0)).getNumElements();
    Value last = anchor->getResult(0);
    while (Operation *next = nextReader(last, g, [&](Operation *op) {
             return isa<tn::ElementwiseOpInterface>(op) && typeOf(op->getResult(0)).getNumElements() == elements &&
                    typeOf(op->getResult(0)).getShape() == typeOf(last).getShape();
           })) {
      add(g, next);
      last = next->getResult(0);
    }
    // The consumer's border costs nothing where the result is written anyway.
    if (Operation *next = nextReader(last, g, [&](Operation *op) {
          auto pad = dyn_cast<tn::PadOp>(op);
          return pad && pad.getMode() == tn::PadMode::Constant;
        }))
      add(g, next);
  }

  /// As growDown, for row reductions: results stay in the iteration space or have one element per row.
  void growRow(unsigned g) {
    Value last = groups[g].front()->getResult(0);
    ArrayRef<int64_t> space = typeOf(groups[g].front()->getOperand(0)).getShape();
    while (Operation *next = nextReader(last, g, [&](Operation *op) {
             ArrayRef<int64_t> shape = typeOf(op->getResult(0)).getShape();
             return isa<tn::ElementwiseOpInterface>(op) && (shape == space || shape == typeOf(last).getShape());
           })) {
      add(g, next);
      last = next->getResult(0);
    }
  }

  /// The one reader of `last` that may join group `g`. A value with several readers, all outside, ends the group.
  Operation *nextReader(Value last, unsigned g, llvm::function_ref<bool(Operation *)> accepts) {
    Operation *reader = nullptr;
    for (Operation *user : last.getUsers()) {
      if (reader && user != reader)
        return nullptr;
      reader = user;
    }
    if (!reader || reader->getBlock() != &block || !isFree(reader) || !accepts(reader))
      return nullptr;
    for (Value operand : reader->getOperands())
      if (operand != last && !candidates.isCompileTime(operand) && result.dependsOn(operand, g))
        return nullptr;
    return reader;
  }

  /// Pointwise producers whose readers are all in the group join it.
  void growUp(unsigned g) {
    for (unsigned i = 0; i < groups[g].size(); ++i) {
      Operation *op = groups[g][i];
      // An operation that reads elements more than once would repeat the producer's work.
      if (!isPointwise(op) && !isRowReduction(op))
        continue;
      for (Value operand : op->getOperands()) {
        Operation *producer = operand.getDefiningOp();
        if (!producer || !isFree(producer) || !isPointwise(producer))
          continue;
        auto elementwise = dyn_cast<tn::ElementwiseOpInterface>(producer);
        if (repeatsWork(op, operand) && elementwise && elementwise.isExpensive())
          continue;
        if (llvm::all_of(producer->getUsers(), [&](Operation *user) { return groups[g].contains(user); }))
          add(g, producer);
      }
    }
  }

  Block &block;
  Candidates candidates;
  FuseGroups result;
  std::vector<Group> &groups = result.groups;
  llvm::DenseMap<Operation *, unsigned> &groupOf = result.groupOf;
};

Location locationOf(ArrayRef<Operation *> ops) {
  return FusedLoc::get(ops[0]->getContext(), llvm::map_to_vector(ops, [](Operation *op) { return op->getLoc(); }));
}

std::string listNames(ArrayRef<Operation *> ops) {
  return llvm::join(llvm::map_range(ops, [](Operation *op) { return op->getName().getStringRef().str(); }), ", ");
}

/// Makes a kernel of operations of one block, placed before the last of them.
tn::KernelOp buildKernel(ArrayRef<Operation *> ops) {
  llvm::SetVector<Value> inputs;
  SmallVector<Operation *> splats;
  SmallVector<Value> escaping;
  llvm::SmallPtrSet<Operation *, 8> members(ops.begin(), ops.end());
  for (Operation *op : ops) {
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if (producer && members.contains(producer))
        continue;
      if (tn::splatValue(operand) && !isa<tn::ContractOp, tn::ConvOp, tn::WinogradConvOp, tn::LstmOp>(op))
        splats.push_back(producer);
      else
        inputs.insert(operand);
    }
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !members.contains(user); }))
        escaping.push_back(result);
  }
  OpBuilder b(ops.back());
  Location loc = locationOf(ops);
  auto kernel = tn::KernelOp::create(b, loc, TypeRange(ValueRange(escaping)), inputs.getArrayRef(), ValueRange{},
                                     StringAttr(), DictionaryAttr());
  Block *body = b.createBlock(&kernel.getBody());
  IRMapping mapping;
  for (Value input : inputs)
    mapping.map(input, body->addArgument(input.getType(), loc));
  for (Operation *splat : splats)
    if (!mapping.contains(splat->getResult(0)))
      b.clone(*splat, mapping);
  for (Operation *op : ops)
    b.clone(*op, mapping);
  SmallVector<Value> yielded;
  for (Value v : escaping)
    yielded.push_back(mapping.lookup(v));
  tn::YieldOp::create(b, loc, yielded);
  return kernel;
}

struct Fuse : impl::FuseBase<Fuse> {
  using FuseBase::FuseBase;
  explicit Fuse(const KernelLibrary *library) : library(library) {}

  void runOnOperation() override {
    if (!library)
      return;
    Block &block = getOperation().getBody().front();
    Grouping grouping(block);
    const FuseGroups &result = grouping.run();
    remarkTransposes(block);
    remarkApart(block, result);
    for (const Group &group : result.groups) {
      SmallVector<Operation *> ops(group.getArrayRef());
      llvm::sort(ops, [](Operation *x, Operation *y) { return x->isBeforeInBlock(y); });
      if (failed(makeKernel(ops)))
        return signalPassFailure();
    }
    sortTopologically(&block);
  }

  /// Replaces operations by a kernel, or by one kernel each if no template matches them together.
  LogicalResult makeKernel(ArrayRef<Operation *> ops) {
    if (!mayStep(ops.back(), "form kernel"))
      return success();
    tn::KernelOp kernel = buildKernel(ops);
    const KernelModel *model = library->match(kernel);
    if (!model) {
      kernel.erase();
      if (ops.size() == 1)
        return ops[0]->emitError("no kernel template can compute ") << ops[0]->getName() << " here";
      remark::missed(locationOf(ops), remark::RemarkOpts::name("split").category("tn-fuse"))
          << "no kernel template takes " + listNames(ops) + " together: each is a kernel of its own";
      for (Operation *op : ops)
        if (failed(makeKernel(op)))
          return failure();
      return success();
    }
    kernel.setTemplateName(model->getName());
    if (ops.size() > 1)
      remark::passed(kernel.getLoc(), remark::RemarkOpts::name("fused").category("tn-fuse"))
          << listNames(ops) + " are one kernel of template " + model->getName().str();
    replace(ops, kernel);
    ++kernels;
    fused += ops.size() - 1;
    return success();
  }

  static void replace(ArrayRef<Operation *> ops, tn::KernelOp kernel) {
    llvm::SmallPtrSet<Operation *, 8> members(ops.begin(), ops.end());
    unsigned position = 0;
    for (Operation *op : ops)
      for (Value result : op->getResults())
        if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !members.contains(user); }))
          result.replaceUsesWithIf(kernel.getResult(position++),
                                   [&](OpOperand &use) { return !members.contains(use.getOwner()); });
    for (Operation *op : llvm::reverse(ops))
      op->erase();
  }

  const KernelLibrary *library = nullptr;
};

} // namespace

std::unique_ptr<Pass> createFuse(const KernelLibrary &library) { return std::make_unique<Fuse>(&library); }

} // namespace tenon

#include "tools/debug/Replay.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Rewrite/PatternApplicator.h"
#include "passes/Provenance.h"
#include "passes/Steps.h"
#include "tools/compiler/FaultScopes.h"
#include "tools/debug/Tolerance.h"
#include "llvm/ADT/Hashing.h"

using namespace mlir;

namespace tenon::debug {

namespace {

/// Lets one pass run, and of it the first steps.
class Gate {
public:
  Gate(MLIRContext *context, unsigned pass, int64_t limit, llvm::function_ref<void(const Step &)> note)
      : context(context), wanted(pass), limit(limit), note(note) {
    context->registerActionHandler(
        [this](llvm::function_ref<void()> act, const tracing::Action &action) { handle(act, action); });
  }
  ~Gate() { context->registerActionHandler(nullptr); }

  int64_t steps = 0;
  Step last;

private:
  void handle(llvm::function_ref<void()> act, const tracing::Action &action) {
    if (auto *execution = dyn_cast<PassExecutionAction>(&action)) {
      if (execution->getPass().getArgument().empty() || pass++ == wanted)
        act();
      return;
    }
    if (!isa<StepAction, ApplyPatternAction>(&action))
      return act();
    if (limit >= 0 && steps == limit)
      return;
    if (++steps == limit) {
      last = {*stepName(action), operationOf(action)};
      if (note)
        note(last);
    }
    act();
  }

  static std::string operationOf(const tracing::Action &action) {
    for (IRUnit unit : action.getContextIRUnits())
      if (auto *op = llvm::dyn_cast_if_present<Operation *>(unit))
        return describe(op);
    return "";
  }

  MLIRContext *context;
  unsigned pass = 0, wanted;
  int64_t limit;
  llvm::function_ref<void(const Step &)> note;
};

} // namespace

Replayed replay(ModuleOp before, const PassPosition &position, const CompilerOptions &options,
                const KernelLibrary &library, int64_t limit, llvm::function_ref<void(const Step &)> note) {
  Replayed result;
  result.module = before.clone();
  auto stage = static_cast<Stage>(llvm::find(stageNames(), position.stage) - stageNames().begin());
  PassManager pm(before.getContext());
  watchFaultScopes(pm, position.stage);
  buildStage(pm, stage, options, library);
  Gate gate(before.getContext(), position.number, limit, note);
  result.succeeded = succeeded(pm.run(*result.module));
  result.steps = gate.steps;
  result.last = gate.last;
  return result;
}

namespace {
/// An operation by what it is and by what makes its operands.
struct Described {
  Operation *op;
  llvm::hash_code hash;
};
} // namespace

static llvm::hash_code hashOf(Operation *op) {
  llvm::hash_code hash = llvm::hash_combine(op->getName(), op->getAttrDictionary());
  for (Type type : op->getResultTypes())
    hash = llvm::hash_combine(hash, type);
  return hash;
}

static std::vector<Described> describeModule(ModuleOp module) {
  std::vector<Described> list;
  module->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<ModuleOp, func::FuncOp>(op))
      return;
    llvm::hash_code hash = hashOf(op);
    for (Value operand : op->getOperands())
      if (Operation *producer = operand.getDefiningOp())
        hash = llvm::hash_combine(hash, hashOf(producer), cast<OpResult>(operand).getResultNumber());
      else
        hash = llvm::hash_combine(hash, cast<BlockArgument>(operand).getArgNumber(), operand.getType());
    list.push_back({op, hash});
  });
  return list;
}

/// Nodes that a delta names at most.
static constexpr size_t kNodesNamed = 16;

static std::vector<std::string> textsOfMissing(ModuleOp module, const std::vector<Described> &ops,
                                               const std::vector<Described> &others,
                                               llvm::SetVector<StringRef> &nodes) {
  llvm::DenseMap<size_t, int> counts;
  for (const Described &other : others)
    ++counts[other.hash];
  AsmState state(module, OpPrintingFlags().elideLargeElementsAttrs(8).skipRegions());
  std::vector<std::string> texts;
  for (const Described &described : ops) {
    if (counts[described.hash]-- > 0)
      continue;
    llvm::raw_string_ostream stream(texts.emplace_back());
    described.op->print(stream, state);
    if (nodes.size() < kNodesNamed)
      collectNames(described.op->getLoc(), nodes);
  }
  return texts;
}

ModuleDelta compareModules(ModuleOp before, ModuleOp after) {
  std::vector<Described> old = describeModule(before), made = describeModule(after);
  ModuleDelta delta;
  llvm::SetVector<StringRef> nodes;
  delta.before = textsOfMissing(before, old, made, nodes);
  delta.after = textsOfMissing(after, made, old, nodes);
  for (StringRef node : nodes.getArrayRef().take_front(kNodesNamed))
    delta.nodes.push_back(node.str());
  return delta;
}

} // namespace tenon::debug

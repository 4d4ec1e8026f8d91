#include "tools/compiler/PassWatch.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Rewrite/PatternApplicator.h"
#include "passes/Steps.h"
#include <regex>

using namespace mlir;

namespace tenon {

namespace {

struct Instrumentation : PassInstrumentation {
  Instrumentation(llvm::StringRef stage, PassWatcher watcher) : watcher(std::move(watcher)) {
    position.stage = stage.str();
  }

  static bool isAdaptor(Pass *pass) { return pass->getArgument().empty(); }

  static ModuleOp moduleOf(Operation *op) {
    auto module = dyn_cast<ModuleOp>(op);
    return module ? module : op->getParentOfType<ModuleOp>();
  }

  void runBeforePass(Pass *pass, Operation *op) override {
    if (isAdaptor(pass))
      return;
    llvm::StringRef name = pass->getArgument();
    name.consume_front("tn-");
    position.name = name.str();
    position.argument = pass->getArgument().str();
    position.summary = pass->getDescription().str();
    if (watcher.before)
      watcher.before(position, moduleOf(op));
  }
  void runAfterPass(Pass *pass, Operation *op) override { end(pass, op, true); }
  void runAfterPassFailed(Pass *pass, Operation *op) override { end(pass, op, false); }

  void end(Pass *pass, Operation *op, bool succeeded) {
    if (isAdaptor(pass))
      return;
    if (watcher.after)
      watcher.after(position, moduleOf(op), succeeded);
    ++position.number;
  }

  PassWatcher watcher;
  PassPosition position;
};

} // namespace

std::optional<PassPosition> PassPosition::parse(llvm::StringRef text) {
  auto [stage, rest] = text.split('/');
  auto [number, name] = rest.split('-');
  PassPosition position;
  position.stage = stage.str();
  position.name = name.str();
  if (name.empty() || number.getAsInteger(10, position.number))
    return std::nullopt;
  return position;
}

void watchPasses(PassManager &pm, llvm::StringRef stage, PassWatcher watcher) {
  pm.addInstrumentation(std::make_unique<Instrumentation>(stage, std::move(watcher)));
}

std::optional<std::string> stepName(const tracing::Action &action) {
  if (auto *own = dyn_cast<StepAction>(&action))
    return own->getName().str();
  if (!isa<ApplyPatternAction>(&action))
    return std::nullopt;
  // The pattern is not to be had but by the action's text.
  std::string text;
  llvm::raw_string_ostream stream(text);
  action.print(stream);
  static const std::regex scopes(R"((\w+|\(anonymous namespace\)|\{anonymous\})::)");
  return std::regex_replace(llvm::StringRef(text).split("pattern: ").second.str(), scopes, "");
}

} // namespace tenon

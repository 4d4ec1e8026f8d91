//===- FailureAnalysis.cpp - Crashes, hangs and errors of the compiler ---===//
//
// The predicate is whether a process that replays so and so many steps of a pass ends well, so no thread may have been
// started here: every probe is a fork.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/ObjectCode.h"
#include "codegen/cpu/Program.h"
#include "tools/compiler/FaultScopes.h"
#include "tools/debug/Analysis.h"
#include <fmt/core.h>

using namespace mlir;

namespace tenon::debug {

/// Seconds that a probe may take where the fault is a hang, and where it is not.
constexpr double kProbeSeconds = 2, kLongProbeSeconds = 60;
/// No pass takes more steps than that.
constexpr int64_t kMostSteps = int64_t(1) << 24;

static ProcessLimits probeLimits(const ProcessLimits &given, llvm::StringRef kind) {
  ProcessLimits limits = given;
  double most = kind == "hang" ? kProbeSeconds : kLongProbeSeconds;
  limits.seconds = given.seconds > 0 ? std::min(given.seconds, most) : most;
  return limits;
}

/// Whether a pass that ended well has left a wrong program, which then may be all that the later one can't take. If so
/// the report is saved.
bool Analysis::isWrongBefore() {
  ProcessLimits limits = options.limits;
  limits.seconds = 0;
  ProcessOutcome outcome = supervise(limits, [&] {
    if (!checkReference() && expected.empty())
      return 0;
    report.finding.reset();
    bool good = checkPasses();
    save();
    return good ? 0 : static_cast<int>(ErrorKind::Differs);
  });
  bool isWrong = outcome.crashSignal || outcome.exitCode == static_cast<int>(ErrorKind::Differs);
  if (!isWrong)
    save();
  return isWrong;
}

int Analysis::runFailing(const PassPosition &position, llvm::StringRef kind, const std::string &text,
                         std::string &message) {
  Finding finding{kind.str(), position.str(), text, {}};
  compiler.getContext().disableMultithreading();
  report.finding = finding;
  save();
  if (!open(message))
    return bindCode;
  if (isWrongBefore())
    return static_cast<int>(ErrorKind::Differs);
  std::string before;
  for (const Snapshot &snapshot : readSnapshots(directory)) {
    report.passes.push_back({snapshot.position.str(), snapshot.changed, -1, 0, {}});
    if (snapshot.succeeded && snapshot.changed)
      before = snapshot.file;
  }
  OwningOpRef<ModuleOp> previous;
  if (!before.empty())
    previous = readSnapshot(before, compiler.getContext());
  ModuleOp module = previous ? *previous : compiler.getModule();
  auto fails = [&](int64_t limit) {
    ProcessOutcome outcome = supervise(probeLimits(options.limits, kind), [&] {
      return replay(module, position, options.compiler, compiler.getLibrary(), limit).succeeded ? 0 : 1;
    });
    return outcome.exitCode != 0;
  };
  int64_t steps = 1;
  while (steps < kMostSteps && !fails(steps))
    steps *= 2;
  if (steps == kMostSteps) {
    report.notes.push_back("note: the pass ends well when it runs again");
    report.finding = finding;
    save();
    return static_cast<int>(ErrorKind::Differs);
  }
  finding.step = firstBad(steps, fails);
  finding.steps = finding.step;
  report.finding = finding;
  save();
  if (finding.step > 0) {
    // What the step does can't be seen, but what it was tried at: the program one step earlier is whole. The process
    // that takes the step saves the report, and this one does not any more.
    supervise(probeLimits(options.limits, kind), [&] {
      Replayed good = replay(module, position, options.compiler, compiler.getLibrary(), finding.step - 1);
      finding.before = compareModules(module, *good.module).after;
      report.finding = finding;
      save();
      // The gate notes the step before it is taken; this one is not survived.
      auto note = [&](const Step &step) {
        report.finding->pattern = step.name;
        report.finding->tried = step.op;
        save();
      };
      return replay(module, position, options.compiler, compiler.getLibrary(), finding.step, note).succeeded ? 0 : 1;
    });
  }
  return static_cast<int>(ErrorKind::Differs);
}

int Analysis::runFailingKernels(llvm::StringRef kind, const std::string &text, std::string &message) {
  compiler.getContext().disableMultithreading();
  report.finding = Finding{kind.str(), "kernel", text, {}};
  save();
  if (!open(message))
    return bindCode;
  if (isWrongBefore())
    return static_cast<int>(ErrorKind::Differs);
  std::string file;
  for (const Snapshot &snapshot : readSnapshots(directory)) {
    report.passes.push_back({snapshot.position.str(), snapshot.changed, -1, 0, {}});
    file = snapshot.file;
  }
  OwningOpRef<ModuleOp> module = readSnapshot(file, compiler.getContext());
  if (!module || !(*module).lookupSymbol<func::FuncOp>("main")->hasAttr("tn.arena_bytes"))
    return static_cast<int>(ErrorKind::Differs);
  enterFaultScope("kernel");
  int64_t n = 0;
  codegen::Program program = codegen::collectProgram(*module, "model");
  for (codegen::Program::Kernel &kernel : program.kernels) {
    ProcessOutcome outcome = supervise(probeLimits(options.limits, kind), [&] {
      llvm::SmallVector<char, 0> code;
      return succeeded(codegen::compileKernel(kernel.op, kernel.name, *compiler.getLibrary().targets.front(),
                                              codegen::CodeForm::Object, code))
                 ? 0
                 : 1;
    });
    if (outcome.exitCode != 0) {
      Finding &finding = *report.finding;
      finding.kernel = n;
      finding.kernelTemplate = kernel.op.getTemplateName()->str();
      finding.kernelText = describeWhole(kernel.op);
      finding.sources = splitLines(sourcesOf(kernel.op.getLoc()));
      finding.loweringStep = "template " + finding.kernelTemplate + ", while code is made";
      finding.naive = "not tried";
      break;
    }
    ++n;
  }
  save();
  return static_cast<int>(ErrorKind::Differs);
}

} // namespace tenon::debug

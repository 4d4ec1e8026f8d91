#include "tools/debug/Analysis.h"
#include "llvm/ADT/StringExtras.h"
#include <fmt/core.h>

using namespace mlir;

namespace tenon::debug {

int64_t firstBad(int64_t steps, llvm::function_ref<bool(int64_t)> isBad) {
  int64_t good = -1, bad = steps;
  while (bad - good > 1) {
    int64_t middle = good + (bad - good) / 2;
    (isBad(middle) ? bad : good) = middle;
  }
  return bad;
}

std::vector<std::string> splitLines(llvm::StringRef text) {
  llvm::SmallVector<llvm::StringRef> lines;
  text.split(lines, '\n', -1, /*KeepEmpty=*/false);
  return {lines.begin(), lines.end()};
}

/// A tolerance above which a result says nothing.
constexpr double kUseless = 1e-2;

/// Imports the model, binds inputs and makes what passes computed known.
bool Analysis::open(std::string &message) {
  announcePhase("analysis");
  if (!compiler.load(options.model)) {
    message = compiler.getError().message;
    bindCode = static_cast<int>(compiler.getError().kind);
    return false;
  }
  auto main = compiler.getModule().lookupSymbol<func::FuncOp>("main");
  for (unsigned i = 0; i < main.getNumResults(); ++i) {
    auto name = main.getResultAttrOfType<StringAttr>(i, "tn.name");
    outputNames.push_back(name ? name.str() : fmt::format("result {}", i));
  }
  bindCode = options.bind(main, inputs, known);
  if (bindCode == 0 && !loadSnapshotWeights(directory, compiler.getContext(), message))
    bindCode = static_cast<int>(ErrorKind::InputOutput);
  return bindCode == 0;
}

/// Whether results are those of the reference; else `finding` says which is not. `record` gets their errors.
bool Analysis::accepts(llvm::ArrayRef<Tensor> results, Finding &finding, PassRecord &record) {
  bool good = results.size() == expected.size();
  record.error = good ? 0 : INFINITY;
  record.errors.clear();
  if (!good)
    finding.message = fmt::format("{} results instead of {}", results.size(), expected.size());
  double worst = -1;
  for (size_t i = 0; i < std::min(results.size(), expected.size()); ++i) {
    Difference difference = compare(results[i], expected[i]);
    record.error = std::max(record.error, difference.relative);
    record.errors.push_back(difference.relative);
    if (tolerance.accepts(i, difference))
      continue;
    good = false;
    if (difference.relative <= worst)
      continue;
    worst = difference.relative;
    finding.difference = difference.relative;
    finding.tolerance = tolerance[i];
    finding.output = outputNames[i];
    finding.message = difference.sameShape
                          ? fmt::format("result {} is off by {:.2e}, {:.2e} is allowed; element {} is {:.9g} "
                                        "instead of {:.9g}",
                                        outputNames[i], difference.relative, tolerance[i], difference.worst,
                                        difference.got, difference.expected)
                          : fmt::format("result {} has another shape or type", outputNames[i]);
  }
  return good;
}

static std::string describeType(const Tensor &tensor) {
  std::string text;
  llvm::raw_string_ostream(text) << tensor.getType();
  return text;
}

/// The imported program's results, what they may be off by, and whether they are what the reference says.
bool Analysis::checkReference() {
  if (failed(evaluator.run(compiler.getModule(), inputs, expected))) {
    report.finding = Finding{"invalid", "import", "the imported program has no value", {}};
    return false;
  }
  std::optional<NotFinite> notFinite = evaluator.getNotFinite();
  std::vector<Tensor> noisy;
  if (succeeded(Evaluator(/*noise=*/1).run(compiler.getModule(), inputs, noisy)))
    tolerance = Tolerance(expected, noisy);
  for (size_t i = 0; i < tolerance.size(); ++i) {
    report.tolerance = std::max(report.tolerance, tolerance[i]);
    report.outputs.push_back({outputNames[i], tolerance[i]});
    if (tolerance[i] > kUseless)
      report.notes.push_back(
          fmt::format("note: rounding alone may change {} by {:.1e}: wrong numbers there can't be told "
                      "from right ones on these inputs; --input or --seed give others",
                      outputNames[i], tolerance[i]));
  }
  bool finite = llvm::all_of(expected, isFinite);
  if (notFinite) {
    std::string where = llvm::join(splitLines(notFinite->sources), ", ");
    report.notes.push_back("note: the model itself makes a NaN or infinity, at " + where + ": " + notFinite->op + ": " +
                           notFinite->example);
    if (!finite)
      report.finding =
          Finding{"not-finite", "import", notFinite->op + ": " + notFinite->example, splitLines(notFinite->sources)};
  }
  for (const KnownResult &result : known)
    for (size_t i = 0; i < expected.size(); ++i) {
      if (outputNames[i] != result.name)
        continue;
      Difference difference = compare(expected[i], result.tensor);
      // Two engines may differ by both of their errors, and the other one's is not known.
      double allowed = std::max(10 * tolerance[i], 2e-5);
      if (difference.sameShape && difference.sameFinite && difference.relative <= allowed)
        continue;
      Finding finding{"import", "import", "", {}};
      finding.message =
          fmt::format("the imported program's {} is off by {:.2e} from the reference, before any pass "
                      "has run; element {} is {:.9g} instead of {:.9g}",
                      result.name, difference.relative, difference.worst, difference.got, difference.expected);
      if (!difference.sameShape)
        finding.message = fmt::format("the imported program's {} is a {}, that of the reference a {}", result.name,
                                      describeType(expected[i]), describeType(result.tensor));
      finding.difference = difference.relative;
      finding.tolerance = allowed;
      finding.output = result.name;
      report.finding = finding;
      return false;
    }
  return true;
}

/// Runs the program after every pass that changed it, up to the first that is wrong.
bool Analysis::checkPasses() {
  std::string before;
  std::vector<Snapshot> snapshots = readSnapshots(directory);
  for (const Snapshot &snapshot : snapshots)
    report.passes.push_back({snapshot.position.str(), snapshot.changed, -1, 0, {}});
  for (size_t i = 0; i < snapshots.size(); ++i) {
    const Snapshot &snapshot = snapshots[i];
    if (!snapshot.changed || !snapshot.succeeded)
      continue;
    announcePhase(snapshot.position.str());
    Finding finding{"numbers", snapshot.position.str(), "", {}};
    report.finding = Finding{"invalid", snapshot.position.str(), "the program cannot be run", {}};
    save(); // in case the program that the pass left makes the interpreter crash
    report.finding.reset();
    OwningOpRef<ModuleOp> module = readSnapshot(snapshot.file, compiler.getContext());
    uint64_t computed = evaluator.getComputed();
    evaluator.nextProgram();
    std::vector<Tensor> results;
    bool good = module && succeeded(evaluator.run(*module, inputs, results));
    if (!good)
      finding = {"invalid", snapshot.position.str(), "the program cannot be run", {}};
    else
      good = accepts(results, finding, report.passes[i]);
    if (good) {
      finding = {"invalid", snapshot.position.str(), findBrokenPromise(*module, compiler.getLibrary()), {}};
      good = finding.message.empty();
    }
    report.passes[i].computed = evaluator.getComputed() - computed;
    if (good) {
      before = snapshot.file;
      continue;
    }
    if (std::optional<NotFinite> made = evaluator.getNotFinite(); made && llvm::all_of(expected, isFinite)) {
      finding.kind = "not-finite";
      finding.message = made->op + ": " + made->example;
      finding.sources = splitLines(made->sources);
    }
    report.finding = finding;
    save();
    OwningOpRef<ModuleOp> previous;
    if (!before.empty())
      previous = readSnapshot(before, compiler.getContext());
    findStep(*report.finding, previous ? *previous : compiler.getModule(), snapshot.position);
    return false;
  }
  planned = before;
  return true;
}

bool Analysis::isRight(ModuleOp module) {
  std::vector<Tensor> results;
  Finding ignored;
  PassRecord unused;
  return succeeded(evaluator.run(module, inputs, results)) && accepts(results, ignored, unused) &&
         findBrokenPromise(module, compiler.getLibrary()).empty();
}

/// The first step of the pass that makes the program wrong.
void Analysis::findStep(Finding &finding, ModuleOp before, const PassPosition &position) {
  MLIRContext &context = compiler.getContext();
  auto run = [&](int64_t limit) {
    context.enableMultithreading(false);
    Replayed replayed = replay(before, position, options.compiler, compiler.getLibrary(), limit);
    context.enableMultithreading(true);
    return replayed;
  };
  Replayed whole = run(-1);
  if (!whole.succeeded || isRight(*whole.module)) {
    report.notes.push_back("note: the pass is right when it runs again, so its steps can't be told apart");
    return;
  }
  finding.steps = whole.steps;
  finding.step = firstBad(whole.steps, [&](int64_t limit) {
    Replayed part = run(limit);
    return !part.succeeded || !isRight(*part.module);
  });
  context.enableMultithreading(false);
  describeStep(finding, before, position, finding.step);
  context.enableMultithreading(true);
}

/// Names the step, and what it replaced by what.
void Analysis::describeStep(Finding &finding, ModuleOp before, const PassPosition &position, int64_t step) {
  const KernelLibrary &library = compiler.getLibrary();
  ModuleDelta delta;
  if (step == 0) {
    delta = compareModules(before, *replay(before, position, options.compiler, library, 0).module);
  } else {
    Replayed good = replay(before, position, options.compiler, library, step - 1);
    Replayed bad = replay(before, position, options.compiler, library, step);
    finding.pattern = bad.last.name;
    finding.tried = bad.last.op;
    delta = compareModules(*good.module, *bad.module);
  }
  finding.before = delta.before;
  finding.after = delta.after;
  if (finding.sources.empty())
    finding.sources = delta.nodes;
}

int Analysis::run(const std::string &artifact, std::string &message) {
  if (!open(message))
    return bindCode;
  bool good = checkReference() && !report.finding && checkPasses() && checkKernels() && checkArtifact(artifact);
  save();
  return good && !report.finding ? 0 : static_cast<int>(ErrorKind::Differs);
}

} // namespace tenon::debug

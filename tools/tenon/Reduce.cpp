//===- Reduce.cpp - tenon reduce -----------------------------------------===//
#include "tools/tenon/Commands.h"
#include "tools/tenon/Output.h"
#include "tools/tenon/ReduceOutput.h"
#include "tools/tenon/Session.h"
#include "llvm/Support/Path.h"
#include <csignal>
#include <filesystem>
#include <fmt/core.h>
#include <unistd.h>

namespace tenon::cli {

namespace {

const char kFooter[] = R"(Examples:
  tenon reduce model.onnx -o small                             whatever is wrong with it, with random inputs
  tenon reduce model.onnx --input @inputs.npz --predicate=numbers --rtol 1e-4
  tenon reduce model.onnx --predicate=crash --time-limit 20    crashes, or takes longer than 20 s
  tenon reduce model.onnx --predicate='diagnostic=stage fuse failed'
  tenon reduce model.onnx --predicate=slower=2 --against=--winograd=off
  tenon reduce model.onnx --script ./still-fails               gets the .onnx file and a folder with its inputs
Predicates: numbers (the compiled model's differ from the interpreter's), crash (of the compiler or of what it made),
diagnostic=TEXT (compiling fails and says so), slower=X (a kernel takes X times its bound, or the model X times as long
as with --against's flags), auto (the first of these that holds). See docs/reducing.md.)";

struct ReduceCommand {
  std::string path, folder, predicate = "auto", script, against, testFailure;
  std::vector<std::string> inputs;
  double rtol = 1e-3, atol = 1e-5;
  uint64_t seed = 1;
  unsigned maxTests = 0;
  bool check = false, json = false;
  ModelOptions model;

  int run();

private:
  int resolve();
  int loadSubject();
  int readAgainst();
  int measureRates(reduce::Workspace &workspace);
  int checkOnce(reduce::Workspace &workspace);
  int reduceAll(reduce::Workspace &workspace);
  int report(const reduce::Reduction &reduction, const Predicate &predicate);
  std::string compileFlags(Fault fault) const;

  PredicateSpec spec;
  TrialOptions trial;
  reduce::Subject whole;
};

/// Blocks the signals that end a program, so that they are noticed where a child process is waited for and what was
/// found so far can be written.
void holdSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int number : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&signals, number);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
}

constexpr int kInterrupted = 130;

} // namespace

//===----------------------------------------------------------------------===//
// What is asked for
//===----------------------------------------------------------------------===//

/// The flags that --against holds, as a compiler's options.
int ReduceCommand::readAgainst() {
  ModelOptions other = model;
  CLI::App parser;
  ModelOptions given;
  given.bind(parser, /*withTargets=*/false);
  try {
    parser.parse(against);
  } catch (const CLI::ParseError &error) {
    printError("--against " + against + ": " + error.what());
    return kUsage;
  }
  other.winograd = given.winograd;
  other.targets = {"native"};
  ProcessLimits ignored;
  std::string message;
  if (!other.resolve(trial.against.emplace(), ignored, message)) {
    printError(message);
    return kUsage;
  }
  return kOk;
}

int ReduceCommand::resolve() {
  std::string message;
  if (!spec.parse(predicate)) {
    printError("--predicate=" + predicate + ": expected numbers, crash, diagnostic=TEXT, slower=X or auto");
    return kUsage;
  }
  if (!script.empty()) {
    std::error_code ignored; // of a working folder that is gone: then the script can't be run either
    spec = {Fault::Script, std::filesystem::absolute(script, ignored).string(), 0};
    if (access(script.c_str(), X_OK) != 0) {
      printError("--script " + script + ": not a program that can be run");
      return kUsage;
    }
  }
  if (model.timeLimit == 0)
    model.timeLimit = 60;
  model.targets = {"native"};
  if (!model.resolve(trial.compiler, trial.limits, message)) {
    printError(message);
    return kUsage;
  }
  trial.rtol = rtol;
  trial.atol = atol;
  trial.testFailure = testFailure;
  if (folder.empty())
    folder = modelName(path) + "-reduced";
  return against.empty() ? kOk : readAgainst();
}

/// The options of compiling that matter for a fault, for a command line.
std::string ReduceCommand::compileFlags(Fault fault) const {
  std::string flags;
  if (model.winograd != "auto")
    flags += " --winograd=" + model.winograd;
  if (!trial.compiler.passPlugin.empty())
    flags += " --load-pass-plugin=" + shellQuoted(trial.compiler.passPlugin);
  if (!model.extraPasses.empty())
    flags += " --extra-passes=" + shellQuoted(model.extraPasses);
  if (!model.memoryLimit.empty())
    flags += " --memory-limit=" + model.memoryLimit;
  if (fault == Fault::Crash)
    flags += fmt::format(" --time-limit={:g}", model.timeLimit);
  return flags;
}

//===----------------------------------------------------------------------===//
// The model and its inputs
//===----------------------------------------------------------------------===//

/// Whether there is memory for the inputs' values, of which there are several copies at a time.
static bool fitsMemory(const std::vector<ValueInfo> &inputs, const ProcessLimits &limits) {
  uint64_t most =
      limits.memoryBytes ? limits.memoryBytes : static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  uint64_t left = most / 8;
  for (const ValueInfo &input : inputs) {
    size_t bytes = 0;
    bool isOpen = llvm::any_of(input.dims, [](int64_t d) { return d < 0; });
    if (isOpen)
      continue;
    if (tn_tensor_bytes(input.dtype, input.dims.size(), input.dims.data(), &bytes) != TN_OK || bytes > left)
      return false;
    left -= bytes;
  }
  return true;
}

/// The shapes and types of a model's inputs, with the sizes that the options give. Returns the exit code.
static int declareInputs(const onnx::Model &model, const CompilerOptions &options, std::vector<ValueInfo> &inputs) {
  std::set<std::string> unknown;
  for (const auto &[name, value] : options.shapes)
    unknown.insert(name);
  for (const auto &[name, value] : options.dims)
    unknown.insert(name);
  for (const onnx::ValueInfo &input : model.graph.inputs) {
    if (model.graph.findInitializer(input.name) || model.graph.findSparseInitializer(input.name))
      continue;
    ValueInfo info{input.name, dtypeOf(input.type.elementType), {}};
    unknown.erase(input.name);
    for (const onnx::Dim &dim : input.type.dims) {
      auto size = options.dims.find(dim.symbol);
      unknown.erase(dim.symbol);
      info.dims.push_back(dim.kind == onnx::Dim::Fixed ? dim.size : size == options.dims.end() ? -1 : size->second);
    }
    if (auto shape = options.shapes.find(input.name); shape != options.shapes.end())
      info.dims = shape->second;
    if (input.type.kind != onnx::ValueType::Tensor || info.dtype == TN_INVALID) {
      printError("input '" + input.name + "' has type " + input.type.str() + ", which can't be given a value");
      return kCannotCompile;
    }
    if (!input.type.hasRank && !options.shapes.count(input.name)) {
      printError("input '" + input.name + "' has no shape; give it by --shape");
      return kCannotCompile;
    }
    inputs.push_back(std::move(info));
  }
  if (!unknown.empty()) {
    printError("--shape or --dim: the model's inputs have no '" + *unknown.begin() + "'");
    return kUsage;
  }
  return kOk;
}

int ReduceCommand::loadSubject() {
  if (!llvm::StringRef(path).ends_with(".onnx") && isModelFile(path) && !llvm::StringRef(path).ends_with(".pb")) {
    printError(path + ": only ONNX models can be reduced");
    return kUsage;
  }
  onnx::Diagnostics problems;
  auto loaded = onnx::Model::load(path, {}, problems);
  if (!loaded) {
    printError(problems.str());
    return static_cast<int>(problems.status());
  }
  std::vector<ValueInfo> declared;
  if (int code = declareInputs(*loaded, trial.compiler, declared))
    return code;
  if (!fitsMemory(declared, trial.limits)) {
    printError("the model's inputs are too large for this machine's memory");
    return kLimit;
  }
  Session session;
  session.declareInputs(declared);
  if (int code = session.bindInputs(inputs, /*random=*/true, seed))
    return code;
  std::map<std::string, onnx::TensorData> values;
  for (size_t i = 0; i < declared.size(); ++i) {
    HostTensor value = session.getValues()[i];
    values[declared[i].name] = toTensorData(value.view());
  }
  whole = reduce::makeSubject(*loaded, std::move(values));
  // Every shape is known from here on.
  for (CompilerOptions *options : {&trial.compiler, trial.against ? &*trial.against : nullptr})
    if (options) {
      options->shapes.clear();
      options->dims.clear();
    }
  return kOk;
}

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

/// Tests the model as it is.
int ReduceCommand::checkOnce(reduce::Workspace &workspace) {
  Predicate predicate(spec, trial, workspace);
  reduce::ReduceOptions options;
  options.limits = trial.limits;
  options.onlyWhole = true;
  reduce::Reduction first = reduce::reduce(
      whole, workspace, [&](auto &subject, auto &record, auto &file) { return predicate.test(subject, record, file); },
      options);
  if (first.interrupted)
    return kInterrupted;
  if (!first.error.empty()) {
    printError(first.error);
    return kInputOutput;
  }
  fmt::print("{}\n{}\n", first.observed, first.holdsAtFirst ? "the predicate holds" : "the predicate does not hold");
  return first.holdsAtFirst ? kOk : kCannotCompile;
}

int ReduceCommand::report(const reduce::Reduction &reduction, const Predicate &predicate) {
  if (json)
    return printJson(llvm::json::Object{{"predicate", llvm::json::fixUTF8(predicate.getSpec().str())},
                                        {"nodes_before", static_cast<int64_t>(whole.nodes.size())},
                                        {"nodes", static_cast<int64_t>(reduction.subject.nodes.size())},
                                        {"tests", static_cast<int64_t>(reduction.tests)},
                                        {"confirmed", static_cast<int64_t>(reduction.confirmed)},
                                        {"observed", llvm::json::fixUTF8(reduction.observed)},
                                        {"folder", llvm::json::fixUTF8(folder)}})
               ? kOk
               : kInputOutput;
  if (reduction.confirmed < reduction.confirmations && !reduction.interrupted)
    printWarning(fmt::format("the fault depends on chance: {} of {} further tests showed it", reduction.confirmed,
                             reduction.confirmations));
  if (!model.quiet)
    printNote(fmt::format("{}\n{}: {} of {} nodes, in {} tests; see {}/report.md", reduction.observed, folder,
                          reduction.subject.nodes.size(), whole.nodes.size(), reduction.tests, folder));
  return kOk;
}

int ReduceCommand::reduceAll(reduce::Workspace &workspace) {
  Predicate predicate(spec, trial, workspace);
  reduce::Reduction reduction;
  {
    Progress progress(!model.quiet);
    reduce::ReduceOptions options;
    options.limits = trial.limits;
    options.maxTests = maxTests;
    options.progress = [&](llvm::StringRef phase, size_t nodes, unsigned tests) {
      progress.update(fmt::format("{}: {} nodes left, {} tests", phase.str(), nodes, tests), 0, 1);
    };
    auto oracle = [&](const reduce::Subject &subject, const reduce::Record &record, const std::string &file) {
      reduce::Verdict verdict = predicate.test(subject, record, file);
      if (model.verbose)
        printNote(fmt::format("{:4} nodes: {}", subject.nodes.size(), verdict.holds ? "yes" : "no"));
      return verdict;
    };
    reduction = reduce::reduce(whole, workspace, oracle, options);
  }
  if (!reduction.error.empty()) {
    printError(reduction.error);
    return kInputOutput;
  }
  if (!reduction.problem.empty() && !model.quiet)
    printNote("not all values are known, which leaves fewer ways to cut: " + reduction.problem);
  if (!reduction.holdsAtFirst) {
    if (reduction.interrupted)
      return kInterrupted;
    printError("nothing to reduce: the predicate (" + spec.str() + ") does not hold for " + path +
               (reduction.observed.empty() ? "" : "\n" + reduction.observed));
    return kCannotCompile;
  }
  ReportContext context{llvm::sys::path::filename(path).str(),
                        whole.nodes.size(),
                        &predicate,
                        &trial,
                        compileFlags(predicate.getSpec().fault),
                        against};
  if (int code = writeReduction(reduction, context, folder))
    return code;
  if (int code = report(reduction, predicate))
    return code;
  return reduction.interrupted ? kInterrupted : kOk;
}

/// Measures in a process of its own, because this one must have one thread when it starts others.
int ReduceCommand::measureRates(reduce::Workspace &workspace) {
  TrialResult result = runCaptured(workspace, trial.limits, [&]() -> int {
    Roofline measured = measureRoofline(0);
    fmt::print("{:.17g} {:.17g}", measured.flops, measured.bandwidth);
    return kOk;
  });
  auto [flops, bandwidth] = llvm::StringRef(result.observed).split(' ');
  if (!flops.getAsDouble(trial.roofline.flops) && !bandwidth.getAsDouble(trial.roofline.bandwidth))
    return kOk;
  printError("cannot measure this machine's rates: " + result.outcome.message);
  return result.wasInterrupted() ? kInterrupted : kInternal;
}

int ReduceCommand::run() {
  if (int code = resolve())
    return code;
  if (int code = loadSubject())
    return code;
  holdSignals();
  reduce::Workspace workspace;
  if (!workspace.create()) {
    printError(workspace.getError());
    return kInputOutput;
  }
  if (spec.fault == Fault::Slower && !trial.against)
    if (int code = measureRates(workspace))
      return code;
  return check ? checkOnce(workspace) : reduceAll(workspace);
}

void addReduce(CLI::App &app, Action &action) {
  CLI::App *command = app.add_subcommand("reduce", "Make a model small that shows a fault of the compiler");
  auto options = std::make_shared<ReduceCommand>();
  command->add_option("model", options->path, "Model (.onnx)")->required();
  command->add_option("-o,--output", options->folder, "Folder to write (default: the model's name with -reduced)");
  command->add_option("-i,--input", options->inputs, "Value of an input, as for run (default: random)")
      ->type_name("NAME=VALUE")
      ->take_all();
  command->add_option("--seed", options->seed, "For random inputs")->capture_default_str();
  CLI::Option *predicate =
      command->add_option("--predicate", options->predicate, "What is to remain; see below")->capture_default_str();
  command->add_option("--script", options->script, "Program that exits with 0 while a model is of interest")
      ->excludes(predicate);
  command->add_option("--rtol", options->rtol, "Relative tolerance of numbers")->capture_default_str();
  command->add_option("--atol", options->atol, "Absolute tolerance of numbers of magnitude 1")->capture_default_str();
  command->add_option("--against", options->against, "Flags of compiling to be compared with by slower=X");
  command->add_option("--max-tests", options->maxTests, "Tests to make at most; 0: as many as it takes")
      ->capture_default_str();
  command->add_flag("--test-only", options->check, "Only test the model: exit code 0 if the predicate holds, 1 if not");
  command->add_flag("--json", options->json, "Print the result as JSON");
  command->add_option("--test-failure", options->testFailure)->group("");
  options->model.bind(*command, /*withTargets=*/false);
  command->footer(kFooter);
  command->callback([&action, options] { action = [options] { return options->run(); }; });
}

} // namespace tenon::cli

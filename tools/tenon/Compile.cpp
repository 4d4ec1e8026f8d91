//===- Compile.cpp - tenon compile ---------------------------------------===//
#include "tools/compiler/OutputFile.h"
#include "tools/debug/Snapshots.h"
#include "tools/tenon/Commands.h"
#include "tools/tenon/HtmlReport.h"
#include "tools/tenon/ModelOptions.h"
#include "tools/tenon/Output.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <csignal>
#include <fmt/core.h>
#include <optional>
#include <unistd.h>

namespace tenon::cli {

namespace {

const char kFooter[] = R"(Examples:
  tenon compile model.onnx                               model.so for x86-64-v3 and v4
  tenon compile model.onnx -o model.so -mcpu=native      for this machine only
  tenon compile model.onnx -o net.o                      net.o and net.h, to link into a program
  tenon compile model.onnx --dim batch=8 -o model.so     fixes a symbolic dimension
  tenon compile model.onnx --tune=model.schedules        the fastest schedules on this machine, by measurement
  tenon compile model.onnx --stop-after=fuse -o -        the kernels that the program would have
  tenon compile model.onnx --dump-dir=passes             the program after every pass)";

struct CompileCommand {
  std::string input, output, emit, stopAfter, name, tune, html, testFailure;
  std::string commandLine;
  bool timing = false, json = false;
  std::optional<std::string> remarks; ///< pattern of node names
  std::string dumpDirectory;
  ModelOptions model;

  int run();

private:
  bool resolveKind(std::string &message);
  int work(const CompilerOptions &options);
  int workAndReport(const CompilerOptions &options, const ProcessLimits &limits, ProcessOutcome &outcome);
  int report(Compiler &compiler);
  bool checkRemarks(std::string &message) const;
  void printRemarks(Compiler &compiler);
  void failOnPurpose(llvm::StringRef phase);
  void leaveReproducer(const CompilerOptions &options, const ProcessLimits &limits, const ProcessOutcome &outcome);

  llvm::SmallString<128> snapshots; ///< folder for what the report shows; empty: there is none
  OutputKind kind = OutputKind::SharedLibrary;
  Stage stage = Stage::Emit;
};

struct KindName {
  const char *name;
  OutputKind kind;
};
const KindName kKinds[] = {{"so", OutputKind::SharedLibrary}, {"o", OutputKind::Object},
                           {"a", OutputKind::Archive},        {"mlir", OutputKind::MLIR},
                           {"mlirbc", OutputKind::Bytecode},  {"ll", OutputKind::LLVMIR},
                           {"s", OutputKind::Assembly}};

std::optional<OutputKind> findKind(llvm::StringRef name) {
  for (const KindName &known : kKinds)
    if (name == known.name)
      return known.kind;
  return std::nullopt;
}

std::string suffixOf(OutputKind kind) {
  for (const KindName &known : kKinds)
    if (kind == known.kind)
      return known.name;
  return "";
}

bool isText(OutputKind kind) { return kind >= OutputKind::MLIR; }

} // namespace

/// What is to be written: by --emit, else by --stop-after, else by the suffix.
bool CompileCommand::resolveKind(std::string &message) {
  std::optional<OutputKind> wanted;
  if (!stopAfter.empty()) {
    auto it = llvm::find(stageNames(), stopAfter);
    stage = static_cast<Stage>(it - stageNames().begin());
    if (stage < Stage::Emit)
      wanted = stage == Stage::Kernel ? OutputKind::LLVMIR : OutputKind::MLIR;
  }
  llvm::StringRef suffix = llvm::sys::path::extension(output);
  suffix.consume_front(".");
  std::optional<OutputKind> bySuffix = findKind(suffix);
  if (!emit.empty())
    wanted = findKind(emit);
  else if (bySuffix && (!wanted || (isText(*bySuffix) && stage >= Stage::Kernel) || *bySuffix == OutputKind::Bytecode))
    wanted = bySuffix;
  else if (!wanted && !output.empty()) {
    message = "cannot tell what to write from the name " + output + "; use a suffix of .so, .o, .a, .mlir, .mlirbc, " +
              ".ll, .s, or --emit=";
    return false;
  }
  kind = wanted.value_or(OutputKind::SharedLibrary);
  if ((kind == OutputKind::MLIR || kind == OutputKind::Bytecode) && stage > Stage::Memory)
    stage = Stage::Memory;
  if (output == "-" && !isText(kind)) {
    message = "an artifact can't be written to the standard output; give a file by -o";
    return false;
  }
  if (output.empty())
    output = modelName(input) + "." + suffixOf(kind);
  if (name.empty())
    name = modelName(input);
  return true;
}

/// For tests of the supervisor: "crash:fuse", "hang:graph", "grow:layout".
void CompileCommand::failOnPurpose(llvm::StringRef phase) {
  auto [how, where] = llvm::StringRef(testFailure).split(':');
  if (testFailure.empty() || where != phase)
    return;
  if (how == "crash")
    std::raise(SIGSEGV);
  while (how == "hang")
    sleep(1);
  for (std::vector<std::string> memory; how == "grow";)
    memory.emplace_back(1 << 24, 'x');
}

static std::string describeCache(const EmitStatistics &statistics, const std::string &directory) {
  if (directory.empty())
    return "kernel cache is off";
  std::string text =
      fmt::format("kernel cache: {} hits, {} misses, in {}", statistics.cacheHits, statistics.cacheMisses, directory);
  if (statistics.cacheUnwritten > 0)
    text += fmt::format("; {} kernels could not be written there", statistics.cacheUnwritten);
  return text;
}

int CompileCommand::report(Compiler &compiler) {
  const EmitStatistics &statistics = compiler.getStatistics();
  double total = 0;
  for (auto &[phase, seconds] : compiler.getTimes())
    total += seconds;
  if (timing) {
    for (auto &[phase, seconds] : compiler.getTimes())
      printNote(fmt::format("{:10} {:8.3f} s", phase, seconds));
    if (!isText(kind))
      printNote(describeCache(statistics, compiler.getOptions().kernelCache));
  }
  if (!model.quiet && output != "-") {
    std::string line = output + ": ";
    if (!isText(kind))
      line += fmt::format("{} kernels in {} steps, {} of code, {} of weights, arena of {}, ", statistics.kernels,
                          statistics.steps, formatBytes(statistics.codeBytes), formatBytes(statistics.weightBytes),
                          formatBytes(statistics.arenaBytes));
    printNote(line + fmt::format("{:.1f} s", total));
  }
  if (!json)
    return kOk;
  llvm::json::Object phases;
  for (auto &[phase, seconds] : compiler.getTimes())
    phases[phase] = seconds;
  llvm::json::Array targets;
  for (const Target *target : compiler.getLibrary().targets)
    targets.push_back(target->name);
  llvm::json::Object result{{"output", output},
                            {"kind", suffixOf(kind)},
                            {"targets", std::move(targets)},
                            {"seconds", std::move(phases)},
                            {"kernels", static_cast<int64_t>(statistics.kernels)},
                            {"steps", static_cast<int64_t>(statistics.steps)},
                            {"code_bytes", statistics.codeBytes},
                            {"weight_bytes", statistics.weightBytes},
                            {"arena_bytes", statistics.arenaBytes},
                            {"cache_hits", static_cast<int64_t>(statistics.cacheHits)},
                            {"cache_misses", static_cast<int64_t>(statistics.cacheMisses)}};
  if (remarks) {
    llvm::json::Array list;
    for (const Remark &remark : compiler.getRemarks())
      list.push_back(remark.toJson());
    result["remarks"] = std::move(list);
  }
  return printJson(std::move(result)) ? kOk : kInputOutput;
}

/// Whether the pattern of --remarks is one.
bool CompileCommand::checkRemarks(std::string &message) const {
  std::vector<Remark> none;
  if (llvm::Error error = filterRemarks(none, remarks.value_or("")))
    message = "--remarks=" + *remarks + ": " + llvm::toString(std::move(error));
  return message.empty();
}

/// As data, unless that is the module; with --json they are in the report.
void CompileCommand::printRemarks(Compiler &compiler) {
  if (!remarks)
    return;
  llvm::cantFail(filterRemarks(compiler.getRemarks(), *remarks)); // the pattern has been checked
  for (const Remark &remark : compiler.getRemarks())
    if (!json)
      fmt::print(output == "-" ? stderr : stdout, "{}\n", remark.describe());
  std::fflush(stdout); // this process ends without
}

/// Runs in the worker process.
int CompileCommand::work(const CompilerOptions &given) {
  CompilerOptions options = given;
  auto progress = std::make_unique<Progress>(!model.quiet);
  options.progress = [&](llvm::StringRef phase, unsigned done, unsigned total) {
    if (progress)
      progress->update(phase, done, total);
    failOnPurpose(phase);
  };
  debug::SnapshotWriter writer(snapshots.str().str());
  Compiler *running = nullptr;
  if (!snapshots.empty()) {
    options.remarks = true;
    options.watcher = debug::writeSnapshots(writer, [&]() -> Compiler & { return *running; }, /*announce=*/false);
  }
  // Never destroyed: the process ends with it.
  auto &compiler = *new Compiler(options);
  running = &compiler;
  bool good = compiler.load(input) && (snapshots.empty() || writer.begin(compiler.getModule())) &&
              compiler.runUntil(std::min(stage, Stage::Memory)) && (tune.empty() || compiler.tune(tune)) &&
              compiler.emit(output, kind, name);
  progress.reset();
  if (!compiler.getWarnings().empty() && !model.quiet)
    printWarning(compiler.getWarnings());
  printRemarks(compiler);
  if (good)
    return report(compiler);
  printError(compiler.getError().message);
  if (json)
    printJson(llvm::json::Object{{"error", compiler.getError().message},
                                 {"exit_code", static_cast<int>(compiler.getError().kind)}});
  return static_cast<int>(compiler.getError().kind);
}

/// After an internal error: a folder with what is needed to see it again, and with the module as it was before. Says
/// how.
void CompileCommand::leaveReproducer(const CompilerOptions &options, const ProcessLimits &limits,
                                     const ProcessOutcome &outcome) {
  std::string folder = fmt::format("tenon-crash-{}-{}", modelName(input), getpid());
  if (llvm::sys::fs::create_directory(folder)) {
    llvm::SmallString<128> temporary;
    llvm::sys::path::system_temp_directory(/*erasedOnReboot=*/true, temporary);
    llvm::sys::path::append(temporary, folder);
    folder = temporary.str().str();
    if (llvm::sys::fs::create_directory(folder))
      return printNote("no reproducer: no folder to write it to");
  }
  llvm::SmallString<128> directory;
  llvm::sys::fs::current_path(directory);
  std::string error, command = "cd '" + directory.str().str() + "'\n" + commandLine + "\n";
  writeOutputFile(folder + "/command.sh", command, error);
  writeOutputFile(folder + "/crash.txt", "tenon failed in phase '" + outcome.phase + "'\n" + outcome.stack, error);
  auto last = llvm::find(stageNames(), outcome.lastDone);
  std::string module = folder + "/after-" + outcome.lastDone + ".mlir", stageCommand;
  if (last != stageNames().end() && error.empty()) {
    ProcessLimits again = limits;
    again.seconds = again.seconds > 0 ? again.seconds : 120;
    ProcessOutcome written = supervise(again, [&]() -> int {
      auto &compiler = *new Compiler(options);
      bool good = compiler.load(input) && compiler.runUntil(static_cast<Stage>(last - stageNames().begin()));
      return good && compiler.writeModule(module) ? 0 : 1;
    });
    // tenon-opt has the stages up to memory planning.
    auto crashed = llvm::find(stageNames(), outcome.phase);
    if (written.exitCode == 0 && crashed - stageNames().begin() <= static_cast<int>(Stage::Memory))
      stageCommand = fmt::format("tenon-opt {} --tn-{}-stage{}", module, outcome.phase,
                                 outcome.phase == "fuse" ? fmt::format("=winograd={}", options.winograd) : "");
  }
  printNote("reproducer: " + folder + (error.empty() ? "" : " (incomplete: " + error + ")"));
  if (error.empty())
    printNote("replay it by: sh " + folder + "/command.sh");
  if (!stageCommand.empty())
    printNote("the stage alone: " + stageCommand);
}

/// Compiles, and if that went well and was asked for writes the page that shows how. Returns the exit code.
int CompileCommand::workAndReport(const CompilerOptions &options, const ProcessLimits &limits,
                                  ProcessOutcome &outcome) {
  if (!html.empty() && llvm::sys::fs::createUniqueDirectory("tenon-report", snapshots)) {
    printError("--report: cannot create a temporary folder");
    return kInputOutput;
  }
  llvm::scope_exit remove([&] {
    if (!snapshots.empty())
      llvm::sys::fs::remove_directories(snapshots);
  });
  outcome = supervise(limits, [&] { return work(options); });
  if (html.empty() || outcome.exitCode != kOk)
    return outcome.exitCode;
  report::Source source;
  source.compiler = options;
  source.compiler.dumpDirectory.clear();
  source.limits = limits;
  source.model = input;
  source.command = "tenon compile";
  source.directory = snapshots.str().str();
  source.whyNotMeasured = "Kernels were not timed: tenon debug --report runs the model.";
  return writeHtmlReport(source, html);
}

int CompileCommand::run() {
  CompilerOptions options;
  ProcessLimits limits;
  std::string message;
  if (!model.resolve(options, limits, message) || !checkRemarks(message)) {
    printError(message);
    return kUsage;
  }
  if (!resolveKind(message)) {
    printError(message);
    return kInputOutput;
  }
  if (!checkReportPath(html))
    return kInputOutput;
  if (!tune.empty() && stage < Stage::Memory) {
    printError("--tune needs the program's memory plan: --stop-after must not come before memory");
    return kUsage;
  }
  options.dumpDirectory = dumpDirectory;
  options.remarks = remarks.has_value();
  if (!model.quiet)
    printNote("target: " + llvm::join(options.targets, ", "));
  ProcessOutcome outcome;
  int code = workAndReport(options, limits, outcome);
  if (!outcome.message.empty())
    printError(outcome.message);
  if (outcome.crashSignal || outcome.exitCode == kInternal)
    leaveReproducer(options, limits, outcome);
  return code;
}

void addCompile(CLI::App &app, Action &action, const std::string &commandLine) {
  CLI::App *command = app.add_subcommand("compile", "Compile a model to a shared library, an object or text");
  auto options = std::make_shared<CompileCommand>();
  options->commandLine = commandLine;
  std::vector<std::string> kinds, stages;
  for (const KindName &known : kKinds)
    kinds.push_back(known.name);
  for (llvm::StringRef stage : stageNames())
    stages.push_back(stage.str());
  command->add_option("model", options->input, "Model: .onnx, or .mlir of an earlier --stop-after")->required();
  command->add_option("-o,--output", options->output, "File to write (default: the model's name with .so)");
  command->add_option("--emit", options->emit, "What to write, in place of the output's suffix")
      ->check(CLI::IsMember(kinds));
  options->model.bind(*command, /*withTargets=*/true);
  command->add_option("--name", options->name, "Name of the model and of its functions (default: the file's)");
  command->add_option("--stop-after", options->stopAfter, "Write the program after a stage")
      ->check(CLI::IsMember(stages));
  command->add_option("--dump-dir", options->dumpDirectory, "Folder for the program after every pass");
  command
      ->add_option("--remarks", options->remarks,
                   "Print why things were done or not: which operations are one kernel, where Winograd's algorithm is "
                   "used, which transposes stay; with =NODES only about nodes whose names match")
      ->type_name("[=NODES]");
  command
      ->add_option("--tune", options->tune,
                   "Measure schedules of every kernel on this machine, use the fastest, and write them to FILE, which "
                   "--schedules reads: takes a minute or two")
      ->type_name("FILE");
  command->add_option("--report", options->html, "HTML file that shows passes, graph, memory plan and remarks")
      ->type_name("FILE");
  command->add_flag("--timing", options->timing, "Print the time of each phase");
  command->add_flag("--json", options->json, "Print a description of the result as JSON");
  command->add_option("--test-failure", options->testFailure)->group("");
  command->footer(kFooter);
  command->callback([&action, options] { action = [options] { return options->run(); }; });
}

} // namespace tenon::cli

//===- Explain.cpp - tenon explain ---------------------------------------===//
#include "codegen/cpu/Program.h"
#include "frontend/onnx/Model.h"
#include "tools/compiler/NodeHistory.h"
#include "tools/tenon/Commands.h"
#include "tools/tenon/Output.h"
#include "tools/tenon/StepTimes.h"
#include "llvm/ADT/StringExtras.h"
#include <fmt/core.h>
#include <optional>

namespace tenon::cli {

namespace {

const char kFooter[] = R"(Examples:
  tenon explain model.onnx --node /layer3/conv2
  tenon explain model.onnx --node /layer3/conv2 --measure --json
Lists the operations that stand for the node after each pass that changed them, the kernel that computes it in the end,
and what passes say about it. The name of a value that a node computes serves as well.)";

/// How many similar names an error lists.
constexpr size_t kSuggestions = 5;

struct ExplainCommand {
  std::string path, node;
  unsigned threads = 1;
  bool measure = false, json = false;
  ModelOptions model;

  int run();

private:
  int work(const CompilerOptions &options);
  bool findNode(Compiler &compiler);
  std::vector<llvm::json::Value> steps(const codegen::Program &program) const;
  void print(const NodeHistory &history, const std::vector<llvm::json::Value> &steps,
             const std::vector<Remark> &remarks) const;
  int printReport(const NodeHistory &history, std::vector<llvm::json::Value> steps,
                  const std::vector<Remark> &remarks) const;

  std::string operatorName;    ///< of the node, if the model is ONNX
  std::vector<double> seconds; ///< per step, if measured
};

/// Names that are most like one that is not there.
std::vector<std::string> similarNames(llvm::StringRef wanted, const llvm::SetVector<llvm::StringRef> &names) {
  std::vector<std::pair<unsigned, std::string>> ranked;
  for (llvm::StringRef name : names) {
    bool part = name.contains_insensitive(wanted) || wanted.contains_insensitive(name);
    ranked.emplace_back(part ? 0 : wanted.edit_distance_insensitive(name), name.str());
  }
  llvm::sort(ranked);
  std::vector<std::string> result;
  for (auto &[distance, name] : llvm::ArrayRef(ranked).take_front(kSuggestions))
    result.push_back(name);
  return result;
}

} // namespace

/// Makes `node` the name of a node of the model, of which there are those of the file and those of the module.
bool ExplainCommand::findNode(Compiler &compiler) {
  llvm::SetVector<llvm::StringRef> names = namesIn(compiler.getModule());
  std::shared_ptr<const onnx::Model> file;
  if (!llvm::StringRef(path).ends_with(".mlir") && !llvm::StringRef(path).ends_with(".mlirbc")) {
    onnx::Diagnostics problems;
    file = onnx::Model::load(path, {}, problems);
  }
  const onnx::Node *found = nullptr, *producer = nullptr;
  for (const onnx::Node &candidate : file ? llvm::ArrayRef(file->graph.nodes) : llvm::ArrayRef<onnx::Node>()) {
    names.insert(candidate.name);
    if (!found && candidate.name == node)
      found = &candidate;
    if (llvm::is_contained(candidate.outputs, node))
      producer = &candidate;
  }
  if (!found && !names.contains(node) && producer)
    found = producer;
  if (found) {
    node = found->name;
    operatorName = found->opType;
  }
  if (names.contains(node))
    return true;
  printError(fmt::format("the model has no node '{}'; similar names are:\n  {}", node,
                         llvm::join(similarNames(node, names), "\n  ")));
  return false;
}

/// What the steps that compute the node are and cost.
std::vector<llvm::json::Value> ExplainCommand::steps(const codegen::Program &program) const {
  std::vector<llvm::json::Value> result;
  double total = 0;
  for (double time : seconds)
    total += time;
  for (auto [i, step] : llvm::enumerate(program.steps)) {
    llvm::SmallVector<llvm::StringRef> sources;
    llvm::StringRef(step.sources).split(sources, '\n');
    if (!llvm::is_contained(sources, node))
      continue;
    llvm::json::Object object{{"step", static_cast<int64_t>(i)},
                              {"kernel", program.kernels[step.kernel].name},
                              {"nodes", llvm::json::Array(sources)},
                              {"flops", static_cast<int64_t>(step.flops)},
                              {"bytes", static_cast<int64_t>(step.bytes)}};
    if (i < seconds.size()) {
      object["seconds"] = seconds[i];
      object["share"] = total > 0 ? seconds[i] / total : 0;
    }
    result.push_back(std::move(object));
  }
  return result;
}

void ExplainCommand::print(const NodeHistory &history, const std::vector<llvm::json::Value> &steps,
                           const std::vector<Remark> &remarks) const {
  fmt::print("node {}{}\n", node, operatorName.empty() ? "" : " (" + operatorName + ")");
  for (const NodeHistory::Entry &entry : history.getEntries()) {
    if (entry.pass.empty())
      fmt::print("\n{}\n", entry.stage);
    else
      fmt::print("\n{}, {}: {}\n", entry.stage, entry.pass, entry.summary);
    for (const std::string &operation : entry.operations)
      fmt::print("  {}\n", operation);
    if (entry.operations.empty())
      fmt::print("  {}\n", entry.pass.empty() ? "no operation: the importer has folded it into others"
                                              : "no operation is left of it");
  }
  fmt::print("\n{}\n", steps.empty() ? "no kernel computes it when the model runs" : "computed by");
  for (const llvm::json::Value &value : steps) {
    const llvm::json::Object &step = *value.getAsObject();
    fmt::print("  step {}, {} (with {} nodes): {}flop, {}", *step.getInteger("step"), step.getString("kernel")->str(),
               step.getArray("nodes")->size(), formatCount(*step.getNumber("flops")),
               formatBytes(*step.getNumber("bytes")));
    if (auto time = step.getNumber("seconds"))
      fmt::print("; {:.4f} ms on {} threads, {:.1f}% of the run", *time * 1e3, threads, 100 * *step.getNumber("share"));
    fmt::print("\n");
  }
  if (!remarks.empty())
    fmt::print("\nremarks\n");
  for (const Remark &remark : remarks)
    fmt::print("  {}\n", remark.describe());
}

int ExplainCommand::printReport(const NodeHistory &history, std::vector<llvm::json::Value> steps,
                                const std::vector<Remark> &remarks) const {
  if (!json) {
    print(history, steps, remarks);
    return std::fflush(stdout) == 0 ? kOk : kInputOutput;
  }
  llvm::json::Array passes, said;
  for (const NodeHistory::Entry &entry : history.getEntries())
    passes.push_back(llvm::json::Object{
        {"stage", entry.stage}, {"pass", entry.pass}, {"operations", llvm::json::Array(entry.operations)}});
  for (const Remark &remark : remarks)
    said.push_back(remark.toJson());
  llvm::json::Object report{{"node", node},
                            {"passes", std::move(passes)},
                            {"steps", llvm::json::Array(std::move(steps))},
                            {"remarks", std::move(said)}};
  if (!operatorName.empty())
    report["operator"] = operatorName;
  return printJson(std::move(report)) ? kOk : kInputOutput;
}

/// Runs in a process of its own, as all compiling does.
int ExplainCommand::work(const CompilerOptions &given) {
  CompilerOptions options = given;
  std::optional<NodeHistory> history;
  options.remarks = true;
  options.watcher.after = [&](const PassPosition &position, mlir::ModuleOp module, bool succeeded) {
    if (succeeded)
      history->note(module, position.stage, position.argument, position.summary);
  };
  auto &compiler = *new Compiler(options); // never destroyed: the process ends with it
  if (!compiler.load(path)) {
    printError(compiler.getError().message);
    return static_cast<int>(compiler.getError().kind);
  }
  if (!findNode(compiler))
    return kUsage;
  history.emplace(node);
  history->note(compiler.getModule(), "import");
  if (!compiler.runUntil(Stage::Memory)) {
    printError(compiler.getError().message);
    return static_cast<int>(compiler.getError().kind);
  }
  std::vector<Remark> remarks = compiler.getRemarks();
  llvm::erase_if(remarks, [&](const Remark &remark) { return !llvm::is_contained(remark.nodes, node); });
  return printReport(*history, steps(codegen::collectProgram(compiler.getModule(), modelName(path))), remarks);
}

int ExplainCommand::run() {
  CompilerOptions options;
  ProcessLimits limits;
  std::string message;
  model.targets = {"native"};
  if (!model.resolve(options, limits, message) || !isModelFile(path)) {
    printError(message.empty() ? path + ": not a model file; expected .onnx, .mlir or .mlirbc" : message);
    return kUsage;
  }
  // First, because the process must have one thread when the other is started.
  if (measure)
    if (int code = measureModel(path, model, threads, seconds))
      return code;
  ProcessOutcome outcome = supervise(limits, [&] { return work(options); });
  if (!outcome.message.empty())
    printError(outcome.message + (outcome.crashSignal ? "; `tenon compile` leaves a reproducer" : ""));
  return outcome.exitCode;
}

void addExplain(CLI::App &app, Action &action) {
  CLI::App *command = app.add_subcommand("explain", "Tell what became of a node of a model");
  auto options = std::make_shared<ExplainCommand>();
  command->add_option("model", options->path, "Model: .onnx, or .mlir of a --dump-dir")->required();
  command->add_option("--node", options->node, "Name of a node, or of a value that it computes")->required();
  command->add_flag("--measure", options->measure, "Run the model on random inputs and give the node's time");
  command->add_option("--threads", options->threads, "Threads for --measure; 0: all")->capture_default_str();
  command->add_flag("--json", options->json, "Print the report as JSON");
  options->model.bind(*command, /*withTargets=*/false);
  command->footer(kFooter);
  command->callback([&action, options] { action = [options] { return options->run(); }; });
}

} // namespace tenon::cli

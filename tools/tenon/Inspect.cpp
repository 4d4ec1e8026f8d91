//===- Inspect.cpp - tenon inspect ---------------------------------------===//
#include "runtime/src/Cpu.h"
#include "tools/tenon/Commands.h"
#include "tools/tenon/InspectModel.h"
#include "tools/tenon/InspectPlan.h"
#include "tools/tenon/ModelOptions.h"
#include "tools/tenon/Output.h"
#include "tools/tenon/Session.h"
#include "llvm/ADT/StringExtras.h"
#include <fmt/core.h>

namespace tenon::cli {

namespace {

const char kFooter[] = R"(Examples:
  tenon inspect model.onnx           what is in it, and whether Tenon can compile it
  tenon inspect model.onnx --plan    its kernels, with predicted and measured times on this machine
  tenon inspect model.so --verify    what was made of it; hashes the weights)";

struct InspectCommand {
  std::string path;
  bool verify = false, plan = false, json = false;
  ModelOptions model;

  int run();

private:
  int inspectArtifact();
};

struct ArtifactReport {
  tn_note note;
  std::vector<std::string> levels; ///< what each needs
  tn_model *model = nullptr;       ///< null if this machine can't run it
  std::string whyNot;
  tn_model_info info;
  tn_entry_info entry;
  std::map<std::string, int64_t> templates;
  double flops = 0;

  ~ArtifactReport() { tn_model_destroy(model); }
};

void readModel(ArtifactReport &report) {
  tn_model_describe(report.model, &report.info);
  tn_entry_describe(report.model, 0, &report.entry);
  for (uint32_t i = 0; i < report.info.n_kernels; ++i) {
    tn_kernel_info kernel;
    if (tn_kernel_describe(report.model, i, &kernel) == TN_OK)
      ++report.templates[kernel.template_name];
  }
  for (uint32_t i = 0; i < report.entry.n_steps; ++i) {
    tn_step_info step;
    if (tn_step_describe(report.model, 0, i, &step) == TN_OK)
      report.flops += step.flops;
  }
}

using Describe = tn_status (*)(const tn_model *, uint32_t, uint32_t, tn_tensor_info *);

std::vector<ValueInfo> readValues(const ArtifactReport &report, uint32_t count, Describe describe) {
  std::vector<ValueInfo> values;
  tn_tensor_info info;
  for (uint32_t i = 0; i < count; ++i)
    if (describe(report.model, 0, i, &info) == TN_OK)
      values.push_back({info.name, info.dtype, std::vector<int64_t>(info.dims, info.dims + info.rank)});
  return values;
}

void printArtifact(const std::string &path, const ArtifactReport &report) {
  fmt::print("{}: artifact for {}, ABI version {}\n", path, ::tn::machineName(report.note.machine),
             report.note.abi_version);
  for (const std::string &level : report.levels)
    fmt::print("  level that needs {}\n", level);
  fmt::print("code: {}\nweights: {}\n", formatBytes(report.note.code_bytes), formatBytes(report.note.weights_bytes));
  if (!report.model)
    return fmt::print("This machine cannot run it: {}\n", report.whyNot);
  fmt::print("model: {}, by {}\nlevel used here: {}\ninputs:\n", report.info.name, report.info.producer,
             report.entry.level);
  for (const ValueInfo &value : readValues(report, report.entry.n_inputs, tn_input_describe))
    fmt::print("  {}: {}\n", value.name, describeTensor(value.dtype, value.dims));
  fmt::print("outputs:\n");
  for (const ValueInfo &value : readValues(report, report.entry.n_outputs, tn_output_describe))
    fmt::print("  {}: {}\n", value.name, describeTensor(value.dtype, value.dims));
  fmt::print("memory: arena {} (lower bound {}), scratch {} per thread\n", formatBytes(report.entry.arena_bytes),
             formatBytes(report.entry.arena_lower_bound), formatBytes(report.entry.scratch_bytes));
  fmt::print("operations: {}flop in {} steps of {} kernels\n", formatCount(report.flops), report.entry.n_steps,
             report.info.n_kernels);
  for (auto &[name, count] : report.templates)
    fmt::print("{:6} {}\n", count, name);
}

llvm::json::Array toJson(const std::vector<ValueInfo> &values) {
  llvm::json::Array list;
  for (const ValueInfo &value : values)
    list.push_back(llvm::json::Object{
        {"name", value.name}, {"dtype", tn_dtype_name(value.dtype)}, {"shape", llvm::json::Array(value.dims)}});
  return list;
}

int printJsonArtifact(const std::string &path, const ArtifactReport &report) {
  llvm::json::Object result{{"file", path},
                            {"format", "artifact"},
                            {"machine", ::tn::machineName(report.note.machine)},
                            {"abi_version", report.note.abi_version},
                            {"levels", llvm::json::Array(report.levels)},
                            {"code_bytes", static_cast<int64_t>(report.note.code_bytes)},
                            {"weight_bytes", static_cast<int64_t>(report.note.weights_bytes)},
                            {"runs_here", report.model != nullptr}};
  if (report.model) {
    llvm::json::Object templates;
    for (auto &[name, count] : report.templates)
      templates[name] = count;
    result["name"] = report.info.name;
    result["producer"] = report.info.producer;
    result["level"] = report.entry.level;
    result["inputs"] = toJson(readValues(report, report.entry.n_inputs, tn_input_describe));
    result["outputs"] = toJson(readValues(report, report.entry.n_outputs, tn_output_describe));
    result["arena_bytes"] = static_cast<int64_t>(report.entry.arena_bytes);
    result["arena_lower_bound"] = static_cast<int64_t>(report.entry.arena_lower_bound);
    result["scratch_bytes"] = static_cast<int64_t>(report.entry.scratch_bytes);
    result["steps"] = report.entry.n_steps;
    result["kernels"] = report.info.n_kernels;
    result["templates"] = std::move(templates);
    result["flops"] = report.flops;
  } else {
    result["reason"] = report.whyNot;
  }
  return printJson(std::move(result)) ? kOk : kInputOutput;
}

} // namespace

int InspectCommand::inspectArtifact() {
  ArtifactReport report;
  if (tn_status status = tn_artifact_read(path.c_str(), &report.note))
    return reportStatus(status);
  for (uint32_t i = 0; i < report.note.n_levels; ++i) {
    char text[::tn::kFeatureNamesBytes];
    report.levels.push_back(::tn::featureNames(report.note.features[i], text));
  }
  tn_status status = tn_model_load(path.c_str(), nullptr, &report.model);
  if (status == TN_ERROR_UNSUPPORTED_CPU && !verify)
    report.whyNot = tn_last_error();
  else if (status != TN_OK)
    return reportStatus(status);
  if (report.model)
    readModel(report);
  if (verify)
    if (tn_status damaged = tn_model_verify(report.model))
      return reportStatus(damaged);
  if (json)
    return printJsonArtifact(path, report);
  printArtifact(path, report);
  if (verify)
    fmt::print("weights: as the compiler wrote them\n");
  return kOk;
}

int InspectCommand::run() {
  CompilerOptions options;
  ProcessLimits limits;
  std::string message;
  if (!model.resolve(options, limits, message)) {
    printError(message);
    return kUsage;
  }
  if (!isModelFile(path)) {
    if (!plan)
      return inspectArtifact();
    printError(path + ": --plan wants the model file: an artifact has lost what predictions are made from");
    return kUsage;
  }
  if (plan)
    return inspectPlan(path, model, json);
  ProcessOutcome outcome = supervise(limits, [&] { return inspectModel(path, options, json); });
  if (!outcome.message.empty())
    printError(outcome.message);
  return outcome.exitCode;
}

void addInspect(CLI::App &app, Action &action) {
  CLI::App *command = app.add_subcommand("inspect", "Say what is in a model or in an artifact");
  auto options = std::make_shared<InspectCommand>();
  command->add_option("file", options->path, "Model (.onnx) or artifact (.so)")->required();
  command->add_flag("--verify", options->verify, "Artifact: hash the weights and compare");
  command->add_flag(
      "--plan", options->plan,
      "Model: compile and run it on one thread; print its kernels with schedule, predicted and measured time");
  command->add_flag("--json", options->json, "Print as JSON");
  options->model.bind(*command, /*withTargets=*/false);
  command->footer(kFooter);
  command->callback([&action, options] { action = [options] { return options->run(); }; });
}

} // namespace tenon::cli

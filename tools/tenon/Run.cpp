//===- Run.cpp - tenon run -----------------------------------------------===//
#include "tools/tenon/Commands.h"
#include "tools/tenon/Compare.h"
#include "tools/tenon/Output.h"
#include "tools/tenon/Session.h"
#include <fmt/core.h>

namespace tenon::cli {

namespace {

const char kFooter[] = R"(Examples:
  tenon run model.so --input x=@x.npy --output y=@y.npy
  tenon run model.onnx --random-inputs                     compiles for this machine first
  tenon run model.so --input @inputs.npz --expect y=@expected.npy --rtol 1e-4
  tenon run model.so --input ids=zeros --input mask=random:seed=1
Values: @FILE with .npy, .npz (the array of that name, or FILE.npz:ARRAY), .pb (TensorProto) or .bin (raw bytes);
zeros; random:seed=N (floats normal, integers 0 or 1).)";

struct RunCommand {
  std::string path, trace;
  std::vector<std::string> inputs, outputs, expected;
  double rtol = 1e-3, atol = 1e-5;
  unsigned threads = 0;
  bool randomInputs = false, json = false, poison = false;
  uint64_t seed = 1;
  ModelOptions model;

  int run();

private:
  int writeOutputs(Session &session);
  int compareOutputs(Session &session, llvm::json::Array &report);
  int summarize(Session &session, llvm::json::Array &report);
};

} // namespace

int RunCommand::writeOutputs(Session &session) {
  for (const std::string &argument : outputs) {
    std::string file, message;
    int index = session.findOutput(argument, "--output", file);
    if (index < 0)
      return kUsage;
    tn_tensor tensor;
    if (tn_status status = tn_context_get_output(session.getContext(), 0, index, &tensor))
      return reportStatus(status);
    if (!writeTensor(file, tensor, message)) {
      printError(message);
      return kInputOutput;
    }
  }
  return kOk;
}

int RunCommand::compareOutputs(Session &session, llvm::json::Array &report) {
  int result = kOk;
  for (const std::string &argument : expected) {
    std::string file, message;
    int index = session.findOutput(argument, "--expect", file);
    if (index < 0)
      return kUsage;
    tn_tensor tensor;
    if (tn_status status = tn_context_get_output(session.getContext(), 0, index, &tensor))
      return reportStatus(status);
    HostTensor wanted;
    std::string name = session.getOutputs()[index].name;
    llvm::ArrayRef<int64_t> dims(tensor.dims, tensor.rank);
    if (!readTensor(file, name, tensor.dtype, dims, wanted, message)) {
      printError(message);
      return kInputOutput;
    }
    Comparison comparison = compare(tensor, wanted.view(), rtol, atol);
    if (comparison.differing > 0)
      result = kDiffers;
    if (json)
      report.push_back(comparison.toJson(name));
    else
      fmt::print("{}\n", comparison.describe(name, dims));
  }
  return result;
}

int RunCommand::summarize(Session &session, llvm::json::Array &report) {
  for (size_t i = 0; i < session.getOutputs().size(); ++i) {
    tn_tensor tensor;
    if (tn_status status = tn_context_get_output(session.getContext(), 0, i, &tensor))
      return reportStatus(status);
    Summary summary = summarizeTensor(tensor);
    if (json)
      report.push_back(summary.toJson(session.getOutputs()[i].name, tensor));
    else if (outputs.empty() && expected.empty())
      fmt::print("{}\n", summary.describe(session.getOutputs()[i].name, tensor));
  }
  return kOk;
}

int RunCommand::run() {
  Session session;
  if (poison)
    session.poisonMemory();
  if (int code = session.open(path, model))
    return code;
  std::string ignored;
  for (const std::string &argument : outputs) // before the work is done
    if (session.findOutput(argument, "--output", ignored) < 0)
      return kUsage;
  for (const std::string &argument : expected)
    if (session.findOutput(argument, "--expect", ignored) < 0)
      return kUsage;
  if (int code = session.bindInputs(inputs, randomInputs, seed))
    return code;
  if (int code = session.openTrace(trace))
    return code;
  if (int code = session.createContext(threads, nullptr, nullptr))
    return code;
  if (int code = session.run())
    return code;
  if (int code = session.checkTrace())
    return code;
  if (int code = writeOutputs(session))
    return code;
  llvm::json::Array values, comparisons;
  int result = compareOutputs(session, comparisons);
  if (result != kOk && result != kDiffers)
    return result;
  if (int code = summarize(session, values))
    return code;
  if (json && !printJson(llvm::json::Object{{"outputs", std::move(values)}, {"comparisons", std::move(comparisons)}}))
    return kInputOutput;
  if (std::fflush(stdout) != 0) {
    printError("cannot write to the standard output");
    return kInputOutput;
  }
  if (result == kDiffers)
    printError("outputs differ from what is expected");
  return result;
}

void addRun(CLI::App &app, Action &action) {
  CLI::App *command = app.add_subcommand("run", "Run a compiled model, or compile a model and run it");
  auto options = std::make_shared<RunCommand>();
  command->add_option("model", options->path, "Artifact (.so) or model (.onnx)")->required();
  command->add_option("-i,--input", options->inputs, "Value of an input")->type_name("NAME=VALUE")->take_all();
  command->add_option("-o,--output", options->outputs, "File for an output: .npy, .pb, .bin")
      ->type_name("NAME=@FILE")
      ->take_all();
  command->add_option("--expect", options->expected, "Value that an output is to have")
      ->type_name("NAME=@FILE")
      ->take_all();
  command->add_option("--rtol", options->rtol, "Relative tolerance of --expect")->capture_default_str();
  command->add_option("--atol", options->atol, "Absolute tolerance of --expect")->capture_default_str();
  command->add_flag("--random-inputs", options->randomInputs, "Fill inputs that are not given with random numbers");
  command->add_option("--seed", options->seed, "For --random-inputs")->capture_default_str();
  command->add_option("--threads", options->threads, "Threads to run on; 0: all")->capture_default_str();
  command->add_option("--trace", options->trace, "File for a trace of the run by kernel and thread, as TN_TRACE=FILE")
      ->type_name("FILE");
  command->add_flag("--poison", options->poison,
                    "Fill memory with 0x7F first, so that reads of what was never written "
                    "show");
  command->add_flag("--json", options->json, "Print the outputs' summary as JSON");
  options->model.bind(*command, /*withTargets=*/false);
  command->footer(kFooter);
  command->callback([&action, options] { action = [options] { return options->run(); }; });
}

} // namespace tenon::cli

//===- Debug.cpp - tenon debug -------------------------------------------===//
#include "codegen/cpu/Descriptor.h"
#include "tools/debug/Debugger.h"
#include "tools/tenon/Commands.h"
#include "tools/tenon/HtmlReport.h"
#include "tools/tenon/InputArguments.h"
#include "tools/tenon/ModelOptions.h"
#include "tools/tenon/Output.h"
#include "tools/tenon/Slow.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <fmt/core.h>

namespace tenon::cli {

namespace {

const char kFooter[] = R"(Examples:
  tenon debug model.onnx                                     on random inputs
  tenon debug model.onnx --input x=@x.npy --json
  tenon debug model.onnx --reference onnxruntime             checks the importer, too
  tenon debug model.onnx --reference expected.npz --dump-dir=passes
  tenon debug model.onnx --slow                              the kernels that fall furthest under their roofline
  tenon debug model.onnx --slow --against /opt/tenon-old/bin/tenon
  tenon debug model.onnx --slow --against-flags=--winograd=off
  tenon debug model.onnx --report=report.html                one page with all of it, for a browser
Says which pass, and which of its rewrites, or which kernel makes the program compute something else, or crash, or not
end. With --slow: what is slow, or has become slower than by another compiler, and in which pass they part. Inputs are
given as for `tenon run`; those not given are random. Exit code 5 if something was found.)";

/// What ONNX Runtime computes: model, inputs and outputs are files.
const char kOnnxRuntime[] = R"(
import sys
import numpy, onnxruntime
model, inputs, outputs = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.log_severity_level = 3
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
names = [output.name for output in session.get_outputs()]
feeds = {input.name: numpy.load(f"{inputs}/{i}.npy") for i, input in enumerate(session.get_inputs())}
for i, value in enumerate(session.run(names, feeds)):
    numpy.save(f"{outputs}/{i}.npy", value)
)";

struct DebugCommand {
  std::string path, reference, directory, html, python = "python3";
  std::vector<std::string> inputs;
  uint64_t seed = 1;
  bool json = false;
  SlowOptions slow;
  ModelOptions model;

  int run();

private:
  int bind(mlir::func::FuncOp main, std::vector<Tensor> &tensors, std::vector<debug::KnownResult> &known);
  int writeReport(const debug::DebugOptions &options, const std::string &folder, const debug::Report &report);
  int readReference(mlir::func::FuncOp main, std::vector<debug::KnownResult> &known);
  int runOnnxRuntime(mlir::func::FuncOp main, std::vector<HostTensor> &bound, std::vector<debug::KnownResult> &known);
};

ValueInfo infoOf(mlir::StringAttr name, mlir::Type type, unsigned number) {
  auto tensor = mlir::cast<mlir::RankedTensorType>(type);
  return {name ? name.str() : std::to_string(number), static_cast<tn_dtype>(codegen::abiType(tensor.getElementType())),
          std::vector<int64_t>(tensor.getShape())};
}

std::vector<ValueInfo> resultsOf(mlir::func::FuncOp main) {
  std::vector<ValueInfo> infos;
  for (auto [i, type] : llvm::enumerate(main.getResultTypes()))
    infos.push_back(infoOf(main.getResultAttrOfType<mlir::StringAttr>(i, "tn.name"), type, i));
  return infos;
}

Tensor toTensor(const HostTensor &host, mlir::Type type) {
  Tensor tensor(mlir::cast<mlir::RankedTensorType>(type));
  std::copy_n(host.data.data(), std::min<size_t>(host.data.size(), tensor.getNumBytes()), tensor.getMutableData());
  return tensor;
}

/// Reads what a result is to be. It may have another shape than the importer says: that is for the debugger to tell.
bool readKnown(const std::string &file, const ValueInfo &info, mlir::Type type, std::vector<debug::KnownResult> &known,
               std::string &message) {
  HostTensor host;
  if (!readTensor(file, info.name, info.dtype, info.dims, host, message) &&
      (host.dtype != info.dtype || host.dims == info.dims))
    return false;
  auto own = mlir::RankedTensorType::get(host.dims, mlir::cast<mlir::RankedTensorType>(type).getElementType());
  known.push_back({info.name, toTensor(host, own)});
  return true;
}

} // namespace

/// Results by name from a .npz file; those that it lacks are not checked.
int DebugCommand::readReference(mlir::func::FuncOp main, std::vector<debug::KnownResult> &known) {
  std::string message;
  for (auto [i, info] : llvm::enumerate(resultsOf(main)))
    readKnown(reference, info, main.getResultTypes()[i], known, message);
  if (!known.empty())
    return kOk;
  printError("--reference: no result of the model is in the file: " + message);
  return kInputOutput;
}

int DebugCommand::runOnnxRuntime(mlir::func::FuncOp main, std::vector<HostTensor> &bound,
                                 std::vector<debug::KnownResult> &known) {
  auto interpreter = llvm::sys::findProgramByName(python);
  llvm::SmallString<128> folder;
  if (!interpreter || llvm::sys::fs::createUniqueDirectory("tenon-onnxruntime", folder)) {
    printError("--reference onnxruntime: no " + python + " to run it; --python says which");
    return kUsage;
  }
  std::string message, out = (folder + "/out").str();
  int code = llvm::sys::fs::create_directory(out) ? kInputOutput : kOk;
  for (size_t i = 0; i < bound.size() && code == kOk; ++i)
    if (!writeTensor((folder + "/" + std::to_string(i) + ".npy").str(), bound[i].view(), message))
      code = kInputOutput;
  llvm::StringRef arguments[] = {*interpreter, "-c", kOnnxRuntime, path, folder, out};
  if (code == kOk && llvm::sys::ExecuteAndWait(*interpreter, arguments, std::nullopt, {}, 0, 0, &message) != 0) {
    message = "--reference onnxruntime: it cannot run the model (" + python + " needs the packages onnxruntime and " +
              "numpy; --python names another one)";
    code = kInputOutput;
  }
  for (auto [i, info] : llvm::enumerate(resultsOf(main)))
    if (code == kOk &&
        !readKnown(out + "/" + std::to_string(i) + ".npy", info, main.getResultTypes()[i], known, message))
      code = kInputOutput;
  llvm::sys::fs::remove_directories(folder);
  if (code != kOk)
    printError(message);
  return code;
}

int DebugCommand::bind(mlir::func::FuncOp main, std::vector<Tensor> &tensors, std::vector<debug::KnownResult> &known) {
  std::vector<ValueInfo> infos;
  for (auto [i, type] : llvm::enumerate(main.getArgumentTypes()))
    infos.push_back(infoOf(main.getArgAttrOfType<mlir::StringAttr>(i, "tn.name"), type, i));
  std::vector<HostTensor> bound;
  auto resolve = [](size_t, std::vector<int64_t> &) { return static_cast<int>(kOk); };
  if (int code = bindInputs(infos, inputs, /*random=*/true, seed, resolve, bound))
    return code;
  for (auto [i, type] : llvm::enumerate(main.getArgumentTypes()))
    tensors.push_back(toTensor(bound[i], type));
  if (reference.empty())
    return kOk;
  return reference == "onnxruntime" ? runOnnxRuntime(main, bound, known) : readReference(main, known);
}

/// The page: with times of kernels, unless running the artifact is what goes wrong.
int DebugCommand::writeReport(const debug::DebugOptions &options, const std::string &folder,
                              const debug::Report &report) {
  report::Source source;
  source.compiler = options.compiler;
  source.limits = options.limits;
  source.limits.seconds = 0;
  source.model = path;
  source.command = "tenon debug";
  source.directory = folder;
  source.findings = report;
  std::string library = folder + "/model.so";
  bool runs = !report.finding || (report.finding->kind != "crash" && report.finding->kind != "hang");
  if (runs && llvm::sys::fs::exists(library))
    measureForReport(source, library, inputs, seed);
  else
    source.whyNotMeasured = "Kernels were not timed: there is no artifact that runs to its end.";
  return writeHtmlReport(source, html);
}

int DebugCommand::run() {
  if (slow.wanted)
    return runSlow(slow, {path, inputs, seed, json, directory, model});
  debug::DebugOptions options;
  ModelOptions host = model;
  host.targets = {"native"};
  std::string message;
  if (!host.resolve(options.compiler, options.limits, message)) {
    printError(message);
    return kUsage;
  }
  if (!checkReportPath(html))
    return kInputOutput;
  options.model = path;
  options.directory = directory;
  options.bind = [&](mlir::func::FuncOp main, std::vector<Tensor> &tensors, std::vector<debug::KnownResult> &known) {
    return bind(main, tensors, known);
  };
  int written = kOk;
  if (!html.empty()) {
    options.compiler.remarks = true;
    options.finish = [&](const std::string &folder, const debug::Report &report, int code) {
      if (code == kOk || code == kDiffers)
        written = writeReport(options, folder, report);
    };
  }
  debug::Report report;
  int code = debug::debugModel(options, report, message);
  if (code != kOk && code != kDiffers) {
    if (!message.empty())
      printError(message);
    return code;
  }
  if (report.finding)
    printError(report.finding->kind + " in " + report.finding->where + ": " + report.finding->message);
  if (written != kOk)
    code = written;
  if (json)
    return printJson(report.toJson()) ? code : kInputOutput;
  fmt::print("{}", report.toText());
  return code;
}

void addDebug(CLI::App &app, Action &action) {
  CLI::App *command = app.add_subcommand("debug", "Find the pass, rewrite or kernel that makes a model wrong, or slow");
  auto options = std::make_shared<DebugCommand>();
  command->add_option("model", options->path, "Model: .onnx, or .mlir of an earlier --stop-after")->required();
  command->add_option("--input", options->inputs, "An input: NAME=@FILE, NAME=zeros, NAME=random:seed=N")->take_all();
  command->add_option("--seed", options->seed, "Seed of the inputs that are not given")->capture_default_str();
  command->add_option("--reference", options->reference,
                      "Results to check the importer against: a .npz file, or onnxruntime");
  command->add_option("--python", options->python, "Python that has onnxruntime")->capture_default_str();
  command->add_option("--dump-dir", options->directory, "Folder for the program after every pass, kept");
  command->add_option("--report", options->html, "HTML file that shows passes, graph, memory, kernels and errors")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print the report as JSON");
  options->slow.bind(*command);
  options->model.bind(*command, /*withTargets=*/false);
  command->footer(kFooter);
  command->callback([&action, options] { action = [options] { return options->run(); }; });
}

} // namespace tenon::cli

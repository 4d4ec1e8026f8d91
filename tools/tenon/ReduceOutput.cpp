#include "tools/tenon/ReduceOutput.h"
#include "frontend/onnx/ModelWriter.h"
#include "tools/compiler/OutputFile.h"
#include "tools/tenon/Output.h"
#include "tools/tenon/Values.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include <fmt/core.h>
#include <sys/stat.h>

using llvm::StringRef;

namespace tenon::cli {

namespace {

/// Models with more bytes of constants keep them in a file beside.
constexpr size_t kMaxInlineBytes = 16 << 20;
const char kWeightsName[] = "reduced.weights";

class FolderWriter {
public:
  FolderWriter(const reduce::Reduction &reduction, const ReportContext &context, std::string folder)
      : reduction(reduction), subject(reduction.subject), context(context), spec(context.predicate->getSpec()),
        folder(std::move(folder)) {}

  int run();

private:
  bool writeModel();
  bool writeValues();
  bool writeModule();
  bool writeScript();
  bool writeReport();
  bool writeText(StringRef name, StringRef text) { return writeOutputFile(folder + "/" + name.str(), text, error); }
  std::string replayCommand() const;
  std::string runCommand() const;
  std::string checkCommand() const;
  std::string listNodes() const;
  std::string listValues(const std::vector<std::string> &names) const;
  std::string describeExpected() const;

  const reduce::Reduction &reduction;
  const reduce::Subject &subject;
  const ReportContext &context;
  const PredicateSpec &spec;
  std::string folder, error;
  std::map<std::string, std::string> inputFiles, expectedFiles;
  double atol = 0;
  bool hasModule = false;
};

} // namespace

std::string shellQuoted(const std::string &word) {
  if (!word.empty() &&
      llvm::all_of(word, [](char c) { return llvm::isAlnum(c) || StringRef("_-./=:,@+").contains(c); }))
    return word;
  std::string quoted = "'";
  for (char c : word)
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

//===----------------------------------------------------------------------===//
// Model and values
//===----------------------------------------------------------------------===//

bool FolderWriter::writeModel() {
  size_t total = 0;
  for (const auto &[name, data] : subject.constants)
    total += data.sizeInBytes();
  OutputFile weights(folder + "/" + kWeightsName);
  uint64_t end = 0;
  bool outside = total > kMaxInlineBytes, good = true;
  if (outside && !weights.open()) {
    error = weights.getError();
    return false;
  }
  auto place = [&](const onnx::TensorData &tensor) -> std::optional<onnx::TensorSource> {
    if (!outside || tensor.sizeInBytes() < 1024)
      return std::nullopt;
    onnx::TensorSource source;
    source.location = kWeightsName;
    source.offset = end;
    source.length = tensor.sizeInBytes();
    good &= weights.write(StringRef(tensor.data(), tensor.sizeInBytes()), static_cast<int64_t>(end));
    end = llvm::alignTo(end + source.length, 64);
    return source;
  };
  onnx::Diagnostics problems;
  std::string bytes = onnx::serializeModel(reduce::makeModel(subject, reduction.record), place, problems);
  if (outside && !(good && weights.commit())) {
    error = weights.getError();
    return false;
  }
  if (bytes.empty())
    error = StringRef(problems.str()).rtrim().str();
  return !bytes.empty() && writeText("reduced.onnx", bytes);
}

bool FolderWriter::writeValues() {
  if (!writeInputs(subject, folder, inputFiles, error))
    return false;
  if (spec.fault != Fault::Numbers)
    return true;
  std::set<std::string> taken;
  for (const std::string &name : subject.outputs) {
    auto value = reduction.record.find(name);
    if (value == reduction.record.end())
      continue;
    HostTensor expected = toHostTensor(value->second.data);
    double own = scaledTolerance(context.options->atol, expected);
    atol = expectedFiles.empty() ? own : std::min(atol, own);
    expectedFiles[name] = "expected-" + fileNameFor(name, taken) + ".npy";
    if (!writeTensor(folder + "/" + expectedFiles[name], expected.view(), error))
      return false;
  }
  return true;
}

/// The importer may be what fails; then there is no module.
bool FolderWriter::writeModule() {
  ProcessOutcome outcome = supervise(context.options->limits, [&]() -> int {
    auto &compiler = *new Compiler(context.options->compiler);
    return compiler.load(folder + "/reduced.onnx") && compiler.writeModule(folder + "/reduced.mlir") ? 0 : 1;
  });
  hasModule = outcome.exitCode == 0;
  return true;
}

//===----------------------------------------------------------------------===//
// Commands
//===----------------------------------------------------------------------===//

static std::string option(const char *flag, const std::string &name, const std::string &file) {
  return fmt::format(" {} {}", flag, shellQuoted(fmt::format("{}=@{}", name, file)));
}

std::string FolderWriter::runCommand() const {
  std::string command = "run reduced.onnx --poison";
  for (const auto &[name, file] : inputFiles)
    command += option("--input", name, file);
  for (const auto &[name, file] : expectedFiles)
    command += option("--expect", name, file);
  if (!expectedFiles.empty())
    command += fmt::format(" --rtol {} --atol {}", context.options->rtol, atol);
  return command + context.flags;
}

std::string FolderWriter::checkCommand() const {
  std::string command = "reduce reduced.onnx --test-only";
  for (const auto &[name, file] : inputFiles)
    command += option("--input", name, file);
  command += spec.fault == Fault::Script ? " --script " + shellQuoted(spec.text) : " --predicate=" + spec.str();
  if (!context.against.empty())
    command += " --against=" + shellQuoted(context.against);
  return command + context.flags;
}

std::string FolderWriter::replayCommand() const {
  return spec.fault == Fault::Slower || spec.fault == Fault::Script ? checkCommand() : runCommand();
}

bool FolderWriter::writeScript() {
  std::string text =
      "#!/bin/sh\n# Shows the fault. Exits with 1 if it is there, 0 if not, 125 if that can't be told: as "
      "`git bisect run` takes it.\ncd \"$(dirname \"$0\")\" || exit 125\n";
  std::string command = "\"${TENON:-tenon}\" " + replayCommand();
  switch (spec.fault) {
  case Fault::Numbers:
    text += command + "\ncase $? in 0) exit 0 ;; 5) exit 1 ;; *) exit 125 ;; esac\n";
    break;
  case Fault::Diagnostic:
    text += "messages=$(" + command + " 2>&1) && exit 0\nprintf '%s\\n' \"$messages\"\nprintf '%s' \"$messages\" | " +
            "grep -F -q -- " + shellQuoted(spec.text) + " && exit 1\nexit 125\n";
    break;
  case Fault::Crash: // 70: found by the supervisor; 6: its time limit; 124: timeout's; above 128: by a signal
    text += fmt::format("timeout {:g} {}\ncase $? in 0) exit 0 ;; 70|6|124|12[89]|13?) exit 1 ;; *) exit 125 ;; esac\n",
                        context.options->limits.seconds + 60, command);
    break;
  case Fault::Auto:
  case Fault::Slower:
  case Fault::Script:
    text += command + "\ncase $? in 0) exit 1 ;; 1) exit 0 ;; *) exit 125 ;; esac\n";
  }
  if (!writeText("repro.sh", text))
    return false;
  return chmod((folder + "/repro.sh").c_str(), 0755) == 0;
}

//===----------------------------------------------------------------------===//
// Report
//===----------------------------------------------------------------------===//

/// A name or message inside of Markdown's code quotes.
static std::string code(StringRef text) {
  std::string safe = onnx::quoted(std::string_view(text.data(), text.size()));
  safe = safe.substr(1, safe.size() - 2);
  std::replace(safe.begin(), safe.end(), '`', '\'');
  std::replace(safe.begin(), safe.end(), '|', '/');
  return "`" + safe + "`";
}

/// A block of Markdown that is shown as it is, whatever it contains.
static std::string indented(StringRef text) {
  std::string block;
  for (StringRef line : llvm::split(text, '\n'))
    block += ("    " + line + "\n").str();
  return block;
}

std::string FolderWriter::listValues(const std::vector<std::string> &names) const {
  std::string text;
  for (const std::string &name : names) {
    if (name.empty())
      continue;
    const onnx::TensorData *data = nullptr;
    if (auto it = subject.constants.find(name); it != subject.constants.end())
      data = &it->second;
    else if (auto it = subject.inputs.find(name); it != subject.inputs.end())
      data = &it->second;
    else if (auto it = reduction.record.find(name); it != reduction.record.end())
      data = &it->second.data;
    text += (text.empty() ? "" : ", ") + code(name);
    if (data)
      text += " " + describeTensor(dtypeOf(data->type()), data->dims());
  }
  return text;
}

std::string FolderWriter::listNodes() const {
  std::string text = "| node | operator | reads | gives |\n|---|---|---|---|\n";
  constexpr size_t maxListed = 50;
  for (size_t i = 0; i < subject.nodes.size() && i < maxListed; ++i) {
    const onnx::Node &node = subject.nodes[i];
    text += fmt::format("| {} | {} {} | {} | {} |\n", code(node.name), code(node.opType), node.opset,
                        listValues(node.inputs), listValues(node.outputs));
  }
  return text;
}

std::string FolderWriter::describeExpected() const {
  switch (spec.fault) {
  case Fault::Numbers:
    return fmt::format("The numbers of the interpreter, run on the import before any optimisation "
                       "(`expected-*.npy`), within |got - expected| <= {:g} + {:g} |expected|.",
                       atol, context.options->rtol);
  case Fault::Slower:
    return context.against.empty()
               ? fmt::format("Less than {:g} times the bound that this machine's rates of arithmetic and memory set.",
                             spec.factor)
               : fmt::format("Less than {:g} times the time with {}.", spec.factor, code(context.against));
  case Fault::Diagnostic:
    return "The model compiles, or the message says what the model's author can do about it.";
  case Fault::Script:
    return "The script " + code(spec.text) + " exits with something else than 0.";
  case Fault::Auto:
  case Fault::Crash:
    break;
  }
  return "No crash, and an end.";
}

bool FolderWriter::writeReport() {
  std::string text = fmt::format("# {} on {} node{} of {}\n\n", code(spec.str()), subject.nodes.size(),
                                 subject.nodes.size() == 1 ? "" : "s", code(context.model));
  text += "## Observed\n\n" + indented(reduction.observed) + "\n## Expected\n\n" + describeExpected() + "\n\n";
  text += "## To see it\n\n`sh repro.sh`, which runs\n\n```sh\ntenon " + replayCommand() + "\n```\n\n";
  text += "## The model\n\n" + listNodes() + "\nInputs: ";
  std::vector<std::string> inputs;
  inputs.reserve(subject.inputs.size());
  for (const auto &[name, data] : subject.inputs)
    inputs.push_back(name);
  text += (inputs.empty() ? "none" : listValues(inputs)) + ". Outputs: " + listValues(subject.outputs) + ".\n";
  text += hasModule ? "`reduced.mlir` is its import, before any optimisation.\n\n"
                    : "It has no `reduced.mlir`: the importer does not get through it.\n\n";
  text += fmt::format("## Versions\n\n- tenon {}, LLVM {}\n- compiled for {}\n\n", tn_version(), LLVM_VERSION_STRING,
                      llvm::join(context.options->compiler.targets, ", "));
  text += fmt::format("Reduced by `tenon reduce` from {} nodes of {} in {} tests.\n", context.nodesBefore,
                      code(context.model), reduction.tests);
  if (!reduction.interrupted && reduction.confirmed < reduction.confirmations)
    text += fmt::format("The fault depends on chance: {} of {} further tests of this model showed it.\n",
                        reduction.confirmed, reduction.confirmations);
  if (reduction.interrupted)
    text += "The reduction was interrupted: a smaller model may show the fault.\n";
  return writeText("report.md", text);
}

int FolderWriter::run() {
  if (std::error_code problem = llvm::sys::fs::create_directories(folder)) {
    printError("cannot create " + folder + ": " + problem.message());
    return kInputOutput;
  }
  if (writeModel() && writeValues() && writeModule() && writeScript() && writeReport())
    return kOk;
  printError(error.empty() ? "cannot write to " + folder : error);
  return kInputOutput;
}

int writeReduction(const reduce::Reduction &reduction, const ReportContext &context, const std::string &folder) {
  return FolderWriter(reduction, context, folder).run();
}

} // namespace tenon::cli

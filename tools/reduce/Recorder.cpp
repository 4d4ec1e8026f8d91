#include "tools/reduce/Recorder.h"
#include "frontend/onnx/Constants.h"
#include "frontend/onnx/Importer.h"
#include "frontend/onnx/MappedFile.h"
#include "ir/Constant.h"
#include "ir/Interpreter.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include <unistd.h>

using namespace mlir;

namespace tenon::reduce {

namespace {

const char kModelName[] = "record.onnx", kBytesName[] = "record.bin", kIndexName[] = "record.json";

/// Works in the child process: what it finds goes to files.
class Worker {
public:
  Worker(const Subject &subject, const std::map<std::string, onnx::TensorData> &inputs, Workspace &workspace)
      : subject(subject), inputs(inputs), workspace(workspace) {}

  int run();

private:
  OwningOpRef<ModuleOp> import();
  bool interpretAll(ModuleOp module);
  bool write(ModuleOp module);
  bool writeIndex();
  void noteNode(llvm::StringRef name, llvm::StringRef message);

  const Subject &subject;
  const std::map<std::string, onnx::TensorData> &inputs;
  Workspace &workspace;
  MLIRContext context;
  SmallVector<Tensor> results;
  llvm::json::Array values, failed;
  std::string problem;
};

/// ONNX's number for the type of a tensor's elements; 0 if it has none.
int64_t elementNumber(Type type, MLIRContext *context) {
  for (int64_t number = 1; number <= 28; ++number) {
    auto element = onnx::elementTypeFromNumber(number);
    if (element && onnx::convertElementType(*element, context) == type)
      return number;
  }
  return 0;
}

/// Notes that the node of a name can't be computed.
void Worker::noteNode(llvm::StringRef name, llvm::StringRef message) {
  if (problem.empty())
    problem = message.str();
  for (auto [i, node] : llvm::enumerate(subject.nodes))
    if (node.name == name)
      failed.push_back(static_cast<int64_t>(i));
}

OwningOpRef<ModuleOp> Worker::import() {
  onnx::Diagnostics problems(/*maxKept=*/subject.nodes.size() + 50);
  OwningOpRef<ModuleOp> module;
  if (auto model = onnx::Model::load(workspace.path(kModelName), {}, problems))
    module = onnx::importModel(*model, {}, context, problems);
  for (const onnx::Diagnostic &diagnostic : problems.list())
    if (!module && diagnostic.severity == onnx::Severity::Error)
      noteNode(diagnostic.node, diagnostic.message);
  return module;
}

bool Worker::interpretAll(ModuleOp module) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  SmallVector<Tensor> arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto name = function.getArgAttrOfType<StringAttr>(i, "tn.name");
    auto value = inputs.find(name.getValue().str());
    std::optional<Tensor> tensor;
    if (value != inputs.end())
      tensor = onnx::toTensor(value->second, &context);
    if (!tensor)
      return false;
    arguments.push_back(*tensor);
  }
  return succeeded(interpret(function, arguments, results));
}

bool Worker::write(ModuleOp module) {
  Operation *terminator = module.lookupSymbol<func::FuncOp>("main").getBody().front().getTerminator();
  OutputFile file(workspace.path(kBytesName));
  int64_t end = 0;
  if (!file.open())
    return false;
  for (auto [tensor, value] : llvm::zip(results, terminator->getOperands())) {
    if (!file.write(llvm::StringRef(tensor.getData(), tensor.getNumBytes()), end))
      return false;
    values.push_back(llvm::json::Object{{"type", elementNumber(tensor.getElementType(), &context)},
                                        {"dims", llvm::json::Array(tensor.getShape())},
                                        {"offset", end},
                                        {"bytes", tensor.getNumBytes()},
                                        {"constant", tn::constantValue(value).has_value()}});
    end += llvm::alignTo(tensor.getNumBytes(), 64);
  }
  return file.commit();
}

bool Worker::writeIndex() {
  std::string text, error;
  llvm::raw_string_ostream(text) << llvm::json::Value(llvm::json::Object{
      {"values", std::move(values)}, {"failed", std::move(failed)}, {"problem", llvm::json::fixUTF8(problem)}});
  return writeOutputFile(workspace.path(kIndexName), text, error);
}

int Worker::run() {
  context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
    if (auto name = dyn_cast<NameLoc>(diagnostic.getLocation()))
      noteNode(name.getName(), diagnostic.str());
    return success();
  });
  OwningOpRef<ModuleOp> module = import();
  bool good = module && interpretAll(*module) && write(*module);
  return writeIndex() && good ? 0 : 1;
}

/// What the child found.
struct Found {
  bool good = false, interrupted = false;
  Record values;
  std::vector<size_t> failed; ///< nodes to blame
  std::string problem;
};

std::optional<RecordedValue> readValue(const llvm::json::Object &entry, std::string_view bytes,
                                       const std::shared_ptr<const void> &owner) {
  auto type = onnx::elementTypeFromNumber(entry.getInteger("type").value_or(0));
  std::vector<int64_t> dims;
  if (const llvm::json::Array *list = entry.getArray("dims"))
    for (const llvm::json::Value &dim : *list)
      dims.push_back(dim.getAsInteger().value_or(0));
  uint64_t offset = entry.getInteger("offset").value_or(0), size = entry.getInteger("bytes").value_or(0);
  auto count = onnx::elementCount(dims);
  if (!type || !count || onnx::packedByteSize(*type, *count) != size || offset > bytes.size() ||
      size > bytes.size() - offset)
    return std::nullopt;
  return RecordedValue{onnx::TensorData(*type, dims, bytes.substr(offset, size), owner),
                       entry.getBoolean("constant").value_or(false)};
}

void readFindings(Workspace &workspace, const std::vector<std::string> &names, Found &found) {
  auto text = llvm::MemoryBuffer::getFile(workspace.path(kIndexName));
  if (!text)
    return;
  auto index = llvm::json::parse((*text)->getBuffer());
  unlink(workspace.path(kIndexName).c_str());
  if (!index) {
    llvm::consumeError(index.takeError());
    return;
  }
  const llvm::json::Object &object = *index->getAsObject();
  found.problem = object.getString("problem").value_or("").str();
  for (const llvm::json::Value &number : *object.getArray("failed"))
    found.failed.push_back(number.getAsInteger().value_or(0));
  std::string error;
  auto file = onnx::MappedFile::open(workspace.path(kBytesName), error);
  unlink(workspace.path(kBytesName).c_str()); // it stays mapped
  if (!found.good || !file)
    return;
  for (auto [name, entry] : llvm::zip(names, *object.getArray("values")))
    if (auto value = readValue(*entry.getAsObject(), file->bytes(), file))
      found.values[name] = *value;
}

/// Records all values of a subject whose nodes are all expected to be fine.
Found recordOnce(Subject subject, Workspace &workspace, const ProcessLimits &limits) {
  Found found;
  subject.outputs.clear();
  for (const onnx::Node &node : subject.nodes)
    for (const std::string &output : node.outputs)
      if (!output.empty())
        subject.outputs.push_back(output);
  if (subject.outputs.empty()) {
    found.good = true;
    return found;
  }
  auto inputs = subject.inputs;
  dropUnread(subject);
  std::string bytes;
  if (!workspace.writeModel(subject, {}, kModelName, bytes)) {
    found.problem = workspace.getError();
    return found;
  }
  ProcessOutcome outcome = supervise(limits, [&] { return (new Worker(subject, inputs, workspace))->run(); });
  found.interrupted = outcome.exitCode > 128;
  found.good = outcome.exitCode == 0;
  readFindings(workspace, subject.outputs, found);
  if (!outcome.message.empty())
    found.problem = outcome.message;
  return found;
}

/// The subject without the nodes at fault and all that depend on them.
Subject without(const Subject &subject, const std::vector<size_t> &nodes) {
  std::set<std::string> lost;
  std::set<size_t> dropped(nodes.begin(), nodes.end());
  Subject rest = subject;
  rest.nodes.clear();
  for (auto [i, node] : llvm::enumerate(subject.nodes)) {
    bool isLost = dropped.count(i);
    forEachRead(node, [&](const std::string &name) { isLost |= lost.count(name) != 0; });
    if (isLost)
      lost.insert(node.outputs.begin(), node.outputs.end());
    else
      rest.nodes.push_back(node);
  }
  return rest;
}

Subject prefix(const Subject &subject, size_t count) {
  Subject part = subject;
  part.nodes.resize(count);
  return part;
}

} // namespace

Recording recordValues(const Subject &subject, Workspace &workspace, const ProcessLimits &limits) {
  Recording recording;
  Subject rest = subject;
  // The whole may be large, and the interpreter is no fast one; if this does not do, a part has to.
  ProcessLimits generous = limits;
  generous.seconds *= 10;
  Found found = recordOnce(rest, workspace, generous);
  recording.problem = found.problem;
  recording.isComplete = found.good;
  // Nodes are blamed by name, and a name may be another node's, too: every round leaves fewer nodes.
  while (!found.good && !found.interrupted && !found.failed.empty()) {
    rest = without(rest, found.failed);
    found = recordOnce(rest, workspace, limits);
  }
  // Nobody is blamed: a crash, a limit. Bisect for the longest begin that can be computed.
  size_t good = 0, bad = rest.nodes.size();
  while (!found.good && !found.interrupted && good + 1 < bad) {
    size_t middle = (good + bad) / 2;
    Found part = recordOnce(prefix(rest, middle), workspace, limits);
    found.interrupted = part.interrupted;
    (part.good ? good : bad) = middle;
    if (part.good)
      found.values = std::move(part.values);
  }
  recording.values = std::move(found.values);
  recording.interrupted = found.interrupted;
  return recording;
}

std::optional<Record> recordAll(const Subject &subject, Workspace &workspace, const ProcessLimits &limits,
                                bool &interrupted) {
  Found found = recordOnce(subject, workspace, limits);
  interrupted = found.interrupted;
  return found.good ? std::optional<Record>(std::move(found.values)) : std::nullopt;
}

} // namespace tenon::reduce

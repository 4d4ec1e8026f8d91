#include "tools/debug/Snapshots.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Parser/Parser.h"
#include "tools/compiler/OutputFile.h"
#include "tools/compiler/Supervisor.h"
#include "tools/compiler/WeightFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include <chrono>

using namespace mlir;

namespace tenon::debug {

bool SnapshotWriter::append(const std::string &file, llvm::StringRef bytes) {
  std::error_code code;
  llvm::raw_fd_ostream out(file, code, llvm::sys::fs::OF_Append);
  if (!code) {
    out << bytes;
    out.flush();
    code = out.error();
    out.clear_error();
  }
  if (code)
    error = "cannot write " + file + ": " + code.message();
  return !code;
}

bool SnapshotWriter::write(ModuleOp module, llvm::StringRef name, bool &changed) {
  std::string bytes;
  llvm::raw_string_ostream stream(bytes);
  if (failed(writeBytecodeToFile(module, stream))) {
    error = "cannot write the program as bytecode";
    return false;
  }
  changed = bytes != last;
  if (!changed)
    return true;
  auto toFile = [&](llvm::StringRef part, int64_t) { return append(directory + "/weights.tnw", part); };
  lastFile = directory + "/" + llvm::formatv("{0:2}-{1}.mlirbc", number, name).str();
  std::replace(lastFile.begin() + directory.size() + 1, lastFile.end(), '/', '-');
  std::replace(lastFile.begin() + directory.size() + 1, lastFile.end(), ' ', '0');
  last = std::move(bytes);
  return weights.add(module, toFile) && writeOutputFile(lastFile, last, error);
}

bool SnapshotWriter::begin(ModuleOp module) {
  weights.add(module, [](llvm::StringRef, int64_t) { return true; });
  bool changed;
  return write(module, "import", changed);
}

bool SnapshotWriter::add(const PassPosition &position, ModuleOp module, bool succeeded, double seconds) {
  ++number;
  bool changed = false;
  // What a failing pass leaves may be no program at all.
  if (succeeded && !write(module, position.str(), changed))
    return false;
  llvm::json::Object line{{"stage", position.stage},     {"name", position.name}, {"number", position.number},
                          {"summary", position.summary}, {"changed", changed},    {"succeeded", succeeded},
                          {"seconds", seconds},          {"file", lastFile}};
  return append(directory + "/passes.json", llvm::formatv("{0}\n", llvm::json::Value(std::move(line))).str());
}

bool SnapshotWriter::addRemarks(llvm::ArrayRef<Remark> remarks) {
  std::string text;
  for (; remarksWritten < remarks.size(); ++remarksWritten)
    text += llvm::formatv("{0}\n", remarks[remarksWritten].toJson()).str();
  return text.empty() || append(directory + "/remarks.json", text);
}

PassWatcher writeSnapshots(SnapshotWriter &writer, std::function<Compiler &()> compiler, bool announce) {
  using Clock = std::chrono::steady_clock;
  auto start = std::make_shared<Clock::time_point>();
  PassWatcher watcher;
  watcher.before = [start, announce](const PassPosition &position, ModuleOp) {
    if (announce)
      announcePhase(position.str());
    *start = Clock::now();
  };
  watcher.after = [start, &writer, compiler](const PassPosition &position, ModuleOp module, bool succeeded) {
    writer.add(position, module, succeeded, std::chrono::duration<double>(Clock::now() - *start).count());
    writer.addRemarks(compiler().getRemarks());
  };
  return watcher;
}

/// Calls `read` with every object of a file that has one per line, up to what is no object: the last line may be cut.
static void forEachLine(const std::string &file, llvm::function_ref<void(const llvm::json::Object &)> read) {
  auto buffer = llvm::MemoryBuffer::getFile(file);
  if (!buffer)
    return;
  llvm::SmallVector<llvm::StringRef> lines;
  (*buffer)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef line : lines) {
    auto value = llvm::json::parse(line);
    if (!value)
      return llvm::consumeError(value.takeError());
    if (const llvm::json::Object *object = value->getAsObject())
      read(*object);
  }
}

static std::string readText(const llvm::json::Object &object, llvm::StringRef key) {
  return object.getString(key).value_or("").str();
}

std::vector<Snapshot> readSnapshots(const std::string &directory) {
  std::vector<Snapshot> list;
  forEachLine(directory + "/passes.json", [&](const llvm::json::Object &object) {
    Snapshot snapshot;
    snapshot.position = {readText(object, "stage"), readText(object, "name"),
                         static_cast<unsigned>(object.getInteger("number").value_or(0)), readText(object, "summary")};
    snapshot.changed = object.getBoolean("changed").value_or(false);
    snapshot.succeeded = object.getBoolean("succeeded").value_or(false);
    snapshot.seconds = object.getNumber("seconds").value_or(0);
    snapshot.file = readText(object, "file");
    list.push_back(std::move(snapshot));
  });
  return list;
}

std::vector<Remark> readRemarks(const std::string &directory) {
  std::vector<Remark> list;
  forEachLine(directory + "/remarks.json", [&](const llvm::json::Object &object) {
    Remark remark{
        readText(object, "kind"), readText(object, "pass"), readText(object, "name"), readText(object, "message"), {}};
    if (const llvm::json::Array *nodes = object.getArray("nodes"))
      for (const llvm::json::Value &node : *nodes)
        remark.nodes.push_back(node.getAsString().value_or("").str());
    list.push_back(std::move(remark));
  });
  return list;
}

bool loadSnapshotWeights(const std::string &directory, MLIRContext &context, std::string &message) {
  std::string file = directory + "/weights.tnw";
  if (!llvm::sys::fs::exists(file))
    return true;
  return loadWeightFile(file, context.getOrLoadDialect<tn::TnDialect>()->getWeightStore(), message);
}

OwningOpRef<ModuleOp> readSnapshot(const std::string &file, MLIRContext &context) {
  return parseSourceFile<ModuleOp>(file, ParserConfig(&context, /*verifyAfterParse=*/false));
}

} // namespace tenon::debug

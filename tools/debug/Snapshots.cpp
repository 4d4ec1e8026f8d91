#include "tools/debug/Snapshots.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Parser/Parser.h"
#include "tools/compiler/OutputFile.h"
#include "tools/compiler/WeightFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

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

bool SnapshotWriter::add(const PassPosition &position, ModuleOp module, bool succeeded) {
  ++number;
  bool changed = false;
  // What a failing pass leaves may be no program at all.
  if (succeeded && !write(module, position.str(), changed))
    return false;
  llvm::json::Object line{{"stage", position.stage}, {"name", position.name},  {"number", position.number},
                          {"changed", changed},      {"succeeded", succeeded}, {"file", lastFile}};
  return append(directory + "/passes.json", llvm::formatv("{0}\n", llvm::json::Value(std::move(line))).str());
}

std::vector<Snapshot> readSnapshots(const std::string &directory) {
  std::vector<Snapshot> list;
  auto buffer = llvm::MemoryBuffer::getFile(directory + "/passes.json");
  if (!buffer)
    return list;
  llvm::SmallVector<llvm::StringRef> lines;
  (*buffer)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef line : lines) {
    auto value = llvm::json::parse(line);
    if (!value) {
      llvm::consumeError(value.takeError());
      break;
    }
    const llvm::json::Object &object = *value->getAsObject();
    Snapshot snapshot;
    snapshot.position = {object.getString("stage")->str(), object.getString("name")->str(),
                         static_cast<unsigned>(*object.getInteger("number"))};
    snapshot.changed = *object.getBoolean("changed");
    snapshot.succeeded = *object.getBoolean("succeeded");
    snapshot.file = object.getString("file")->str();
    list.push_back(std::move(snapshot));
  }
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

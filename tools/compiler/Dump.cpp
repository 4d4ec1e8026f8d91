#include "tools/compiler/Dump.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "tools/compiler/OutputFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace tenon {

namespace {

struct DumpAfterPass : PassInstrumentation {
  DumpAfterPass(ModuleDumper &dumper, llvm::StringRef stage) : dumper(dumper), stage(stage) {}

  void runAfterPass(Pass *pass, Operation *op) override {
    if (llvm::StringRef(pass->getArgument()).empty()) // an adaptor, which only runs others
      return;
    auto module = dyn_cast<ModuleOp>(op);
    if (!module)
      module = op->getParentOfType<ModuleOp>();
    llvm::StringRef name = pass->getArgument();
    name.consume_front("tn-");
    dumper.dump(module, stage + "-" + name.str());
  }

  ModuleDumper &dumper;
  std::string stage;
};

} // namespace

ModuleDumper::ModuleDumper(std::string given) : directory(std::move(given)) {
  if (std::error_code code = llvm::sys::fs::create_directories(directory))
    error = "cannot create " + directory + ": " + code.message();
}

void ModuleDumper::dump(ModuleOp module, llvm::StringRef name) {
  if (!error.empty())
    return;
  std::string text, file;
  llvm::raw_string_ostream stream(text), fileStream(file);
  module->print(stream, OpPrintingFlags().enableDebugInfo(/*enable=*/true, /*prettyForm=*/false));
  bool same = text == lastText;
  fileStream << llvm::format("%02u-", number++) << name << (same ? ".unchanged.mlir" : ".mlir");
  if (same) {
    writeOutputFile(directory + "/" + file, "// As in " + lastFile + "\n", error);
    return;
  }
  if (!writeWeights(module))
    return;
  writeOutputFile(directory + "/" + file, text, error);
  lastText = std::move(text);
  lastFile = std::move(file);
}

/// Appends what the module names and the weight file does not have yet; complete after every call.
bool ModuleDumper::writeWeights(ModuleOp module) {
  std::string path = directory + "/weights.tnw";
  if (!weightStream) {
    std::error_code code;
    weightStream = std::make_unique<llvm::raw_fd_ostream>(path, code);
  }
  weights.add(module, [&](llvm::StringRef bytes, int64_t) {
    *weightStream << bytes;
    return !weightStream->has_error();
  });
  weightStream->flush();
  if (weightStream->has_error()) {
    error = "cannot write " + path + ": " + weightStream->error().message();
    weightStream->clear_error();
  }
  return error.empty();
}

void ModuleDumper::watch(PassManager &pm, llvm::StringRef stage) {
  pm.addInstrumentation(std::make_unique<DumpAfterPass>(*this, stage));
}

} // namespace tenon

#include "tools/compiler/Compiler.h"
#include "codegen/common/KernelTemplate.h"
#include "codegen/cpu/ObjectCode.h"
#include "frontend/onnx/Importer.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Pipelines.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace mlir;

namespace tenon {

llvm::ArrayRef<llvm::StringRef> stageNames() {
  static const llvm::StringRef names[] = {"import", "graph", "raise",  "layout", "fuse",
                                          "schedule", "memory", "kernel", "emit"};
  return names;
}

Compiler::Compiler(CompilerOptions given) : options(std::move(given)) {
  DialectRegistry registry;
  codegen::registerCodegenDialects(registry);
  context = std::make_unique<MLIRContext>(registry);
  context->loadAllAvailableDialects();
  context->getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
    llvm::raw_string_ostream stream(diagnostics);
    stream << diagnostic << "\n";
    return success();
  });
  library.models = codegen::allTemplates();
  if (options.targets.empty())
    for (const Target &target : allTargets())
      library.targets.push_back(&target);
  for (const std::string &name : options.targets)
    if (const Target *target = findTarget(name))
      library.targets.push_back(target);
    else
      fail(ErrorKind::Usage, "unknown target '" + name + "'");
}

Compiler::~Compiler() = default;

bool Compiler::fail(ErrorKind kind, const llvm::Twine &message) {
  error.kind = kind;
  error.message = message.str();
  if (!diagnostics.empty())
    error.message += "\n" + diagnostics;
  diagnostics.clear();
  return false;
}

namespace {
/// Adds the time that it lives to a list.
struct PhaseTimer {
  PhaseTimer(std::vector<std::pair<std::string, double>> &times, llvm::StringRef name)
      : times(times), name(name), start(std::chrono::steady_clock::now()) {}
  ~PhaseTimer() {
    times.emplace_back(name.str(),
                       std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::vector<std::pair<std::string, double>> &times;
  llvm::StringRef name;
  std::chrono::steady_clock::time_point start;
};
} // namespace

bool Compiler::load(const std::string &path) {
  if (error.kind != ErrorKind::None)
    return false;
  if (options.progress)
    options.progress("import", 0, 1);
  PhaseTimer timer(times, "import");
  if (llvm::StringRef(path).ends_with(".mlir") || llvm::StringRef(path).ends_with(".mlirbc")) {
    if (!llvm::sys::fs::exists(path))
      return fail(ErrorKind::InputOutput, path + ": no such file");
    module = parseSourceFile<ModuleOp>(path, context.get());
    return module || fail(ErrorKind::Malformed, path + ": cannot be read as tn dialect");
  }
  onnx::Diagnostics problems;
  auto model = onnx::Model::load(path, {}, problems);
  if (model) {
    onnx::ImportOptions import;
    import.shapes = options.shapes;
    import.dims = options.dims;
    module = onnx::importModel(*model, import, *context, problems);
  }
  if (!module)
    return fail(static_cast<ErrorKind>(problems.status()), problems.str());
  reached = static_cast<int>(Stage::Import);
  return true;
}

bool Compiler::runUntil(Stage stage) {
  for (int next = std::max(reached + 1, 1); next <= static_cast<int>(stage); ++next) {
    llvm::StringRef name = stageNames()[next];
    if (options.progress)
      options.progress(name, 0, 1);
    PhaseTimer timer(times, name);
    PassManager pm(context.get());
    PipelineOptions pipeline;
    switch (static_cast<Stage>(next)) {
    case Stage::Graph:
      buildGraphPipeline(pm, pipeline);
      break;
    case Stage::Raise:
      buildRaisePipeline(pm, pipeline);
      break;
    case Stage::Layout:
      buildLayoutPipeline(pm, pipeline);
      break;
    case Stage::Fuse:
      buildFusePipeline(pm, library);
      break;
    case Stage::Schedule:
      buildSchedulePipeline(pm, library);
      break;
    case Stage::Memory:
      buildMemoryPipeline(pm, library);
      break;
    default:
      break;
    }
    if (failed(pm.run(*module)))
      return fail(ErrorKind::CannotCompile, "stage " + name + " failed");
    reached = next;
    if (!options.dumpDirectory.empty()) {
      std::string file = options.dumpDirectory + "/" + std::to_string(next) + "-" + name.str() + ".mlir";
      if (!writeModule(file))
        return false;
    }
  }
  return true;
}

bool Compiler::writeModule(const std::string &path) {
  std::error_code code;
  std::string temporary = path + ".tmp";
  llvm::raw_fd_ostream out(temporary, code);
  if (!code) {
    module->print(out, OpPrintingFlags().enableDebugInfo(/*prettyForm=*/false));
    out.close();
    code = out.error();
    out.clear_error();
  }
  if (!code)
    code = llvm::sys::fs::rename(temporary, path);
  return !code || fail(ErrorKind::InputOutput, "cannot write " + path + ": " + code.message());
}

} // namespace tenon

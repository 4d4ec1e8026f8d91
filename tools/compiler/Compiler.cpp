#include "tools/compiler/Compiler.h"
#include "codegen/common/KernelTemplate.h"
#include "codegen/cpu/ObjectCode.h"
#include "frontend/onnx/Importer.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "passes/Pipelines.h"
#include "tools/compiler/FaultScopes.h"
#include "tools/compiler/Phase.h"
#include "tools/compiler/WeightFile.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace tenon {

llvm::ArrayRef<llvm::StringRef> stageNames() {
  static const llvm::StringRef names[] = {"import",   "graph",  "raise",  "layout", "fuse",
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
  if (options.remarks)
    collectRemarks(*context, remarks);
  if (!options.dumpDirectory.empty())
    dumper = std::make_unique<ModuleDumper>(options.dumpDirectory);
  library.models = codegen::allTemplates();
  if (options.targets.empty())
    for (const Target &target : allTargets())
      library.targets.push_back(&target);
  for (const std::string &name : options.targets)
    if (const Target *target = findTarget(name))
      library.targets.push_back(target);
    else
      fail(ErrorKind::Usage, "unknown target '" + name + "'");
  llvm::sort(library.targets, [](const Target *a, const Target *b) { return a < b; }); // as listed: best first
  loadPlugin();
}

/// The stage and the pipeline of the passes that run in addition.
static std::pair<llvm::StringRef, llvm::StringRef> splitExtraPasses(const CompilerOptions &options) {
  return llvm::StringRef(options.extraPasses).split(':');
}

/// Makes the passes of a plugin known, and looks whether there are those that are asked for.
bool Compiler::loadPlugin() {
  if (!options.passPlugin.empty()) {
    auto plugin = PassPlugin::load(options.passPlugin);
    if (!plugin)
      return fail(ErrorKind::Usage, "cannot load passes: " + llvm::toString(plugin.takeError()));
    plugin->registerPassRegistryCallbacks();
  }
  if (options.extraPasses.empty())
    return true;
  auto [name, pipeline] = splitExtraPasses(options);
  auto stage = llvm::find(stageNames(), name) - stageNames().begin();
  std::string message;
  llvm::raw_string_ostream stream(message);
  PassManager pm(context.get());
  if (stage < static_cast<int>(Stage::Graph) || stage > static_cast<int>(Stage::Memory))
    return fail(ErrorKind::Usage, "extra passes for '" + name + "', which is no stage from graph to memory");
  return succeeded(parsePassPipeline(pipeline, pm, stream)) ||
         fail(ErrorKind::Usage, "extra passes for stage " + name + ": " + llvm::StringRef(message).rtrim());
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

/// Names that the user gave must be the model's, or a slip of the pen would go unnoticed.
bool Compiler::checkNames(const onnx::Model &model) {
  llvm::SetVector<llvm::StringRef> inputs, dims;
  for (const onnx::ValueInfo &input : model.graph.inputs) {
    if (model.graph.findInitializer(input.name) || model.graph.findSparseInitializer(input.name))
      continue;
    inputs.insert(input.name);
    for (const onnx::Dim &dim : input.type.dims)
      if (dim.kind == onnx::Dim::Symbol)
        dims.insert(dim.symbol);
  }
  auto listed = [](const llvm::SetVector<llvm::StringRef> &names) {
    return names.empty() ? std::string("it has none") : "they are: " + llvm::join(names, ", ");
  };
  for (auto &[name, shape] : options.shapes)
    if (!inputs.contains(name))
      return fail(ErrorKind::Usage, "--shape: the model has no input '" + name + "'; " + listed(inputs));
  for (auto &[name, size] : options.dims)
    if (!dims.contains(name))
      return fail(ErrorKind::Usage, "--dim: no input has a dimension '" + name + "'; " + listed(dims));
  return true;
}

bool Compiler::importModel(const std::string &path) {
  onnx::Diagnostics problems;
  auto model = onnx::Model::load(path, {}, problems);
  if (model) {
    if (!checkNames(*model))
      return false;
    onnx::ImportOptions import;
    import.shapes = options.shapes;
    import.dims = options.dims;
    module = onnx::importModel(*model, import, *context, problems);
  }
  if (!module)
    return fail(static_cast<ErrorKind>(problems.status()), llvm::StringRef(problems.str()).rtrim());
  warnings = problems.str();
  return true;
}

/// Which stage a module says it has been through; -1 for one that says nothing.
static int stageOf(ModuleOp module) {
  auto name = module->getAttrOfType<StringAttr>("tn.stage");
  auto it = name ? llvm::find(stageNames(), name.getValue()) : stageNames().end();
  return it == stageNames().end() ? -1 : it - stageNames().begin();
}

bool Compiler::loadModule(const std::string &path) {
  if (!llvm::sys::fs::exists(path))
    return fail(ErrorKind::InputOutput, path + ": no such file");
  std::string weights = findWeightFile(path), message;
  WeightStore &store = context->getOrLoadDialect<tn::TnDialect>()->getWeightStore();
  if (!weights.empty() && !loadWeightFile(weights, store, message))
    return fail(ErrorKind::Malformed, message);
  module = parseSourceFile<ModuleOp>(path, context.get());
  return module || fail(ErrorKind::Malformed, path + ": cannot be read as tn dialect");
}

bool Compiler::load(const std::string &path) {
  enterFaultScope("import");
  if (error.kind != ErrorKind::None || !readSchedules())
    return false;
  Phase phase(*this, "import");
  if (llvm::StringRef(path).ends_with(".mlir") || llvm::StringRef(path).ends_with(".mlirbc")) {
    if (!loadModule(path))
      return false;
  } else if (!importModel(path)) {
    return false;
  }
  reached = std::max(stageOf(*module), static_cast<int>(Stage::Import));
  if (dumper) {
    dumper->dump(*module, "import");
    if (!dumper->getError().empty())
      return fail(ErrorKind::InputOutput, dumper->getError());
  }
  return true;
}

/// Wider than a row of most tensors, so that a loop that runs one row too far ends in it.
static constexpr int64_t kGuardBytes = 4096;

void buildStage(PassManager &pm, Stage stage, const CompilerOptions &options, const KernelLibrary &library) {
  PipelineOptions pipeline;
  pipeline.winograd = options.winograd;
  auto addExtraPasses = llvm::scope_exit([&] {
    auto [name, passes] = splitExtraPasses(options);
    if (name == stageNames()[static_cast<int>(stage)])
      (void)parsePassPipeline(passes, pm); // which the compiler has tried
  });
  switch (stage) {
  case Stage::Graph:
    return buildGraphPipeline(pm, pipeline);
  case Stage::Raise:
    return buildRaisePipeline(pm, pipeline);
  case Stage::Layout:
    return buildLayoutPipeline(pm, pipeline);
  case Stage::Fuse:
    return buildFusePipeline(pm, pipeline, library);
  case Stage::Schedule:
    return buildSchedulePipeline(pm, library);
  case Stage::Memory:
    return buildMemoryPipeline(pm, library, options.checkBounds ? kGuardBytes : 0);
  case Stage::Import:
  case Stage::Kernel:
  case Stage::Emit:
    return;
  }
}

bool Compiler::runUntil(Stage stage) {
  int last = std::min(stage, Stage::Memory) == stage ? static_cast<int>(stage) : static_cast<int>(Stage::Memory);
  for (int next = reached + 1; next <= last; ++next) {
    llvm::StringRef name = stageNames()[next];
    Phase phase(*this, name);
    PassManager pm(context.get());
    watchFaultScopes(pm, name);
    buildStage(pm, static_cast<Stage>(next), options, library);
    if (dumper)
      dumper->watch(pm, name);
    bool watched = options.watcher.before || options.watcher.after;
    if (watched)
      watchPasses(pm, name, options.watcher);
    // Who looks at the whole module needs that other threads do not change it meanwhile.
    context->enableMultithreading(!dumper && !watched);
    bool good = succeeded(pm.run(*module));
    context->enableMultithreading(true);
    if (!good)
      return fail(ErrorKind::CannotCompile, "stage " + name + " failed");
    module->getOperation()->setAttr("tn.stage", StringAttr::get(context.get(), name));
    reached = next;
    if (dumper && !dumper->getError().empty())
      return fail(ErrorKind::InputOutput, dumper->getError());
  }
  return true;
}

} // namespace tenon

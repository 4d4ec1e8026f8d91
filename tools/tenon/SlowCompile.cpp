#include "tools/tenon/SlowCompile.h"
#include "codegen/cpu/Program.h"
#include "passes/ScheduleBook.h"
#include "tools/compiler/OutputFile.h"
#include "tools/tenon/Output.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include <fmt/core.h>

namespace tenon::cli {

/// The schedule of every step, for the target that was compiled for.
static llvm::json::Array schedulesOf(Compiler &compiler, llvm::StringRef name) {
  llvm::json::Array list;
  codegen::Program program = codegen::collectProgram(compiler.getModule(), name);
  const std::string &target = compiler.getLibrary().targets.front()->name;
  for (const codegen::Program::Step &step : program.steps) {
    std::string text;
    auto schedules = tn::KernelOp(program.kernels[step.kernel].op).getSchedule();
    if (auto schedule = schedules ? schedules->getAs<mlir::DictionaryAttr>(target) : mlir::DictionaryAttr())
      text = describeSchedule(schedule);
    list.push_back(text);
  }
  return list;
}

int compileThis(const SlowRequest &request, const std::string &library, const std::string &schedules,
                const std::string &dumps) {
  ModelOptions model = request.model;
  model.targets = {"native"};
  CompilerOptions options;
  ProcessLimits limits;
  std::string message;
  if (!model.resolve(options, limits, message)) {
    printError(message);
    return kUsage;
  }
  options.dumpDirectory = dumps;
  ProcessOutcome outcome = supervise(limits, [&] {
    Progress progress(!model.quiet);
    options.progress = [&](llvm::StringRef phase, unsigned done, unsigned total) {
      progress.update(phase, done, total);
    };
    auto &compiler = *new Compiler(options); // never destroyed: the process ends with it
    std::string name = modelName(request.path), error;
    bool good = compiler.load(request.path) && compiler.runUntil(Stage::Memory) &&
                compiler.emit(library, OutputKind::SharedLibrary, name);
    if (!good) {
      printError(compiler.getError().message);
      return static_cast<int>(compiler.getError().kind);
    }
    std::string text;
    llvm::raw_string_ostream(text) << llvm::json::Value(schedulesOf(compiler, name));
    if (schedules.empty() || writeOutputFile(schedules, text, error))
      return static_cast<int>(kOk);
    printError(error);
    return static_cast<int>(kInputOutput);
  });
  if (!outcome.message.empty())
    printError(outcome.message + (outcome.crashSignal ? "; `tenon compile` leaves a reproducer" : ""));
  return outcome.exitCode;
}

/// This compilation's flags, for a compiler that may be too old for those that are not given.
static void addFlags(const ModelOptions &model, std::vector<std::string> &arguments) {
  const ModelOptions defaults;
  auto add = [&](const char *flag, const std::string &value, const std::string &usual) {
    if (value != usual)
      arguments.push_back(flag + ("=" + value));
  };
  add("--winograd", model.winograd, defaults.winograd);
  add("--schedules", model.schedules, defaults.schedules);
  add("--load-pass-plugin", model.passPlugin, "");
  add("--extra-passes", model.extraPasses, "");
  add("--check", model.check, defaults.check);
  add("--kernel-cache", model.kernelCache, defaults.kernelCache);
  if (model.optimization != defaults.optimization)
    arguments.push_back(fmt::format("-O{}", model.optimization));
}

int compileOther(const SlowOptions &options, const SlowRequest &request, const std::string &library,
                 const std::string &dumps) {
  std::string program = options.against;
  if (program.empty()) {
    program = llvm::sys::fs::getMainExecutable(nullptr, nullptr);
  } else {
    auto found = llvm::sys::findProgramByName(program);
    if (!found || !llvm::sys::fs::can_execute(*found)) {
      printError("--against " + program + ": not a program that can be run; give the `tenon` of another build");
      return kUsage;
    }
    program = *found;
  }
  std::vector<std::string> arguments{program, "compile", request.path, "-o", library, "--target=native", "--quiet"};
  for (const std::string &shape : request.model.shapes)
    arguments.push_back("--shape=" + shape);
  for (const std::string &dim : request.model.dims)
    arguments.push_back("--dim=" + dim);
  if (!options.hasFlags)
    addFlags(request.model, arguments);
  llvm::BumpPtrAllocator allocator;
  llvm::StringSaver saver(allocator);
  llvm::SmallVector<const char *> flags;
  llvm::cl::TokenizeGNUCommandLine(options.againstFlags, saver, flags);
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  if (!dumps.empty())
    arguments.push_back("--dump-dir=" + dumps);
  std::string message, messages = library + ".messages";
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(), llvm::StringRef(messages),
                                                llvm::StringRef(messages)};
  std::vector<llvm::StringRef> views(arguments.begin(), arguments.end());
  int code = llvm::sys::ExecuteAndWait(program, views, std::nullopt, redirects, 0, 0, &message);
  if (code == 0)
    return kOk;
  auto said = llvm::MemoryBuffer::getFile(messages);
  printError(fmt::format("--against: {} cannot compile the model: {}", nameOfOther(options),
                         said && message.empty() ? (*said)->getBuffer().trim().str() : message));
  return code == kUsage ? kUsage : kCannotCompile;
}

std::string nameOfOther(const SlowOptions &options) {
  std::string name = options.against.empty() ? "this compiler" : options.against;
  return options.hasFlags ? fmt::format("{} with '{}'", name, options.againstFlags) : name;
}

} // namespace tenon::cli

#include "tools/tenon/ModelOptions.h"
#include "tools/tenon/Output.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cstdlib>
#include <fmt/core.h>
#include <unistd.h>

namespace tenon::cli {

void ModelOptions::bind(CLI::App &command, bool withTargets) {
  command.add_option("--shape", shapes, "Shape of an input, as in x:1x3x224x224")->type_name("NAME:DIMS")->take_all();
  command.add_option("--dim", dims, "Size of a symbolic dimension, as in batch=8")->type_name("NAME=SIZE")->take_all();
  if (withTargets)
    command
        .add_option("--target,--mcpu", targets,
                    "Processors to compile for: x86-64-v3, x86-64-v4, native or a triple (default: v3 and v4); "
                    "also -mcpu=")
        ->delimiter(',')
        ->type_name("CPU");
  command
      .add_option("--winograd", winograd,
                  "Winograd's algorithm for 3x3 convolutions: auto where it pays; f2 only with its small tiles, which "
                  "are as accurate as direct; off")
      ->check(CLI::IsMember({"auto", "f2", "off"}))
      ->capture_default_str();
  command.add_option("--schedules", schedules, "Schedule file that an earlier `tenon compile --tune=FILE` wrote")
      ->type_name("FILE");
  command
      .add_option("--check", check,
                  "Build an artifact that stops at the first bad value: nan also finds infinities, bounds what kernels "
                  "write outside of their buffers or not at all; all")
      ->check(CLI::IsMember({"nan", "bounds", "all"}));
  command
      .add_option("-O", optimization,
                  "Work on the code: 2 for the fastest; 1 spends a third less time on kernels, with code up to a tenth "
                  "slower; 0 half the time, with code two to three times slower")
      ->check(CLI::Range(0, 2))
      ->capture_default_str();
  command
      .add_option("--kernel-cache", kernelCache,
                  "Folder that keeps compiled kernels for the next time, or off (default: $TENON_CACHE_DIR, else "
                  "$XDG_CACHE_HOME/tenon, else ~/.cache/tenon)")
      ->type_name("DIR|off");
  command
      .add_option("--kernel-cache-limit", kernelCacheLimit, "Size at which the least recently used kernels are removed")
      ->type_name("BYTES")
      ->capture_default_str();
  command
      .add_option("--load-pass-plugin", passPlugin,
                  "Shared library with passes of your own, built for MLIR's PassPlugin; for --extra-passes")
      ->type_name("FILE");
  command
      .add_option("--extra-passes", extraPasses,
                  "Passes to run at the end of a stage, as in 'layout:func.func(my-pass)'")
      ->type_name("STAGE:PIPELINE");
  command.add_option("--memory-limit", memoryLimit, "Memory that compiling may take, as in 4G")->type_name("BYTES");
  command.add_option("--time-limit", timeLimit, "Seconds that compiling may take")->check(CLI::PositiveNumber);
  command.add_flag("-q,--quiet", quiet, "Print nothing but errors");
  command.add_flag("-v,--verbose", verbose, "Print more");
}

/// "x:1x3x224x224" by the last colon, because names like "Input:0" exist. A scalar's shape is empty.
static bool parseShape(llvm::StringRef text, CompilerOptions &options) {
  auto [name, list] = text.rsplit(':');
  if (name.empty() || name.size() == text.size())
    return false;
  std::vector<int64_t> shape;
  llvm::SmallVector<llvm::StringRef> sizes;
  if (!list.empty())
    list.split(sizes, 'x');
  for (llvm::StringRef size : sizes)
    if (size.getAsInteger(10, shape.emplace_back()) || shape.back() < 0)
      return false;
  options.shapes[name.str()] = shape;
  return true;
}

static bool parseDim(llvm::StringRef text, CompilerOptions &options) {
  auto [name, value] = text.rsplit('=');
  int64_t size;
  if (name.empty() || value.getAsInteger(10, size) || size < 0)
    return false;
  options.dims[name.str()] = size;
  return true;
}

static bool parseBytes(llvm::StringRef text, uint64_t &bytes) {
  unsigned shift = 0;
  text.consume_back_insensitive("b");
  for (auto [suffix, bits] : {std::pair("k", 10), std::pair("m", 20), std::pair("g", 30)})
    if (text.consume_back_insensitive(suffix))
      shift = bits;
  if (text.getAsInteger(10, bytes) || bytes == 0 || bytes > UINT64_MAX >> shift)
    return false;
  bytes <<= shift;
  return true;
}

/// The folder of the kernel cache; empty for none. The base directory specification has relative paths ignored.
static std::string resolveKernelCache(const std::string &given) {
  if (given == "off")
    return "";
  if (!given.empty())
    return given;
  if (const char *own = std::getenv("TENON_CACHE_DIR"); own && *own)
    return own;
  llvm::SmallString<128> path;
  const char *base = std::getenv("XDG_CACHE_HOME");
  if (base && llvm::sys::path::is_absolute(base))
    path = base;
  else if (const char *home = std::getenv("HOME"); home && *home)
    llvm::sys::path::append(path, home, ".cache");
  else
    return "";
  llvm::sys::path::append(path, "tenon");
  return path.str().str();
}

bool ModelOptions::resolveTargets(std::vector<std::string> &names, std::string &message) const {
  for (const std::string &name : targets) {
    if (name == "native") {
      const Target *host = hostTarget();
      if (!host) {
        message = "this machine's processor has none of the levels that Tenon compiles for";
        return false;
      }
      names.push_back(host->name);
    } else if (llvm::StringRef(name).starts_with("x86_64-")) {
      for (const Target &target : allTargets())
        names.push_back(target.name);
    } else if (findTarget(name)) {
      names.push_back(name);
    } else {
      message = "unknown target '" + name + "'; known are native, x86_64-unknown-linux-gnu";
      for (const Target &target : allTargets())
        message += ", " + target.name;
      return false;
    }
  }
  if (names.empty())
    for (const Target &target : allTargets())
      names.push_back(target.name);
  llvm::sort(names);
  names.erase(llvm::unique(names), names.end());
  std::reverse(names.begin(), names.end()); // best first
  return true;
}

bool ModelOptions::resolve(CompilerOptions &options, ProcessLimits &limits, std::string &message) const {
  for (const std::string &text : shapes)
    if (!parseShape(text, options)) {
      message = "--shape " + text + ": expected NAME:DIMS, as in x:1x3x224x224";
      return false;
    }
  for (const std::string &text : dims)
    if (!parseDim(text, options)) {
      message = "--dim " + text + ": expected NAME=SIZE, as in batch=8";
      return false;
    }
  if (!memoryLimit.empty() && !parseBytes(memoryLimit, limits.memoryBytes)) {
    message = "--memory-limit " + memoryLimit + ": expected a size, as in 4G";
    return false;
  }
  if (!parseBytes(kernelCacheLimit, options.kernelCacheLimit)) {
    message = "--kernel-cache-limit " + kernelCacheLimit + ": expected a size, as in 512M";
    return false;
  }
  options.kernelCache = resolveKernelCache(kernelCache);
  options.optimization = optimization;
  options.winograd = winograd == "auto" ? 4 : winograd == "f2" ? 2 : 0;
  options.schedules = schedules;
  options.passPlugin = passPlugin;
  // Whoever replays a command may stand elsewhere.
  if (llvm::SmallString<128> path(passPlugin); llvm::sys::fs::exists(path) && !llvm::sys::fs::make_absolute(path))
    options.passPlugin = path.str().str();
  options.extraPasses = extraPasses;
  options.checkValues = check == "nan" || check == "all";
  options.checkBounds = check == "bounds" || check == "all";
  limits.seconds = timeLimit;
  return resolveTargets(options.targets, message);
}

bool isModelFile(llvm::StringRef path) {
  return path.ends_with(".onnx") || path.ends_with(".mlir") || path.ends_with(".mlirbc") || path.ends_with(".pb");
}

std::string modelName(llvm::StringRef path) { return llvm::sys::path::stem(path).str(); }

int compileForHost(const std::string &model, const ModelOptions &given, std::string &path) {
  ModelOptions options = given;
  options.targets = {"native"};
  CompilerOptions compilerOptions;
  ProcessLimits limits;
  std::string message;
  if (!options.resolve(compilerOptions, limits, message)) {
    printError(message);
    return kUsage;
  }
  llvm::SmallString<128> library;
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("tenon", "so", library)) {
    printError("cannot create a temporary file: " + code.message());
    return kInputOutput;
  }
  path = library.str().str();
  if (!options.quiet)
    printNote("target: " + llvm::join(compilerOptions.targets, ", "));
  ProcessOutcome outcome = supervise(limits, [&] {
    auto *progress = new Progress(!options.quiet);
    compilerOptions.progress = [&](llvm::StringRef phase, unsigned done, unsigned total) {
      progress->update(phase, done, total);
    };
    auto *compiler = new Compiler(compilerOptions);
    bool good = compiler->load(model) && compiler->runUntil(Stage::Memory) &&
                compiler->emit(path, OutputKind::SharedLibrary, modelName(model));
    delete progress;
    if (!good)
      printError(compiler->getError().message);
    return static_cast<int>(compiler->getError().kind);
  });
  if (!outcome.message.empty())
    printError(outcome.message + (outcome.crashSignal ? "; `tenon compile` leaves a reproducer" : ""));
  if (outcome.exitCode != 0)
    unlink(path.c_str());
  return outcome.exitCode;
}

} // namespace tenon::cli

#include "tools/tenon/Session.h"
#include "tools/tenon/Output.h"
#include <cstdlib>
#include <cstring>
#include <fmt/core.h>
#include <unistd.h>

using llvm::StringRef;

namespace tenon::cli {

int exitCodeOf(tn_status status) {
  switch (status) {
  case TN_OK:
    return kOk;
  case TN_ERROR_FORMAT:
  case TN_ERROR_VERSION:
    return kMalformed;
  case TN_ERROR_UNSUPPORTED_CPU:
  case TN_ERROR_UNSUPPORTED:
    return kCannotCompile;
  case TN_ERROR_OUT_OF_MEMORY:
    return kLimit;
  case TN_ERROR_INTERNAL:
    return kInternal;
  default:
    return kInputOutput;
  }
}

int reportStatus(tn_status status) {
  printError(tn_last_error());
  return exitCodeOf(status);
}

Session::~Session() {
  tn_context_destroy(context);
  tn_trace_destroy(trace);
  tn_model_destroy(model);
}

static void logMessage(void *, tn_log_level level, const char *message) {
  if (level == TN_LOG_WARNING)
    printWarning(message);
}

static ValueInfo makeInfo(const tn_tensor_info &info) {
  return {info.name, info.dtype, std::vector<int64_t>(info.dims, info.dims + info.rank)};
}

int Session::open(const std::string &path, const ModelOptions &options) {
  CompilerOptions parsed;
  ProcessLimits limits;
  std::string message, library = path;
  if (!options.resolve(parsed, limits, message)) {
    printError(message);
    return kUsage;
  }
  dims = parsed.dims;
  bool compiled = isModelFile(path);
  if (compiled)
    if (int code = compileForHost(path, options, library))
      return code;
  int code = load(library);
  if (compiled)
    unlink(library.c_str()); // it stays mapped
  return code;
}

static void *allocatePoisoned(void *, size_t bytes, size_t alignment) {
  void *memory = nullptr;
  if (posix_memalign(&memory, alignment, bytes) != 0)
    return nullptr;
  return std::memset(memory, 0x7F, bytes);
}

static void freePoisoned(void *, void *memory, size_t) { std::free(memory); }

int Session::load(const std::string &library) {
  const tn_allocator allocator = {allocatePoisoned, freePoisoned, nullptr};
  tn_model_options modelOptions = {};
  modelOptions.size = sizeof modelOptions;
  modelOptions.allocator = poisoned ? &allocator : nullptr;
  modelOptions.log = logMessage;
  if (tn_status status = tn_model_load(library.c_str(), &modelOptions, &model))
    return reportStatus(status);
  tn_entry_info entry;
  tn_entry_describe(model, 0, &entry);
  tn_tensor_info info;
  for (uint32_t i = 0; i < entry.n_inputs; ++i)
    if (tn_input_describe(model, 0, i, &info) == TN_OK)
      inputs.push_back(makeInfo(info));
  for (uint32_t i = 0; i < entry.n_outputs; ++i)
    if (tn_output_describe(model, 0, i, &info) == TN_OK)
      outputs.push_back(makeInfo(info));
  return kOk;
}

int Session::createContext(unsigned threads, tn_profile_fn profile, void *user) {
  tn_context_options options = {};
  options.size = sizeof options;
  options.n_threads = threads;
  options.profile = profile;
  options.profile_user = user;
  options.trace = trace;
  tn_context_destroy(context);
  context = nullptr;
  if (tn_status status = tn_context_create(model, &options, &context))
    return reportStatus(status);
  for (size_t i = 0; i < bound.size(); ++i) {
    tn_tensor view = bound[i].view();
    if (tn_status status = tn_context_set_input(context, 0, i, &view))
      return reportStatus(status);
  }
  return kOk;
}

int Session::openTrace(const std::string &path) {
  if (path.empty())
    return kOk;
  tn_status status = tn_trace_create(path.c_str(), &trace);
  return status == TN_OK ? static_cast<int>(kOk) : reportStatus(status);
}

int Session::checkTrace() {
  tn_status status = trace ? tn_trace_status(trace) : TN_OK;
  return status == TN_OK ? static_cast<int>(kOk) : reportStatus(status);
}

int Session::findOutput(const std::string &argument, StringRef option, std::string &rest) {
  int found = findNamed(outputs, argument, rest);
  if (found < 0 && outputs.size() == 1 && argument[0] == '@') {
    rest = argument;
    found = 0;
  }
  if (found >= 0 && rest.size() > 1 && rest[0] == '@') {
    rest.erase(0, 1);
    return found;
  }
  printError(fmt::format("{} {}: expected NAME=@FILE; outputs are:{}", option.str(), argument, listValues(outputs)));
  return -1;
}

/// Gives an input's open dimensions the sizes that were told.
int Session::resolveDims(size_t index, std::vector<int64_t> &sizes) {
  for (int64_t &d : sizes) {
    tn_symbol_info symbol;
    if (d >= 0)
      continue;
    if (d == INT64_MIN || tn_symbol_describe(model, 0, static_cast<uint32_t>(-1 - d), &symbol) != TN_OK ||
        !dims.count(symbol.name)) {
      printError(fmt::format("input '{}' has an open dimension; give its size by --dim", inputs[index].name));
      return kUsage;
    }
    d = dims[symbol.name];
  }
  return kOk;
}

int Session::bindInputs(llvm::ArrayRef<std::string> arguments, bool random, uint64_t seed) {
  return cli::bindInputs(
      inputs, arguments, random, seed,
      [this](size_t index, std::vector<int64_t> &sizes) { return resolveDims(index, sizes); }, bound);
}

int Session::run() {
  if (tn_status status = tn_context_run(context, 0))
    return reportStatus(status);
  return kOk;
}

} // namespace tenon::cli

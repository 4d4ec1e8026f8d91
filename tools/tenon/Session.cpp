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
  tn_model_destroy(model);
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
  tn_model_options options = {};
  options.size = sizeof options;
  options.allocator = poisoned ? &allocator : nullptr;
  if (tn_status status = tn_model_load(library.c_str(), &options, &model))
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

/// The value whose name an argument begins with, before "="; the longest, because names may contain that
/// sign.
static int findNamed(const std::vector<ValueInfo> &values, const std::string &argument, std::string &rest) {
  int found = -1;
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string &name = values[i].name;
    if (StringRef(argument).starts_with(name) && argument.size() > name.size() && argument[name.size()] == '=' &&
        (found < 0 || name.size() > values[found].name.size()))
      found = i;
  }
  if (found >= 0)
    rest = argument.substr(values[found].name.size() + 1);
  return found;
}

static std::string listValues(const std::vector<ValueInfo> &values) {
  std::string text;
  for (const ValueInfo &value : values)
    text += "\n  " + value.name + ": " + describeTensor(value.dtype, value.dims);
  return text;
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

/// Gives an input its shape, with open dimensions as told, and zeroed storage.
int Session::makeInput(size_t index) {
  const ValueInfo &info = inputs[index];
  HostTensor &tensor = bound[index];
  tensor.dtype = info.dtype;
  tensor.dims = info.dims;
  for (int64_t &d : tensor.dims) {
    tn_symbol_info symbol;
    if (d >= 0)
      continue;
    if (d == INT64_MIN || tn_symbol_describe(model, 0, static_cast<uint32_t>(-1 - d), &symbol) != TN_OK ||
        !dims.count(symbol.name)) {
      printError(fmt::format("input '{}' has an open dimension; give its size by --dim", info.name));
      return kUsage;
    }
    d = dims[symbol.name];
  }
  size_t bytes;
  if (tn_status status = tn_tensor_bytes(tensor.dtype, tensor.dims.size(), tensor.dims.data(), &bytes))
    return reportStatus(status);
  tensor.data.assign(bytes, 0);
  return kOk;
}

int Session::fillInput(size_t index, const std::string &value) {
  const ValueInfo &info = inputs[index];
  StringRef text = value;
  if (text.consume_front("@")) {
    std::string message;
    std::vector<int64_t> wanted = info.dims;
    if (readTensor(text.str(), info.name, info.dtype, wanted, bound[index], message))
      return kOk;
    printError(message);
    return kInputOutput;
  }
  uint64_t seed = 0;
  bool random = text == "random" || (text.consume_front("random:seed=") && !text.getAsInteger(10, seed));
  if (!random && value != "zeros") {
    printError(fmt::format("--input {}={}: expected @FILE, zeros or random:seed=N", info.name, value));
    return kUsage;
  }
  if (int code = makeInput(index))
    return code;
  if (random)
    fillRandom(bound[index], seed);
  return kOk;
}

int Session::bindInputs(llvm::ArrayRef<std::string> arguments, bool random, uint64_t seed) {
  bound.resize(inputs.size());
  std::vector<bool> given(inputs.size());
  for (const std::string &argument : arguments) {
    std::string value = argument;
    int found = findNamed(inputs, argument, value);
    bool forAll = found < 0 && (StringRef(argument).ends_with(".npz") || inputs.size() == 1) &&
                  StringRef(argument).starts_with("@");
    if (found < 0 && !forAll) {
      printError(fmt::format("--input {}: no such input; inputs are:{}", argument, listValues(inputs)));
      return kUsage;
    }
    for (size_t i = forAll ? 0 : found, end = forAll ? inputs.size() : found + 1; i < end; ++i) {
      if (int code = fillInput(i, value))
        return code;
      given[i] = true;
    }
  }
  std::vector<ValueInfo> missing;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (given[i])
      continue;
    missing.push_back(inputs[i]);
    if (random)
      if (int code = fillInput(i, "random:seed=" + std::to_string(seed + i)))
        return code;
  }
  if (missing.empty() || random)
    return kOk;
  printError(fmt::format("inputs are not given:{}\nGive each by --input NAME=@FILE (.npy, .npz, .pb, .bin), "
                         "NAME=zeros or NAME=random:seed=1, or all of them by --random-inputs",
                         listValues(missing)));
  return kUsage;
}

int Session::run() {
  if (tn_status status = tn_context_run(context, 0))
    return reportStatus(status);
  return kOk;
}

} // namespace tenon::cli

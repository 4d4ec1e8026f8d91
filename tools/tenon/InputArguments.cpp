#include "tools/tenon/InputArguments.h"
#include "runtime/include/tenon/tenon.h"
#include "tools/tenon/Output.h"
#include <fmt/core.h>

using llvm::StringRef;

namespace tenon::cli {

int findNamed(const std::vector<ValueInfo> &values, const std::string &argument, std::string &rest) {
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

std::string listValues(const std::vector<ValueInfo> &values) {
  std::string text;
  for (const ValueInfo &value : values)
    text += "\n  " + value.name + ": " + describeTensor(value.dtype, value.dims);
  return text;
}

/// Gives an input its shape, with open dimensions as told, and zeroed storage.
static int makeInput(const ValueInfo &info, size_t index, ResolveDims resolve, HostTensor &tensor) {
  tensor.dtype = info.dtype;
  tensor.dims = info.dims;
  if (int code = resolve(index, tensor.dims))
    return code;
  size_t bytes;
  if (tn_tensor_bytes(tensor.dtype, tensor.dims.size(), tensor.dims.data(), &bytes) != TN_OK) {
    printError(tn_last_error());
    return kUsage;
  }
  tensor.data.assign(bytes, 0);
  return kOk;
}

static int fillInput(const ValueInfo &info, size_t index, const std::string &value, ResolveDims resolve,
                     HostTensor &tensor) {
  StringRef text = value;
  if (text.consume_front("@")) {
    std::string message;
    std::vector<int64_t> wanted = info.dims;
    if (readTensor(text.str(), info.name, info.dtype, wanted, tensor, message))
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
  if (int code = makeInput(info, index, resolve, tensor))
    return code;
  if (random)
    fillRandom(tensor, seed);
  return kOk;
}

int bindInputs(const std::vector<ValueInfo> &inputs, llvm::ArrayRef<std::string> arguments, bool random, uint64_t seed,
               ResolveDims resolve, std::vector<HostTensor> &bound) {
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
      if (int code = fillInput(inputs[i], i, value, resolve, bound[i]))
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
      if (int code = fillInput(inputs[i], i, "random:seed=" + std::to_string(seed + i), resolve, bound[i]))
        return code;
  }
  if (missing.empty() || random)
    return kOk;
  printError(fmt::format("inputs are not given:{}\nGive each by --input NAME=@FILE (.npy, .npz, .pb, .bin), "
                         "NAME=zeros or NAME=random:seed=1, or all of them by --random-inputs",
                         listValues(missing)));
  return kUsage;
}

} // namespace tenon::cli

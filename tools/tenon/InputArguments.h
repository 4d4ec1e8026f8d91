//===- InputArguments.h - Inputs as the command line gives them ----------===//
#ifndef TENON_TOOLS_TENON_INPUTARGUMENTS_H
#define TENON_TOOLS_TENON_INPUTARGUMENTS_H

#include "tools/tenon/Values.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace tenon::cli {

/// An input or output as the model declares it; dims below zero are open.
struct ValueInfo {
  std::string name;
  tn_dtype dtype;
  std::vector<int64_t> dims;
};

/// Gives the open dimensions of an input a size; returns an exit code, after a message.
using ResolveDims = llvm::function_ref<int(size_t index, std::vector<int64_t> &dims)>;

/// Makes tensors for all inputs from arguments such as "x=@x.npy"; those not named are filled in if `random`. Returns
/// an exit code, after a message.
int bindInputs(const std::vector<ValueInfo> &inputs, llvm::ArrayRef<std::string> arguments, bool random, uint64_t seed,
               ResolveDims resolve, std::vector<HostTensor> &bound);

/// The number of the value whose name an argument begins with, before "="; the longest, because names may contain that
/// sign. `rest` is what follows. -1 if there is none.
int findNamed(const std::vector<ValueInfo> &values, const std::string &argument, std::string &rest);

/// A line per value.
std::string listValues(const std::vector<ValueInfo> &values);

} // namespace tenon::cli

#endif

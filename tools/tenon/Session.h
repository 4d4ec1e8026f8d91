//===- Session.h - A loaded model with its inputs ------------------------===//
#ifndef TENON_TOOLS_TENON_SESSION_H
#define TENON_TOOLS_TENON_SESSION_H

#include "tools/tenon/InputArguments.h"
#include "tools/tenon/ModelOptions.h"
#include "tools/tenon/Values.h"
#include <memory>

namespace tenon::cli {

/// A model that is ready to run, for `run` and `bench`: compiled if need be, loaded, with a context. Methods
/// print what is wrong and return an exit code.
class Session {
public:
  ~Session();

  /// Loads an artifact, or compiles a model file and loads that.
  int open(const std::string &path, const ModelOptions &options);
  /// Loads an artifact.
  int load(const std::string &library);
  /// Before loading: has all memory that the model works in filled with bytes of 0x7F, which are large numbers, so that
  /// results show where it reads what it never wrote.
  void poisonMemory() { poisoned = true; }
  /// Without a model: declares the inputs that values are to be bound to.
  void declareInputs(std::vector<ValueInfo> declared) { inputs = std::move(declared); }
  int createContext(unsigned threads, tn_profile_fn profile, void *user);
  /// Has the runs of contexts created from now on recorded in a file. An empty path: none.
  int openTrace(const std::string &path);
  /// After the runs: whether all of them could be written.
  int checkTrace();

  /// Binds inputs from arguments such as "x=@x.npy"; those not named are filled in if `random`.
  int bindInputs(llvm::ArrayRef<std::string> arguments, bool random, uint64_t seed);
  /// Binds one value per input, in their order.
  void bindValues(std::vector<HostTensor> values) { bound = std::move(values); }
  const std::vector<HostTensor> &getValues() const { return bound; }
  int run();

  /// The number of the output that "y=..." begins with, and what follows; -1, after a message, if there is
  /// none.
  int findOutput(const std::string &argument, llvm::StringRef option, std::string &rest);

  tn_model *getModel() { return model; }
  tn_context *getContext() { return context; }
  const std::vector<ValueInfo> &getInputs() const { return inputs; }
  const std::vector<ValueInfo> &getOutputs() const { return outputs; }

private:
  int resolveDims(size_t index, std::vector<int64_t> &sizes);

  bool poisoned = false;
  tn_model *model = nullptr;
  tn_context *context = nullptr;
  tn_trace *trace = nullptr;
  std::vector<ValueInfo> inputs, outputs;
  std::vector<HostTensor> bound;
  std::map<std::string, int64_t> dims;
};

/// The exit code for a status of the runtime.
int exitCodeOf(tn_status status);
/// Prints the runtime's message and returns the exit code.
int reportStatus(tn_status status);

} // namespace tenon::cli

#endif

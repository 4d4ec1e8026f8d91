//===- Workspace.h - The folder that candidates are tried in -------------===//
#ifndef TENON_TOOLS_REDUCE_WORKSPACE_H
#define TENON_TOOLS_REDUCE_WORKSPACE_H

#include "tools/compiler/OutputFile.h"
#include "tools/reduce/Subject.h"

namespace tenon::reduce {

/// Files of ONNX models that share one file of weights, so that writing the hundredth variant of a model of hundreds of
/// megabytes takes as long as writing its nodes.
class Workspace {
public:
  Workspace() = default;
  /// Removes the folder with all that is in it.
  ~Workspace();
  Workspace(const Workspace &) = delete;

  /// Creates the folder. False, with getError(), if that fails.
  bool create();
  std::string path(llvm::StringRef file) const { return folder + "/" + file.str(); }

  /// Writes a model into the folder; its bytes, the weights not included, go to `bytes`. False, with getError(), if
  /// it can't be written.
  bool writeModel(const Subject &subject, const Record &record, llvm::StringRef file, std::string &bytes);

  const std::string &getError() const { return error; }

private:
  std::optional<onnx::TensorSource> place(const onnx::TensorData &tensor);

  std::string folder, error;
  int pool = -1;
  uint64_t poolSize = 0;
  /// What stands in the pool, by address. Holding the tensors keeps addresses from being used again.
  std::map<std::pair<const char *, size_t>, std::pair<uint64_t, onnx::TensorData>> placed;
};

} // namespace tenon::reduce

#endif

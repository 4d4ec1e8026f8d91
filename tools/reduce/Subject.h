//===- Subject.h - A model with values for its inputs --------------------===//
//
// What `tenon reduce` works on: plain lists of nodes, constants, inputs with values and outputs, which are cheap to
// copy because tensors share their bytes. Every shape is static: an input has the type of its value.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_TOOLS_REDUCE_SUBJECT_H
#define TENON_TOOLS_REDUCE_SUBJECT_H

#include "frontend/onnx/Model.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tenon::reduce {

struct Subject {
  int64_t irVersion = 0;
  std::map<std::string, int64_t> opsets;
  std::vector<onnx::Node> nodes; ///< in topological order
  std::map<std::string, onnx::TensorData> constants;
  std::map<std::string, onnx::SparseTensorData> sparseConstants;
  std::map<std::string, onnx::TensorData> inputs;
  std::vector<std::string> outputs; ///< values that nodes compute
};

/// A value as the interpreter computed it from the unoptimised import.
struct RecordedValue {
  onnx::TensorData data;
  bool isConstant = false; ///< the importer knows it without the inputs: it may have to be a constant
};
/// The values of a subject by name, as far as they could be computed. Holds for every cut of the subject, too.
using Record = std::map<std::string, RecordedValue>;

/// Takes a loaded model apart. `inputs` has a value for each of its inputs that has no initializer.
Subject makeSubject(const onnx::Model &model, std::map<std::string, onnx::TensorData> inputs);

/// Puts a model together again. Outputs have the types of their recorded values.
onnx::Model makeModel(const Subject &subject, const Record &record);

/// Calls `visit` for the names that a node reads, those that its subgraphs read included.
void forEachRead(const onnx::Node &node, llvm::function_ref<void(const std::string &)> visit);

/// The part of a subject that consists of some nodes. What they read from others becomes a constant if the importer
/// knew it, else an input, both with the recorded value; what others read from them, and what nobody read, becomes an
/// output. Nothing if a value is needed that is not recorded, or if no node is kept.
std::optional<Subject> cutNodes(const Subject &subject, const Record &record, const std::vector<bool> &keep);

/// The part of a subject that its outputs `outputs` need. Nothing if that is no node.
std::optional<Subject> keepOutputs(const Subject &subject, const std::vector<std::string> &outputs);

/// A subject without a node, whose readers get `replacement` for its output. Nothing where that can't be said.
std::optional<Subject> bypassNode(const Subject &subject, size_t node, const std::string &replacement);

/// Removes constants and inputs that nobody reads.
void dropUnread(Subject &subject);

} // namespace tenon::reduce

#endif

// Values in .pb files: TensorProto, SequenceProto and OptionalProto, as in ONNX's test data sets.

#ifndef TENON_FRONTEND_ONNX_TENSORFILE_H
#define TENON_FRONTEND_ONNX_TENSORFILE_H

#include "frontend/onnx/Diagnostics.h"
#include "frontend/onnx/ModelTypes.h"
#include "frontend/onnx/TensorData.h"

#include <optional>
#include <string>
#include <vector>

namespace tenon::onnx {

/// A runtime value. A copy shares tensor bytes.
struct Value {
  ValueType::Kind kind = ValueType::Tensor;
  std::string name;
  TensorData tensor;           ///< Tensor
  SparseTensorData sparse;     ///< SparseTensor
  std::vector<Value> elements; ///< Sequence: the elements. Optional: none or one. Map: the values.
  TensorData keys;             ///< Map: int64 or string tensor of rank 1, one per element
};

/// Reads a TensorProto file. On failure (diags.status(): IoError or Malformed) reports and returns nothing.
/// External data must lie below the file's directory.
std::optional<TensorData> readTensorFile(const std::string &path, Diagnostics &diags);

/// Reads the file of a value whose type is known to be `kind`: the format doesn't say it. Fails as above.
std::optional<Value> readValueFile(const std::string &path, ValueType::Kind kind, Diagnostics &diags);

/// Writes a TensorProto file (elements as raw_data, strings as string_data) through a temporary file and a
/// rename. On failure reports an IoError (or LimitExceeded above 2 GiB) and returns false.
bool writeTensorFile(const std::string &path, const TensorData &tensor, Diagnostics &diags);

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_TENSORFILE_H

// TensorProto -> TensorData, from every encoding that ONNX has. Internal to the loader.

#ifndef TENON_FRONTEND_ONNX_TENSORDECODER_H
#define TENON_FRONTEND_ONNX_TENSORDECODER_H

#include "frontend/onnx/Diagnostics.h"
#include "frontend/onnx/ExternalData.h"
#include "frontend/onnx/TensorData.h"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tenon::onnx {

class TensorProto;
class SparseTensorProto;

/// Decodes tensors and reports what is wrong with them. Takes the raw bytes and strings out of a message
/// instead of copying them; a message that is decoded again (it stands in a function that is called twice)
/// gives the same TensorData, so messages must stay where they are while the decoder lives.
class TensorDecoder {
public:
  /// `directory`: where external data lies; empty refuses external data.
  TensorDecoder(std::string directory, Diagnostics &diags) : external(std::move(directory)), diags(diags) {}

  /// `what` names the tensor in messages ("initializer 'w'"), `node` is the node it belongs to or empty.
  std::optional<TensorData> decode(TensorProto &proto, const std::string &what, std::string_view node);
  std::optional<SparseTensorData> decode(SparseTensorProto &proto, const std::string &what, std::string_view node);

private:
  /// What is wrong with a tensor: a clause after "<what> ".
  struct Failure {
    Status kind = Status::Malformed;
    std::string message;
  };
  std::optional<TensorData> decodeChecked(TensorProto &proto, Failure &failure);
  std::optional<TensorData> decodeExternal(TensorProto &proto, ElementType type, std::vector<int64_t> dims,
                                           uint64_t size, Failure &failure);

  ExternalData external;
  Diagnostics &diags;
  std::unordered_map<const TensorProto *, std::optional<TensorData>> decoded;
};

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_TENSORDECODER_H

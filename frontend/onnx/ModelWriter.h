// Model -> ONNX bytes: the inverse of the loader.

#ifndef TENON_FRONTEND_ONNX_MODELWRITER_H
#define TENON_FRONTEND_ONNX_MODELWRITER_H

#include "frontend/onnx/Model.h"

#include <functional>
#include <optional>
#include <string>

namespace tenon::onnx {

/// Where a tensor's bytes stand outside of the message (location, offset and length count); nothing: inside.
using TensorPlacement = std::function<std::optional<TensorSource>(const TensorData &)>;

/// The model as an ONNX file's bytes. `model` is one that Model::load could have made; its functions are thus
/// inlined. The opset versions written are those of the nodes. On failure reports, and returns an empty
/// string: Unsupported where nodes of one domain are written for different versions, which one file can't say;
/// LimitExceeded where the message would be larger than protobuf's 2 GiB.
std::string serializeModel(const Model &model, const TensorPlacement &place, Diagnostics &diags);

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_MODELWRITER_H

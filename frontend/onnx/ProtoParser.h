// Files -> protobuf messages, within limits. Internal to the loader.

#ifndef TENON_FRONTEND_ONNX_PROTOPARSER_H
#define TENON_FRONTEND_ONNX_PROTOPARSER_H

#include "frontend/onnx/Diagnostics.h"
#include "frontend/onnx/MappedFile.h"

#include <memory>
#include <string>
#include <string_view>

namespace google::protobuf {
class MessageLite;
}

namespace tenon::onnx {

/// The directory part of a path: "." for a plain file name.
std::string directoryOf(const std::string &path);

/// Maps a regular file; on failure reports an IoError "cannot read 'path': ..." and returns null.
std::shared_ptr<const MappedFile> mapInput(const std::string &path, Diagnostics &diags);

/// Parses all of `bytes` with messages nested at most `maxNesting` deep. On failure reports
/// "not <what>: 'path' ..." (Malformed) and returns false.
bool parseMessage(std::string_view bytes, int maxNesting, const std::string &what, const std::string &path,
                  google::protobuf::MessageLite &message, Diagnostics &diags);

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_PROTOPARSER_H

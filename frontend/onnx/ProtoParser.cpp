#include "frontend/onnx/ProtoParser.h"

#include <climits>
#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message_lite.h>

namespace tenon::onnx {

std::string directoryOf(const std::string &path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::shared_ptr<const MappedFile> mapInput(const std::string &path, Diagnostics &diags) {
  std::string error;
  std::shared_ptr<const MappedFile> file = MappedFile::open(path, error);
  if (!file)
    diags.error(Status::IoError, fmt::format("cannot read {}: {}", quoted(path), error));
  return file;
}

bool parseMessage(std::string_view bytes, int maxNesting, const std::string &what, const std::string &path,
                  google::protobuf::MessageLite &message, Diagnostics &diags) {
  auto fail = [&](std::string why) {
    diags.error(Status::Malformed, fmt::format("not {}: {} {}", what, quoted(path), why));
    return false;
  };
  if (bytes.empty())
    return fail("is empty");
  if (bytes.size() > INT_MAX)
    return fail(fmt::format("has {} bytes, a protobuf message can't have more than {}; larger models keep their "
                            "weights in external data files",
                            bytes.size(), INT_MAX));
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t *>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(INT_MAX);
  stream.SetRecursionLimit(maxNesting);
  if (!message.ParsePartialFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    return fail(fmt::format("does not parse as protobuf (cut off, damaged, of another format, or nested deeper "
                            "than {} messages)",
                            maxNesting));
  return true;
}

} // namespace tenon::onnx

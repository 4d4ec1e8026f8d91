#include "frontend/onnx/TensorFile.h"

#include "frontend/onnx/ProtoParser.h"
#include "frontend/onnx/TensorDecoder.h"
#include "onnx.pb.h"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>
#include <new>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace tenon::onnx {

/// Bounds the recursion below as well.
static constexpr int maxNesting = 64;

namespace {

/// Messages -> Value. Every function returns nothing after an error, which is reported.
class ValueReader {
public:
  ValueReader(const std::string &path, Diagnostics &diags)
      : path(path), decoder(directoryOf(path), diags), diags(diags) {}

  std::optional<Value> read(TensorProto &proto) {
    std::optional<TensorData> tensor = decoder.decode(proto, tensorName(proto), {});
    if (!tensor)
      return std::nullopt;
    Value value;
    value.name = proto.name();
    value.tensor = std::move(*tensor);
    return value;
  }

  std::optional<Value> read(SparseTensorProto &proto) {
    std::optional<SparseTensorData> sparse = decoder.decode(proto, "sparse tensor in " + quoted(path), {});
    if (!sparse)
      return std::nullopt;
    Value value;
    value.kind = ValueType::SparseTensor;
    value.name = sparse->values.name();
    value.sparse = std::move(*sparse);
    return value;
  }

  std::optional<Value> read(SequenceProto &proto) {
    Value value;
    value.kind = ValueType::Sequence;
    value.name = proto.name();
    bool ok = true;
    switch (proto.elem_type()) {
    case SequenceProto::UNDEFINED:
      ok = proto.ByteSizeLong() == 0 || isEmpty(proto) || fail("has a sequence without an element type");
      break;
    case SequenceProto::TENSOR:
      ok = readAll(*proto.mutable_tensor_values(), value);
      break;
    case SequenceProto::SPARSE_TENSOR:
      ok = readAll(*proto.mutable_sparse_tensor_values(), value);
      break;
    case SequenceProto::SEQUENCE:
      ok = readAll(*proto.mutable_sequence_values(), value);
      break;
    case SequenceProto::MAP:
      ok = readAll(*proto.mutable_map_values(), value);
      break;
    case SequenceProto::OPTIONAL:
      ok = readAll(*proto.mutable_optional_values(), value);
      break;
    default:
      ok = fail(fmt::format("has a sequence of the unknown element type {}", proto.elem_type()));
      break;
    }
    return ok ? std::optional<Value>(std::move(value)) : std::nullopt;
  }

  std::optional<Value> read(OptionalProto &proto) {
    Value value;
    value.kind = ValueType::Optional;
    value.name = proto.name();
    bool ok = true;
    if (proto.has_tensor_value())
      ok = append(read(*proto.mutable_tensor_value()), value);
    else if (proto.has_sparse_tensor_value())
      ok = append(read(*proto.mutable_sparse_tensor_value()), value);
    else if (proto.has_sequence_value())
      ok = append(read(*proto.mutable_sequence_value()), value);
    else if (proto.has_map_value())
      ok = append(read(*proto.mutable_map_value()), value);
    else if (proto.has_optional_value())
      ok = append(read(*proto.mutable_optional_value()), value);
    return ok ? std::optional<Value>(std::move(value)) : std::nullopt;
  }

  std::optional<Value> read(MapProto &proto) {
    Value value;
    value.kind = ValueType::Map;
    value.name = proto.name();
    std::optional<Value> values = read(*proto.mutable_values());
    if (!values)
      return std::nullopt;
    value.elements = std::move(values->elements);
    int64_t count = static_cast<int64_t>(value.elements.size());
    bool hasStrings = proto.key_type() == TensorProto::STRING;
    if ((hasStrings ? proto.string_keys_size() : proto.keys_size()) != count) {
      fail("has a map with different numbers of keys and values");
      return std::nullopt;
    }
    if (hasStrings)
      value.keys =
          TensorData({count}, std::vector<std::string>(proto.string_keys().begin(), proto.string_keys().end()));
    else
      value.keys = TensorData(ElementType::Int64, {count},
                              std::string(reinterpret_cast<const char *>(proto.keys().data()), 8 * count));
    return value;
  }

private:
  std::string tensorName(const TensorProto &proto) const {
    return fmt::format("tensor {} in {}", quoted(proto.name()), quoted(path));
  }

  static bool isEmpty(const SequenceProto &proto) {
    return !proto.tensor_values_size() && !proto.sparse_tensor_values_size() && !proto.sequence_values_size() &&
           !proto.map_values_size() && !proto.optional_values_size();
  }

  bool fail(const std::string &why) {
    diags.error(Status::Malformed, quoted(path) + " " + why);
    return false;
  }

  static bool append(std::optional<Value> element, Value &value) {
    if (element)
      value.elements.push_back(std::move(*element));
    return element.has_value();
  }

  template <typename Field> bool readAll(Field &field, Value &value) {
    for (auto &proto : field)
      if (!append(read(proto), value))
        return false;
    return true;
  }

  const std::string &path;
  TensorDecoder decoder;
  Diagnostics &diags;
};

template <typename Proto>
std::optional<Value> readMessage(const std::string &path, const char *what, Diagnostics &diags) try {
  std::shared_ptr<const MappedFile> file = mapInput(path, diags);
  if (!file)
    return std::nullopt;
  Proto proto;
  // An absent optional and an empty sequence without a name have no bytes.
  bool mayBeEmpty = !std::is_same_v<Proto, TensorProto>;
  if (!(mayBeEmpty && file->bytes().empty()) && !parseMessage(file->bytes(), maxNesting, what, path, proto, diags))
    return std::nullopt;
  return ValueReader(path, diags).read(proto);
} catch (const std::bad_alloc &) {
  diags.error(Status::LimitExceeded, fmt::format("out of memory while reading {}", quoted(path)));
  return std::nullopt;
}

} // namespace

std::optional<TensorData> readTensorFile(const std::string &path, Diagnostics &diags) {
  std::optional<Value> value = readMessage<TensorProto>(path, "a tensor", diags);
  return value ? std::optional<TensorData>(std::move(value->tensor)) : std::nullopt;
}

std::optional<Value> readValueFile(const std::string &path, ValueType::Kind kind, Diagnostics &diags) {
  switch (kind) {
  case ValueType::Tensor:
    return readMessage<TensorProto>(path, "a tensor", diags);
  case ValueType::SparseTensor:
    return readMessage<SparseTensorProto>(path, "a sparse tensor", diags);
  case ValueType::Sequence:
    return readMessage<SequenceProto>(path, "a sequence", diags);
  case ValueType::Optional:
    return readMessage<OptionalProto>(path, "an optional", diags);
  case ValueType::Map:
    return readMessage<MapProto>(path, "a map", diags);
  default:
    diags.error(Status::Unsupported, fmt::format("{} is to be read as a value of unknown type", quoted(path)));
    return std::nullopt;
  }
}

/// Writes all bytes; an error message, or "".
static std::string writeAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return std::generic_category().message(errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

static std::string replaceFile(const std::string &path, std::string_view bytes) {
  std::string temporary = path + ".tmpXXXXXX";
  FileDescriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd)
    return std::generic_category().message(errno);
  std::string error = writeAll(fd.get(), bytes);
  mode_t mask = ::umask(0);
  ::umask(mask);
  if (error.empty() && (::fchmod(fd.get(), 0666 & ~mask) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0))
    error = std::generic_category().message(errno);
  if (!error.empty())
    ::unlink(temporary.c_str());
  return error;
}

bool writeTensorFile(const std::string &path, const TensorData &tensor, Diagnostics &diags) {
  TensorProto proto;
  proto.set_name(tensor.name());
  proto.set_data_type(static_cast<int32_t>(tensor.type()));
  for (int64_t dim : tensor.dims())
    proto.add_dims(dim);
  if (tensor.type() == ElementType::String)
    for (const std::string &text : tensor.strings())
      proto.add_string_data(text);
  else
    proto.set_raw_data(tensor.data(), tensor.sizeInBytes());
  if (proto.ByteSizeLong() > INT_MAX) {
    diags.error(Status::LimitExceeded, fmt::format("a tensor of {} bytes does not fit into a protobuf file ({})",
                                                   tensor.sizeInBytes(), quoted(path)));
    return false;
  }
  std::string error = replaceFile(path, proto.SerializePartialAsString());
  if (!error.empty())
    diags.error(Status::IoError, fmt::format("cannot write {}: {}", quoted(path), error));
  return error.empty();
}

} // namespace tenon::onnx

#include "frontend/onnx/TensorDecoder.h"

#include "onnx.pb.h"

#include <charconv>
#include <cstring>
#include <fmt/format.h>

namespace tenon::onnx {

namespace {

/// The elements of one typed data field in packed form. Every function returns an error clause, or "".
class TypedData {
public:
  TypedData(TensorProto &proto, ElementType type, int64_t count) : proto(proto), type(type), count(count) {}

  std::string pack(std::string &bytes) {
    switch (type) {
    case ElementType::Float:
      return copy(proto.float_data(), 1, "float_data", bytes);
    case ElementType::Complex64:
      return copy(proto.float_data(), 2, "float_data", bytes);
    case ElementType::Double:
      return copy(proto.double_data(), 1, "double_data", bytes);
    case ElementType::Complex128:
      return copy(proto.double_data(), 2, "double_data", bytes);
    case ElementType::Int64:
      return copy(proto.int64_data(), 1, "int64_data", bytes);
    case ElementType::UInt64:
      return copy(proto.uint64_data(), 1, "uint64_data", bytes);
    case ElementType::Int32:
      return copy(proto.int32_data(), 1, "int32_data", bytes);
    case ElementType::UInt32:
      return narrow(proto.uint64_data(), 4, count, "uint64_data", bytes);
    case ElementType::Float6E2M3:
    case ElementType::Float6E3M2:
      return packSixBits(bytes);
    default:
      break;
    }
    // The rest is in int32_data: elements of 8 or 16 bits, or packed bytes of elements below that.
    unsigned width = bitWidth(type) >= 8 ? bitWidth(type) / 8 : 1;
    uint64_t entries = packedByteSize(type, count).value_or(0) / width;
    return narrow(proto.int32_data(), width, entries, "int32_data", bytes);
  }

private:
  static std::string wrongSize(uint64_t expected, int actual, const char *field) {
    return fmt::format("needs {} entries in {}, which has {}", expected, field, actual);
  }

  template <typename Field>
  std::string copy(const Field &field, uint64_t perElement, const char *name, std::string &bytes) {
    // No overflow: the size of `count` elements in bits was checked to fit.
    uint64_t entries = static_cast<uint64_t>(count) * perElement;
    if (static_cast<uint64_t>(field.size()) != entries)
      return wrongSize(entries, field.size(), name);
    bytes.assign(reinterpret_cast<const char *>(field.data()), entries * sizeof(*field.data()));
    return {};
  }

  /// Keeps the low `width` bytes of every entry; the rest must be zeros or sign.
  template <typename Field>
  std::string narrow(const Field &field, unsigned width, uint64_t entries, const char *name, std::string &bytes) {
    if (static_cast<uint64_t>(field.size()) != entries)
      return wrongSize(entries, field.size(), name);
    bytes.resize(entries * width);
    for (uint64_t i = 0; i < entries; ++i) {
      auto value = field[static_cast<int>(i)];
      int64_t high = static_cast<int64_t>(value) >> (width * 8);
      bool negative = (static_cast<int64_t>(value) >> (width * 8 - 1)) == -1;
      if (high != 0 && !negative)
        return fmt::format("has the value {} at index {} of {}, which does not fit {}", value, i, name,
                           elementTypeName(type));
      std::memcpy(&bytes[i * width], &value, width);
    }
    return {};
  }

  std::string packSixBits(std::string &bytes) {
    if (proto.int32_data_size() != count)
      return wrongSize(count, proto.int32_data_size(), "int32_data");
    bytes.assign(packedByteSize(type, count).value_or(0), '\0');
    for (int64_t i = 0; i < count; ++i) {
      uint32_t value = static_cast<uint32_t>(proto.int32_data(static_cast<int>(i)));
      if (value >> 6)
        return fmt::format("has the value {} at index {} of int32_data, which does not fit {}", value, i,
                           elementTypeName(type));
      size_t bit = static_cast<size_t>(i) * 6;
      uint32_t shifted = value << (bit % 8);
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] | (shifted & 0xff));
      if (shifted >> 8)
        bytes[bit / 8 + 1] = static_cast<char>(bytes[bit / 8 + 1] | (shifted >> 8));
    }
    return {};
  }

  TensorProto &proto;
  ElementType type;
  int64_t count;
};

/// A whole decimal number. Anything else, signs and spaces included, is none.
std::optional<uint64_t> parseDecimal(const std::string &text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::string shapeString(const std::vector<int64_t> &dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size() && i < 16; ++i)
    text += (i ? ", " : "") + std::to_string(dims[i]);
  return text + (dims.size() > 16 ? ", ...]" : "]");
}

/// A bool is stored as a byte 0 or 1; code that computes with bools relies on it.
std::string checkBools(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); ++i)
    if (static_cast<uint8_t>(bytes[i]) > 1)
      return fmt::format("is bool, but element {} is {} instead of 0 or 1", i, static_cast<uint8_t>(bytes[i]));
  return {};
}

} // namespace

std::optional<TensorData> TensorDecoder::decode(TensorProto &proto, const std::string &what, std::string_view node) {
  auto [entry, isNew] = decoded.try_emplace(&proto);
  if (!isNew)
    return entry->second;
  Failure failure;
  std::optional<TensorData> tensor = decodeChecked(proto, failure);
  if (tensor && tensor->type() == ElementType::Bool)
    failure.message = checkBools(tensor->bytes());
  if (!failure.message.empty()) {
    diags.error(failure.kind, what + " " + failure.message, node);
    tensor = std::nullopt;
  }
  if (tensor)
    tensor->setName(proto.name());
  entry->second = tensor;
  return tensor;
}

std::optional<TensorData> TensorDecoder::decodeChecked(TensorProto &proto, Failure &failure) {
  auto fail = [&](std::string message) {
    failure.message = std::move(message);
    return std::nullopt;
  };
  std::optional<ElementType> type = elementTypeFromNumber(proto.data_type());
  if (!type)
    return fail(fmt::format("has the unknown element type {}", proto.data_type()));
  if (proto.has_segment())
    return fail("is split into segments, which Tenon does not support");
  std::vector<int64_t> dims(proto.dims().begin(), proto.dims().end());
  for (int64_t dim : dims)
    if (dim < 0)
      return fail(fmt::format("has the negative dimension {} in its shape {}", dim, shapeString(dims)));
  std::optional<int64_t> count = elementCount(dims);
  bool isString = *type == ElementType::String;
  std::optional<uint64_t> size = count && !isString ? packedByteSize(*type, *count) : std::optional<uint64_t>(0);
  if (!count || !size)
    return fail(fmt::format("has the shape {}, whose size overflows", shapeString(dims)));
  if (proto.data_location() == TensorProto::EXTERNAL)
    return decodeExternal(proto, *type, std::move(dims), *size, failure);
  if (proto.data_location() != TensorProto::DEFAULT)
    return fail(fmt::format("has the unknown data location {}", proto.data_location()));
  if (isString) {
    if (proto.has_raw_data() && !proto.raw_data().empty())
      return fail("is of strings and has raw_data, where strings can't be");
    if (proto.string_data_size() != *count)
      return fail(fmt::format("of shape {} needs {} entries in string_data, which has {}", shapeString(dims), *count,
                              proto.string_data_size()));
    std::vector<std::string> strings;
    strings.reserve(proto.string_data_size());
    for (std::string &text : *proto.mutable_string_data())
      strings.push_back(std::move(text));
    return TensorData(std::move(dims), std::move(strings));
  }
  if (!proto.raw_data().empty()) {
    if (proto.raw_data().size() != *size)
      return fail(fmt::format("({}{}) needs {} bytes, raw_data has {}", elementTypeName(*type), shapeString(dims),
                              *size, proto.raw_data().size()));
    return TensorData(*type, std::move(dims), std::move(*proto.mutable_raw_data()));
  }
  std::string bytes;
  std::string error = TypedData(proto, *type, *count).pack(bytes);
  if (!error.empty())
    return fail(fmt::format("({}{}) {}", elementTypeName(*type), shapeString(dims), error));
  return TensorData(*type, std::move(dims), std::move(bytes));
}

std::optional<TensorData> TensorDecoder::decodeExternal(TensorProto &proto, ElementType type, std::vector<int64_t> dims,
                                                        uint64_t size, Failure &failure) {
  auto fail = [&](Status kind, std::string message) {
    failure = {kind, std::move(message)};
    return std::nullopt;
  };
  const std::string *location = nullptr;
  std::optional<uint64_t> offset = 0, length = size;
  for (const StringStringEntryProto &entry : proto.external_data()) {
    if (entry.key() == "location")
      location = &entry.value();
    else if (entry.key() == "offset")
      offset = parseDecimal(entry.value());
    else if (entry.key() == "length")
      length = parseDecimal(entry.value());
  }
  if (type == ElementType::String)
    return fail(Status::Malformed, "is of strings, which can't be external data");
  if (!location)
    return fail(Status::Malformed, "has external data without a location");
  if (!offset || !length)
    return fail(Status::Malformed, "has external data whose offset or length is no decimal number");
  if (*length != size)
    return fail(Status::Malformed, fmt::format("({}{}) needs {} bytes, its external data has length {}",
                                               elementTypeName(type), shapeString(dims), size, *length));
  const ExternalData::File &file = external.open(*location);
  if (!file.mapping)
    return fail(file.failure, fmt::format("has its data in {}: {}", quoted(*location), file.error));
  uint64_t fileSize = file.mapping->bytes().size();
  if (*offset > fileSize || size > fileSize - *offset)
    return fail(Status::Malformed, fmt::format("has its data at bytes {} to {} + {} of {}, which has only {}", *offset,
                                               *offset, size, quoted(file.path), fileSize));
  TensorData tensor(type, std::move(dims), file.mapping->bytes().substr(*offset, size), file.mapping);
  tensor.setSource({file.path, *offset, size, *location, fileSize});
  return tensor;
}

/// What is wrong with the coordinates, or "".
static std::string checkSparse(const SparseTensorData &sparse) {
  std::optional<int64_t> total = elementCount(sparse.dims);
  int64_t rank = static_cast<int64_t>(sparse.dims.size());
  if (!total)
    return "has a negative dimension or a size that overflows";
  if (sparse.values.rank() != 1)
    return "has values that are no vector";
  int64_t nonZeros = sparse.values.numElements();
  const TensorData &indices = sparse.indices;
  if (indices.type() != ElementType::Int64)
    return "has indices that are not int64";
  bool flat = indices.dims() == std::vector<int64_t>{nonZeros};
  if (!flat && indices.dims() != std::vector<int64_t>{nonZeros, rank})
    return fmt::format("needs indices of shape [{0}] or [{0}, {1}], has {2}", nonZeros, rank,
                       shapeString(indices.dims()));
  for (int64_t i = 0; i < indices.numElements(); ++i) {
    int64_t index = indices.intAt(i), bound = flat ? *total : sparse.dims[i % rank];
    if (index < 0 || index >= bound)
      return fmt::format("has the index {} at position {}, outside of [0, {})", index, i, bound);
  }
  return {};
}

std::optional<SparseTensorData> TensorDecoder::decode(SparseTensorProto &proto, const std::string &what,
                                                      std::string_view node) {
  std::optional<TensorData> values = decode(*proto.mutable_values(), "values of " + what, node);
  std::optional<TensorData> indices = decode(*proto.mutable_indices(), "indices of " + what, node);
  if (!values || !indices)
    return std::nullopt;
  SparseTensorData sparse{*values, *indices, {proto.dims().begin(), proto.dims().end()}};
  std::string error = checkSparse(sparse);
  if (error.empty())
    return sparse;
  diags.error(Status::Malformed, what + " " + error, node);
  return std::nullopt;
}

} // namespace tenon::onnx

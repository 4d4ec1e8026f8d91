//===- Npy.cpp - The array formats of NumPy ------------------------------===//
//
// .npy: numpy.lib.format, versions 1 to 3. .npz: a zip archive of them, stored or deflated.
//
//===----------------------------------------------------------------------===//
#include "tools/tenon/Values.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include <cstring>
#include <optional>
#include <zlib.h>

using llvm::StringRef;
using namespace llvm::support::endian;

namespace tenon::cli {

namespace {

struct NpyType {
  const char *descr;
  tn_dtype dtype;
};
const NpyType kTypes[] = {{"f8", TN_F64}, {"f4", TN_F32}, {"f2", TN_F16}, {"b1", TN_BOOL}, {"i1", TN_I8},
                          {"i2", TN_I16}, {"i4", TN_I32}, {"i8", TN_I64}, {"u1", TN_U8},   {"u2", TN_U16},
                          {"u4", TN_U32}, {"u8", TN_U64}, {"c8", TN_C64}, {"c16", TN_C128}};

/// The value of a key in the header, a Python dictionary, up to the comma or brace that ends it.
std::optional<StringRef> findKey(StringRef header, StringRef key) {
  size_t at = header.find(("'" + key + "':").str());
  if (at == StringRef::npos)
    return std::nullopt;
  StringRef rest = header.drop_front(at + key.size() + 3).ltrim();
  if (rest.starts_with("(")) {
    size_t end = rest.find(')');
    return end == StringRef::npos ? std::nullopt : std::optional(rest.slice(1, end));
  }
  return rest.take_until([](char c) { return c == ',' || c == '}'; }).trim();
}

bool parseShape(StringRef text, std::vector<int64_t> &dims) {
  llvm::SmallVector<StringRef> parts;
  text.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    part = part.trim();
    if (part.empty())
      continue;
    if (dims.size() == 32 || part.getAsInteger(10, dims.emplace_back()) || dims.back() < 0)
      return false;
  }
  return true;
}

/// NumPy has no bfloat16 and no 8-bit floats: programs store them as raw bytes ("V2", "V1") or as integers.
tn_dtype typeOf(StringRef descr, tn_dtype expected) {
  char order = descr.empty() ? 0 : descr[0];
  StringRef code = descr.drop_front(descr.empty() ? 0 : 1);
  if (order == '>' && code.size() == 2 && code[1] != '1')
    return TN_INVALID;
  unsigned width;
  if (code.starts_with("V") && !code.drop_front().getAsInteger(10, width) && width * 8 == tn_dtype_bits(expected))
    return expected;
  for (const NpyType &type : kTypes)
    if (code == type.descr)
      return type.dtype;
  return TN_INVALID;
}

} // namespace

bool parseNpy(StringRef bytes, tn_dtype expected, HostTensor &tensor, std::string &message) {
  auto damaged = [&](const char *what) {
    message = std::string("not an .npy file, or a damaged one: ") + what;
    return false;
  };
  if (!bytes.starts_with("\x93NUMPY") || bytes.size() < 12)
    return damaged("no magic");
  bool isShort = bytes[6] == 1;
  size_t begin = isShort ? 10 : 12;
  uint32_t length = isShort ? read16le(bytes.data() + 8) : read32le(bytes.data() + 8);
  if (bytes[6] < 1 || bytes[6] > 3 || length > bytes.size() - begin)
    return damaged("header");
  StringRef header = bytes.substr(begin, length);
  std::optional<StringRef> descr = findKey(header, "descr"), order = findKey(header, "fortran_order"),
                           shape = findKey(header, "shape");
  if (!descr || !order || !shape || !parseShape(*shape, tensor.dims))
    return damaged("header");
  if (*order != "False") {
    message = "arrays in Fortran order are not supported; save numpy.ascontiguousarray(a)";
    return false;
  }
  tensor.dtype = typeOf(descr->trim("'\""), expected);
  size_t size;
  if (tensor.dtype == TN_INVALID) {
    message = "element type " + descr->str() + " is not supported";
    return false;
  }
  if (tn_tensor_bytes(tensor.dtype, tensor.dims.size(), tensor.dims.data(), &size) != TN_OK)
    return damaged("shape");
  StringRef body = bytes.drop_front(begin + length);
  if (body.size() != size)
    return damaged("it has a different number of bytes than its shape says");
  tensor.data.assign(body.begin(), body.end());
  return true;
}

std::string npyHeader(tn_dtype dtype, llvm::ArrayRef<int64_t> dims) {
  std::string descr = "|V" + std::to_string((tn_dtype_bits(dtype) + 7) / 8);
  for (const NpyType &type : kTypes)
    if (type.dtype == dtype)
      descr = (tn_dtype_bits(dtype) == 8 ? "|" : "<") + std::string(type.descr);
  std::string dict = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (";
  for (int64_t d : dims)
    dict += std::to_string(d) + ", ";
  dict += "), }";
  dict.resize(llvm::alignTo(dict.size() + 11, 64) - 10, ' ');
  dict.back() = '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += char(dict.size() & 255);
  header += char(dict.size() >> 8);
  return header + dict;
}

//===----------------------------------------------------------------------===//
// Zip
//===----------------------------------------------------------------------===//

namespace {

struct ZipEntry {
  std::string name;
  uint16_t method = 0;
  uint64_t compressed = 0, size = 0, offset = 0;
};

/// The 64-bit values that stand in an extra field where the 32-bit ones are all ones.
void readZip64(StringRef extra, ZipEntry &entry) {
  while (extra.size() >= 4) {
    uint16_t id = read16le(extra.data()), length = read16le(extra.data() + 2);
    StringRef field = extra.substr(4, length);
    extra = extra.drop_front(std::min<size_t>(4 + length, extra.size()));
    if (id != 1)
      continue;
    for (uint64_t *value : {&entry.size, &entry.compressed, &entry.offset})
      if (*value == 0xFFFFFFFF && field.size() >= 8) {
        *value = read64le(field.data());
        field = field.drop_front(8);
      }
  }
}

/// Reads the central directory, which stands at the end.
bool readDirectory(StringRef zip, std::vector<ZipEntry> &entries) {
  size_t end = zip.rfind(StringRef("PK\5\6", 4));
  if (end == StringRef::npos || zip.size() - end < 22)
    return false;
  uint64_t count = read16le(zip.data() + end + 10), at = read32le(zip.data() + end + 16);
  size_t end64 = zip.rfind(StringRef("PK\6\6", 4));
  if ((at == 0xFFFFFFFF || count == 0xFFFF) && end64 != StringRef::npos && zip.size() - end64 >= 56) {
    count = read64le(zip.data() + end64 + 32);
    at = read64le(zip.data() + end64 + 48);
  }
  for (uint64_t i = 0; i < count; ++i) {
    StringRef head = at <= zip.size() ? zip.drop_front(at) : StringRef();
    if (head.size() < 46 || !head.starts_with(StringRef("PK\1\2", 4)))
      return false;
    ZipEntry entry;
    entry.method = read16le(head.data() + 10);
    entry.compressed = read32le(head.data() + 20);
    entry.size = read32le(head.data() + 24);
    entry.offset = read32le(head.data() + 42);
    size_t name = read16le(head.data() + 28), extra = read16le(head.data() + 30), comment = read16le(head.data() + 32);
    entry.name = head.substr(46, name).str();
    readZip64(head.substr(46 + name, extra), entry);
    entries.push_back(std::move(entry));
    at += 46 + name + extra + comment;
  }
  return true;
}

bool inflateEntry(StringRef packed, std::vector<char> &bytes) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return false;
  const char *next = packed.data();
  size_t left = packed.size(), done = 0;
  int code = Z_OK;
  while (code == Z_OK) {
    auto part = std::min<size_t>(left, 1u << 30), room = std::min<size_t>(bytes.size() - done, 1u << 30);
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(next));
    stream.avail_in = part;
    stream.next_out = reinterpret_cast<Bytef *>(bytes.data() + done);
    stream.avail_out = room;
    code = inflate(&stream, Z_NO_FLUSH);
    size_t read = part - stream.avail_in, written = room - stream.avail_out;
    next += read;
    left -= read;
    done += written;
    if (code == Z_OK && read == 0 && written == 0)
      break;
  }
  inflateEnd(&stream);
  return code == Z_STREAM_END && done == bytes.size();
}

} // namespace

bool extractNpz(StringRef zip, const std::string &wanted, std::vector<char> &bytes, std::string &message) {
  std::vector<ZipEntry> entries;
  if (!readDirectory(zip, entries)) {
    message = "not an .npz file, or a damaged one";
    return false;
  }
  auto it = llvm::find_if(entries, [&](const ZipEntry &e) { return e.name == wanted || e.name == wanted + ".npy"; });
  if (it == entries.end()) {
    message = "it has no array '" + wanted + "'; it has:";
    for (const ZipEntry &entry : entries)
      message += " " + StringRef(entry.name).take_front(StringRef(entry.name).rfind(".npy")).str();
    return false;
  }
  StringRef local = it->offset <= zip.size() ? zip.drop_front(it->offset) : StringRef();
  size_t head = local.size() >= 30 ? 30 + read16le(local.data() + 26) + read16le(local.data() + 28) : SIZE_MAX;
  // Deflate makes at most about a thousand bytes of one.
  bool sane = local.starts_with(StringRef("PK\3\4", 4)) && head <= local.size() &&
              it->compressed <= local.size() - head && it->size / 1100 <= it->compressed;
  StringRef packed = sane ? local.substr(head, it->compressed) : StringRef();
  if (sane && it->method == 0 && it->size == it->compressed) {
    bytes.assign(packed.begin(), packed.end());
    return true;
  }
  if (sane && it->method == Z_DEFLATED) {
    bytes.resize(it->size);
    if (inflateEntry(packed, bytes))
      return true;
  }
  message = "array '" + wanted + "' of the .npz file is damaged, or compressed in an unknown way";
  return false;
}

} // namespace tenon::cli

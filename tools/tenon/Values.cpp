#include "tools/tenon/Values.h"
#include "frontend/onnx/TensorFile.h"
#include "tools/compiler/OutputFile.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <cmath>
#include <cstring>
#include <random>

using llvm::StringRef;

namespace tenon::cli {

int64_t HostTensor::count() const {
  int64_t result = 1;
  for (int64_t d : dims)
    result *= d;
  return result;
}

std::string describeTensor(tn_dtype dtype, llvm::ArrayRef<int64_t> dims) {
  std::string text = tn_dtype_name(dtype);
  text += '[';
  for (size_t i = 0; i < dims.size(); ++i)
    text += (i ? ", " : "") + (dims[i] < 0 ? std::string("?") : std::to_string(dims[i]));
  return text + ']';
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

template <typename T> static double load(const char *data, int64_t i) {
  T value;
  std::memcpy(&value, data + i * sizeof(T), sizeof(T));
  return static_cast<double>(value);
}

static const llvm::fltSemantics *semanticsOf(tn_dtype dtype) {
  switch (dtype) {
  case TN_F16:
    return &llvm::APFloat::IEEEhalf();
  case TN_BF16:
    return &llvm::APFloat::BFloat();
  case TN_F8E4M3FN:
    return &llvm::APFloat::Float8E4M3FN();
  case TN_F8E4M3FNUZ:
    return &llvm::APFloat::Float8E4M3FNUZ();
  case TN_F8E5M2:
    return &llvm::APFloat::Float8E5M2();
  case TN_F8E5M2FNUZ:
    return &llvm::APFloat::Float8E5M2FNUZ();
  case TN_F8E8M0:
    return &llvm::APFloat::Float8E8M0FNU();
  default:
    return nullptr;
  }
}

double elementAt(tn_dtype dtype, const char *data, int64_t i) {
  switch (dtype) {
  case TN_F64:
    return load<double>(data, i);
  case TN_F32:
    return load<float>(data, i);
  case TN_BOOL:
  case TN_U8:
    return load<uint8_t>(data, i);
  case TN_I8:
    return load<int8_t>(data, i);
  case TN_I16:
    return load<int16_t>(data, i);
  case TN_U16:
    return load<uint16_t>(data, i);
  case TN_I32:
    return load<int32_t>(data, i);
  case TN_U32:
    return load<uint32_t>(data, i);
  case TN_I64:
    return static_cast<double>(load<int64_t>(data, i));
  case TN_U64:
    return load<uint64_t>(data, i);
  default:
    break;
  }
  const llvm::fltSemantics *semantics = semanticsOf(dtype);
  if (!semantics)
    return std::nan("");
  unsigned bits = tn_dtype_bits(dtype);
  uint64_t pattern =
      bits == 16 ? static_cast<uint64_t>(load<uint16_t>(data, i)) : static_cast<uint64_t>(load<uint8_t>(data, i));
  llvm::APFloat value(*semantics, llvm::APInt(bits, pattern));
  bool ignored;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &ignored);
  return value.convertToDouble();
}

static void storeFloat(tn_dtype dtype, char *data, int64_t i, double number) {
  if (dtype == TN_F32) {
    auto value = static_cast<float>(number);
    std::memcpy(data + i * 4, &value, 4);
  } else if (dtype == TN_F64) {
    std::memcpy(data + i * 8, &number, 8);
  } else if (const llvm::fltSemantics *semantics = semanticsOf(dtype)) {
    llvm::APFloat value(number);
    bool ignored;
    value.convert(*semantics, llvm::APFloat::rmNearestTiesToEven, &ignored);
    uint64_t pattern = value.bitcastToAPInt().getZExtValue();
    unsigned bytes = tn_dtype_bits(dtype) / 8;
    std::memcpy(data + i * bytes, &pattern, bytes);
  }
}

void fillRandom(HostTensor &tensor, uint64_t seed) {
  std::mt19937_64 engine(seed);
  // Box and Muller's method and not std::normal_distribution, whose numbers differ between libraries.
  auto uniform = [&] { return (static_cast<double>(engine() >> 11) + 0.5) * 0x1p-53; };
  bool isFloat = tensor.dtype == TN_F32 || tensor.dtype == TN_F64 || semanticsOf(tensor.dtype);
  size_t width = std::max(1u, tn_dtype_bits(tensor.dtype) / 8);
  for (int64_t i = 0, count = tensor.count(); i < count; ++i) {
    if (isFloat)
      storeFloat(tensor.dtype, tensor.data.data(), i,
                 std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform()));
    else if (i * width < tensor.data.size())
      tensor.data[i * width] = engine() >> 63;
  }
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static const std::pair<onnx::ElementType, tn_dtype> kOnnxTypes[] = {{onnx::ElementType::Float, TN_F32},
                                                                    {onnx::ElementType::Double, TN_F64},
                                                                    {onnx::ElementType::Float16, TN_F16},
                                                                    {onnx::ElementType::BFloat16, TN_BF16},
                                                                    {onnx::ElementType::Bool, TN_BOOL},
                                                                    {onnx::ElementType::Int8, TN_I8},
                                                                    {onnx::ElementType::Int16, TN_I16},
                                                                    {onnx::ElementType::Int32, TN_I32},
                                                                    {onnx::ElementType::Int64, TN_I64},
                                                                    {onnx::ElementType::UInt8, TN_U8},
                                                                    {onnx::ElementType::UInt16, TN_U16},
                                                                    {onnx::ElementType::UInt32, TN_U32},
                                                                    {onnx::ElementType::UInt64, TN_U64},
                                                                    {onnx::ElementType::Float8E4M3FN, TN_F8E4M3FN},
                                                                    {onnx::ElementType::Float8E4M3FNUZ, TN_F8E4M3FNUZ},
                                                                    {onnx::ElementType::Float8E5M2, TN_F8E5M2},
                                                                    {onnx::ElementType::Float8E5M2FNUZ, TN_F8E5M2FNUZ},
                                                                    {onnx::ElementType::Float8E8M0, TN_F8E8M0},
                                                                    {onnx::ElementType::Float4E2M1, TN_F4E2M1},
                                                                    {onnx::ElementType::Int4, TN_I4},
                                                                    {onnx::ElementType::UInt4, TN_U4},
                                                                    {onnx::ElementType::Complex64, TN_C64},
                                                                    {onnx::ElementType::Complex128, TN_C128}};

tn_dtype dtypeOf(onnx::ElementType wanted) {
  for (auto [type, dtype] : kOnnxTypes)
    if (type == wanted)
      return dtype;
  return TN_INVALID;
}

HostTensor toHostTensor(const onnx::TensorData &data) {
  HostTensor tensor;
  tensor.dtype = dtypeOf(data.type());
  tensor.dims = data.dims();
  tensor.data.assign(data.data(), data.data() + data.sizeInBytes());
  return tensor;
}

onnx::TensorData toTensorData(const tn_tensor &tensor) {
  onnx::ElementType type = onnx::ElementType::Undefined;
  for (auto [onnxType, dtype] : kOnnxTypes)
    if (dtype == tensor.dtype)
      type = onnxType;
  size_t bytes = 0;
  tn_tensor_bytes(tensor.dtype, tensor.rank, tensor.dims, &bytes);
  return {type, std::vector<int64_t>(tensor.dims, tensor.dims + tensor.rank),
          std::string(static_cast<char *>(tensor.data), bytes)};
}

static bool readPb(const std::string &path, HostTensor &tensor, std::string &message) {
  onnx::Diagnostics problems;
  std::optional<onnx::TensorData> data = onnx::readTensorFile(path, problems);
  if (!data) {
    message = StringRef(problems.str()).rtrim().str();
    return false;
  }
  tensor = toHostTensor(*data);
  return true;
}

static bool fits(const HostTensor &tensor, tn_dtype dtype, llvm::ArrayRef<int64_t> wanted) {
  if (tensor.dtype != dtype || tensor.dims.size() != wanted.size())
    return false;
  for (size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i] >= 0 && wanted[i] != tensor.dims[i])
      return false;
  return true;
}

static bool readBin(StringRef bytes, tn_dtype dtype, llvm::ArrayRef<int64_t> wanted, HostTensor &tensor,
                    std::string &message) {
  tensor.dtype = dtype;
  tensor.dims.assign(wanted.begin(), wanted.end());
  size_t size = 0;
  if (tn_tensor_bytes(dtype, wanted.size(), wanted.data(), &size) != TN_OK || size != bytes.size()) {
    message = "it has " + std::to_string(bytes.size()) + " bytes; " + describeTensor(dtype, wanted) + " has " +
              std::to_string(size);
    return false;
  }
  tensor.data.assign(bytes.begin(), bytes.end());
  return true;
}

bool readTensor(const std::string &path, const std::string &name, tn_dtype dtype, llvm::ArrayRef<int64_t> wanted,
                HostTensor &tensor, std::string &message) {
  std::string file = path, entry = name;
  if (size_t colon = path.rfind(".npz:"); colon != std::string::npos) {
    file = path.substr(0, colon + 4);
    entry = path.substr(colon + 5);
  }
  StringRef suffix = llvm::sys::path::extension(file);
  auto fail = [&](const std::string &what) {
    message = file + ": " + what;
    return false;
  };
  auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fail(buffer.getError().message());
  std::string problem;
  std::vector<char> extracted;
  StringRef bytes = (*buffer)->getBuffer();
  bool good = false;
  if (suffix == ".npy")
    good = parseNpy(bytes, dtype, tensor, problem);
  else if (suffix == ".npz")
    good = extractNpz(bytes, entry, extracted, problem) &&
           parseNpy(StringRef(extracted.data(), extracted.size()), dtype, tensor, problem);
  else if (suffix == ".pb")
    good = readPb(file, tensor, problem);
  else if (suffix == ".bin")
    good = readBin(bytes, dtype, wanted, tensor, problem);
  else
    problem = "unknown kind of file; .npy, .npz, .pb and .bin can be read";
  if (!good)
    return fail(problem);
  if (!fits(tensor, dtype, wanted))
    return fail("it holds " + describeTensor(tensor.dtype, tensor.dims) + ", but '" + name + "' is " +
                describeTensor(dtype, wanted));
  return true;
}

static bool writePb(const std::string &path, const tn_tensor &tensor, std::string &message) {
  onnx::Diagnostics problems;
  if (onnx::writeTensorFile(path, toTensorData(tensor), problems))
    return true;
  message = StringRef(problems.str()).rtrim().str();
  return false;
}

bool writeTensor(const std::string &path, const tn_tensor &tensor, std::string &message) {
  StringRef suffix = llvm::sys::path::extension(path);
  if (suffix == ".pb")
    return writePb(path, tensor, message);
  if (suffix != ".npy" && suffix != ".bin") {
    message = path + ": unknown kind of file; .npy, .pb and .bin can be written";
    return false;
  }
  size_t bytes = 0;
  tn_tensor_bytes(tensor.dtype, tensor.rank, tensor.dims, &bytes);
  std::string head;
  if (suffix == ".npy")
    head = npyHeader(tensor.dtype, llvm::ArrayRef<int64_t>(tensor.dims, tensor.rank));
  OutputFile file(path);
  if (file.open() && file.write(head, 0) &&
      file.write(StringRef(static_cast<const char *>(tensor.data), bytes), head.size()) && file.commit())
    return true;
  message = file.getError();
  return false;
}

} // namespace tenon::cli

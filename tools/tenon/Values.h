//===- Values.h - Tensors of inputs and outputs on disk ------------------===//
#ifndef TENON_TOOLS_TENON_VALUES_H
#define TENON_TOOLS_TENON_VALUES_H

#include "frontend/onnx/TensorData.h"
#include "runtime/include/tenon/tenon.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace tenon::cli {

/// A tensor in memory, row-major.
struct HostTensor {
  tn_dtype dtype = TN_INVALID;
  std::vector<int64_t> dims;
  std::vector<char> data;

  tn_tensor view() { return {dtype, static_cast<uint32_t>(dims.size()), dims.data(), data.data(), data.size()}; }
  int64_t count() const;
};

/// "f32[1, 3, 224, 224]".
std::string describeTensor(tn_dtype dtype, llvm::ArrayRef<int64_t> dims);

/// Element `i` of a tensor as a number.
double elementAt(tn_dtype dtype, const char *data, int64_t i);

/// Reads "x.npy", "x.npz" (the entry called `name`, or "x.npz:entry"), "x.pb" (a TensorProto) or "x.bin" (the
/// bytes of a tensor of the wanted type and shape). False, with a message, if that can't be done or does not
/// fit `wanted`; a negative dim of it fits any size.
bool readTensor(const std::string &path, const std::string &name, tn_dtype dtype, llvm::ArrayRef<int64_t> wanted,
                HostTensor &tensor, std::string &message);

/// Writes .npy, .pb or .bin.
bool writeTensor(const std::string &path, const tn_tensor &tensor, std::string &message);

/// The runtime's type for ONNX's; TN_INVALID if it has none.
tn_dtype dtypeOf(onnx::ElementType type);
/// From and to the importer's tensors; the type is TN_INVALID or Undefined where the other side has none.
HostTensor toHostTensor(const onnx::TensorData &data);
onnx::TensorData toTensorData(const tn_tensor &tensor);

/// Fills a tensor with random numbers: floats normal, integers 0 or 1, so that they are indices and masks
/// too.
void fillRandom(HostTensor &tensor, uint64_t seed);

// Npy.cpp: the formats of NumPy. Nothing in a file is trusted.
bool parseNpy(llvm::StringRef bytes, tn_dtype expected, HostTensor &tensor, std::string &message);
std::string npyHeader(tn_dtype dtype, llvm::ArrayRef<int64_t> dims);
/// The bytes of an archive's entry.
bool extractNpz(llvm::StringRef archive, const std::string &entry, std::vector<char> &bytes, std::string &message);

} // namespace tenon::cli

#endif

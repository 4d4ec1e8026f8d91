#include "tools/reduce/Workspace.h"
#include "frontend/onnx/ModelWriter.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace tenon::reduce {

/// Tensors of fewer bytes stand in the model's own file.
static constexpr size_t kInlineBytes = 4096;
static const char kPoolName[] = "weights.bin";

Workspace::~Workspace() {
  if (pool >= 0)
    close(pool);
  std::error_code ignored;
  if (!folder.empty())
    std::filesystem::remove_all(folder, ignored);
}

bool Workspace::create() {
  llvm::SmallString<128> made;
  if (std::error_code code = llvm::sys::fs::createUniqueDirectory("tenon-reduce", made)) {
    error = "cannot create a temporary folder: " + code.message();
    return false;
  }
  folder = made.str().str();
  pool = open(path(kPoolName).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (pool < 0)
    error = "cannot create " + path(kPoolName) + ": " + std::strerror(errno);
  return pool >= 0;
}

std::optional<onnx::TensorSource> Workspace::place(const onnx::TensorData &tensor) {
  size_t size = tensor.sizeInBytes();
  if (size < kInlineBytes || !error.empty())
    return std::nullopt;
  auto [entry, isNew] = placed.try_emplace({tensor.data(), size}, poolSize, tensor);
  for (size_t done = 0; isNew && done < size;) {
    ssize_t written = pwrite(pool, tensor.data() + done, size - done, static_cast<off_t>(poolSize + done));
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0) {
      error = "cannot write " + path(kPoolName) + ": " + std::strerror(errno);
      return std::nullopt;
    }
    done += written;
  }
  if (isNew)
    poolSize = llvm::alignTo(poolSize + size, 64);
  onnx::TensorSource source;
  source.location = kPoolName;
  source.offset = entry->second.first;
  source.length = size;
  return source;
}

bool Workspace::writeModel(const Subject &subject, const Record &record, llvm::StringRef file, std::string &bytes) {
  onnx::Diagnostics problems;
  bytes = onnx::serializeModel(
      makeModel(subject, record), [&](const onnx::TensorData &tensor) { return place(tensor); }, problems);
  if (bytes.empty() && error.empty())
    error = llvm::StringRef(problems.str()).rtrim().str();
  return error.empty() && writeOutputFile(path(file), bytes, error);
}

} // namespace tenon::reduce

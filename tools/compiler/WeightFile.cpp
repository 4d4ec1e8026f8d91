#include "tools/compiler/WeightFile.h"
#include "frontend/onnx/MappedFile.h"
#include "ir/Dialect.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include <cstring>

using namespace mlir;

namespace tenon {

static constexpr char kMagic[] = "TNWEIGHT";
static constexpr int64_t kHeaderBytes = 24, kAlignment = 64;

static std::string makeHeader(llvm::StringRef name, int64_t size) {
  std::string header(kHeaderBytes, '\0');
  std::memcpy(header.data(), kMagic, 8);
  llvm::support::endian::write64le(header.data() + 8, name.size());
  llvm::support::endian::write64le(header.data() + 16, static_cast<uint64_t>(size));
  return header + name.str();
}

bool WeightFileWriter::add(ModuleOp module, Write write) {
  auto put = [&](llvm::StringRef bytes) {
    static const char zeros[kAlignment] = {};
    int64_t at = end, used = static_cast<int64_t>(bytes.size());
    int64_t padding = static_cast<int64_t>(llvm::alignTo(used, kAlignment)) - used;
    end += used + padding;
    return write(bytes, at) && write({zeros, static_cast<size_t>(padding)}, at + used);
  };
  const WeightStore &store = module.getContext()->getLoadedDialect<tn::TnDialect>()->getWeightStore();
  WalkResult result = module.walk([&](tn::ConstantOp constant) {
    auto weight = dyn_cast<tn::WeightAttr>(constant.getValue());
    if (!weight || !written.insert(weight.getSource().getValue()).second)
      return WalkResult::advance();
    llvm::StringRef name = weight.getSource().getValue();
    std::optional<WeightStore::Source> source = store.get(name);
    if (!source)
      return WalkResult::advance();
    llvm::StringRef bytes(source->data, static_cast<size_t>(source->size));
    return put(makeHeader(name, source->size)) && put(bytes) ? WalkResult::advance() : WalkResult::interrupt();
  });
  return !result.wasInterrupted();
}

std::string findWeightFile(llvm::StringRef modulePath) {
  llvm::SmallString<128> own(modulePath), shared(llvm::sys::path::parent_path(modulePath));
  llvm::sys::path::replace_extension(own, "tnw");
  llvm::sys::path::append(shared, "weights.tnw");
  for (llvm::StringRef path : {llvm::StringRef(own), llvm::StringRef(shared)})
    if (llvm::sys::fs::exists(path))
      return path.str();
  return "";
}

bool loadWeightFile(const std::string &path, WeightStore &store, std::string &error) {
  std::string reason;
  auto file = onnx::MappedFile::open(path, reason);
  if (!file) {
    error = "cannot read " + path + ": " + reason;
    return false;
  }
  std::string_view bytes = file->bytes();
  uint64_t at = 0;
  // Takes `size` bytes and what pads them; null beyond the end.
  auto take = [&](uint64_t size) -> const char * {
    if (size > bytes.size() - at)
      return nullptr;
    const char *data = bytes.data() + at;
    at = std::min<uint64_t>(bytes.size(), llvm::alignTo(at + size, kAlignment));
    return data;
  };
  while (at < bytes.size()) {
    uint64_t nameSize = 0, size = 0;
    bool good = bytes.size() - at >= kHeaderBytes && std::memcmp(bytes.data() + at, kMagic, 8) == 0;
    if (good) {
      nameSize = llvm::support::endian::read64le(bytes.data() + at + 8);
      size = llvm::support::endian::read64le(bytes.data() + at + 16);
    }
    uint64_t begin = at;
    const char *header = good && nameSize <= bytes.size() ? take(kHeaderBytes + nameSize) : nullptr;
    const char *data = header ? take(size) : nullptr;
    if (!data) {
      error = path + ": not a weight file, or a damaged one, at byte " + std::to_string(begin);
      return false;
    }
    store.add({header + kHeaderBytes, nameSize}, {data, static_cast<int64_t>(size), file});
  }
  return true;
}

} // namespace tenon

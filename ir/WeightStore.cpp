#include "ir/WeightStore.h"

namespace tenon {

void WeightStore::add(llvm::StringRef name, Source source) {
  std::lock_guard<std::mutex> lock(mutex);
  sources.try_emplace(name, std::move(source));
}

std::string WeightStore::addComputed(Source source) {
  std::lock_guard<std::mutex> lock(mutex);
  // A module that was read back brings names of its own.
  std::string name;
  do
    name = "const#" + std::to_string(nextComputed++);
  while (sources.contains(name));
  sources.try_emplace(name, std::move(source));
  return name;
}

std::optional<WeightStore::Source> WeightStore::get(llvm::StringRef name) const {
  std::lock_guard<std::mutex> lock(mutex);
  auto it = sources.find(name);
  return it == sources.end() ? std::nullopt : std::optional(it->second);
}

std::optional<WeightStore::Source> WeightStore::find(llvm::StringRef name, int64_t offset, int64_t size) const {
  std::optional<Source> source = get(name);
  if (!source || offset < 0 || size < 0 || offset > source->size || size > source->size - offset)
    return std::nullopt;
  return Source{source->data + offset, size, source->owner};
}

} // namespace tenon

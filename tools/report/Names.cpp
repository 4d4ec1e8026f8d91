#include "tools/report/Names.h"
#include "passes/Provenance.h"

namespace tenon::report {

std::string validText(llvm::StringRef text) {
  return llvm::json::isUTF8(text) ? text.str() : llvm::json::fixUTF8(text);
}

unsigned Names::number(llvm::StringRef name) {
  auto [it, isNew] = known.try_emplace(name, list.size());
  if (isNew)
    list.push_back(it->getKey());
  return it->second;
}

std::vector<unsigned> Names::numbers(mlir::Location loc, size_t most) {
  llvm::SetVector<llvm::StringRef> names;
  collectNames(loc, names);
  std::vector<unsigned> result;
  for (llvm::StringRef name : names.getArrayRef().take_front(most))
    result.push_back(number(name));
  return result;
}

void Names::write(llvm::json::OStream &out) const {
  out.attributeArray("names", [&] {
    for (llvm::StringRef name : list)
      out.value(validText(name));
  });
}

} // namespace tenon::report

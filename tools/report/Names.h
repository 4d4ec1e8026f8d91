//===- Names.h - Names of the graph's nodes, by number -------------------===//
#ifndef TENON_TOOLS_REPORT_NAMES_H
#define TENON_TOOLS_REPORT_NAMES_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"
#include <vector>

namespace tenon::report {

/// Every section refers to the model's nodes by numbers in one list.
class Names {
public:
  /// The number of a name, from 0, in the order in which they were first asked for.
  unsigned number(llvm::StringRef name);
  /// The numbers of the names in a location, at most `most`.
  std::vector<unsigned> numbers(mlir::Location loc, size_t most = 64);
  /// Writes the list as an attribute "names".
  void write(llvm::json::OStream &out) const;

private:
  llvm::StringMap<unsigned> known;
  std::vector<llvm::StringRef> list;
};

/// Text as JSON takes it: names in a model may be any bytes.
std::string validText(llvm::StringRef text);

/// Writes an attribute that is a list of numbers.
template <typename List> void writeNumbers(llvm::json::OStream &out, llvm::StringRef key, const List &numbers) {
  out.attributeArray(key, [&] {
    for (auto number : numbers)
      out.value(static_cast<int64_t>(number));
  });
}

} // namespace tenon::report

#endif

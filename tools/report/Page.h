//===- Page.h - The page around the data ---------------------------------===//
#ifndef TENON_TOOLS_REPORT_PAGE_H
#define TENON_TOOLS_REPORT_PAGE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace tenon::report {

/// One section's data, as JSON.
struct Section {
  std::string name, json;
};

/// The HTML page with the data in it: one that loads nothing. `title` and `json` may hold any text; no part of them is
/// taken for markup.
std::string makePage(llvm::StringRef title, llvm::ArrayRef<Section> sections);

} // namespace tenon::report

#endif

//===- Remarks.h - What passes say about their decisions -----------------===//
#ifndef TENON_TOOLS_COMPILER_REMARKS_H
#define TENON_TOOLS_COMPILER_REMARKS_H

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"
#include <string>
#include <vector>

namespace tenon {

/// An optimisation remark: why something was done, or not.
struct Remark {
  std::string kind; ///< "Passed" for what was done, "Missed", "Analysis"
  std::string pass; ///< without the prefix: "fuse"
  std::string name; ///< of the decision: "apart"
  std::string message;
  std::vector<std::string> nodes; ///< of the graph, that it is about

  llvm::json::Value toJson() const;
  /// "missed  fuse  /relu, /conv2: ..."
  std::string describe() const;
};

/// Has the remarks of all passes of a context added to a list, which must outlive the context. What is said twice is
/// kept once.
void collectRemarks(mlir::MLIRContext &context, std::vector<Remark> &remarks);

/// Those about nodes whose name matches a pattern with * and ?, or contains it; an empty one leaves all. An error says
/// what is wrong with the pattern.
llvm::Error filterRemarks(std::vector<Remark> &remarks, llvm::StringRef pattern);

} // namespace tenon

#endif

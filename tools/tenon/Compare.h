//===- Compare.h - Summaries and differences of tensors ------------------===//
#ifndef TENON_TOOLS_TENON_COMPARE_H
#define TENON_TOOLS_TENON_COMPARE_H

#include "tools/tenon/Values.h"
#include "llvm/Support/JSON.h"

namespace tenon::cli {

struct Summary {
  int64_t count = 0, notFinite = 0;
  double min = 0, max = 0, mean = 0; ///< of the finite elements
  std::vector<double> first;

  std::string describe(const std::string &name, const tn_tensor &tensor) const;
  llvm::json::Value toJson(const std::string &name, const tn_tensor &tensor) const;
};
Summary summarizeTensor(const tn_tensor &tensor);

/// An element differs if |got - expected| > atol + rtol * |expected|; equal infinities and two NaN do not.
struct Comparison {
  int64_t count = 0, differing = 0;
  int64_t worst = -1; ///< position of the element that exceeds its tolerance most, or comes nearest to it
  double got = 0, expected = 0, allowed = 0;

  std::string describe(const std::string &name, llvm::ArrayRef<int64_t> dims) const;
  llvm::json::Value toJson(const std::string &name) const;
};
Comparison compare(const tn_tensor &got, const tn_tensor &expected, double rtol, double atol);

} // namespace tenon::cli

#endif

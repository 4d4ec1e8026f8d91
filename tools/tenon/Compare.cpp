#include "tools/tenon/Compare.h"
#include <cmath>
#include <fmt/core.h>

namespace tenon::cli {

static int64_t countOf(const tn_tensor &tensor) {
  int64_t count = 1;
  for (uint32_t i = 0; i < tensor.rank; ++i)
    count *= tensor.dims[i];
  return count;
}

static llvm::ArrayRef<int64_t> dimsOf(const tn_tensor &tensor) { return {tensor.dims, tensor.rank}; }

Summary summarizeTensor(const tn_tensor &tensor) {
  Summary summary;
  summary.count = countOf(tensor);
  double sum = 0;
  int64_t finite = 0;
  for (int64_t i = 0; i < summary.count; ++i) {
    double value = elementAt(tensor.dtype, static_cast<const char *>(tensor.data), i);
    if (i < 6)
      summary.first.push_back(value);
    if (!std::isfinite(value)) {
      ++summary.notFinite;
      continue;
    }
    summary.min = finite ? std::min(summary.min, value) : value;
    summary.max = finite ? std::max(summary.max, value) : value;
    sum += value;
    ++finite;
  }
  summary.mean = finite ? sum / finite : 0;
  return summary;
}

std::string Summary::describe(const std::string &name, const tn_tensor &tensor) const {
  std::string text = fmt::format("{}: {}", name, describeTensor(tensor.dtype, dimsOf(tensor)));
  if (count == 0)
    return text + " empty";
  text += fmt::format(" min {:.6g} max {:.6g} mean {:.6g}", min, max, mean);
  if (notFinite)
    text += fmt::format(", {} not finite", notFinite);
  text += "\n  [";
  for (size_t i = 0; i < first.size(); ++i)
    text += fmt::format("{}{:.6g}", i ? ", " : "", first[i]);
  return text + (count > static_cast<int64_t>(first.size()) ? ", ...]" : "]");
}

/// JSON has no infinities and no NaN.
static llvm::json::Value number(double value) {
  return std::isfinite(value) ? llvm::json::Value(value) : llvm::json::Value(fmt::format("{}", value));
}

llvm::json::Value Summary::toJson(const std::string &name, const tn_tensor &tensor) const {
  llvm::json::Array values;
  for (double value : first)
    values.push_back(number(value));
  return llvm::json::Object{{"name", name},
                            {"dtype", tn_dtype_name(tensor.dtype)},
                            {"shape", llvm::json::Array(dimsOf(tensor))},
                            {"min", min},
                            {"max", max},
                            {"mean", mean},
                            {"not_finite", notFinite},
                            {"first", std::move(values)}};
}

Comparison compare(const tn_tensor &got, const tn_tensor &expected, double rtol, double atol) {
  Comparison result;
  result.count = countOf(got);
  double worstExcess = -INFINITY;
  for (int64_t i = 0; i < result.count; ++i) {
    double a = elementAt(got.dtype, static_cast<const char *>(got.data), i);
    double b = elementAt(expected.dtype, static_cast<const char *>(expected.data), i);
    if (a == b || (std::isnan(a) && std::isnan(b)))
      continue;
    double allowed = atol + rtol * std::fabs(b), excess = std::fabs(a - b) - allowed;
    if (!std::isfinite(a) || !std::isfinite(b))
      excess = INFINITY;
    if (excess > 0)
      ++result.differing;
    if (result.worst >= 0 && excess <= worstExcess)
      continue;
    worstExcess = excess;
    result.worst = i;
    result.got = a;
    result.expected = b;
    result.allowed = allowed;
  }
  return result;
}

static std::string indexText(int64_t position, llvm::ArrayRef<int64_t> dims) {
  std::vector<int64_t> index(dims.size());
  for (size_t d = dims.size(); d-- > 0;) {
    index[d] = position % dims[d];
    position /= dims[d];
  }
  std::string text = "[";
  for (size_t d = 0; d < index.size(); ++d)
    text += (d ? ", " : "") + std::to_string(index[d]);
  return text + "]";
}

std::string Comparison::describe(const std::string &name, llvm::ArrayRef<int64_t> dims) const {
  std::string text = differing ? fmt::format("{}: {} of {} elements differ", name, differing, count)
                               : fmt::format("{}: all {} elements agree", name, count);
  if (worst < 0)
    return text + ", exactly";
  return text + fmt::format("; worst at {}: got {:.9g}, expected {:.9g} (difference {:.3g}, allowed {:.3g})",
                            indexText(worst, dims), got, expected, std::fabs(got - expected), allowed);
}

llvm::json::Value Comparison::toJson(const std::string &name) const {
  return llvm::json::Object{{"name", name},
                            {"count", count},
                            {"differing", differing},
                            {"worst_position", worst},
                            {"got", number(got)},
                            {"expected", number(expected)},
                            {"allowed", number(allowed)}};
}

} // namespace tenon::cli

//===- Regression.h - Which kernels became slower ------------------------===//
//
// Two programs for one model are compared kernel by kernel: kernels belong together if they compute the same nodes of
// the model. Nothing here runs anything; times come from the caller.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_TOOLS_DEBUG_REGRESSION_H
#define TENON_TOOLS_DEBUG_REGRESSION_H

#include "tools/debug/Divergence.h"

namespace tenon::debug {

/// Steps of two programs that compute the same nodes; numbers in the order of execution.
struct StepGroup {
  std::vector<size_t> first, second;
  NodeSet nodes;
};

/// Pairs steps with equal nodes, in their order; of the rest those that share nodes are a group together, however many
/// kernels each program has for them. Steps without nodes are one group.
std::vector<StepGroup> matchSteps(llvm::ArrayRef<NodeSet> first, llvm::ArrayRef<NodeSet> second);

/// What something took in several series of measurements, in seconds.
using SeriesTimes = std::vector<double>;

double median(SeriesTimes times);

/// Whether `times` are longer than `others` beyond noise: the medians by `factor` at least, and nine of ten comparisons
/// of one of `times` with one of `others` say so, which for eight series of each happens by chance once in 200 times.
bool isSlower(const SeriesTimes &times, const SeriesTimes &others, double factor);

} // namespace tenon::debug

#endif

// Order and names of a built graph. Internal to the loader.

#ifndef TENON_FRONTEND_ONNX_GRAPHCHECKS_H
#define TENON_FRONTEND_ONNX_GRAPHCHECKS_H

#include "frontend/onnx/Diagnostics.h"
#include "frontend/onnx/Model.h"

#include <string_view>
#include <vector>

namespace tenon::onnx {

/// Puts the nodes of one graph in topological order (file order where that is one), finds its captures, and
/// reports values that are defined twice and cycles. Its subgraphs must have been through this before.
void orderGraph(Graph &graph, bool isMain, Diagnostics &diags);

/// Reports names that are read but defined nowhere in sight, in all graphs of a model, and warns of
/// subgraphs' values that hide outer ones.
void checkNames(const Graph &main, Diagnostics &diags);

/// The candidate that `name` is most likely a misspelling of, or "". Looks at a bounded number of candidates.
std::string_view nearestSpelling(std::string_view name, const std::vector<std::string_view> &candidates);

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_GRAPHCHECKS_H

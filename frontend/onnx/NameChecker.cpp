#include "frontend/onnx/GraphChecks.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <unordered_set>

namespace tenon::onnx {

namespace {

/// Levenshtein distance, or `limit` + 1 when it is above `limit`.
size_t editDistance(std::string_view a, std::string_view b, size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit)
    return limit + 1;
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0], best = row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
      best = std::min(best, row[j]);
    }
    if (best > limit)
      return limit + 1;
  }
  return row[b.size()];
}

class NameChecker {
public:
  explicit NameChecker(Diagnostics &diags) : diags(diags) {}

  void check(const Graph &graph, const std::string &owner) {
    enter(graph, owner);
    for (const Node &node : graph.nodes) {
      for (size_t i = 0; i < node.inputs.size(); ++i)
        if (node.hasInput(i) && !isVisible(node.inputs[i]))
          reportUndefined(fmt::format("input {} ({}) is not defined", i, quoted(node.inputs[i])), node.inputs[i],
                          node.name);
      for (const GraphPtr &subgraph : node.subgraphs())
        check(*subgraph, node.name);
    }
    for (const ValueInfo &output : graph.outputs)
      if (output.name.empty() || !isVisible(output.name))
        reportUndefined(fmt::format("graph output {} is never produced", quoted(output.name)), output.name, owner);
    scopes.pop_back();
  }

private:
  struct Scope {
    std::unordered_set<std::string_view> names;
    std::vector<std::string_view> inOrder;
  };

  void enter(const Graph &graph, const std::string &owner) {
    Scope scope;
    auto define = [&](std::string_view name) {
      if (name.empty() || !scope.names.insert(name).second)
        return;
      scope.inOrder.push_back(name);
      if (isVisible(name))
        diags.warning(fmt::format("value {} of a subgraph hides an outer value of the same name", quoted(name)), owner);
    };
    for (const ValueInfo &input : graph.inputs)
      define(input.name);
    for (const TensorData &initializer : graph.initializers)
      define(initializer.name());
    for (const SparseTensorData &initializer : graph.sparseInitializers)
      define(initializer.values.name());
    for (const Node &node : graph.nodes)
      for (const std::string &output : node.outputs)
        define(output);
    scopes.push_back(std::move(scope));
  }

  bool isVisible(std::string_view name) const {
    return std::any_of(scopes.begin(), scopes.end(), [&](const Scope &scope) { return scope.names.count(name); });
  }

  void reportUndefined(std::string message, std::string_view name, const std::string &node) {
    // Looking for a spelling costs time; beyond this nobody will see the note.
    bool wantsNote = diags.errorCount() < 50;
    Diagnostic &error = diags.error(Status::Malformed, std::move(message), node);
    if (!wantsNote)
      return;
    std::vector<std::string_view> candidates;
    for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope)
      candidates.insert(candidates.end(), scope->inOrder.begin(), scope->inOrder.end());
    std::string_view nearest = nearestSpelling(name, candidates);
    if (!nearest.empty())
      error.notes.push_back(fmt::format("did you mean {}?", quoted(nearest)));
  }

  Diagnostics &diags;
  std::vector<Scope> scopes;
};

} // namespace

std::string_view nearestSpelling(std::string_view name, const std::vector<std::string_view> &candidates) {
  constexpr size_t maxCandidates = 20000, maxLength = 200;
  if (name.size() > maxLength)
    return {};
  size_t limit = std::min<size_t>(3, name.size() / 3);
  std::string_view nearest;
  for (size_t i = 0; i < candidates.size() && i < maxCandidates; ++i) {
    size_t distance = editDistance(name, candidates[i], limit);
    if (distance > limit)
      continue;
    nearest = candidates[i];
    if (distance == 0)
      break;
    limit = distance - 1;
  }
  return nearest;
}

void checkNames(const Graph &main, Diagnostics &diags) { NameChecker(diags).check(main, ""); }

} // namespace tenon::onnx

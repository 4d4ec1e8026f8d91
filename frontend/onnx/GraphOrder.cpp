#include "frontend/onnx/GraphChecks.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <queue>
#include <unordered_set>

namespace tenon::onnx {

namespace {

/// Works on views of the graph's strings; nothing moves until the order is known.
class GraphOrderer {
public:
  GraphOrderer(Graph &graph, Diagnostics &diags) : graph(graph), diags(diags) {}

  void run(bool isMain) {
    collectDefinitions();
    collectDependencies();
    std::vector<size_t> order = sorted();
    if (order.size() < graph.nodes.size()) {
      reportCycle(order);
      return;
    }
    if (!isMain)
      graph.captures = findCaptures(order);
    apply(order);
  }

private:
  static constexpr size_t noNode = SIZE_MAX;

  void define(std::string_view name, size_t node) {
    if (name.empty())
      return;
    auto [entry, isNew] = producer.try_emplace(name, node);
    if (isNew)
      return;
    size_t first = entry->second;
    std::string what = fmt::format("value {} is defined twice", quoted(name));
    if (node == noNode) {
      diags.error(Status::Malformed, what + " among the inputs and initializers of graph " + quoted(graph.name));
      return;
    }
    Diagnostic &error = diags.error(Status::Malformed, what, graph.nodes[node].name);
    error.notes.push_back(first == noNode ? "it is an input or initializer of the graph"
                                          : "first defined by node " + quoted(graph.nodes[first].name));
  }

  void collectDefinitions() {
    std::unordered_set<std::string_view> inputs;
    for (const ValueInfo &input : graph.inputs) {
      define(input.name, noNode);
      inputs.insert(input.name);
    }
    // An initializer of an input's name is that input's default; a second one of the name is an error.
    auto defineInitializer = [&](std::string_view name) {
      if (!inputs.erase(name))
        define(name, noNode);
    };
    for (const TensorData &initializer : graph.initializers)
      defineInitializer(initializer.name());
    for (const SparseTensorData &initializer : graph.sparseInitializers)
      defineInitializer(initializer.values.name());
    for (size_t i = 0; i < graph.nodes.size(); ++i)
      for (const std::string &output : graph.nodes[i].outputs)
        define(output, i);
  }

  template <typename Visit> void forEachRead(const Node &node, Visit visit) {
    for (const std::string &input : node.inputs)
      if (!input.empty())
        visit(input);
    for (const GraphPtr &subgraph : node.subgraphs())
      for (const std::string &name : subgraph->captures)
        visit(name);
  }

  void collectDependencies() {
    predecessors.resize(graph.nodes.size());
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      forEachRead(graph.nodes[i], [&](std::string_view name) {
        auto entry = producer.find(name);
        if (entry != producer.end() && entry->second != noNode)
          predecessors[i].push_back(entry->second);
      });
    }
  }

  /// Kahn's algorithm, always taking the first node of the file that is ready. Nodes in cycles are left out.
  std::vector<size_t> sorted() {
    size_t count = graph.nodes.size();
    std::vector<size_t> missing(count);
    std::vector<std::vector<size_t>> successors(count);
    std::priority_queue<size_t, std::vector<size_t>, std::greater<size_t>> ready;
    for (size_t i = 0; i < count; ++i) {
      missing[i] = predecessors[i].size();
      for (size_t predecessor : predecessors[i])
        successors[predecessor].push_back(i);
      if (missing[i] == 0)
        ready.push(i);
    }
    std::vector<size_t> order;
    order.reserve(count);
    while (!ready.empty()) {
      size_t node = ready.top();
      ready.pop();
      order.push_back(node);
      for (size_t successor : successors[node])
        if (--missing[successor] == 0)
          ready.push(successor);
    }
    return order;
  }

  void reportCycle(const std::vector<size_t> &order) {
    std::vector<bool> done(graph.nodes.size());
    for (size_t node : order)
      done[node] = true;
    // Every node left has a predecessor that is left: walking backwards must come round.
    size_t node = std::find(done.begin(), done.end(), false) - done.begin();
    std::vector<size_t> path;
    std::vector<size_t> position(graph.nodes.size(), noNode);
    while (position[node] == noNode) {
      position[node] = path.size();
      path.push_back(node);
      node = *std::find_if(predecessors[node].begin(), predecessors[node].end(), [&](size_t p) { return !done[p]; });
    }
    std::vector<size_t> cycle(path.rbegin(), path.rend() - position[node]);
    std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
    std::string names;
    constexpr size_t maxNamed = 8;
    for (size_t i = 0; i < cycle.size() && i < maxNamed; ++i)
      names += quoted(graph.nodes[cycle[i]].name) + " -> ";
    if (cycle.size() > maxNamed)
      names += fmt::format("({} more) -> ", cycle.size() - maxNamed);
    names += quoted(graph.nodes[cycle.front()].name);
    diags.error(Status::Malformed, "the graph has a cycle: " + names, graph.nodes[cycle.front()].name);
  }

  std::vector<std::string> findCaptures(const std::vector<size_t> &order) {
    std::vector<std::string> captures;
    std::unordered_set<std::string_view> seen;
    auto visit = [&](std::string_view name) {
      if (!name.empty() && !producer.count(name) && seen.insert(name).second)
        captures.emplace_back(name);
    };
    for (size_t node : order)
      forEachRead(graph.nodes[node], visit);
    for (const ValueInfo &output : graph.outputs)
      visit(output.name);
    return captures;
  }

  void apply(const std::vector<size_t> &order) {
    if (std::is_sorted(order.begin(), order.end()))
      return;
    std::vector<Node> nodes;
    nodes.reserve(order.size());
    for (size_t node : order)
      nodes.push_back(std::move(graph.nodes[node]));
    graph.nodes = std::move(nodes);
  }

  Graph &graph;
  Diagnostics &diags;
  std::unordered_map<std::string_view, size_t> producer;
  std::vector<std::vector<size_t>> predecessors;
};

} // namespace

void orderGraph(Graph &graph, bool isMain, Diagnostics &diags) { GraphOrderer(graph, diags).run(isMain); }

} // namespace tenon::onnx

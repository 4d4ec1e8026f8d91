#include "passes/MinCut.h"
#include <algorithm>

using namespace llvm;

namespace tenon {

unsigned MinCut::addNode() {
  first.emplace_back();
  return first.size() - 1;
}

void MinCut::addEdge(unsigned from, unsigned to, int64_t capacity) {
  first[from].push_back(edges.size());
  edges.push_back({to, capacity});
  first[to].push_back(edges.size());
  edges.push_back({from, 0});
}

/// Distances from the source along edges with room; true if the sink can be reached.
bool MinCut::buildLevels() {
  level.assign(first.size(), -1);
  level[source] = 0;
  SmallVector<unsigned> queue = {source};
  for (unsigned i = 0; i < queue.size(); ++i)
    for (unsigned e : first[queue[i]])
      if (edges[e].capacity > 0 && level[edges[e].to] < 0) {
        level[edges[e].to] = level[queue[i]] + 1;
        queue.push_back(edges[e].to);
      }
  return level[sink] >= 0;
}

/// Sends up to `limit` from a node to the sink along ascending levels. The depth of the recursion is that of
/// the level graph: the longest chain of operations between two boundaries.
int64_t MinCut::push(unsigned node, int64_t limit) {
  if (node == sink)
    return limit;
  for (unsigned &i = next[node]; i < first[node].size(); ++i) {
    unsigned e = first[node][i];
    if (edges[e].capacity <= 0 || level[edges[e].to] != level[node] + 1)
      continue;
    int64_t sent = push(edges[e].to, std::min(limit, edges[e].capacity));
    if (sent == 0)
      continue;
    edges[e].capacity -= sent;
    edges[e ^ 1].capacity += sent;
    return sent;
  }
  return 0;
}

SmallVector<bool> MinCut::solve() {
  while (buildLevels()) {
    next.assign(first.size(), 0);
    while (push(source, unlimited) > 0)
      ;
  }
  // The largest source side is everything that cannot reach the sink any more.
  SmallVector<bool> side(first.size(), true);
  SmallVector<unsigned> queue = {sink};
  side[sink] = false;
  for (unsigned i = 0; i < queue.size(); ++i)
    for (unsigned e : first[queue[i]])
      if (edges[e ^ 1].capacity > 0 && side[edges[e].to]) {
        side[edges[e].to] = false;
        queue.push_back(edges[e].to);
      }
  return side;
}

} // namespace tenon

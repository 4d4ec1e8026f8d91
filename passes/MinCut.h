//===- MinCut.h - Cheapest two-colouring of a graph ----------------------===//
#ifndef TENON_PASSES_MINCUT_H
#define TENON_PASSES_MINCUT_H

#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace tenon {

/// A directed graph with a source and a sink that is cut in two so that the capacity of the edges from the
/// source's side to the sink's is least (Dinic, 1970).
///
///   MinCut cut;
///   unsigned a = cut.addNode(), b = cut.addNode();
///   cut.addEdge(MinCut::source, a, MinCut::unlimited);
///   cut.addEdge(a, b, 3);
///   cut.addEdge(b, MinCut::sink, 5);
///   llvm::SmallVector<bool> side = cut.solve(); // side[b]: true
class MinCut {
public:
  static constexpr unsigned source = 0, sink = 1;
  static constexpr int64_t unlimited = int64_t(1) << 60;

  MinCut() : first(2) {}

  unsigned addNode();
  void addEdge(unsigned from, unsigned to, int64_t capacity);

  /// For every node whether it is on the source's side; of the cheapest cuts, the one with the largest such
  /// side.
  llvm::SmallVector<bool> solve();

private:
  struct Edge {
    unsigned to;
    int64_t capacity;
  };
  bool buildLevels();
  int64_t push(unsigned node, int64_t limit);

  llvm::SmallVector<Edge> edges; // edge i ^ 1 is the reverse of edge i
  llvm::SmallVector<llvm::SmallVector<unsigned>> first;
  llvm::SmallVector<int> level;
  llvm::SmallVector<unsigned> next;
};

} // namespace tenon

#endif

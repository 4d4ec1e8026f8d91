//===- Divergence.h - Where two compilations of a model part -------------===//
#ifndef TENON_TOOLS_DEBUG_DIVERGENCE_H
#define TENON_TOOLS_DEBUG_DIVERGENCE_H

#include "llvm/ADT/ArrayRef.h"
#include <string>
#include <vector>

namespace tenon::debug {

/// Names of a model's nodes.
using NodeSet = std::vector<std::string>;

/// The first pass that left something else for some nodes in one compilation than in another.
struct Divergence {
  std::string pass;                       ///< "fuse/winograd"; "kernel" if the programs are the same to the end
  std::string onlyIn;                     ///< "first" or "second" if the other compilation has no such pass
  std::vector<std::string> first, second; ///< operations of these nodes after it that the other one has not
};

/// Compares the programs after every pass, by the operations that bear the names of the nodes: what they are, their
/// attributes and types, which of them are one kernel, its template and schedule; in a plan of memory how rows lie and
/// what is written over what, but not where. Both folders are written by `--dump-dir`. One result per set of nodes;
/// none, and a message, if a program can't be read.
std::vector<Divergence> findDivergences(const std::string &firstFolder, const std::string &secondFolder,
                                        llvm::ArrayRef<NodeSet> sets, std::string &message);

} // namespace tenon::debug

#endif

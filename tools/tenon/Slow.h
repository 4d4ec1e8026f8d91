//===- Slow.h - tenon debug --slow ---------------------------------------===//
#ifndef TENON_TOOLS_TENON_SLOW_H
#define TENON_TOOLS_TENON_SLOW_H

#include "tools/tenon/ModelOptions.h"

namespace tenon::cli {

/// What `tenon debug --slow` is told, beside what it has in common with the rest of `tenon debug`.
struct SlowOptions {
  bool wanted = false;
  std::string against; ///< another build's program; empty for this one
  std::string againstFlags;
  bool hasFlags = false; ///< whether `againstFlags` was given
  unsigned threads = 1, top = 10;
  double seconds = 8, threshold = 1.05;

  void bind(CLI::App &command);
  bool isComparing() const { return hasFlags || !against.empty(); }
};

/// What is asked for, of `tenon debug`.
struct SlowRequest {
  std::string path;
  std::vector<std::string> inputs;
  uint64_t seed = 1;
  bool json = false;
  std::string directory; ///< that keeps the programs after every pass; empty: none
  const ModelOptions &model;
};

/// Names the kernels that lose most time against the machine's roofline; if asked to, also those that became slower
/// than what another compiler, or other flags, make of the model, with the pass from which on the programs differ.
/// Returns an exit code: 5 if something became slower.
int runSlow(const SlowOptions &options, const SlowRequest &request);

} // namespace tenon::cli

#endif

//===- Search.h - The smallest subject so far, and how to try another ----===//
#ifndef TENON_TOOLS_REDUCE_SEARCH_H
#define TENON_TOOLS_REDUCE_SEARCH_H

#include "tools/reduce/Reduce.h"

namespace tenon::reduce {

/// Every variant that a reduction step thinks of goes through here; those for which the predicate holds replace the
/// best so far. Variants that were tried before are not tried again.
class Search {
public:
  Search(Workspace &workspace, const Oracle &oracle, const ReduceOptions &options)
      : workspace(workspace), oracle(oracle), options(options) {}

  /// Records the whole and tries it. False if the predicate does not hold or that can't be found out.
  bool begin(const Subject &whole);

  const Subject &best() const { return subject; }
  const Record &record() const { return *values; }
  /// Type, dims and bytes of a value: recorded, constant or input; null if it is not known.
  const onnx::TensorData *valueOf(const std::string &name) const;

  /// Tries a part of the best whose values are the recorded ones.
  bool attempt(const std::optional<Subject> &part) { return part && test(*part, values); }
  /// Tries a variant whose values have to be computed anew; one for which that fails is not valid.
  bool attemptVariant(const std::optional<Subject> &variant);

  /// Tests the best again.
  void confirm();

  /// What is being done, for the progress display.
  void enter(llvm::StringRef name) { phase = name.str(); }
  /// True when no more tests are to be made.
  bool isOver() const;
  /// Moves the result out.
  Reduction finish();

private:
  bool test(const Subject &candidate, const std::shared_ptr<const Record> &record);

  Workspace &workspace;
  const Oracle &oracle;
  const ReduceOptions &options;
  Subject subject;
  std::shared_ptr<const Record> values;
  Reduction result;
  std::string phase;
  std::set<std::pair<uint64_t, uint64_t>> tried, invalid;
};

/// Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002, ddmin): asks for
/// ever smaller subsets of `count` items, each given as the items to keep, until no single one can be left out.
void minimizeSubset(size_t count, llvm::function_ref<bool(const std::vector<bool> &keep)> holds);

// The steps. Each returns whether it made the best smaller.

// Narrow.cpp: which nodes.
bool foldKnown(Search &search);
bool narrowWindow(Search &search);
bool dropNodes(Search &search);
bool dropOutputs(Search &search);
bool bypassNodes(Search &search);
// Compose.cpp: one node in place of several.
bool composeNodes(Search &search);
// Shrink.cpp: sizes of dimensions.
bool shrinkDims(Search &search);
// Simplify.cpp: what is left.
bool simplifyAttributes(Search &search);
bool simplifyTypes(Search &search);
bool simplifyValues(Search &search);
bool fixInputs(Search &search);

} // namespace tenon::reduce

#endif

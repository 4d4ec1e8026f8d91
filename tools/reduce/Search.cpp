#include "tools/reduce/Search.h"
#include "tools/reduce/Recorder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/xxhash.h"

namespace tenon::reduce {

static const char kCandidateName[] = "candidate.onnx";

bool Search::isOver() const {
  return result.interrupted || !workspace.getError().empty() ||
         (options.maxTests > 0 && result.tests >= options.maxTests);
}

/// Stands for all that a test depends on.
static std::pair<uint64_t, uint64_t> fingerprint(const Subject &subject, const std::string &model) {
  std::string text = model;
  for (const auto &[name, data] : subject.inputs) {
    llvm::XXH128_hash_t hash =
        llvm::xxh3_128bits(llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(data.data()), data.sizeInBytes()));
    text.append(reinterpret_cast<const char *>(&hash), sizeof hash);
  }
  llvm::XXH128_hash_t all =
      llvm::xxh3_128bits(llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(text.data()), text.size()));
  return {all.low64, all.high64};
}

bool Search::test(const Subject &candidate, const std::shared_ptr<const Record> &record) {
  std::string model;
  if (isOver() || !workspace.writeModel(candidate, *record, kCandidateName, model))
    return false;
  if (!tried.insert(fingerprint(candidate, model)).second)
    return false;
  if (options.progress)
    options.progress(phase, subject.nodes.size(), result.tests);
  ++result.tests;
  Verdict verdict = oracle(candidate, *record, workspace.path(kCandidateName));
  result.interrupted |= verdict.interrupted;
  if (verdict.holds || result.tests == 1)
    result.observed = verdict.observed;
  if (!verdict.holds || verdict.interrupted)
    return false;
  subject = candidate;
  values = record;
  return true;
}

bool Search::attemptVariant(const std::optional<Subject> &variant) {
  std::string model;
  if (!variant || isOver() || !workspace.writeModel(*variant, {}, kCandidateName, model) ||
      !invalid.insert(fingerprint(*variant, model)).second)
    return false;
  if (options.progress)
    options.progress(phase, subject.nodes.size(), result.tests);
  bool interrupted = false;
  std::optional<Record> record = recordAll(*variant, workspace, options.limits, interrupted);
  result.interrupted |= interrupted;
  return record && test(*variant, std::make_shared<const Record>(std::move(*record)));
}

bool Search::begin(const Subject &whole) {
  subject = whole;
  enter("record");
  if (options.progress)
    options.progress(phase, whole.nodes.size(), 0);
  Recording recording = recordValues(whole, workspace, options.limits);
  result.interrupted = recording.interrupted;
  result.problem = recording.isComplete ? "" : recording.problem;
  values = std::make_shared<const Record>(std::move(recording.values));
  enter("whole");
  result.holdsAtFirst = test(whole, values);
  return result.holdsAtFirst;
}

void Search::confirm() {
  std::string model;
  enter("confirm");
  for (unsigned i = 0; i < Reduction::confirmations && !result.interrupted; ++i) {
    if (!workspace.writeModel(subject, *values, kCandidateName, model))
      return;
    if (options.progress)
      options.progress(phase, subject.nodes.size(), result.tests);
    Verdict verdict = oracle(subject, *values, workspace.path(kCandidateName));
    result.interrupted |= verdict.interrupted;
    result.confirmed += verdict.holds && !verdict.interrupted;
  }
}

const onnx::TensorData *Search::valueOf(const std::string &name) const {
  if (auto it = subject.constants.find(name); it != subject.constants.end())
    return &it->second;
  if (auto it = subject.inputs.find(name); it != subject.inputs.end())
    return &it->second;
  auto it = values->find(name);
  return it == values->end() ? nullptr : &it->second.data;
}

Reduction Search::finish() {
  result.subject = std::move(subject);
  result.record = *values;
  result.error = workspace.getError();
  return std::move(result);
}

void minimizeSubset(size_t count, llvm::function_ref<bool(const std::vector<bool> &keep)> holds) {
  std::vector<size_t> items(count);
  for (size_t i = 0; i < count; ++i)
    items[i] = i;
  auto holdsFor = [&](const std::vector<size_t> &kept) {
    std::vector<bool> keep(count, false);
    for (size_t item : kept)
      keep[item] = true;
    return holds(keep);
  };
  size_t parts = 2;
  while (items.size() >= 2) {
    bool smaller = false;
    for (size_t part = 0; part < parts && !smaller; ++part) {
      size_t begin = items.size() * part / parts, end = items.size() * (part + 1) / parts;
      std::vector<size_t> rest(items.begin(), items.begin() + begin);
      rest.insert(rest.end(), items.begin() + end, items.end());
      smaller = holdsFor(rest);
      if (!smaller)
        continue;
      items = std::move(rest);
      parts = std::max<size_t>(parts - 1, 2);
    }
    if (smaller)
      continue;
    if (parts == items.size())
      return;
    parts = std::min(items.size(), 2 * parts);
  }
}

Reduction reduce(const Subject &whole, Workspace &workspace, const Oracle &oracle, const ReduceOptions &options) {
  Search search(workspace, oracle, options);
  if (!search.begin(whole) || options.onlyWhole)
    return search.finish();
  foldKnown(search);
  // Parts first: they need no new values, and what follows is fast on few nodes.
  narrowWindow(search);
  dropNodes(search);
  dropOutputs(search);
  for (bool changed = true; changed && !search.isOver();) {
    changed = bypassNodes(search);
    changed |= composeNodes(search);
    changed |= shrinkDims(search);
    changed |= simplifyAttributes(search);
    changed |= dropNodes(search);
    changed |= dropOutputs(search);
  }
  simplifyTypes(search);
  simplifyValues(search);
  fixInputs(search);
  search.confirm();
  return search.finish();
}

} // namespace tenon::reduce

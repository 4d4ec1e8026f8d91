//===- Narrow.cpp - Which nodes the fault needs --------------------------===//
#include "tools/reduce/Search.h"
#include "llvm/ADT/STLExtras.h"

using namespace tenon::onnx;

namespace tenon::reduce {

/// Replaces nodes whose results the importer knows (shape arithmetic, Constant) by those results.
bool foldKnown(Search &search) {
  search.enter("fold");
  const Subject &whole = search.best();
  std::vector<bool> keep(whole.nodes.size(), true);
  bool any = false;
  for (auto [i, node] : llvm::enumerate(whole.nodes)) {
    keep[i] = !llvm::all_of(node.outputs, [&](const std::string &name) {
      auto value = search.record().find(name);
      return name.empty() || (value != search.record().end() && value->second.isConstant);
    });
    any |= !keep[i];
  }
  return any && search.attempt(cutNodes(whole, search.record(), keep));
}

static std::optional<Subject> window(const Search &search, const Subject &whole, size_t begin, size_t end) {
  std::vector<bool> keep(whole.nodes.size(), false);
  std::fill(keep.begin() + begin, keep.begin() + end, true);
  return cutNodes(whole, search.record(), keep);
}

/// Looks for a short piece of the topological order, fed with recorded values: halves as long as one of them shows the
/// fault, then both ends by bisection. Tests are made on ever smaller models, the first few are most of the time.
bool narrowWindow(Search &search) {
  search.enter("window");
  const Subject whole = search.best();
  size_t begin = 0, end = whole.nodes.size();
  auto holds = [&](size_t from, size_t to) { return search.attempt(window(search, whole, from, to)); };
  while (end - begin >= 2) {
    size_t middle = (begin + end) / 2;
    if (holds(begin, middle))
      end = middle;
    else if (holds(middle, end))
      begin = middle;
    else
      break;
  }
  for (size_t low = begin + 1; low < end;) {
    size_t middle = (low + end) / 2;
    if (holds(begin, middle))
      end = middle;
    else
      low = middle + 1;
  }
  for (size_t high = end; begin + 1 < high;) {
    size_t middle = (begin + high) / 2;
    if (middle > begin && holds(middle, end))
      begin = middle;
    else
      high = middle;
  }
  return end - begin < whole.nodes.size();
}

bool dropNodes(Search &search) {
  search.enter("nodes");
  const Subject whole = search.best();
  minimizeSubset(whole.nodes.size(),
                 [&](const std::vector<bool> &keep) { return search.attempt(cutNodes(whole, search.record(), keep)); });
  return search.best().nodes.size() < whole.nodes.size();
}

bool dropOutputs(Search &search) {
  search.enter("outputs");
  const Subject whole = search.best();
  auto attempt = [&](const std::vector<bool> &keep) {
    std::vector<std::string> outputs;
    for (size_t i = 0; i < keep.size(); ++i)
      if (keep[i])
        outputs.push_back(whole.outputs[i]);
    return search.attempt(keepOutputs(whole, outputs));
  };
  // Most faults show in one output.
  for (size_t i = 0; whole.outputs.size() > 1 && i < whole.outputs.size(); ++i) {
    std::vector<bool> only(whole.outputs.size(), false);
    only[i] = true;
    if (attempt(only))
      return true;
  }
  minimizeSubset(whole.outputs.size(), attempt);
  return search.best().outputs.size() < whole.outputs.size();
}

/// Lets readers of a node's result read one of its operands of the same type instead.
bool bypassNodes(Search &search) {
  search.enter("bypass");
  bool changed = false;
  auto isSameType = [&](const std::string &a, const std::string &b) {
    const TensorData *x = search.valueOf(a), *y = search.valueOf(b);
    return x && y && x->type() == y->type() && x->dims() == y->dims();
  };
  for (size_t i = search.best().nodes.size(); i-- > 0;) {
    const Node node = search.best().nodes[i];
    if (search.best().nodes.size() == 1 || node.outputs.empty())
      continue;
    for (const std::string &input : node.inputs) {
      if (input.empty() || !isSameType(input, node.outputs[0]))
        continue;
      if (search.attemptVariant(bypassNode(search.best(), i, input))) {
        changed = true;
        break;
      }
    }
    i = std::min(i, search.best().nodes.size());
  }
  return changed;
}

} // namespace tenon::reduce

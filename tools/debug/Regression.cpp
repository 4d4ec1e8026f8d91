#include "tools/debug/Regression.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringRef.h"
#include <algorithm>
#include <map>

namespace tenon::debug {

namespace {

/// Steps of both programs by number: those of the second follow those of the first.
struct AllSteps {
  llvm::ArrayRef<NodeSet> first, second;

  size_t size() const { return first.size() + second.size(); }
  const NodeSet &nodes(size_t step) const { return step < first.size() ? first[step] : second[step - first.size()]; }
};

StepGroup makeGroup(const AllSteps &steps, llvm::ArrayRef<size_t> members) {
  StepGroup group;
  llvm::SetVector<llvm::StringRef> nodes;
  for (size_t step : members) {
    bool isFirst = step < steps.first.size();
    (isFirst ? group.first : group.second).push_back(isFirst ? step : step - steps.first.size());
    nodes.insert(steps.nodes(step).begin(), steps.nodes(step).end());
  }
  group.nodes.assign(nodes.begin(), nodes.end());
  return group;
}

} // namespace

std::vector<StepGroup> matchSteps(llvm::ArrayRef<NodeSet> first, llvm::ArrayRef<NodeSet> second) {
  AllSteps steps{first, second};
  std::map<NodeSet, std::pair<std::vector<size_t>, std::vector<size_t>>> byNodes;
  for (size_t i = 0; i < steps.size(); ++i) {
    NodeSet key = steps.nodes(i);
    llvm::sort(key);
    auto &[mine, others] = byNodes[key];
    (i < first.size() ? mine : others).push_back(i);
  }
  llvm::EquivalenceClasses<size_t> together;
  std::map<std::string, size_t> stepOf;
  for (auto &[nodes, members] : byNodes) {
    auto &[mine, others] = members;
    bool equal = mine.size() == others.size() && !nodes.empty();
    for (size_t i = 0; i < std::max(mine.size(), others.size()); ++i) {
      if (i < mine.size())
        together.insert(mine[i]);
      if (i < others.size())
        together.insert(others[i]);
      if (equal)
        together.unionSets(mine[i], others[i]);
    }
    if (equal)
      continue;
    // What has no nodes is together as well: it has nothing else to be known by.
    for (size_t step : llvm::concat<size_t>(mine, others))
      for (const std::string &node : nodes.empty() ? NodeSet{""} : nodes)
        together.unionSets(stepOf.try_emplace(node, step).first->second, step);
  }
  llvm::MapVector<size_t, std::vector<size_t>> classes; // in the order of their first members
  for (size_t i = 0; i < steps.size(); ++i)
    classes[together.getLeaderValue(i)].push_back(i);
  std::vector<StepGroup> groups;
  groups.reserve(classes.size());
  for (auto &[leader, members] : classes)
    groups.push_back(makeGroup(steps, members));
  return groups;
}

double median(SeriesTimes times) {
  if (times.empty())
    return 0;
  auto middle = times.begin() + static_cast<ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

bool isSlower(const SeriesTimes &times, const SeriesTimes &others, double factor) {
  constexpr double kAgreement = 0.9;
  size_t longer = 0;
  for (double time : times)
    longer += llvm::count_if(others, [&](double other) { return time > other; });
  return median(times) >= factor * median(others) &&
         static_cast<double>(longer) >= kAgreement * static_cast<double>(times.size() * others.size());
}

} // namespace tenon::debug

#include "tools/compiler/Remarks.h"
#include "mlir/IR/Remarks.h"
#include "passes/Provenance.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/GlobPattern.h"
#include <mutex>

using namespace mlir;

namespace tenon {

namespace {

/// Names in a message beyond which only their number is given.
constexpr size_t kNamesShown = 4;

class Collector : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit Collector(std::vector<Remark> &remarks) : remarks(remarks) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    std::string kind = remark.getRemarkTypeString().str();
    StringRef pass = remark.getCategoryName();
    pass.consume_front("tn-");
    std::string message;
    for (const remark::detail::Remark::Arg &argument : remark.getArgs())
      message += argument.val;
    llvm::SetVector<StringRef> names;
    collectNames(remark.getLocation(), names);
    Remark made{kind, pass.str(), remark.getRemarkName().str(), message, {}};
    for (StringRef name : names)
      made.nodes.push_back(name.str());
    std::lock_guard<std::mutex> lock(mutex);
    if (seen.insert(made.name + made.describe() + llvm::join(made.nodes, "\n")).second)
      remarks.push_back(std::move(made));
  }

private:
  std::vector<Remark> &remarks;
  llvm::StringSet<> seen;
  std::mutex mutex;
};

} // namespace

llvm::json::Value Remark::toJson() const {
  return llvm::json::Object{{"kind", llvm::StringRef(kind).lower()},
                            {"pass", pass},
                            {"name", name},
                            {"message", message},
                            {"nodes", llvm::json::Array(nodes)}};
}

std::string Remark::describe() const {
  llvm::ArrayRef<std::string> shown = llvm::ArrayRef(nodes).take_front(kNamesShown);
  std::string text = llvm::StringRef(kind).lower() + " " + pass + ": " + llvm::join(shown, ", ");
  if (nodes.size() > shown.size())
    text += " and " + std::to_string(nodes.size() - shown.size()) + " more";
  return text + (nodes.empty() ? "" : ": ") + message;
}

void collectRemarks(MLIRContext &context, std::vector<Remark> &remarks) {
  // `all` alone switches nothing on.
  remark::RemarkCategories all;
  all.passed = all.missed = all.analysis = all.failed = "tn-.*";
  // Fails only for streamers that open files.
  (void)remark::enableOptimizationRemarks(context, std::make_unique<Collector>(remarks),
                                          std::make_unique<remark::RemarkEmittingPolicyAll>(), all);
}

llvm::Error filterRemarks(std::vector<Remark> &remarks, llvm::StringRef pattern) {
  if (pattern.empty())
    return llvm::Error::success();
  auto glob = llvm::GlobPattern::create("*" + pattern.str() + "*", /*MaxSubPatterns=*/1024);
  if (!glob)
    return glob.takeError();
  llvm::erase_if(remarks, [&](const Remark &remark) {
    return llvm::none_of(remark.nodes, [&](const std::string &node) { return glob->match(node); });
  });
  return llvm::Error::success();
}

} // namespace tenon

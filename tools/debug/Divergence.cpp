#include "tools/debug/Divergence.h"
#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "passes/Provenance.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <algorithm>
#include <map>
#include <memory>

using namespace mlir;

namespace tenon::debug {

namespace {

/// What stands for each set of nodes, as sorted texts.
using Listing = std::vector<std::vector<std::string>>;

struct DumpedPass {
  std::string name; ///< "fuse-winograd"
  unsigned occurrence = 0;
  std::string file; ///< that holds the program after it
  std::shared_ptr<const Listing> listing;

  bool isSame(const DumpedPass &other) const { return name == other.name && occurrence == other.occurrence; }
  /// "fuse/winograd": stages have names without hyphens.
  std::string str() const {
    auto [stage, pass] = llvm::StringRef(name).split('-');
    return pass.empty() ? name : (stage + "/" + pass).str();
  }
};

/// The passes of a folder, in order.
std::vector<DumpedPass> readFolder(const std::string &folder) {
  std::map<unsigned, std::string> files;
  std::error_code code;
  for (llvm::sys::fs::directory_iterator it(folder, code), end; it != end && !code; it.increment(code)) {
    llvm::StringRef file = llvm::sys::path::filename(it->path()), rest = file;
    unsigned number;
    if (rest.ends_with(".mlir") && !rest.consumeInteger(10, number) && rest.starts_with("-"))
      files[number] = file.str();
  }
  std::vector<DumpedPass> passes;
  llvm::StringMap<unsigned> seen;
  for (auto &[number, file] : files) {
    llvm::StringRef name = llvm::StringRef(file).split('-').second;
    name.consume_back(".mlir");
    bool unchanged = name.consume_back(".unchanged");
    std::string path = folder;
    path.append("/").append(file);
    DumpedPass pass{name.str(), seen[name]++, std::move(path), nullptr};
    if (unchanged && !passes.empty())
      pass.file = passes.back().file;
    passes.push_back(std::move(pass));
  }
  return passes;
}

std::string listTypes(TypeRange types) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleaveComma(types, stream);
  return text;
}

std::string describeOperation(Operation *op) {
  OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(8);
  AsmState state(op->getContext(), flags);
  std::string text = op->getName().getStringRef().str(), attributes;
  llvm::raw_string_ostream stream(attributes);
  for (NamedAttribute attribute : op->getAttrs()) {
    if (attribute.getName() == "operandSegmentSizes")
      continue;
    stream << (attributes.empty() ? " {" : ", ") << attribute.getName().getValue() << " = ";
    attribute.getValue().print(stream, state);
  }
  text += attributes + (attributes.empty() ? "" : "}");
  return text + " : (" + listTypes(op->getOperandTypes()) + ") -> (" + listTypes(op->getResultTypes()) + ")";
}

/// The argument that a buffer is part of, and where in it.
std::pair<Value, int64_t> placeOf(Value v) {
  int64_t offset = 0;
  for (auto view = v.getDefiningOp<tn::ViewOp>(); view; view = v.getDefiningOp<tn::ViewOp>()) {
    offset += view.getOffset();
    v = view.getBase();
  }
  return {v, offset};
}

std::string describeKernel(tn::KernelOp kernel) {
  std::vector<std::string> body;
  for (Operation &op : kernel.getBlock()->without_terminator())
    body.push_back(op.getName().getStringRef().str());
  std::string text = "kernel of " + llvm::join(body, ", ") + ": " + describeOperation(kernel);
  if (kernel.isBufferForm())
    for (auto [o, output] : llvm::enumerate(kernel.getOutputs()))
      for (auto [i, input] : llvm::enumerate(kernel.getInputs()))
        if (placeOf(output) == placeOf(input))
          text += "; output " + std::to_string(o) + " over input " + std::to_string(i);
  return text;
}

/// What there is to compare of the program.
class Lister {
public:
  explicit Lister(llvm::ArrayRef<NodeSet> sets) : count(sets.size()) {
    for (auto [i, set] : llvm::enumerate(sets))
      for (const std::string &node : set)
        setsOf[node].push_back(i);
  }

  Listing list(ModuleOp module) const {
    Listing listing(count);
    for (auto function : module.getOps<func::FuncOp>())
      for (Operation &op : function.getBody().getOps()) {
        // Constants and views of memory are in the types of those that use them; recipes of weights are wherever
        // planning puts them.
        if (function.getName() == "weights" || isa<tn::ConstantOp, tn::ViewOp>(op))
          continue;
        llvm::SmallVector<unsigned> sets = find(op);
        if (sets.empty())
          continue;
        std::vector<std::string> texts;
        auto kernel = dyn_cast<tn::KernelOp>(op);
        texts.push_back(kernel ? describeKernel(kernel) : describeOperation(&op));
        if (kernel)
          for (Operation &inner : kernel.getBlock()->without_terminator())
            texts.push_back("in a kernel: " + describeOperation(&inner));
        for (unsigned set : sets)
          listing[set].insert(listing[set].end(), texts.begin(), texts.end());
      }
    for (auto &texts : listing)
      llvm::sort(texts);
    return listing;
  }

private:
  llvm::SmallVector<unsigned> find(Operation &op) const {
    llvm::SetVector<StringRef> names;
    collectNames(op.getLoc(), names);
    llvm::SmallVector<unsigned> sets;
    for (StringRef name : names)
      if (auto it = setsOf.find(name); it != setsOf.end())
        sets.append(it->second.begin(), it->second.end());
    llvm::sort(sets);
    sets.erase(llvm::unique(sets), sets.end());
    return sets;
  }

  size_t count;
  llvm::StringMap<llvm::SmallVector<unsigned>> setsOf;
};

bool listPasses(std::vector<DumpedPass> &passes, const Lister &lister, MLIRContext &context, std::string &message) {
  for (size_t i = 0; i < passes.size(); ++i) {
    if (i > 0 && passes[i].file == passes[i - 1].file) {
      passes[i].listing = passes[i - 1].listing;
      continue;
    }
    auto module = parseSourceFile<ModuleOp>(passes[i].file, ParserConfig(&context, /*verifyAfterParse=*/false));
    if (!module) {
      message = "cannot read " + passes[i].file + " as a program of this compiler's dialect";
      return false;
    }
    passes[i].listing = std::make_shared<Listing>(lister.list(*module));
  }
  return true;
}

/// Passes that both compilations have, by their numbers, in an order that is that of both.
std::vector<std::pair<size_t, size_t>> findCommon(llvm::ArrayRef<DumpedPass> first, llvm::ArrayRef<DumpedPass> second) {
  std::vector<std::pair<size_t, size_t>> common;
  size_t next = 0;
  for (size_t i = 0; i < first.size(); ++i)
    for (size_t j = next; j < second.size(); ++j)
      if (first[i].isSame(second[j])) {
        common.emplace_back(i, j);
        next = j + 1;
        break;
      }
  return common;
}

/// The first pass in (from, to) that changes what stands for a set of nodes; `to` if there is none.
size_t findOwnPass(llvm::ArrayRef<DumpedPass> passes, size_t from, size_t to, size_t set) {
  for (size_t i = from + 1; i < to; ++i)
    if ((*passes[i].listing)[set] != (*passes[i - 1].listing)[set])
      return i;
  return to;
}

std::vector<std::string> missingFrom(const std::vector<std::string> &texts, const std::vector<std::string> &others) {
  std::vector<std::string> missing;
  std::set_difference(texts.begin(), texts.end(), others.begin(), others.end(), std::back_inserter(missing));
  return missing;
}

Divergence compareSet(llvm::ArrayRef<DumpedPass> first, llvm::ArrayRef<DumpedPass> second,
                      llvm::ArrayRef<std::pair<size_t, size_t>> common, size_t set) {
  std::pair<size_t, size_t> before(0, 0);
  for (auto [i, j] : common) {
    const auto &mine = (*first[i].listing)[set], &others = (*second[j].listing)[set];
    if (mine == others) {
      before = {i, j};
      continue;
    }
    size_t own = findOwnPass(first, before.first, i, set), foreign = findOwnPass(second, before.second, j, set);
    Divergence found{first[i].str(), "", missingFrom(mine, others), missingFrom(others, mine)};
    if (own != i) {
      found.pass = first[own].str();
      found.onlyIn = "first";
    } else if (foreign != j) {
      found.pass = second[foreign].str();
      found.onlyIn = "second";
    }
    return found;
  }
  return {"kernel", "", {}, {}};
}

} // namespace

std::vector<Divergence> findDivergences(const std::string &firstFolder, const std::string &secondFolder,
                                        llvm::ArrayRef<NodeSet> sets, std::string &message) {
  DialectRegistry registry;
  registry.insert<tn::TnDialect, func::FuncDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.allowUnregisteredDialects();
  context.getDiagEngine().registerHandler([](Diagnostic &) { return success(); });
  std::vector<DumpedPass> first = readFolder(firstFolder), second = readFolder(secondFolder);
  Lister lister(sets);
  if (!listPasses(first, lister, context, message) || !listPasses(second, lister, context, message))
    return {};
  std::vector<std::pair<size_t, size_t>> common = findCommon(first, second);
  if (common.empty()) {
    message = "the compilers have no pass in common";
    return {};
  }
  std::vector<Divergence> result;
  result.reserve(sets.size());
  for (size_t set = 0; set < sets.size(); ++set)
    result.push_back(compareSet(first, second, common, set));
  return result;
}

} // namespace tenon::debug

#include "tools/report/GraphData.h"
#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace tenon::report {

namespace {

/// Different texts, numbered in the order of their appearance.
class Texts {
public:
  int64_t number(const std::string &text) {
    auto [it, isNew] = known.try_emplace(text, list.size());
    if (isNew)
      list.push_back(it->getKey());
    return it->second;
  }
  void write(llvm::json::OStream &out, llvm::StringRef key) const {
    out.attributeArray(key, [&] {
      for (llvm::StringRef text : list)
        out.value(validText(text));
    });
  }

private:
  llvm::StringMap<unsigned> known;
  std::vector<llvm::StringRef> list;
};

/// The kernel in which most of a node is computed: an operation's padding or packing may stand in others.
class KernelOfNode {
public:
  KernelOfNode(ModuleOp module, Names &names) {
    auto main = module ? module.lookupSymbol<func::FuncOp>("main") : nullptr;
    if (!main)
      return;
    int64_t number = 0;
    for (tn::KernelOp kernel : main.getOps<tn::KernelOp>()) {
      llvm::DenseMap<unsigned, double> work;
      kernel.getBlock()->walk([&](Operation *op) {
        auto cost = dyn_cast<tn::CostOpInterface>(op);
        for (unsigned name : names.numbers(op->getLoc()))
          work[name] += 1 + (cost ? static_cast<double>(cost.getFlops()) : 0);
      });
      for (auto [name, amount] : work) {
        auto [it, isNew] = best.try_emplace(name, std::make_pair(amount, number));
        if (!isNew && it->second.first < amount)
          it->second = {amount, number};
      }
      ++number;
    }
  }
  int64_t find(int64_t name) const {
    auto it = best.find(static_cast<unsigned>(name));
    return name < 0 || it == best.end() ? -1 : it->second.second;
  }

private:
  llvm::DenseMap<unsigned, std::pair<double, int64_t>> best;
};

class GraphWriter {
public:
  GraphWriter(llvm::json::OStream &out, Names &names, const KernelOfNode &kernels)
      : out(out), names(names), kernels(kernels) {}

  void write(func::FuncOp main) {
    out.attributeArray("vertices", [&] { writeVertices(main); });
    writeNumbers(out, "edges", edges);
    kinds.write(out, "kinds");
    types.write(out, "types");
  }

private:
  void addVertex(const std::string &kind, int64_t node, Type type) {
    std::string text;
    if (type)
      llvm::raw_string_ostream(text) << type;
    out.value(llvm::json::Array{kinds.number(kind), node, kernels.find(node), types.number(text)});
    ++count;
  }

  int64_t nameOf(func::FuncOp main, bool isInput, unsigned i) {
    auto name =
        isInput ? main.getArgAttrOfType<StringAttr>(i, "tn.name") : main.getResultAttrOfType<StringAttr>(i, "tn.name");
    return name ? static_cast<int64_t>(names.number(name.getValue())) : -1;
  }

  void connect(ValueRange operands) {
    for (Value operand : operands)
      if (auto it = vertexOf.find(operand); it != vertexOf.end())
        edges.insert(edges.end(), {it->second, count});
  }

  void writeVertices(func::FuncOp main) {
    for (BlockArgument argument : main.getArguments()) {
      vertexOf[argument] = count;
      addVertex("input", nameOf(main, true, argument.getArgNumber()), argument.getType());
    }
    for (Operation &op : main.getOps()) {
      if (isa<tn::ConstantOp>(op))
        continue;
      if (isa<func::ReturnOp>(op)) {
        for (auto [i, value] : llvm::enumerate(op.getOperands())) {
          connect(value);
          addVertex("output", nameOf(main, false, i), value.getType());
        }
        continue;
      }
      connect(op.getOperands());
      for (Value result : op.getResults())
        vertexOf[result] = count;
      std::vector<unsigned> node = names.numbers(op.getLoc(), 1);
      addVertex(op.getName().stripDialect().str(), node.empty() ? -1 : static_cast<int64_t>(node[0]),
                op.getNumResults() ? op.getResult(0).getType() : Type());
    }
  }

  llvm::json::OStream &out;
  Names &names;
  const KernelOfNode &kernels;
  Texts kinds, types;
  int64_t count = 0;
  std::vector<int64_t> edges;
  llvm::DenseMap<Value, int64_t> vertexOf;
};

} // namespace

void writeGraph(llvm::json::OStream &out, ModuleOp imported, ModuleOp last, Names &names) {
  KernelOfNode kernels(last, names);
  if (auto main = imported.lookupSymbol<func::FuncOp>("main"))
    GraphWriter(out, names, kernels).write(main);
}

} // namespace tenon::report

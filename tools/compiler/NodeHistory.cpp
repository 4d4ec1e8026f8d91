#include "tools/compiler/NodeHistory.h"
#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "passes/Provenance.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace tenon {

namespace {

bool carries(Operation *op, llvm::StringRef node) {
  llvm::SetVector<StringRef> names;
  collectNames(op->getLoc(), names);
  return names.contains(node);
}

/// Attributes as text; what is long is left out, as are those that the other words say.
std::string attributesOf(Operation *op) {
  OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(8);
  AsmState state(op->getContext(), flags);
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (NamedAttribute attribute : op->getAttrs()) {
    if (attribute.getName() == "operandSegmentSizes" || attribute.getName() == "template_name")
      continue;
    stream << (text.empty() ? " {" : ", ") << attribute.getName().getValue() << " = ";
    attribute.getValue().print(stream, state);
  }
  return text.empty() ? text : text + "}";
}

std::string listTypes(TypeRange types) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleaveComma(types, stream);
  return text;
}

/// "arena[4096]", "weights[0]", "x".
std::string placeOf(Value v) {
  if (auto view = v.getDefiningOp<tn::ViewOp>()) {
    std::string base = placeOf(view.getBase());
    return isa<MemRefType>(view.getBase().getType()) && cast<MemRefType>(view.getBase().getType()).hasStaticShape()
               ? base
               : base + "[" + std::to_string(view.getOffset()) + "]";
  }
  auto argument = dyn_cast<BlockArgument>(v);
  auto function = argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()) : nullptr;
  auto name = function ? function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "tn.name") : nullptr;
  return name ? name.str() : "a buffer";
}

std::string describeOperation(Operation *op) {
  return op->getName().getStringRef().str() + attributesOf(op) + " : (" + listTypes(op->getOperandTypes()) + ") -> (" +
         listTypes(op->getResultTypes()) + ")";
}

/// A kernel with those of its operations that stand for the node.
std::string describeKernel(tn::KernelOp kernel, llvm::StringRef node) {
  llvm::SetVector<StringRef> names;
  collectNames(kernel.getLoc(), names);
  std::string text = "tn.kernel";
  if (auto name = kernel.getTemplateName())
    text += " of template " + name->str();
  std::vector<std::string> own, others;
  for (Operation &op : kernel.getBlock()->without_terminator())
    (carries(&op, node) ? own : others).push_back(op.getName().getStringRef().str());
  text += ": " + (own.empty() ? std::string("no operation of its own") : llvm::join(own, ", "));
  if (!others.empty())
    text += " with " + llvm::join(others, ", ");
  names.remove(node);
  if (!names.empty())
    text += "; together with " + llvm::join(names.getArrayRef().take_front(8), ", ") +
            (names.size() > 8 ? " and " + std::to_string(names.size() - 8) + " more" : "");
  auto places = [](ValueRange values) { return llvm::join(llvm::map_range(values, placeOf), ", "); };
  if (kernel.isBufferForm())
    return text + "; reads " + places(kernel.getInputs()) + ", writes " + places(kernel.getOutputs());
  return text + attributesOf(kernel) + " : (" + listTypes(kernel->getOperandTypes()) + ") -> (" +
         listTypes(kernel->getResultTypes()) + ")";
}

/// Views that a kernel has of its buffers are told with the kernel.
bool isKernelsView(Operation *op, llvm::StringRef node) {
  return isa<tn::ViewOp>(op) && llvm::any_of(op->getUsers(), [&](Operation *user) { return carries(user, node); });
}

} // namespace

void NodeHistory::note(ModuleOp module, llvm::StringRef stage, llvm::StringRef pass, llvm::StringRef summary) {
  Entry entry{stage.str(), pass.str(), summary.str(), {}};
  for (auto function : module.getOps<func::FuncOp>())
    for (Operation &op : function.getBody().getOps()) {
      if (!carries(&op, node) || isKernelsView(&op, node))
        continue;
      auto kernel = dyn_cast<tn::KernelOp>(op);
      std::string text = kernel ? describeKernel(kernel, node) : describeOperation(&op);
      entry.operations.push_back(function.getName() == "weights" ? "when compiling: " + text : text);
    }
  if (entries.empty() || !(entries.back() == entry))
    entries.push_back(std::move(entry));
}

llvm::SetVector<llvm::StringRef> namesIn(ModuleOp module) {
  llvm::SetVector<StringRef> names;
  module.walk([&](Operation *op) { collectNames(op->getLoc(), names); });
  return names;
}

} // namespace tenon

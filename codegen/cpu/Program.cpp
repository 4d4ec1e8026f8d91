#include "codegen/cpu/Program.h"
#include "mlir/IR/OperationSupport.h"
#include "passes/Provenance.h"
#include "passes/Values.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tenon::codegen {

static std::string sourcesOf(tn::KernelOp kernel) {
  llvm::SetVector<StringRef> names;
  collectNames(kernel.getLoc(), names);
  std::string result;
  for (StringRef name : names)
    result += (result.empty() ? "" : "\n") + name.str();
  return result;
}

static bool sameKernel(tn::KernelOp a, tn::KernelOp b) {
  auto sameTypes = [](Value x, Value y) { return success(x.getType() == y.getType()); };
  return OperationEquivalence::isEquivalentTo(a, b, sameTypes, nullptr, OperationEquivalence::IgnoreLocations) &&
         a.getInputs().getTypes() == b.getInputs().getTypes() && a.getOutputs().getTypes() == b.getOutputs().getTypes();
}

static llvm::hash_code hashKernel(tn::KernelOp kernel) {
  llvm::hash_code hash = llvm::hash_combine(kernel.getTemplateNameAttr(), kernel.getScheduleAttr());
  for (Type type : kernel->getOperandTypes())
    hash = llvm::hash_combine(hash, type);
  for (Operation &op : *kernel.getBlock())
    hash = llvm::hash_combine(hash, op.getName(), op.getAttrDictionary());
  return hash;
}

static Program::Buffer bufferOf(Value v, func::FuncOp main, unsigned inputs) {
  Program::Buffer buffer;
  if (auto view = v.getDefiningOp<tn::ViewOp>()) {
    buffer = bufferOf(view.getBase(), main, inputs);
    buffer.offset += view.getOffset();
    return buffer;
  }
  unsigned number = cast<BlockArgument>(v).getArgNumber();
  if (number == 0)
    buffer.kind = Program::Buffer::Arena;
  else if (number == 1)
    buffer.kind = Program::Buffer::Weights;
  else if (number < 2 + inputs)
    buffer = {Program::Buffer::Input, 0, number - 2};
  else
    buffer = {Program::Buffer::Output, 0, number - 2 - inputs};
  return buffer;
}

/// The node that a kernel mostly computes: that of the operation with the most arithmetic, else of the last.
static std::string mainNode(tn::KernelOp kernel) {
  Operation *main = nullptr;
  uint64_t most = 0;
  for (Operation &op : kernel.getBlock()->without_terminator()) {
    auto costly = dyn_cast<tn::CostOpInterface>(op);
    uint64_t flops = costly ? costly.getFlops() : 0;
    if (!main || flops >= most) {
      main = &op;
      most = flops;
    }
  }
  llvm::SetVector<StringRef> names;
  collectNames(main ? main->getLoc() : kernel.getLoc(), names);
  return names.empty() ? "" : names.front().str();
}

/// A node's name in a symbol: letters, digits and single underscores (gdb takes double ones for Ada's). Of long names
/// the end is kept, which tells nodes of one block apart.
static std::string symbolPart(StringRef name) {
  constexpr size_t kMostCharacters = 48;
  std::string text;
  for (char c : name)
    if (llvm::isAlnum(c))
      text += c;
    else if (!text.empty() && text.back() != '_')
      text += '_';
  StringRef end = StringRef(text).rtrim('_').take_back(kMostCharacters);
  return end.ltrim('_').str();
}

/// Names every kernel's symbol. The number in a kernel's name makes symbols differ whatever nodes are called.
static void nameSymbols(Program &program) {
  SmallVector<unsigned> steps(program.kernels.size());
  for (const Program::Step &step : program.steps)
    ++steps[step.kernel];
  for (auto [kernel, count] : llvm::zip_equal(program.kernels, steps)) {
    std::string node = symbolPart(mainNode(kernel.op));
    kernel.symbol = kernel.name + (node.empty() ? "" : "_of_" + node) +
                    (count > 1 ? "_and_" + std::to_string(count - 1) + "_more" : "");
  }
}

Program collectProgram(ModuleOp module, StringRef name) {
  Program program;
  program.name = name.str();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  auto integer = [&](StringRef attribute) { return main->getAttrOfType<IntegerAttr>(attribute).getInt(); };
  program.arenaBytes = integer("tn.arena_bytes");
  program.arenaLowerBound = integer("tn.arena_lower_bound");
  program.weightBytes = integer("tn.weights_bytes");
  if (auto guard = main->getAttrOfType<IntegerAttr>("tn.guard_bytes"))
    program.guardBytes = guard.getInt();
  unsigned inputs = integer("tn.inputs");
  for (unsigned i = 2; i < main.getNumArguments(); ++i) {
    auto valueName = main.getArgAttrOfType<StringAttr>(i, "tn.name");
    (i < 2 + inputs ? program.inputs : program.outputs)
        .push_back({valueName ? valueName.str() : "", cast<MemRefType>(main.getArgument(i).getType())});
  }
  llvm::DenseMap<size_t, SmallVector<unsigned>> byHash;
  for (tn::KernelOp kernel : main.getOps<tn::KernelOp>()) {
    Program::Step step;
    size_t hash = hashKernel(kernel);
    auto &known = byHash[hash];
    auto it = llvm::find_if(known, [&](unsigned k) { return sameKernel(program.kernels[k].op, kernel); });
    if (it == known.end()) {
      std::string kernelName = "k" + std::to_string(program.kernels.size()) + "_" + kernel.getTemplateName()->str();
      known.push_back(program.kernels.size());
      it = known.end() - 1;
      program.kernels.push_back({kernelName, kernel, ""});
    }
    step.kernel = *it;
    for (Value operand : kernel->getOperands()) {
      step.buffers.push_back(bufferOf(operand, main, inputs));
      step.bytes += denseBytes(operand.getType());
    }
    kernel.getBlock()->walk([&](tn::CostOpInterface op) { step.flops += op.getFlops(); });
    step.sources = sourcesOf(kernel);
    program.steps.push_back(std::move(step));
  }
  nameSymbols(program);
  return program;
}

} // namespace tenon::codegen

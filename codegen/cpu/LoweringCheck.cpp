#include "codegen/cpu/LoweringCheck.h"
#include "codegen/cpu/ObjectCode.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

namespace tenon::codegen {

llvm::StringRef cliffName(Cliff cliff) {
  static const llvm::StringRef names[] = {"masked access", "gather or scatter", "scalar floats",    "element access",
                                          "call",          "block operation",   "stack allocation", "spill"};
  return names[static_cast<size_t>(cliff)];
}

namespace {

/// Findings by kind, with the first instruction of each.
class Report {
public:
  void add(Cliff cliff, llvm::StringRef sample, unsigned count = 1) {
    Finding &finding = findings.insert({cliff, Finding{cliff, 0, sample.trim().str()}}).first->second;
    finding.count += count;
  }
  void add(Cliff cliff, const llvm::Instruction &instruction, unsigned count = 1) {
    std::string text;
    llvm::raw_string_ostream(text) << instruction;
    add(cliff, text, count);
  }
  std::vector<Finding> take() {
    std::vector<Finding> result;
    for (auto &[cliff, finding] : findings)
      result.push_back(finding);
    return result;
  }

private:
  std::map<Cliff, Finding> findings;
};

bool isFloatArithmetic(const llvm::Instruction &instruction) {
  if (instruction.getType()->getScalarType()->isFloatingPointTy() &&
      (llvm::isa<llvm::BinaryOperator, llvm::UnaryOperator>(instruction)))
    return true;
  auto *intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
  return intrinsic && (intrinsic->getIntrinsicID() == llvm::Intrinsic::fma ||
                       intrinsic->getIntrinsicID() == llvm::Intrinsic::fmuladd);
}

/// What is a cliff wherever it stands.
void checkAnywhere(const llvm::Instruction &instruction, Report &report) {
  if (llvm::isa<llvm::AllocaInst>(instruction))
    return report.add(Cliff::StackAllocation, instruction);
  auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction);
  if (!call)
    return;
  if (llvm::isa<llvm::AnyMemIntrinsic>(call))
    return report.add(Cliff::BlockOperation, instruction);
  if (!llvm::isa<llvm::IntrinsicInst>(call))
    report.add(Cliff::Call, instruction);
}

void checkInLoop(const llvm::Instruction &instruction, Report &report) {
  if (llvm::isa<llvm::InsertElementInst, llvm::ExtractElementInst>(instruction)) {
    // Element 0 of a constant is a scalar on its way to all lanes, or a load of one lane.
    bool first =
        llvm::isa<llvm::InsertElementInst>(instruction) && llvm::isa<llvm::Constant>(instruction.getOperand(0));
    if (!first)
      report.add(Cliff::ElementAccess, instruction);
    return;
  }
  auto *intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
  if (!intrinsic)
    return;
  switch (intrinsic->getIntrinsicID()) {
  case llvm::Intrinsic::masked_load:
  case llvm::Intrinsic::masked_store:
  case llvm::Intrinsic::masked_expandload:
  case llvm::Intrinsic::masked_compressstore:
    return report.add(Cliff::MaskedAccess, instruction);
  case llvm::Intrinsic::masked_gather:
  case llvm::Intrinsic::masked_scatter:
    return report.add(Cliff::Gather, instruction);
  default:
    return;
  }
}

/// Float arithmetic on scalars in a loop that has none on vectors.
void checkScalar(const llvm::Loop &loop, Report &report) {
  const llvm::Instruction *scalar = nullptr;
  unsigned count = 0;
  for (const llvm::BasicBlock *block : loop.blocks())
    for (const llvm::Instruction &instruction : *block) {
      if (!isFloatArithmetic(instruction))
        continue;
      if (instruction.getType()->isVectorTy())
        return;
      scalar = &instruction;
      ++count;
    }
  if (scalar)
    report.add(Cliff::ScalarFloat, *scalar, count);
}

} // namespace

std::vector<Finding> checkIR(llvm::Module &module, int64_t lanes) {
  Report report;
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    for (const llvm::BasicBlock &block : function)
      for (const llvm::Instruction &instruction : block)
        checkAnywhere(instruction, report);
    llvm::DominatorTree dominators(function);
    llvm::LoopInfo loops(dominators);
    for (const llvm::Loop *loop : loops.getLoopsInPreorder()) {
      if (!loop->isInnermost())
        continue;
      for (const llvm::BasicBlock *block : loop->blocks())
        for (const llvm::Instruction &instruction : *block)
          checkInLoop(instruction, report);
      if (lanes > 1)
        checkScalar(*loop, report);
    }
  }
  return report.take();
}

std::vector<Finding> checkAssembly(llvm::StringRef assembly) {
  llvm::SmallVector<llvm::StringRef> lines;
  assembly.split(lines, '\n');
  Report report;
  llvm::StringSet<> innermost;
  bool inside = false;
  llvm::StringRef label;
  for (llvm::StringRef line : lines) {
    // ".LBB0_4:   #   in Loop: Header=BB0_2 Depth=3"; a header's lines follow its label.
    bool isBlock = line.starts_with(".LBB") || line.starts_with("# %bb.");
    if (isBlock) {
      inside = false;
      label = line.drop_front(line.starts_with(".L") ? 2 : 0).take_until([](char c) { return c == ':'; });
    }
    if (line.contains("This Inner Loop Header")) {
      innermost.insert(label);
      inside = true;
    } else if (size_t at = line.find("in Loop: Header="); at != llvm::StringRef::npos) {
      llvm::StringRef header = line.drop_front(at + 16).take_until([](char c) { return c == ' '; });
      inside = innermost.contains(header);
    }
    if (inside && (line.contains(" Spill") || line.contains(" Reload")))
      report.add(Cliff::Spill, line);
  }
  return report.take();
}

llvm::Expected<std::vector<Finding>> checkLowering(tn::KernelOp kernel, const Target &target) {
  llvm::SmallVector<char, 0> text, assembly;
  if (failed(compileKernel(kernel, "kernel", target, CodeForm::LLVMIR, text)) ||
      failed(compileKernel(kernel, "kernel", target, CodeForm::Assembly, assembly)))
    return llvm::createStringError("the kernel does not compile");
  text.push_back('\0');
  llvm::LLVMContext context;
  llvm::SMDiagnostic error;
  llvm::StringRef source(text.data(), text.size() - 1);
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(source, error, context);
  if (!module)
    return llvm::createStringError(error.getMessage());
  auto schedule = kernel.getSchedule()->getAs<mlir::DictionaryAttr>(target.name);
  auto lanes = schedule.getAs<mlir::IntegerAttr>("lanes");
  std::vector<Finding> findings = checkIR(*module, lanes ? lanes.getInt() : 1);
  for (Finding &finding : checkAssembly(llvm::StringRef(assembly.data(), assembly.size())))
    findings.push_back(std::move(finding));
  return findings;
}

} // namespace tenon::codegen

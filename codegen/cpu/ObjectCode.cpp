#include "codegen/cpu/ObjectCode.h"
#include "codegen/common/ExpandMath.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include <mutex>

using namespace mlir;

namespace tenon::codegen {

static void buildLowering(OpPassManager &pm) {
  pm.addPass(createCSEPass());
  pm.addPass(arith::createArithExpandOpsPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

void registerCodegenDialects(DialectRegistry &registry) {
  registry.insert<tn::TnDialect, arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect, LLVM::LLVMDialect,
                  math::MathDialect, memref::MemRefDialect, scf::SCFDialect, vector::VectorDialect>();
  // Kernels are lowered in parallel in one context, which is no time to load what the passes depend on.
  OpPassManager lowering(ModuleOp::getOperationName(), OpPassManager::Nesting::Implicit);
  buildLowering(lowering);
  lowering.getDependentDialects(registry);
  registerIndexableModels(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

LogicalResult emitKernel(ModuleOp module, llvm::StringRef name, tn::KernelOp kernel, const Target &target) {
  const KernelTemplate *kernelTemplate = findTemplate(kernel.getTemplateName().value_or(""));
  auto schedules = kernel.getSchedule();
  auto schedule = schedules ? schedules->getAs<DictionaryAttr>(target.name) : DictionaryAttr();
  if (!kernelTemplate || !schedule)
    return kernel.emitError("kernel has no template or no schedule for ") << target.name;
  if (!kernelTemplate->match(kernel))
    return kernel.emitError("template '") << kernelTemplate->getName() << "' cannot lower this kernel";
  if (!kernelTemplate->accepts(kernel, target, schedule))
    return kernel.emitError("not a schedule of template '")
           << kernelTemplate->getName() << "' for " << target.name << ": " << schedule;
  OpBuilder b(module.getContext());
  KernelFunction function(b, module, name, kernel, target);
  if (failed(kernelTemplate->lower(function, schedule)))
    return failure();
  func::ReturnOp::create(b, function.getLoc());
  return success();
}

LogicalResult lowerToLLVM(ModuleOp module, LoweringSteps steps) {
  if (steps.expandMath && failed(expandMath(module)))
    return failure();
  PassManager pm(module.getContext(), ModuleOp::getOperationName(), OpPassManager::Nesting::Implicit);
  pm.enableVerifier(false);
  if (!steps.expandMath)
    pm.addPass(createConvertMathToLibmPass());
  buildLowering(pm);
  return pm.run(module);
}

static std::unique_ptr<llvm::TargetMachine> createTargetMachine(const Target &target, CodeLevel level) {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
  std::string error;
  llvm::Triple triple(target.triple);
  const llvm::Target *llvmTarget = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!llvmTarget)
    return nullptr;
  llvm::TargetOptions options;
  options.MCOptions.AsmVerbose = true; // loops and spills are named in assembly
  auto effort = level == CodeLevel::O2   ? llvm::CodeGenOptLevel::Default
                : level == CodeLevel::O1 ? llvm::CodeGenOptLevel::Less
                                         : llvm::CodeGenOptLevel::None;
  return std::unique_ptr<llvm::TargetMachine>(llvmTarget->createTargetMachine(
      triple, target.cpu, target.features, options, llvm::Reloc::PIC_, std::nullopt, effort));
}

/// The middle end without its vectorizers and unrolling: kernels arrive in the vectors and tiles they are to have. O1
/// does once what O2 does most of its work with; what else O2 does to loops, the back end's passes mostly do as well.
static void optimizeModule(llvm::Module &module, llvm::TargetMachine &machine, CodeLevel level) {
  llvm::LoopAnalysisManager lam;
  llvm::FunctionAnalysisManager fam;
  llvm::CGSCCAnalysisManager cgam;
  llvm::ModuleAnalysisManager mam;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  tuning.LoopUnrolling = false;
  tuning.LoopInterleaving = false;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(mam);
  builder.registerCGSCCAnalyses(cgam);
  builder.registerFunctionAnalyses(fam);
  builder.registerLoopAnalyses(lam);
  builder.crossRegisterProxies(lam, fam, cgam, mam);
  if (level == CodeLevel::O1) {
    llvm::FunctionPassManager passes;
    passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
    passes.addPass(llvm::InstCombinePass());
    passes.addPass(llvm::SimplifyCFGPass());
    for (llvm::Function &function : module)
      if (!function.isDeclaration())
        passes.run(function, fam);
    return;
  }
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, mam);
}

void setDataLayout(llvm::Module &module, const Target &target) {
  if (std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(target, CodeLevel::O2)) {
    module.setTargetTriple(llvm::Triple(target.triple));
    module.setDataLayout(machine->createDataLayout());
  }
}

LogicalResult emitModule(llvm::Module &module, const Target &target, CodeForm form, bool optimize, CodeLevel level,
                         llvm::SmallVectorImpl<char> &out) {
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(target, level);
  if (!machine)
    return failure();
  module.setTargetTriple(llvm::Triple(target.triple));
  module.setDataLayout(machine->createDataLayout());
  if (optimize && level != CodeLevel::O0)
    optimizeModule(module, *machine, level);
  llvm::raw_svector_ostream stream(out);
  if (form == CodeForm::LLVMIR) {
    module.print(stream, nullptr);
    return success();
  }
  llvm::legacy::PassManager passes;
  auto type = form == CodeForm::Object ? llvm::CodeGenFileType::ObjectFile : llvm::CodeGenFileType::AssemblyFile;
  if (machine->addPassesToEmitFile(passes, stream, nullptr, type))
    return failure();
  passes.run(module);
  return success();
}

LogicalResult compileKernel(tn::KernelOp kernel, llvm::StringRef name, const Target &target, CodeForm form,
                            llvm::SmallVectorImpl<char> &out, CodeLevel level, LoweringSteps steps) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(kernel.getContext()));
  if (failed(emitKernel(*module, name, kernel, target)) || failed(lowerToLLVM(*module, steps)))
    return failure();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> llvmModule = translateModuleToLLVMIR(*module, context, name);
  if (!llvmModule)
    return failure();
  for (llvm::Function &function : *llvmModule) {
    if (function.isDeclaration())
      continue;
    // Kernels are reached through the program's table only, and nothing they call can throw.
    if (!function.hasLocalLinkage())
      function.setVisibility(llvm::GlobalValue::HiddenVisibility);
    function.addFnAttr(llvm::Attribute::NoUnwind);
    function.addFnAttr("no-builtins");
  }
  return emitModule(*llvmModule, target, form, steps.optimize, level, out);
}

} // namespace tenon::codegen

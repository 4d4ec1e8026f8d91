#include "Jit.h"

#include "codegen/common/ExpandMath.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

#include <stdexcept>

using namespace mlir;

namespace tenon::test {
namespace {

template <typename T> T check(llvm::Expected<T> value) {
  if (!value)
    throw std::runtime_error(llvm::toString(value.takeError()));
  return std::move(*value);
}

std::string load(const std::string &name, const std::string &type) {
  std::string text = "  %" + name + " = llvm.load %p" + name + " {alignment = 4 : i64} : !llvm.ptr -> ";
  // Only scalars and 1-D vectors have an LLVM type to load.
  if (type == "vector<f32>")
    return "  %s" + text.substr(3) + "f32\n  %" + name + " = vector.broadcast %s" + name + " : f32 to vector<f32>\n";
  if (type == "vector<4x4xf32>")
    return "  %s" + text.substr(3) + "vector<16xf32>\n  %" + name + " = vector.shape_cast %s" + name +
           " : vector<16xf32> to vector<4x4xf32>\n";
  return text + type + "\n";
}

std::string store(const std::string &name, const std::string &to, const std::string &type) {
  if (type == "vector<f32>")
    return "  %s" + name + " = vector.extract %" + name + "[] : f32 from vector<f32>\n" + store("s" + name, to, "f32");
  if (type == "vector<4x4xf32>")
    return "  %s" + name + " = vector.shape_cast %" + name + " : vector<4x4xf32> to vector<16xf32>\n" +
           store("s" + name, to, "vector<16xf32>");
  return "  llvm.store %" + name + ", %" + to + " {alignment = 4 : i64} : " + type + ", !llvm.ptr\n";
}

/// The function as text: operands are loaded from pointers, results stored one after the other.
std::string source(const Case &c) {
  std::string text = "func.func @f(%pa: !llvm.ptr, %pb: !llvm.ptr, %out: !llvm.ptr) {\n" + load("a", c.type);
  if (c.operands == 2)
    text += load("b", c.exponent.empty() ? c.type : c.exponent);
  text += c.results == 2 ? "  %r, %s = " : "  %r = ";
  text += "math." + c.op + (c.operands == 2 ? " %a, %b : " : " %a : ") + c.type;
  text += (c.exponent.empty() ? "" : ", " + c.exponent) + "\n" + store("r", "out", c.type);
  if (c.results == 2)
    text += "  %q = llvm.getelementptr %out[1] : (!llvm.ptr) -> !llvm.ptr, " + c.type + "\n" + store("s", "q", c.type);
  return text + "  return\n}\n";
}

std::unique_ptr<MLIRContext> makeContext() {
  DialectRegistry registry;
  registry.insert<arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect, LLVM::LLVMDialect,
                  mlir::math::MathDialect, scf::SCFDialect, vector::VectorDialect>();
  ub::registerConvertUBToLLVMInterface(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  return std::make_unique<MLIRContext>(registry);
}

void lower(ModuleOp module) {
  PassManager pm(module.getContext());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  if (failed(pm.run(module)))
    throw std::runtime_error("lowering failed");
}

void optimize(llvm::Module &module, llvm::TargetMachine &target) {
  llvm::LoopAnalysisManager lam;
  llvm::FunctionAnalysisManager fam;
  llvm::CGSCCAnalysisManager cam;
  llvm::ModuleAnalysisManager mam;
  llvm::PassBuilder passes(&target);
  passes.registerModuleAnalyses(mam);
  passes.registerCGSCCAnalyses(cam);
  passes.registerFunctionAnalyses(fam);
  passes.registerLoopAnalyses(lam);
  passes.crossRegisterProxies(lam, fam, cam, mam);
  passes.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, mam);
}

} // namespace

struct Compiled::State {
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

Compiled::Compiled(const Case &c, const std::string &cpu) : state(std::make_unique<State>()) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto mlirContext = makeContext();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(source(c), mlirContext.get());
  if (!module || failed(expandMath(*module)))
    throw std::runtime_error("cannot build or expand " + source(c));
  lower(*module);

  auto context = std::make_unique<llvm::LLVMContext>();
  auto llvmModule = translateModuleToLLVMIR(*module, *context);
  if (!llvmModule)
    throw std::runtime_error("translation failed");
  llvm::orc::JITTargetMachineBuilder builder{llvm::Triple(llvm::sys::getProcessTriple())};
  builder.setCPU(cpu);
  auto target = check(builder.createTargetMachine());
  llvmModule->setDataLayout(target->createDataLayout());
  llvmModule->setTargetTriple(target->getTargetTriple());
  optimize(*llvmModule, *target);
  state->jit = check(llvm::orc::LLJITBuilder()
                         .setJITTargetMachineBuilder(builder)
                         .setLinkProcessSymbolsByDefault(false)
                         .setPlatformSetUp(llvm::orc::setUpInactivePlatform)
                         .create());
  if (auto error = state->jit->addIRModule({std::move(llvmModule), std::move(context)}))
    throw std::runtime_error(llvm::toString(std::move(error)));
  entry = check(state->jit->lookup("f")).toPtr<Function>();
}

Compiled::~Compiled() = default;

bool expands(const Case &c) {
  auto context = makeContext();
  context->getDiagEngine().registerHandler([](Diagnostic &) {});
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(source(c), context.get());
  return module && succeeded(expandMath(*module));
}

bool hasAvx512() { return llvm::sys::getHostCPUFeatures().lookup("avx512vl"); }

} // namespace tenon::test

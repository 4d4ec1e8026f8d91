#include "codegen/cpu/LoadedKernels.h"
#include "codegen/cpu/ObjectCode.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Passes.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include <chrono>

using namespace mlir;

namespace tenon::codegen {

/// Moves the operations of a function into one kernel.
static tn::KernelOp wrap(func::FuncOp main) {
  Block &block = main.getBody().front();
  Operation *terminator = block.getTerminator();
  OpBuilder b(terminator);
  auto kernel = tn::KernelOp::create(b, main.getLoc(), terminator->getOperandTypes(), block.getArguments(),
                                     ValueRange{}, StringAttr(), DictionaryAttr());
  Block *body = b.createBlock(&kernel.getBody());
  IRMapping mapping;
  for (Value argument : block.getArguments())
    mapping.map(argument, body->addArgument(argument.getType(), main.getLoc()));
  SmallVector<Operation *> moved;
  for (Operation &op : block.without_terminator())
    if (&op != kernel) {
      b.clone(op, mapping);
      moved.push_back(&op);
    }
  SmallVector<Value> yielded;
  for (Value v : terminator->getOperands())
    yielded.push_back(mapping.lookup(v));
  tn::YieldOp::create(b, main.getLoc(), yielded);
  terminator->setOperands(kernel.getResults());
  for (Operation *op : llvm::reverse(moved))
    op->erase();
  return kernel;
}

llvm::LogicalResult formSingleKernel(ModuleOp module, const KernelLibrary &library, llvm::StringRef templateName) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  tn::KernelOp kernel = wrap(main);
  const KernelModel *model = templateName.empty() ? library.match(kernel) : library.find(templateName);
  if (!model || !model->match(kernel))
    return kernel.emitError("no template matches");
  kernel.setTemplateName(model->getName());
  PassManager pm(module.getContext());
  pm.nest<func::FuncOp>().addPass(createSchedule(library));
  return pm.run(module);
}

struct LoadedKernels::Jit {
  std::unique_ptr<llvm::orc::LLJIT> lljit;
};

LoadedKernels::LoadedKernels() = default;
LoadedKernels::LoadedKernels(LoadedKernels &&) = default;
LoadedKernels::~LoadedKernels() = default;

llvm::Expected<LoadedKernels> LoadedKernels::load(func::FuncOp function, const Target &target) {
  return load(llvm::to_vector(function.getOps<tn::KernelOp>()), target);
}

llvm::Expected<LoadedKernels> LoadedKernels::load(llvm::ArrayRef<tn::KernelOp> kernels, const Target &target,
                                                  LoweringSteps steps) {
  LoadedKernels loaded;
  llvm::SmallVector<llvm::SmallVector<char, 0>> objects;
  for (tn::KernelOp kernel : kernels) {
    const KernelTemplate &kernelTemplate = *findTemplate(*kernel.getTemplateName());
    auto schedule = kernel.getSchedule()->getAs<DictionaryAttr>(target.name);
    LoadedKernel entry;
    entry.op = kernel;
    entry.extent = kernelTemplate.extent(kernel, schedule);
    entry.scratchBytes = kernelTemplate.scratchBytes(kernel, schedule);
    auto start = std::chrono::steady_clock::now();
    std::string name = "kernel" + std::to_string(objects.size());
    if (failed(compileKernel(kernel, name, target, CodeForm::Object, objects.emplace_back(), CodeLevel::O2, steps)))
      return llvm::createStringError("cannot compile " + name);
    entry.compileSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    entry.objectBytes = objects.back().size();
    loaded.kernels.push_back(entry);
  }
  // The native target is known only after the first compilation.
  auto lljit = llvm::orc::LLJITBuilder()
                   .setLinkProcessSymbolsByDefault(!steps.expandMath)
                   .setPlatformSetUp(llvm::orc::setUpInactivePlatform)
                   .create();
  if (!lljit)
    return lljit.takeError();
  loaded.jit.reset(new Jit{std::move(*lljit)});
  llvm::orc::LLJIT &jit = *loaded.jit->lljit;
  for (auto &object : objects)
    if (llvm::Error error = jit.addObjectFile(
            llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(object.data(), object.size()), "kernel.o")))
      return std::move(error);
  for (size_t i = 0; i < objects.size(); ++i) {
    // Kernels are hidden: they are reached through the program's table in an artifact.
    auto order =
        llvm::orc::makeJITDylibSearchOrder({&jit.getMainJITDylib()}, llvm::orc::JITDylibLookupFlags::MatchAllSymbols);
    auto symbol = jit.getExecutionSession().lookup(order, jit.mangleAndIntern("kernel" + std::to_string(i)));
    if (!symbol)
      return symbol.takeError();
    loaded.kernels[i].code = symbol->getAddress().toPtr<LoadedKernel::Code>();
  }
  return std::move(loaded);
}

} // namespace tenon::codegen

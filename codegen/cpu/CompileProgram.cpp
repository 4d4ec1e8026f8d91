//===- CompileProgram.cpp - All objects of a program, in parallel --------===//
#include "codegen/cpu/Descriptor.h"
#include "codegen/cpu/ObjectCode.h"
#include "mlir/IR/Threading.h"
#include "llvm/IR/Module.h"

using namespace mlir;

namespace tenon::codegen {

LogicalResult compileProgram(ModuleOp module, const Program &program, const KernelLibrary &library,
                             llvm::StringRef querySymbol, bool linkedWeights,
                             const std::array<uint8_t, 32> &weightsHash,
                             std::vector<llvm::SmallVector<char, 0>> &objects) {
  struct Job {
    const Program::Kernel *kernel;
    const Target *target;
  };
  std::vector<Job> jobs;
  for (const Program::Kernel &kernel : program.kernels)
    for (const Target *target : library.targets)
      jobs.push_back({&kernel, target});
  objects.resize(jobs.size() + 1);
  LogicalResult compiled = failableParallelForEachN(module.getContext(), 0, jobs.size(), [&](size_t i) {
    return compileKernel(jobs[i].kernel->op, kernelSymbol(jobs[i].kernel->name, *jobs[i].target), *jobs[i].target,
                         CodeForm::Object, objects[i]);
  });
  if (failed(compiled))
    return failure();
  // The host code runs before a level is known to fit, so it is built for the least of them.
  const Target &least = *library.targets.back();
  llvm::LLVMContext context;
  llvm::Module host("host", context);
  setDataLayout(host, least);
  writeDescriptor(host, program, library, querySymbol, linkedWeights, weightsHash);
  return emitModule(host, least, CodeForm::Object, /*optimize=*/false, objects.back());
}

} // namespace tenon::codegen

//===- CompileProgram.cpp - All objects of a program, in parallel --------===//
#include "codegen/cpu/CheckTables.h"
#include "codegen/cpu/Descriptor.h"
#include "codegen/cpu/KernelObject.h"
#include "codegen/cpu/Program.h"
#include "mlir/IR/Threading.h"
#include "llvm/IR/Module.h"
#include <mutex>

using namespace mlir;

namespace tenon::codegen {

LogicalResult compileProgram(ModuleOp module, const Program &program, const KernelLibrary &library,
                             llvm::StringRef querySymbol, bool linkedWeights,
                             const std::array<uint8_t, 32> &weightsHash, CodeLevel level, KernelCache *cache,
                             std::vector<llvm::SmallVector<char, 0>> &objects,
                             llvm::function_ref<void(size_t done, size_t total)> progress) {
  struct Job {
    const Program::Kernel *kernel;
    const Target *target;
  };
  std::vector<Job> jobs;
  for (const Program::Kernel &kernel : program.kernels)
    for (const Target *target : library.targets)
      jobs.push_back({&kernel, target});
  objects.resize(jobs.size() + 1);
  if (program.checkValues || program.guardBytes) {
    llvm::ArrayRef<char> checks = checkObject();
    objects.emplace_back(checks.begin(), checks.end());
  }
  std::mutex mutex;
  size_t done = 0;
  // Passes load dialects on first use, which must not happen from two threads at once.
  OwningOpRef<ModuleOp> empty = ModuleOp::create(module.getLoc());
  if (failed(lowerToLLVM(*empty)))
    return failure();
  LogicalResult compiled = failableParallelForEachN(module.getContext(), 0, jobs.size(), [&](size_t i) {
    const Job &job = jobs[i];
    if (failed(compileKernelObject(job.kernel->op, kernelSymbol(*job.kernel, *job.target), *job.target, level, cache,
                                   objects[i])))
      return failure();
    std::lock_guard<std::mutex> lock(mutex);
    if (progress)
      progress(++done, jobs.size());
    return success();
  });
  if (failed(compiled))
    return failure();
  if (cache)
    cache->prune();
  // The host code runs before a level is known to fit, so it is built for the least of them.
  const Target &least = *library.targets.back();
  llvm::LLVMContext context;
  llvm::Module host("host", context);
  setDataLayout(host, least);
  writeDescriptor(host, program, library, querySymbol, linkedWeights, weightsHash);
  return emitModule(host, least, CodeForm::Object, /*optimize=*/false, CodeLevel::O2, objects[jobs.size()]);
}

} // namespace tenon::codegen

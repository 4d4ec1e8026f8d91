//===- KernelBench.cpp - Kernels by themselves ---------------------------===//
//
// tenon-kernel-bench [--target x86-64-v3] [--filter text] [--json file] [--seconds 0.2] [--assembly]
//
// Compiles every kernel of Shapes.h and times it on one thread: hot (the same buffers again and again) and
// cold (weights taken in turn from copies that together exceed the caches, as a model sees them at batch 1).
// A rate is judged against a loop of fused multiply-adds that is timed beside it.
//
//===----------------------------------------------------------------------===//
#include "bench/kernels/Shapes.h"
#include "codegen/cpu/KernelTimer.h"
#include "codegen/cpu/ObjectCode.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tenon;

namespace {

llvm::cl::opt<std::string> targetName("target", llvm::cl::desc("Level to compile for (default: this machine's best)"));
llvm::cl::opt<std::string> filter("filter", llvm::cl::desc("Only kernels whose name contains this"));
llvm::cl::opt<std::string> jsonPath("json", llvm::cl::desc("Write the results to this file"));
llvm::cl::opt<bool> assembly("assembly", llvm::cl::desc("Print the kernels' assembly instead of timing them"));
llvm::cl::opt<double> seconds("seconds", llvm::cl::desc("Time per measurement"), llvm::cl::init(0.2));

struct Result {
  std::string name, templateName;
  double hot = 0, cold = 0, flops = 0, bytes = 0, compile = 0, peak = 0;
  size_t objectBytes = 0;
};

int64_t bytesOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getNumElements() * elementBytes(tensor.getElementType());
}

Result measure(const codegen::LoadedKernel &kernel, const std::string &name, const Target &target) {
  Result result;
  result.name = name;
  tn::KernelOp op = kernel.op;
  result.templateName = op.getTemplateName()->str();
  result.compile = kernel.compileSeconds;
  result.objectBytes = kernel.objectBytes;
  op.getBlock()->walk([&](tn::CostOpInterface cost) { result.flops += cost.getFlops(); });
  for (Type type : op->getOperandTypes())
    result.bytes += bytesOf(type);
  for (Type type : op->getResultTypes())
    result.bytes += bytesOf(type);
  // Of a table only what is picked is read.
  op.getBlock()->walk(
      [&](tn::GatherOp gather) { result.bytes += bytesOf(gather.getType()) - bytesOf(gather.getOperand().getType()); });
  codegen::KernelBuffers buffers(op);
  result.peak = codegen::measurePeak(target, seconds);
  result.hot = codegen::medianTime([&] { buffers.run(kernel, 0); }, seconds);
  size_t next = 0;
  result.cold = codegen::medianTime([&] { buffers.run(kernel, next++); }, seconds);
  return result;
}

std::optional<Result> printAssembly(ModuleOp module, const Target &target) {
  for (tn::KernelOp kernel : module.lookupSymbol<func::FuncOp>("main").getOps<tn::KernelOp>()) {
    llvm::SmallVector<char, 0> text;
    if (succeeded(codegen::compileKernel(kernel, "kernel", target, codegen::CodeForm::Assembly, text)))
      llvm::outs() << llvm::StringRef(text.data(), text.size());
  }
  return std::nullopt;
}

std::optional<Result> benchmark(MLIRContext &context, const bench::KernelShape &shape, const Target &target) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(shape.function, &context);
  KernelLibrary library;
  library.models = codegen::allTemplates();
  library.targets = {&target};
  if (!module || failed(codegen::formSingleKernel(*module, library)))
    return std::nullopt;
  if (assembly)
    return printAssembly(*module, target);
  auto loaded = codegen::LoadedKernels::load(module->lookupSymbol<func::FuncOp>("main"), target);
  if (!loaded) {
    llvm::errs() << shape.name << ": " << llvm::toString(loaded.takeError()) << "\n";
    return std::nullopt;
  }
  // Kernels in front of the last one pack its operands.
  return measure(loaded->list().back(), shape.name, target);
}

void printRow(const Result &r) {
  llvm::outs() << llvm::formatv(
      "{0,-32} {1,-12} {2,10:f1} {3,10:f1} {4,8:f1} {5,7:f1} {6,7:f1} {7,8:f1} {8,8:f1} {9,8:f1}\n", r.name,
      r.templateName, r.hot * 1e6, r.cold * 1e6, r.flops / r.hot / 1e9, 100 * r.flops / r.hot / r.peak,
      100 * r.flops / r.cold / r.peak, r.bytes / r.hot / 1e9, r.bytes / r.cold / 1e9, r.compile * 1e3);
  llvm::outs().flush();
}

llvm::json::Object toJson(const Result &r) {
  return llvm::json::Object{{"name", r.name},
                            {"template", r.templateName},
                            {"hot_seconds", r.hot},
                            {"cold_seconds", r.cold},
                            {"flops", r.flops},
                            {"bytes", r.bytes},
                            {"peak_flops", r.peak},
                            {"compile_seconds", r.compile},
                            {"object_bytes", static_cast<int64_t>(r.objectBytes)}};
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::cl::ParseCommandLineOptions(argc, argv, "Times kernels on one thread\n");
  const Target *host = hostTarget(), *target = targetName.empty() ? host : findTarget(targetName);
  if (!target || !host || (target->requiredFeatures & ~host->requiredFeatures) != 0) {
    llvm::errs() << "this machine cannot run '" << targetName << "'\n";
    return 2;
  }
  DialectRegistry registry;
  codegen::registerCodegenDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  llvm::outs() << llvm::formatv("{0,-32} {1,-12} {2,10} {3,10} {4,8} {5,7} {6,7} {7,8} {8,8} {9,8}\n", target->name,
                                "template", "hot us", "cold us", "GFLOP/s", "hot %", "cold %", "hot GB/s", "cold GB/s",
                                "comp. ms");
  llvm::json::Array results;
  bool good = true;
  for (const bench::KernelShape &shape : bench::kernelShapes()) {
    if (shape.name.find(filter) == std::string::npos)
      continue;
    std::optional<Result> result = benchmark(context, shape, *target);
    good &= result.has_value();
    if (!result)
      continue;
    printRow(*result);
    results.push_back(toJson(*result));
  }
  if (!jsonPath.empty()) {
    std::error_code error;
    llvm::raw_fd_ostream file(jsonPath, error);
    if (error) {
      llvm::errs() << jsonPath << ": " << error.message() << "\n";
      return 4;
    }
    file << llvm::formatv(
        "{0:2}\n", llvm::json::Value(llvm::json::Object{{"target", target->name}, {"kernels", std::move(results)}}));
  }
  return good ? 0 : 1;
}

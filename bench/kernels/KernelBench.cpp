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
#include "codegen/cpu/LoadedKernels.h"
#include "codegen/cpu/ObjectCode.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <random>

using namespace mlir;
using namespace tenon;

namespace {

llvm::cl::opt<std::string> targetName("target", llvm::cl::desc("Level to compile for (default: this machine's best)"));
llvm::cl::opt<std::string> filter("filter", llvm::cl::desc("Only kernels whose name contains this"));
llvm::cl::opt<std::string> jsonPath("json", llvm::cl::desc("Write the results to this file"));
llvm::cl::opt<bool> assembly("assembly", llvm::cl::desc("Print the kernels' assembly instead of timing them"));
llvm::cl::opt<double> seconds("seconds", llvm::cl::desc("Time per measurement"), llvm::cl::init(0.2));

constexpr int64_t kColdBytes = 96 << 20; ///< more than the caches hold

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Median time of one call, from batches of calls that last long enough for the clock.
double medianTime(llvm::function_ref<void()> call) {
  double start = now();
  call();
  double once = std::max(now() - start, 1e-8);
  auto calls = static_cast<int64_t>(std::max(1.0, 1e-4 / once));
  std::vector<double> times;
  for (double end = now() + seconds; now() < end || times.size() < 3;) {
    double begin = now();
    for (int64_t i = 0; i < calls; ++i)
      call();
    times.push_back((now() - begin) / calls);
  }
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return times[times.size() / 2];
}

constexpr int64_t kPeakSteps = 100000;
constexpr int kPeakSums = 12; ///< enough to hide the latency

/// Multiply-adds that nothing waits for. The results go somewhere, so that they are computed.
template <int bytes> inline __attribute__((always_inline)) void multiplyAdds(const float *factor, float *sink) {
  typedef float Vector __attribute__((vector_size(bytes)));
  Vector sums[kPeakSums] = {}, x = sums[0] + factor[0], y = sums[0] + factor[1];
  for (int64_t i = 0; i < kPeakSteps; ++i)
    for (Vector &sum : sums)
      sum = x * y + sum;
  for (const Vector &sum : sums)
    *sink += sum[0];
}

__attribute__((target("avx512f"), noinline)) void multiplyAddsV4(const float *factor, float *sink) {
  multiplyAdds<64>(factor, sink);
}
__attribute__((target("avx2,fma"), noinline)) void multiplyAddsV3(const float *factor, float *sink) {
  multiplyAdds<32>(factor, sink);
}

/// Floating-point operations per second of a loop of multiply-adds.
double measurePeak(const Target &target) {
  float factor[] = {1, 1e-9f}, sink = 0;
  double time = medianTime([&] { (target.vectorBytes == 64 ? multiplyAddsV4 : multiplyAddsV3)(factor, &sink); });
  return 2.0 * kPeakSums * kPeakSteps * target.floatLanes() / time;
}

struct Result {
  std::string name, templateName;
  double hot = 0, cold = 0, flops = 0, bytes = 0, compile = 0, peak = 0;
  size_t objectBytes = 0;
};

int64_t bytesOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getNumElements() * elementBytes(tensor.getElementType());
}

/// 64-byte aligned memory of small random floats, or zeros for other element types.
class Memory {
public:
  explicit Memory(int64_t bytes, bool random) : data(std::aligned_alloc(64, llvm::alignTo(bytes + 1, 64)), std::free) {
    std::mt19937 engine(1);
    auto *floats = static_cast<float *>(data.get());
    for (int64_t i = 0; i < bytes / 4; ++i)
      floats[i] = random ? static_cast<float>(engine() % 1000) / 1000 - 0.5f : 0;
  }
  void *get() const { return data.get(); }

private:
  std::shared_ptr<void> data;
};

/// The buffers of a kernel, with as many copies of the inputs behind the first as make them cold.
class Buffers {
public:
  Buffers(tn::KernelOp kernel, int64_t scratchBytes) : scratch(scratchBytes, false) {
    int64_t inputBytes = 0;
    for (auto [i, type] : llvm::enumerate(kernel.getInputs().getTypes()))
      inputBytes += i == 0 ? 0 : bytesOf(type);
    int64_t copies = inputBytes == 0 ? 1 : std::clamp<int64_t>(kColdBytes / inputBytes, 2, 1000);
    std::vector<Memory> outputs;
    for (Type type : kernel.getResultTypes())
      outputs.emplace_back(bytesOf(type), false);
    Type first = kernel.getInputs()[0].getType();
    Memory activations(bytesOf(first), isa<FloatType>(cast<RankedTensorType>(first).getElementType()));
    for (int64_t c = 0; c < copies; ++c) {
      std::vector<void *> pointers = {activations.get()};
      for (Type type : kernel.getInputs().drop_front().getTypes())
        pointers.push_back(keep(Memory(bytesOf(type), isa<FloatType>(cast<RankedTensorType>(type).getElementType()))));
      for (const Memory &output : outputs)
        pointers.push_back(output.get());
      sets.push_back(pointers);
    }
    keep(activations);
    for (const Memory &output : outputs)
      keep(output);
  }

  void run(const codegen::LoadedKernel &kernel, size_t set) {
    kernel.code(sets[set % sets.size()].data(), 0, kernel.extent, scratch.get());
  }

private:
  void *keep(Memory memory) {
    memories.push_back(memory);
    return memory.get();
  }
  Memory scratch;
  std::vector<Memory> memories;
  std::vector<std::vector<void *>> sets;
};

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
  Buffers buffers(op, kernel.scratchBytes);
  result.peak = measurePeak(target);
  result.hot = medianTime([&] { buffers.run(kernel, 0); });
  size_t next = 0;
  result.cold = medianTime([&] { buffers.run(kernel, next++); });
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

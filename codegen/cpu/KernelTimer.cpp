#include "codegen/cpu/KernelTimer.h"
#include "codegen/common/KernelTemplate.h"
#include "mlir/IR/IRMapping.h"
#include <algorithm>
#include <chrono>
#include <random>

using namespace mlir;

namespace tenon::codegen {

static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double medianTime(llvm::function_ref<void()> call, double seconds) {
  double start = now();
  call();
  double once = std::max(now() - start, 1e-8);
  auto calls = static_cast<int64_t>(std::max(1.0, 1e-4 / once));
  std::vector<double> times;
  for (double end = now() + seconds; now() < end || times.size() < 3;) {
    double begin = now();
    for (int64_t i = 0; i < calls; ++i)
      call();
    times.push_back((now() - begin) / static_cast<double>(calls));
  }
  auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

//===----------------------------------------------------------------------===//
// Peak
//===----------------------------------------------------------------------===//

namespace {

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

} // namespace

double measurePeak(const Target &target, double seconds) {
  float factor[] = {1, 1e-9f}, sink = 0;
  double time =
      medianTime([&] { (target.vectorBytes == 64 ? multiplyAddsV4 : multiplyAddsV3)(factor, &sink); }, seconds);
  return 2.0 * kPeakSums * kPeakSteps * static_cast<double>(target.floatLanes()) / time;
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

static int64_t bytesOf(Type type) {
  auto shaped = cast<ShapedType>(type);
  int64_t elements = product(shaped.getShape());
  if (auto memref = dyn_cast<MemRefType>(type); memref && elements > 0) {
    elements = 1;
    for (auto [size, stride] : llvm::zip_equal(memref.getShape(), memref.getStridesAndOffset().first))
      elements += (size - 1) * stride;
  }
  return elements * elementBytes(shaped.getElementType());
}

/// 64-byte aligned memory of small floats, or zeros for other element types.
static std::shared_ptr<void> makeMemory(Type type) {
  int64_t bytes = bytesOf(type);
  std::shared_ptr<void> memory(std::aligned_alloc(64, llvm::alignTo(bytes + 1, 64)), std::free);
  bool isFloat = isa<FloatType>(cast<ShapedType>(type).getElementType());
  std::mt19937 engine(1);
  auto *floats = static_cast<float *>(memory.get());
  for (int64_t i = 0; i < bytes / 4; ++i)
    floats[i] = isFloat ? static_cast<float>(engine() % 1000) / 1000 - 0.5f : 0;
  return memory;
}

KernelBuffers::KernelBuffers(tn::KernelOp kernel) {
  constexpr int64_t kColdBytes = 96 << 20; // more than the caches hold
  SmallVector<Type> inputs(kernel.getInputs().getTypes()),
      outputs(kernel.isBufferForm() ? SmallVector<Type>(kernel.getOutputs().getTypes())
                                    : SmallVector<Type>(kernel.getResultTypes()));
  int64_t inputBytes = 0;
  for (Type type : ArrayRef(inputs).drop_front(inputs.empty() ? 0 : 1))
    inputBytes += bytesOf(type);
  int64_t copies = inputBytes == 0 ? 1 : std::clamp<int64_t>(kColdBytes / inputBytes, 2, 1000);
  auto make = [&](Type type) {
    memories.push_back(makeMemory(type));
    return memories.back().get();
  };
  std::vector<void *> shared;
  for (Type type : outputs)
    shared.push_back(make(type));
  void *first = inputs.empty() ? nullptr : make(inputs.front());
  for (int64_t c = 0; c < copies; ++c) {
    std::vector<void *> &pointers = sets.emplace_back();
    if (first)
      pointers.push_back(first);
    for (Type type : ArrayRef(inputs).drop_front(inputs.empty() ? 0 : 1))
      pointers.push_back(make(type));
    llvm::append_range(pointers, shared);
  }
}

void KernelBuffers::run(const LoadedKernel &kernel, size_t set) {
  constexpr size_t kAlignment = 64;
  scratch.resize(std::max(scratch.size(), static_cast<size_t>(kernel.scratchBytes) + kAlignment));
  auto aligned = llvm::alignTo(reinterpret_cast<uintptr_t>(scratch.data()), kAlignment);
  kernel.code(sets[set % sets.size()].data(), 0, kernel.extent, reinterpret_cast<void *>(aligned));
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

llvm::Expected<std::vector<Trial>> timeCandidates(tn::KernelOp kernel, const Target &target) {
  constexpr double kBriefly = 2e-3, kAgain = 2e-2;
  constexpr size_t kFinalists = 6;
  const KernelTemplate *kernelTemplate = findTemplate(kernel.getTemplateName().value_or(""));
  if (!kernelTemplate)
    return llvm::createStringError("the kernel has no template");
  // One function with a copy of the kernel for each candidate.
  Builder b(kernel.getContext());
  OwningOpRef<ModuleOp> module(ModuleOp::create(kernel.getLoc()));
  auto function = func::FuncOp::create(kernel.getLoc(), "main", b.getFunctionType(kernel->getOperandTypes(), {}));
  module->push_back(function);
  OpBuilder body = OpBuilder::atBlockEnd(function.addEntryBlock());
  SmallVector<DictionaryAttr> candidates = kernelTemplate->candidates(kernel, target);
  for (DictionaryAttr candidate : candidates) {
    IRMapping mapping;
    mapping.map(kernel->getOperands(), function.getArguments());
    auto copy = cast<tn::KernelOp>(body.clone(*kernel, mapping));
    copy.setScheduleAttr(b.getDictionaryAttr(b.getNamedAttr(target.name, candidate)));
  }
  func::ReturnOp::create(body, kernel.getLoc());
  auto loaded = LoadedKernels::load(function, target);
  if (!loaded)
    return loaded.takeError();
  KernelBuffers buffers(kernel);
  std::vector<Trial> trials;
  auto time = [&](size_t i, double seconds) { return medianTime([&] { buffers.run(loaded->list()[i], 0); }, seconds); };
  std::vector<std::pair<double, size_t>> order;
  for (size_t i = 0; i < candidates.size(); ++i)
    order.emplace_back(time(i, kBriefly), i);
  std::sort(order.begin(), order.end());
  // Interference only makes a kernel slower: of several measurements the least counts.
  for (int round = 0; round < 3; ++round)
    for (auto &[seconds, i] : llvm::MutableArrayRef(order).take_front(kFinalists))
      seconds = std::min(seconds, time(i, kAgain));
  std::sort(order.begin(), order.end());
  for (auto [seconds, i] : order)
    trials.push_back({candidates[i], seconds});
  return trials;
}

} // namespace tenon::codegen

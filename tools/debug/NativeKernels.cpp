#include "tools/debug/NativeKernels.h"
#include "codegen/common/KernelTemplate.h"
#include "codegen/cpu/Program.h"
#include "ir/Interpreter.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/MathExtras.h"
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;

namespace tenon::debug {

namespace {

/// Memory that ends at a page that can't be touched, up to an alignment of 64 bytes.
class EdgeMemory {
public:
  explicit EdgeMemory(int64_t bytes) : bytes(std::max<int64_t>(bytes, 1)) {
    int64_t page = sysconf(_SC_PAGESIZE), used = llvm::alignTo(this->bytes, page);
    mapped = used + page;
    void *memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      llvm::report_bad_alloc_error("kernel buffer");
    mapping = static_cast<char *>(memory);
    mprotect(mapping + used, page, PROT_NONE);
    start = mapping + (used - this->bytes) / 64 * 64;
  }
  EdgeMemory(const EdgeMemory &) = delete;
  ~EdgeMemory() { munmap(mapping, mapped); }

  char *data() const { return start; }
  void fill(int byte) { std::memset(start, byte, bytes); }

private:
  char *mapping, *start;
  int64_t bytes, mapped;
};

/// A kernel that takes longer hangs: those of large networks take tens of milliseconds.
constexpr unsigned kKernelSeconds = 10;

sigjmp_buf returnPoint;

void jumpBack(int signal) { siglongjmp(returnPoint, signal); }

/// Runs `body`. Returns the signal that ended it, SIGALRM if it took too long, or 0.
int runGuarded(llvm::function_ref<void()> body) {
  constexpr int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGALRM};
  struct sigaction action = {}, before[std::size(signals)];
  action.sa_handler = jumpBack;
  action.sa_flags = SA_NODEFER;
  for (size_t i = 0; i < std::size(signals); ++i)
    sigaction(signals[i], &action, &before[i]);
  int signal = sigsetjmp(returnPoint, 1);
  if (signal == 0) {
    alarm(kKernelSeconds);
    body();
  }
  alarm(0);
  for (size_t i = 0; i < std::size(signals); ++i)
    sigaction(signals[i], &before[i], nullptr);
  return signal;
}

int64_t bytesOf(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t last = 0;
  (void)type.getStridesAndOffset(strides, last);
  for (auto [stride, size] : llvm::zip(strides, type.getShape()))
    last += stride * (size - 1);
  return type.getNumElements() == 0 ? 0 : (last + 1) * elementBytes(type.getElementType());
}

std::pair<Value, int64_t> placeOf(Value v) {
  auto view = v.getDefiningOp<tn::ViewOp>();
  return view ? std::pair(Value(view.getBase()), static_cast<int64_t>(view.getOffset())) : std::pair(v, int64_t(0));
}

/// One run of a kernel on memory of its own.
class Run {
public:
  Run(const codegen::LoadedKernel &kernel, llvm::ArrayRef<Content> inputs, int poison, bool asPlanned)
      : kernel(kernel), op(kernel.op), inputs(inputs), scratch(llvm::alignTo(kernel.scratchBytes, 64)) {
    for (Value input : op.getInputs())
      buffers.push_back(allocate(input, poison));
    for (Value output : op.getOutputs()) {
      void *shared = nullptr;
      for (auto [i, input] : llvm::enumerate(op.getInputs()))
        if (asPlanned && placeOf(input) == placeOf(output)) {
          shared = buffers[i];
          overwritten.insert(i);
        }
      buffers.push_back(shared ? shared : allocate(output, poison));
    }
    for (auto [i, input] : llvm::enumerate(op.getInputs()))
      writeBuffer(inputs[i].tensor, cast<MemRefType>(input.getType()), static_cast<char *>(buffers[i]));
  }

  /// Returns the signal that ended it, or 0.
  int execute(int64_t pieces) {
    return runGuarded([&] {
      for (int64_t i = pieces - 1; i >= 0; --i) {
        int64_t begin = kernel.extent * i / pieces, end = kernel.extent * (i + 1) / pieces;
        if (kernel.scratchBytes > 0)
          scratch.fill(0xff);
        if (begin < end)
          kernel.code(buffers.data(), begin, end, scratch.data());
      }
    });
  }

  std::vector<Tensor> results() {
    std::vector<Tensor> list;
    for (auto [o, output] : llvm::enumerate(op.getOutputs()))
      list.push_back(readBuffer(cast<MemRefType>(output.getType()),
                                static_cast<const char *>(buffers[op.getInputs().size() + o])));
    return list;
  }

  bool changedInput() {
    for (auto [i, input] : llvm::enumerate(op.getInputs())) {
      if (overwritten.contains(i))
        continue;
      Tensor now = readBuffer(cast<MemRefType>(input.getType()), static_cast<const char *>(buffers[i]));
      if (std::memcmp(now.getData(), inputs[i].tensor.getData(), now.getNumBytes()) != 0)
        return true;
    }
    return false;
  }

private:
  void *allocate(Value v, int poison) {
    memories.push_back(std::make_unique<EdgeMemory>(bytesOf(cast<MemRefType>(v.getType()))));
    memories.back()->fill(poison);
    return memories.back()->data();
  }

  const codegen::LoadedKernel &kernel;
  tn::KernelOp op;
  llvm::ArrayRef<Content> inputs;
  EdgeMemory scratch;
  std::vector<std::unique_ptr<EdgeMemory>> memories;
  SmallVector<void *> buffers;
  llvm::DenseSet<unsigned> overwritten;
};

bool sameBits(const std::vector<Tensor> &a, const std::vector<Tensor> &b) {
  for (auto [x, y] : llvm::zip(a, b))
    if (std::memcmp(x.getData(), y.getData(), x.getNumBytes()) != 0)
      return false;
  return true;
}

} // namespace

NativeResult runNative(const codegen::LoadedKernel &kernel, llvm::ArrayRef<Content> inputs, bool asPlanned) {
  NativeResult result;
  Run whole(kernel, inputs, 0xff, asPlanned);
  int signal = whole.execute(1);
  result.results = whole.results();
  result.hangs = signal == SIGALRM;
  result.touchedOutside = signal != 0 && !result.hangs;
  if (signal != 0)
    return result;
  result.changedInput = whole.changedInput();
  // Other first contents in all that is not an input: who reads them, or leaves them, gives other results.
  Run other(kernel, inputs, 0x3c, asPlanned);
  result.touchedOutside = other.execute(1) != 0;
  result.wroteEverything = sameBits(result.results, other.results());
  Run pieces(kernel, inputs, 0xff, asPlanned);
  result.touchedOutside |= pieces.execute(3) != 0;
  result.deterministic = sameBits(result.results, pieces.results());
  return result;
}

llvm::Expected<NativeKernels> NativeKernels::load(ModuleOp module, const Target &target) {
  codegen::Program program = codegen::collectProgram(module, "model");
  SmallVector<tn::KernelOp> distinct;
  for (const codegen::Program::Kernel &kernel : program.kernels)
    distinct.push_back(kernel.op);
  auto loaded = codegen::LoadedKernels::load(distinct, target);
  if (!loaded)
    return loaded.takeError();
  std::vector<unsigned> of;
  for (const codegen::Program::Step &step : program.steps)
    of.push_back(step.kernel);
  auto main = module.lookupSymbol<func::FuncOp>("main");
  std::vector<tn::KernelOp> ops(main.getOps<tn::KernelOp>().begin(), main.getOps<tn::KernelOp>().end());
  return NativeKernels(std::move(*loaded), std::move(of), std::move(ops));
}

codegen::LoadedKernel NativeKernels::get(size_t n) const {
  codegen::LoadedKernel kernel = loaded.list()[of[n]];
  kernel.op = ops[n];
  return kernel;
}

/// Puts the operations of nested kernels in their places.
static void flatten(tn::KernelOp kernel) {
  for (tn::KernelOp nested : llvm::to_vector(kernel.getBlock()->getOps<tn::KernelOp>())) {
    OpBuilder b(nested);
    IRMapping mapping;
    mapping.map(nested.getBlock()->getArguments(), nested.getInputs());
    for (Operation &op : nested.getBlock()->without_terminator())
      b.clone(op, mapping);
    for (auto [result, value] : llvm::zip(nested.getResults(), nested.getYield().getValues()))
      result.replaceAllUsesWith(mapping.lookup(value));
    nested.erase();
  }
}

tn::KernelOp makeNaive(tn::KernelOp kernel, const Target &target) {
  const KernelModel &model = codegen::elementwiseTemplate();
  auto copy = cast<tn::KernelOp>(OpBuilder(kernel->getContext()).clone(*kernel));
  flatten(copy);
  copy.setTemplateName(model.getName());
  if (!model.match(copy)) {
    copy.erase();
    return nullptr;
  }
  Builder b(kernel.getContext());
  copy.setScheduleAttr(b.getDictionaryAttr(b.getNamedAttr(target.name, model.schedule(copy, target))));
  return copy;
}

} // namespace tenon::debug

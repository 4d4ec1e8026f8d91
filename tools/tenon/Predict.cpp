#include "tools/tenon/Predict.h"
#include <map>

using namespace mlir;

namespace tenon::cli {

namespace {

double bytesOf(Type type) {
  auto shaped = cast<ShapedType>(type);
  return static_cast<double>(product(shaped.getShape()) * elementBytes(shaped.getElementType()));
}

/// Bytes of an operand that the kernel touches: of a table or a tensor that is only read in part, the part.
double touchedBytes(tn::KernelOp kernel, unsigned operand) {
  double all = bytesOf(kernel->getOperand(operand).getType()), parts = 0;
  if (operand >= kernel.getInputs().size())
    return all;
  for (OpOperand &use : kernel.getBlock()->getArgument(operand).getUses()) {
    if (!isa<tn::SliceOp, tn::GatherOp, tn::GatherElementsOp, tn::GatherNdOp>(use.getOwner()) ||
        use.getOperandNumber() != 0)
      return all;
    parts += bytesOf(use.getOwner()->getResult(0).getType());
  }
  return std::min(all, parts);
}

/// Seconds that the instructions take if nothing waits. As many vectors are multiplied and added in a cycle as are
/// loaded, and twice as many instructions of any kind are executed: so it is on Intel's and AMD's processors.
double arithmeticSeconds(const codegen::KernelWork &work, double vectorsPerSecond) {
  return std::max({work.arithmetic, work.memory, (work.arithmetic + work.memory + work.other) / 2}) / vectorsPerSecond;
}

/// Keeps account of how much other memory was touched since some memory was.
class Reuse {
public:
  explicit Reuse(double footprint) : footprint(footprint) {}

  /// Bytes in between; all that the program touches if it is the first time.
  double distance(const codegen::Program::Buffer &buffer) {
    auto it = last.find(key(buffer));
    return it == last.end() ? footprint : std::min(footprint, touched - it->second);
  }
  void touch(const codegen::Program::Buffer &buffer, double bytes) {
    touched += bytes;
    last[key(buffer)] = touched;
  }

private:
  using Key = std::tuple<int, int64_t, unsigned>;
  static Key key(const codegen::Program::Buffer &buffer) { return {buffer.kind, buffer.offset, buffer.index}; }

  double footprint, touched = 0;
  std::map<Key, double> last;
};

} // namespace

FailureOr<std::vector<Prediction>> predictSteps(const codegen::Program &program, const Target &target,
                                                const Roofline &roofline, const ReuseBandwidth &reuse) {
  double vectorsPerSecond = roofline.flops / static_cast<double>(2 * target.floatLanes());
  std::vector<double> arithmetic;
  for (const codegen::Program::Kernel &kernel : program.kernels) {
    FailureOr<codegen::KernelWork> work = codegen::countWork(kernel.op, target);
    if (failed(work))
      return failure();
    arithmetic.push_back(arithmeticSeconds(*work, vectorsPerSecond));
  }
  std::vector<Prediction> steps(program.steps.size());
  Reuse memory(static_cast<double>(program.arenaBytes + program.weightBytes));
  // The second round is the steady state.
  for (int round = 0; round < 2; ++round)
    for (auto [step, prediction] : llvm::zip(program.steps, steps)) {
      prediction = {arithmetic[step.kernel], 0};
      tn::KernelOp kernel = program.kernels[step.kernel].op;
      for (auto [i, buffer] : llvm::enumerate(step.buffers))
        prediction.transfer += touchedBytes(kernel, i) / reuse.at(memory.distance(buffer));
      for (auto [i, buffer] : llvm::enumerate(step.buffers))
        memory.touch(buffer, touchedBytes(kernel, i));
    }
  return steps;
}

} // namespace tenon::cli

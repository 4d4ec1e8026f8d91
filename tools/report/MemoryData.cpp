#include "tools/report/MemoryData.h"
#include "codegen/cpu/Program.h"
#include "ir/Dialect.h"
#include "ir/Overlap.h"

using namespace mlir;

namespace tenon::report {

namespace {

/// Where in the arena an operand lies; empty for what lies elsewhere.
std::pair<int64_t, int64_t> placeOf(Value operand) {
  int64_t offset = 0;
  Value base = operand;
  while (auto view = base.getDefiningOp<tn::ViewOp>()) {
    offset += view.getOffset();
    base = view.getBase();
  }
  auto argument = dyn_cast<BlockArgument>(base);
  if (!argument || argument.getArgNumber() != 0)
    return {0, 0};
  auto type = cast<MemRefType>(operand.getType());
  SmallVector<int64_t> strides;
  int64_t ignored = 0, last = 0;
  (void)type.getStridesAndOffset(strides, ignored);
  for (auto [stride, size] : llvm::zip(strides, type.getShape()))
    last += stride * (size - 1);
  bool empty = type.getNumElements() == 0;
  return {offset, empty ? offset : offset + (last + 1) * static_cast<int64_t>(elementBytes(type.getElementType()))};
}

/// Buffers that hold something. They have no byte in common; parts of a tensor may lie between each other's rows.
class Alive {
public:
  explicit Alive(std::vector<ArenaBuffer> &buffers) : buffers(buffers) {}

  void read(Value operand, unsigned step) {
    for (size_t buffer : overlapping(operand))
      buffers[buffer].last = step;
  }
  void write(Value operand, unsigned step, Location loc) {
    auto [begin, end] = placeOf(operand);
    if (begin == end)
      return;
    for (size_t buffer : overlapping(operand)) {
      ArenaBuffer &old = buffers[buffer];
      llvm::erase(alive, buffer);
      if (old.last == step && old.first < step)
        old.last = step - 1;
    }
    alive.push_back(buffers.size());
    buffers.push_back({begin, end, step, step, operand.getType(), loc});
  }

private:
  std::vector<size_t> overlapping(Value operand) const {
    std::vector<size_t> result;
    auto [begin, end] = placeOf(operand);
    if (begin != end)
      for (size_t buffer : alive)
        if (shareBytes(cast<MemRefType>(operand.getType()), begin, cast<MemRefType>(buffers[buffer].type),
                       buffers[buffer].begin))
          result.push_back(buffer);
    return result;
  }

  std::vector<ArenaBuffer> &buffers;
  std::vector<size_t> alive;
};

bool isPlanned(func::FuncOp main) { return main && main->hasAttr("tn.arena_bytes"); }

} // namespace

std::vector<ArenaBuffer> findBuffers(ModuleOp planned) {
  std::vector<ArenaBuffer> buffers;
  auto main = planned ? planned.lookupSymbol<func::FuncOp>("main") : nullptr;
  if (!isPlanned(main))
    return buffers;
  Alive alive(buffers);
  for (auto [step, kernel] : llvm::enumerate(main.getOps<tn::KernelOp>())) {
    for (Value input : kernel.getInputs())
      alive.read(input, step);
    for (Value output : kernel.getOutputs())
      alive.write(output, step, kernel.getLoc());
  }
  return buffers;
}

void writeMemory(llvm::json::OStream &out, ModuleOp planned, Names &names) {
  auto main = planned ? planned.lookupSymbol<func::FuncOp>("main") : nullptr;
  if (!isPlanned(main))
    return;
  auto size = [&](llvm::StringRef key) { return main->getAttrOfType<IntegerAttr>(key).getInt(); };
  out.attribute("arena", size("tn.arena_bytes"));
  out.attribute("lower_bound", size("tn.arena_lower_bound"));
  out.attribute("weights", size("tn.weights_bytes"));
  out.attribute("steps", std::distance(main.getOps<tn::KernelOp>().begin(), main.getOps<tn::KernelOp>().end()));
  out.attributeArray("buffers", [&] {
    for (const ArenaBuffer &buffer : findBuffers(planned)) {
      std::vector<unsigned> node = names.numbers(buffer.loc, 1);
      std::string type;
      llvm::raw_string_ostream(type) << buffer.type;
      out.value(llvm::json::Array{buffer.begin, buffer.end, buffer.first, buffer.last,
                                  node.empty() ? -1 : static_cast<int64_t>(node[0]), type});
    }
  });
}

} // namespace tenon::report

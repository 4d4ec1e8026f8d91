//===- PlanCheck.cpp - Whether kernels can do with a plan of memory ------===//
//
// The interpreter reads a kernel's inputs before it writes, and any strides, so that it can't see a plan that expects
// too much of a native kernel.
//
//===----------------------------------------------------------------------===//
#include "ir/Overlap.h"
#include "tools/debug/Analysis.h"
#include <fmt/core.h>

using namespace mlir;

namespace tenon::debug {

namespace {

/// Where in a buffer's base an operand lies.
struct Place {
  Value base;
  MemRefType type;
  int64_t begin = 0;
  bool padded = false; ///< rows lie further apart than they are long

  explicit Place(Value v) : base(v), type(cast<MemRefType>(v.getType())) {
    if (auto view = v.getDefiningOp<tn::ViewOp>()) {
      base = view.getBase();
      begin = view.getOffset();
    }
    SmallVector<int64_t> strides;
    int64_t own = 0;
    (void)type.getStridesAndOffset(strides, own);
    padded = strides != rowMajorStrides(type.getShape());
  }
  bool overlaps(const Place &other) const {
    return base == other.base && shareBytes(type, begin, other.type, other.begin);
  }
  /// Whether elements at the same positions, in row-major order, lie at the same bytes.
  bool operator==(const Place &other) const {
    return base == other.base && begin == other.begin && padded == other.padded &&
           type.getNumElements() * elementBytes(type.getElementType()) ==
               other.type.getNumElements() * elementBytes(other.type.getElementType());
  }
};

std::string findProblem(tn::KernelOp kernel, const KernelModel &model) {
  SmallVector<Place> inputs, outputs;
  for (Value v : kernel.getInputs())
    inputs.emplace_back(v);
  for (Value v : kernel.getOutputs())
    outputs.emplace_back(v);
  for (auto [i, input] : llvm::enumerate(inputs))
    if (input.padded && !model.readsPaddedRows(kernel, i))
      return fmt::format("input {} lies in padded rows, which the template can't read", i);
  for (auto [o, output] : llvm::enumerate(outputs)) {
    if (output.padded && !model.writesPaddedRows(kernel, o))
      return fmt::format("output {} lies in padded rows, which the template can't write", o);
    for (size_t p = 0; p < o; ++p)
      if (output.overlaps(outputs[p]))
        return fmt::format("outputs {} and {} share memory", p, o);
    for (auto [i, input] : llvm::enumerate(inputs))
      if (output.overlaps(input) && !(output == input && model.allowsInPlace(kernel, i, o)))
        return fmt::format("output {} is written over input {}, which is still to be read then", o, i);
  }
  return "";
}

} // namespace

std::string findBrokenPromise(ModuleOp planned, const KernelLibrary &library) {
  auto main = planned.lookupSymbol<func::FuncOp>("main");
  if (!main || !main->hasAttr("tn.arena_bytes"))
    return "";
  for (auto [n, kernel] : llvm::enumerate(main.getOps<tn::KernelOp>())) {
    const KernelModel *model = library.find(kernel.getTemplateName().value_or(""));
    std::string problem = model ? findProblem(kernel, *model) : "no such template";
    if (!problem.empty())
      return fmt::format("kernel {}: {}", n, problem);
  }
  return "";
}

} // namespace tenon::debug

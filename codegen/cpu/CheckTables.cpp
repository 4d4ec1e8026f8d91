#include "codegen/cpu/CheckTables.h"

using namespace mlir;

namespace tenon::codegen {

namespace {

MemRefType typeOf(const Program &program, const Program::Step &step, size_t i) {
  return cast<MemRefType>(tn::KernelOp(program.kernels[step.kernel].op)->getOperand(i).getType());
}

SmallVector<int64_t> stridesOf(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  (void)type.getStridesAndOffset(strides, offset);
  return strides;
}

/// Bytes from the first element to behind the last.
int64_t spanOf(MemRefType type) {
  int64_t last = 0;
  for (auto [size, stride] : llvm::zip(type.getShape(), stridesOf(type)))
    last += (size - 1) * stride;
  return type.getNumElements() == 0 ? 0 : (last + 1) * elementBytes(type.getElementType());
}

size_t inputsOf(const Program &program, const Program::Step &step) {
  return tn::KernelOp(program.kernels[step.kernel].op).getInputs().size();
}

uint32_t kindOf(const llvm::APFloat &value) {
  return value.isNaN() ? TN_CHECK_SAW_NAN : value.isInfinity() ? TN_CHECK_SAW_INFINITY : 0;
}

/// What a kernel's own constants and parameters bring in.
uint32_t kindsOfConstants(tn::KernelOp kernel) {
  uint32_t seen = 0;
  kernel.getBlock()->walk([&](Operation *op) {
    for (NamedAttribute attribute : op->getAttrs()) {
      if (auto number = dyn_cast<FloatAttr>(attribute.getValue()))
        seen |= kindOf(number.getValue());
      auto elements = dyn_cast<DenseFPElementsAttr>(attribute.getValue());
      if (!elements)
        continue;
      for (const llvm::APFloat &value : elements) {
        seen |= kindOf(value);
        if (elements.isSplat())
          break;
      }
    }
  });
  return seen;
}

} // namespace

tn_check_format checkFormat(Type type) {
  auto floating = dyn_cast<FloatType>(type);
  if (!floating)
    return {};
  const llvm::fltSemantics &semantics = floating.getFloatSemantics();
  auto bits = [](const llvm::APFloat &value) { return value.bitcastToAPInt().getZExtValue(); };
  uint64_t all = llvm::maskTrailingOnes<uint64_t>(floating.getWidth());
  uint64_t sign = uint64_t(1) << (floating.getWidth() - 1);
  if (!llvm::APFloat::semanticsHasNaN(semantics))
    return {};
  // Formats without negative zero keep their one NaN in its place; that of unsigned ones are all bits.
  uint64_t nan = bits(llvm::APFloat::getNaN(semantics));
  if (nan == sign || nan == all)
    return {all, UINT64_MAX, nan, nan};
  if (!llvm::APFloat::semanticsHasInf(semantics))
    return {all & ~sign, UINT64_MAX, nan & ~sign, all & ~sign};
  uint64_t infinity = bits(llvm::APFloat::getInf(semantics));
  return {all & ~sign, infinity, infinity + 1, all & ~sign};
}

/// A region is needed until it is read for the last time before something else is written there.
CheckTables::CheckTables(ConstantTables &tables, const Program &program) : tables(tables), program(program) {
  if (program.guardBytes == 0)
    return;
  auto overlap = [](const Region &a, const Region &b) { return a.begin < b.end && b.begin < a.end; };
  for (auto [s, step] : llvm::enumerate(program.steps))
    for (size_t o = inputsOf(program, step); o < step.buffers.size(); ++o) {
      Region region = regionOf(step, o);
      if (region.begin == region.end)
        continue;
      region.written = region.needed = s;
      bool overwritten = false;
      for (size_t later = s + 1; later < program.steps.size() && !overwritten; ++later) {
        const Program::Step &reader = program.steps[later];
        for (size_t i = 0; i < reader.buffers.size(); ++i) {
          bool touches = overlap(regionOf(reader, i), region), writes = i >= inputsOf(program, reader);
          if (touches && !writes)
            region.needed = later;
          overwritten |= touches && writes;
        }
        // From then on it is another region with the same bands.
        if (overwritten && region.needed == later)
          region.needed = later - 1;
      }
      regions.push_back(region);
    }
}

CheckTables::Region CheckTables::regionOf(const Program::Step &step, size_t i) const {
  const Program::Buffer &buffer = step.buffers[i];
  if (buffer.kind != Program::Buffer::Arena)
    return {};
  return {buffer.offset, buffer.offset + spanOf(typeOf(program, step, i))};
}

bool CheckTables::sharesMemory(const Program::Step &step, size_t i, size_t j) const {
  const Program::Buffer &a = step.buffers[i], &b = step.buffers[j];
  return a.kind == b.kind && a.index == b.index && a.offset < b.offset + spanOf(typeOf(program, step, j)) &&
         b.offset < a.offset + spanOf(typeOf(program, step, i));
}

llvm::Constant *CheckTables::buffer(const Program::Step &step, size_t i) {
  MemRefType type = typeOf(program, step, i);
  size_t inputs = inputsOf(program, step);
  bool isInput = i < inputs, shared = false;
  for (size_t j = isInput ? inputs : 0; j < (isInput ? step.buffers.size() : inputs); ++j)
    shared |= sharesMemory(step, i, j);
  uint32_t flags = isInput && shared ? TN_CHECK_OVERWRITTEN : 0;
  if (!isInput && !shared && step.buffers[i].kind == Program::Buffer::Arena)
    flags = TN_CHECK_FRESH;
  // The memory of empty tensors is not looked at.
  SmallVector<int64_t> strides = stridesOf(type);
  tn_check_format format = type.getNumElements() == 0 ? tn_check_format() : checkFormat(type.getElementType());
  llvm::Constant *formatFields = tables.structure({tables.i64(format.magnitude), tables.i64(format.infinity),
                                                   tables.i64(format.nan_low), tables.i64(format.nan_high)},
                                                  sizeof(tn_check_format));
  return tables.structure({tables.i32(elementBytes(type.getElementType())), tables.i32(type.getRank()),
                           tables.i32(flags), tables.i32(0), tables.i64(spanOf(type)),
                           tables.numbers(type.getShape(), "dims"), tables.numbers(strides, "strides"), formatFields},
                          sizeof(tn_check_buffer));
}

llvm::Constant *CheckTables::regionsAfter(size_t s, size_t &count) {
  SmallVector<llvm::Constant *> list;
  for (const Region &region : regions)
    if (region.written <= s && s <= region.needed)
      list.push_back(tables.structure({tables.i64(region.begin), tables.i64(region.end - region.begin),
                                       tables.string(program.steps[region.written].sources)},
                                      sizeof(tn_check_region)));
  count = list.size();
  return tables.array(list, "check_regions");
}

llvm::Constant *CheckTables::step(size_t s) {
  const Program::Step &step = program.steps[s];
  const Program::Kernel &kernel = program.kernels[step.kernel];
  SmallVector<llvm::Constant *> buffers;
  for (size_t i = 0; i < step.buffers.size(); ++i)
    buffers.push_back(buffer(step, i));
  size_t count = 0;
  llvm::Constant *regionList = regionsAfter(s, count);
  uint32_t kinds = program.checkValues ? TN_CHECK_SAW_NAN | TN_CHECK_SAW_INFINITY : 0;
  return tables.global(
      tables.structure({tables.string(kernel.name), tables.string(step.sources), tables.i32(s),
                        tables.i32(inputsOf(program, step)), tables.i32(buffers.size()), tables.i32(count),
                        tables.i32(kinds), tables.i32(kindsOfConstants(kernel.op)), tables.i64(program.guardBytes),
                        tables.array(buffers, "check_buffers"), regionList},
                       sizeof(tn_check_step)),
      "check_step");
}

} // namespace tenon::codegen

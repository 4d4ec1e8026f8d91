#include "tools/debug/Evaluator.h"
#include "ir/Constant.h"
#include "ir/Interpreter.h"
#include "tools/debug/Tolerance.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"
#include <cmath>
#include <cstring>

using namespace mlir;

namespace tenon::debug {

static uint64_t combine(uint64_t hash, uint64_t part) {
  uint64_t both[] = {hash, part};
  return llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(both), sizeof both));
}

/// Types and attributes are unique in their context.
template <typename T> static uint64_t addressOf(T unique) {
  return reinterpret_cast<uintptr_t>(unique.getAsOpaquePointer());
}

Content contentOf(const Tensor &tensor) {
  llvm::ArrayRef<uint8_t> bytes(reinterpret_cast<const uint8_t *>(tensor.getData()), tensor.getNumBytes());
  return {tensor, combine(llvm::xxh3_64bits(bytes), addressOf(Type(tensor.getType()))), isFinite(tensor)};
}

static void collectNames(Location loc, llvm::SetVector<StringRef> &names) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    names.insert(name.getName().getValue());
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      collectNames(part, names);
  }
}

std::string sourcesOf(Location loc) {
  llvm::SetVector<StringRef> names;
  collectNames(loc, names);
  return llvm::join(names, "\n");
}

void Evaluator::nextProgram() {
  ++program;
  notFinite.reset();
  SmallVector<uint64_t> old;
  for (auto &[key, entry] : entries)
    if (entry.used + 2 < program)
      old.push_back(key);
  for (uint64_t key : old)
    entries.erase(key);
}

Content Evaluator::constant(tn::ConstantOp op) {
  Content &content = constants[op.getValue()];
  if (!content.tensor.isValid() || content.tensor.getType() != op.getType())
    if (std::optional<Tensor> value = tn::constantValue(op.getResult()))
      content = contentOf(*value);
  return content;
}

/// Moves a result by what its operation may be wrong by. The same in every process: by no address.
void Evaluator::disturb(Operation *op, Tensor &tensor) {
  if (noise == 0)
    return;
  llvm::StringRef name = op->getName().getStringRef();
  llvm::ArrayRef<uint8_t> bytes(reinterpret_cast<const uint8_t *>(tensor.getData()), tensor.getNumBytes());
  addNoise(op, tensor, combine(noise, combine(llvm::xxh3_64bits(name), llvm::xxh3_64bits(bytes))));
}

void Evaluator::note(Operation *op, llvm::ArrayRef<Content> inputs, const Content &result) {
  if (notFinite || result.finite || !llvm::all_of(inputs, [](const Content &c) { return c.finite; }))
    return;
  int64_t at = 0;
  while (std::isfinite(result.tensor.get(at).f))
    ++at;
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "element " << at << " is " << result.tensor.get(at).f;
  for (auto [i, input] : llvm::enumerate(inputs))
    if (input.tensor.getNumElements() == result.tensor.getNumElements() || input.tensor.getNumElements() == 1) {
      Scalar value = input.tensor.get(input.tensor.getNumElements() == 1 ? 0 : at);
      stream << ", operand " << i << " there is ";
      isa<FloatType>(input.tensor.getElementType()) ? stream << value.f : stream << value.i;
    }
  notFinite = NotFinite{describe(op), sourcesOf(op->getLoc()), text};
}

LogicalResult Evaluator::evaluate(Operation *op, Values &values) {
  auto reference = dyn_cast<tn::ReferenceOpInterface>(op);
  if (!reference)
    return op->emitError("has no reference semantics");
  uint64_t key = combine(addressOf(op->getName()), addressOf(Attribute(op->getAttrDictionary())));
  SmallVector<Content> operands;
  for (Value operand : op->getOperands()) {
    operands.push_back(values.lookup(operand));
    if (!operands.back().tensor.isValid())
      return op->emitError("reads a value that was not computed");
    key = combine(key, operands.back().id);
  }
  for (Type type : op->getResultTypes())
    key = combine(key, addressOf(type));
  Entry &entry = entries[key];
  entry.used = program;
  if (entry.results.empty()) {
    ++computed;
    SmallVector<Tensor> inputs, outputs;
    for (const Content &operand : operands)
      inputs.push_back(operand.tensor);
    for (Type type : op->getResultTypes())
      outputs.emplace_back(cast<RankedTensorType>(type));
    if (failed(reference.evaluate(inputs, outputs)))
      return op->emitError("cannot be evaluated");
    for (Tensor &output : outputs) {
      disturb(op, output);
      entry.results.push_back(contentOf(output));
    }
  } else {
    ++known;
  }
  for (auto [value, result] : llvm::zip(op->getResults(), entry.results)) {
    note(op, operands, result);
    values[value] = result;
  }
  return success();
}

LogicalResult Evaluator::runBlock(Block &block, Values &values, std::vector<Content> &results) {
  DenseMap<Value, unsigned> usesLeft;
  auto release = [&](Value v) {
    auto [it, isNew] = usesLeft.try_emplace(v, 0);
    if (isNew)
      it->second = std::distance(v.use_begin(), v.use_end());
    if (--it->second == 0)
      values.erase(v);
  };
  for (Operation &op : block.without_terminator()) {
    if (auto constantOp = dyn_cast<tn::ConstantOp>(op)) {
      Content content = constant(constantOp);
      if (!content.tensor.isValid())
        return op.emitError("the bytes of this constant are not in the weight store");
      values[constantOp.getResult()] = content;
      continue;
    }
    if (auto kernel = dyn_cast<tn::KernelOp>(op)) {
      SmallVector<Content> inputs;
      for (Value input : kernel.getInputs())
        inputs.push_back(values.lookup(input));
      std::vector<Content> made;
      if (failed(runKernel(kernel, inputs, made)))
        return failure();
      for (auto [value, result] : llvm::zip(kernel.getResults(), made))
        values[value] = result;
    } else if (failed(evaluate(&op, values))) {
      return failure();
    }
    for (Value operand : op.getOperands())
      release(operand);
  }
  for (Value v : block.getTerminator()->getOperands())
    results.push_back(values.lookup(v));
  return success();
}

LogicalResult Evaluator::runKernel(tn::KernelOp kernel, llvm::ArrayRef<Content> inputs, std::vector<Content> &results) {
  Values values;
  for (auto [argument, input] : llvm::zip(kernel.getBlock()->getArguments(), inputs)) {
    Content content = input;
    if (content.tensor.isValid() && content.tensor.getType() != argument.getType())
      content = contentOf(content.tensor.withType(cast<RankedTensorType>(argument.getType())));
    values[argument] = content;
  }
  return runBlock(*kernel.getBlock(), values, results);
}

LogicalResult Evaluator::runTensors(func::FuncOp main, llvm::ArrayRef<Tensor> inputs, std::vector<Content> &results) {
  if (main.getNumArguments() != inputs.size())
    return main.emitError("takes ") << main.getNumArguments() << " arguments, " << inputs.size() << " given";
  Values values;
  for (auto [argument, input] : llvm::zip(main.getArguments(), inputs)) {
    if (input.getType() != argument.getType())
      return main.emitError("argument is ") << argument.getType() << ", " << input.getType() << " given";
    values[argument] = contentOf(input);
  }
  return runBlock(main.getBody().front(), values, results);
}

//===----------------------------------------------------------------------===//
// Buffer form
//===----------------------------------------------------------------------===//

namespace {
/// The memory of a planned program.
class Memory {
public:
  void bind(Value v, const Tensor &tensor) {
    regions[v] = {const_cast<char *>(tensor.getData()), tensor.getNumBytes()};
  }
  /// Address of a view; null if a view lies outside of its base.
  char *addressOf(Value v) const {
    auto view = v.getDefiningOp<tn::ViewOp>();
    Region region = regions.lookup(view ? view.getBase() : v);
    int64_t offset = view ? view.getOffset() : 0;
    auto type = cast<MemRefType>(v.getType());
    SmallVector<int64_t> strides;
    int64_t own = 0;
    if (!region.data || failed(type.getStridesAndOffset(strides, own)))
      return nullptr;
    int64_t last = own;
    for (auto [stride, size] : llvm::zip(strides, type.getShape()))
      last += stride * (size - 1);
    int64_t end = type.getNumElements() == 0 ? offset : offset + (last + 1) * elementBytes(type.getElementType());
    return offset < 0 || end > region.bytes ? nullptr : region.data + offset;
  }

private:
  struct Region {
    char *data = nullptr;
    int64_t bytes = 0;
  };
  DenseMap<Value, Region> regions;
};
} // namespace

static Tensor poisoned(RankedTensorType type) {
  Tensor tensor(type);
  std::memset(tensor.getMutableData(), 0xff, tensor.getNumBytes());
  return tensor;
}

LogicalResult Evaluator::runBuffers(ModuleOp module, llvm::ArrayRef<Tensor> inputs, std::vector<Tensor> &outputs) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  auto weights = module.lookupSymbol<func::FuncOp>("weights");
  auto arenaBytes = main->getAttrOfType<IntegerAttr>("tn.arena_bytes");
  auto weightBytes = main->getAttrOfType<IntegerAttr>("tn.weights_bytes");
  if (!weights || !arenaBytes || !weightBytes || main.getNumArguments() < inputs.size() + 2)
    return main.emitError("is not a planned program");
  Builder b(module.getContext());
  Tensor arena = poisoned(RankedTensorType::get({arenaBytes.getInt()}, b.getI8Type()));
  Tensor block = poisoned(RankedTensorType::get({weightBytes.getInt()}, b.getI8Type()));
  std::vector<Content> constantsOfBlock;
  if (failed(runTensors(weights, {}, constantsOfBlock)))
    return failure();
  auto offsets = weights->getAttrOfType<DenseI64ArrayAttr>("tn.offsets");
  for (auto [content, offset] : llvm::zip(constantsOfBlock, offsets.asArrayRef())) {
    if (offset < 0 || offset + content.tensor.getNumBytes() > block.getNumBytes())
      return weights.emitError("a constant lies outside of the weight block");
    std::memcpy(block.getMutableData() + offset, content.tensor.getData(), content.tensor.getNumBytes());
  }
  constantsOfBlock.clear();
  Memory memory;
  memory.bind(main.getArgument(0), arena);
  memory.bind(main.getArgument(1), block);
  for (auto [i, argument] : llvm::enumerate(main.getArguments().drop_front(2))) {
    auto type = cast<MemRefType>(argument.getType());
    if (i < inputs.size()) {
      memory.bind(argument, inputs[i]);
      continue;
    }
    outputs.push_back(poisoned(RankedTensorType::get(type.getShape(), type.getElementType())));
    memory.bind(argument, outputs.back());
  }
  for (tn::KernelOp kernel : main.getOps<tn::KernelOp>()) {
    SmallVector<Content> operands;
    std::vector<Content> results;
    for (Value v : kernel->getOperands())
      if (!memory.addressOf(v))
        return kernel.emitError("an operand lies outside of its buffer");
    for (Value input : kernel.getInputs())
      operands.push_back(contentOf(readBuffer(cast<MemRefType>(input.getType()), memory.addressOf(input))));
    if (failed(runKernel(kernel, operands, results)))
      return failure();
    if (onKernel && !onKernel({kernel, operands, results}))
      return failure();
    for (auto [output, result] : llvm::zip(kernel.getOutputs(), results))
      writeBuffer(result.tensor, cast<MemRefType>(output.getType()), memory.addressOf(output));
  }
  return success();
}

LogicalResult Evaluator::run(ModuleOp module, llvm::ArrayRef<Tensor> inputs, std::vector<Tensor> &outputs) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return module.emitError("has no function @main");
  notFinite.reset();
  if (main->hasAttr("tn.arena_bytes"))
    return runBuffers(module, inputs, outputs);
  std::vector<Content> results;
  if (failed(runTensors(main, inputs, results)))
    return failure();
  for (Content &result : results)
    outputs.push_back(result.tensor);
  return success();
}

} // namespace tenon::debug

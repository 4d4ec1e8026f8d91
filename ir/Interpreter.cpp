#include "ir/Interpreter.h"
#include "ir/Constant.h"
#include "ir/Dialect.h"
#include "ir/ops/Indexing.h"
#include <algorithm>
#include <cstring>

using namespace mlir;
using namespace tenon;
using namespace tenon::tn;

namespace {

/// Strides in elements, the offset and the element size of a buffer.
struct Layout {
  explicit Layout(MemRefType type) : bytes(elementBytes(type.getElementType())) {
    isKnown = succeeded(type.getStridesAndOffset(strides, offset));
    contiguous = isKnown && offset == 0 && (strides == rowMajorStrides(type.getShape()) || type.getNumElements() <= 1);
  }
  SmallVector<int64_t> strides;
  int64_t offset = 0, bytes;
  bool isKnown, contiguous;
};

/// A memref value: where its bytes start.
struct Buffer {
  char *data = nullptr;
  std::shared_ptr<const void> owner;
};

/// One activation of a block: the values that are alive.
class Frame {
public:
  LogicalResult run(Block &block, SmallVectorImpl<Tensor> &results);

  void bind(Value v, Tensor tensor) { tensors[v] = std::move(tensor); }
  void bind(Value v, Buffer buffer) { buffers[v] = std::move(buffer); }

private:
  LogicalResult execute(Operation *op);
  LogicalResult evaluate(ReferenceOpInterface op);
  LogicalResult runKernel(KernelOp kernel);
  void bindView(ViewOp view);
  void release(Operation *op);

  DenseMap<Value, Tensor> tensors;
  DenseMap<Value, Buffer> buffers;
  DenseMap<Value, size_t> usesLeft;
};

} // namespace

LogicalResult Frame::run(Block &block, SmallVectorImpl<Tensor> &results) {
  for (Operation &op : block.without_terminator()) {
    if (failed(execute(&op)))
      return failure();
    release(&op);
  }
  for (Value v : block.getTerminator()->getOperands())
    results.push_back(tensors.lookup(v));
  return success();
}

/// Drops the values whose last use was `op`, and results that nobody uses.
void Frame::release(Operation *op) {
  for (Value operand : op->getOperands()) {
    auto [it, isNew] = usesLeft.try_emplace(operand, 0);
    if (isNew)
      it->second = std::distance(operand.use_begin(), operand.use_end());
    if (--it->second == 0)
      tensors.erase(operand);
  }
  for (Value result : op->getResults())
    if (result.use_empty())
      tensors.erase(result);
}

LogicalResult Frame::execute(Operation *op) {
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    std::optional<Tensor> value = constantValue(constant.getResult());
    if (!value)
      return op->emitError("the bytes of this constant are not in the weight store");
    bind(constant.getResult(), *value);
    return success();
  }
  if (auto view = dyn_cast<ViewOp>(op))
    return bindView(view), success();
  if (auto kernel = dyn_cast<KernelOp>(op))
    return runKernel(kernel);
  if (auto reference = dyn_cast<ReferenceOpInterface>(op))
    return evaluate(reference);
  return op->emitError("has no reference semantics");
}

LogicalResult Frame::evaluate(ReferenceOpInterface op) {
  SmallVector<Tensor> inputs, outputs;
  for (Value operand : op->getOperands())
    inputs.push_back(tensors.lookup(operand));
  for (Type type : op->getResultTypes())
    outputs.emplace_back(cast<RankedTensorType>(type));
  if (failed(op.evaluate(inputs, outputs)))
    return op->emitError("cannot be evaluated");
  for (auto [result, output] : llvm::zip(op->getResults(), outputs))
    bind(result, output);
  return success();
}

void Frame::bindView(ViewOp view) {
  Buffer base = buffers.lookup(view.getBase());
  bind(view.getResult(), Buffer{base.data + view.getOffset(), base.owner});
}

static bool overlaps(const Tensor &tensor, const Buffer &buffer, MemRefType type) {
  Layout layout(type);
  int64_t last = layout.offset;
  for (auto [stride, size] : llvm::zip(layout.strides, type.getShape()))
    last += stride * (size - 1);
  const char *begin = buffer.data + layout.offset * layout.bytes, *end = buffer.data + (last + 1) * layout.bytes;
  return tensor.getData() < end && begin < tensor.getData() + tensor.getNumBytes();
}

static Tensor copyOf(const Tensor &tensor) {
  Tensor copy(tensor.getType());
  std::copy_n(tensor.getData(), tensor.getNumBytes(), copy.getMutableData());
  return copy;
}

LogicalResult Frame::runKernel(KernelOp kernel) {
  Frame inner;
  for (auto [input, argument] : llvm::zip(kernel.getInputs(), kernel.getBlock()->getArguments())) {
    auto type = dyn_cast<MemRefType>(input.getType());
    if (!type) {
      inner.bind(argument, tensors.lookup(input));
      continue;
    }
    Buffer buffer = buffers.lookup(input);
    if (Layout(type).contiguous)
      inner.bind(argument, Tensor(cast<RankedTensorType>(argument.getType()), buffer.data, buffer.owner));
    else
      inner.bind(argument, readBuffer(type, buffer.data));
  }
  SmallVector<Tensor> results;
  if (failed(inner.run(*kernel.getBlock(), results)))
    return failure();
  // A yielded value may share bytes with an input that an output overwrites.
  for (Tensor &result : results)
    for (Value output : kernel.getOutputs())
      if (overlaps(result, buffers.lookup(output), cast<MemRefType>(output.getType()))) {
        result = copyOf(result);
        break;
      }
  for (auto [i, output] : llvm::enumerate(kernel.getOutputs()))
    writeBuffer(results[i], cast<MemRefType>(output.getType()), buffers.lookup(output).data);
  for (auto [i, result] : llvm::enumerate(kernel.getResults()))
    bind(result, results[i]);
  return success();
}

namespace tenon {

Tensor readBuffer(MemRefType type, const char *data) {
  Layout layout(type);
  Tensor tensor(RankedTensorType::get(type.getShape(), type.getElementType()));
  char *to = tensor.getMutableData();
  forEachPosition(type.getShape(), {layout.strides}, [&](ArrayRef<int64_t> p) {
    std::memcpy(to, data + (layout.offset + p[0]) * layout.bytes, layout.bytes);
    to += layout.bytes;
  });
  return tensor;
}

void writeBuffer(const Tensor &tensor, MemRefType type, char *data) {
  Layout layout(type);
  const char *from = tensor.getData();
  forEachPosition(type.getShape(), {layout.strides}, [&](ArrayRef<int64_t> p) {
    std::memcpy(data + (layout.offset + p[0]) * layout.bytes, from, layout.bytes);
    from += layout.bytes;
  });
}

LogicalResult interpret(func::FuncOp function, ArrayRef<Tensor> arguments, SmallVectorImpl<Tensor> &results) {
  if (function.isExternal() || function.getNumArguments() != arguments.size())
    return function.emitError("takes ") << function.getNumArguments() << " arguments, " << arguments.size() << " given";
  Frame frame;
  for (auto [value, tensor] : llvm::zip(function.getArguments(), arguments)) {
    if (isa<BaseMemRefType>(value.getType())) {
      frame.bind(value, Buffer{const_cast<char *>(tensor.getData()), tensor.getOwner()});
      continue;
    }
    if (tensor.getType() != value.getType())
      return function.emitError("argument ")
             << value.getArgNumber() << " is " << value.getType() << ", " << tensor.getType() << " given";
    frame.bind(value, tensor);
  }
  return frame.run(function.getBody().front(), results);
}

} // namespace tenon

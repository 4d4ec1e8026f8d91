#include "tools/compiler/Weights.h"
#include "ir/Constant.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Threading.h"
#include "runtime/src/Sha256.h"
#include <unistd.h>

using namespace mlir;

namespace tenon {

/// The value of a tree of operations on constants.
static std::optional<Tensor> evaluate(Value v, std::string &message) {
  if (std::optional<Tensor> constant = tn::constantValue(v))
    return constant;
  Operation *op = v.getDefiningOp();
  auto reference = dyn_cast<tn::ReferenceOpInterface>(op);
  if (!reference) {
    message = isa<tn::ConstantOp>(op) ? "the bytes of a weight are missing: they stand in the weight file "
                                        "(.tnw) beside the module's, which has only their name"
                                      : ("cannot evaluate " + op->getName().getStringRef()).str();
    return std::nullopt;
  }
  SmallVector<Tensor> inputs, outputs;
  for (Value operand : op->getOperands()) {
    std::optional<Tensor> input = evaluate(operand, message);
    if (!input)
      return std::nullopt;
    inputs.push_back(*input);
  }
  for (Type type : op->getResultTypes())
    outputs.emplace_back(cast<RankedTensorType>(type));
  if (failed(reference.evaluate(inputs, outputs))) {
    message = ("cannot evaluate " + op->getName().getStringRef()).str();
    return std::nullopt;
  }
  return outputs[cast<OpResult>(v).getResultNumber()];
}

bool streamWeights(ModuleOp module, const WeightSink &sink, std::string &message) {
  auto weights = module.lookupSymbol<func::FuncOp>("weights");
  if (!weights)
    return true;
  auto offsets = weights->getAttrOfType<DenseI64ArrayAttr>("tn.offsets").asArrayRef();
  Operation *terminator = weights.getBody().front().getTerminator();
  std::mutex mutex;
  return succeeded(failableParallelForEachN(module.getContext(), 0, offsets.size(), [&](size_t i) {
    std::string problem;
    std::optional<Tensor> value = evaluate(terminator->getOperand(i), problem);
    if (!value) {
      std::lock_guard<std::mutex> lock(mutex);
      message = problem;
      return failure();
    }
    return success(sink(offsets[i], StringRef(value->getData(), value->getNumBytes())));
  }));
}

bool hashWeightsOf(MLIRContext *context, int descriptor, int64_t offset, int64_t bytes, std::array<uint8_t, 32> &hash) {
  using Digest = uint8_t[::tn::Sha256::kDigestBytes];
  constexpr int64_t piece = ::tn::kHashPieceBytes;
  int64_t pieces = llvm::divideCeil(bytes, piece);
  auto digests = std::make_unique<Digest[]>(pieces);
  // Read and not mapped: the block, just written, would otherwise count as this process's memory.
  LogicalResult done = failableParallelForEachN(context, 0, pieces, [&](size_t i) {
    int64_t at = i * piece, size = std::min(piece, bytes - at);
    auto buffer = std::make_unique<char[]>(size);
    for (int64_t got = 0; got < size;) {
      ssize_t n = pread(descriptor, buffer.get() + got, size - got, offset + at + got);
      if (n <= 0)
        return failure();
      got += n;
    }
    ::tn::hashPiece(buffer.get(), size, digests[i]);
    return success();
  });
  Digest all;
  ::tn::hashPiece(digests.get(), pieces * sizeof(Digest), all);
  std::copy(std::begin(all), std::end(all), hash.begin());
  return succeeded(done);
}

} // namespace tenon

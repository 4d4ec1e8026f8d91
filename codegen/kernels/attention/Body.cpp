#include "codegen/kernels/attention/Body.h"
#include "codegen/common/Epilogue.h"
#include "codegen/kernels/contraction/Problem.h"

using namespace mlir;

namespace tenon::codegen {

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Rows below which a contraction is bound by its right operand, which is then better read by all threads.
constexpr int64_t kLeastRows = 4;

static bool contains(ArrayRef<int64_t> dims, int64_t loop) { return llvm::is_contained(dims, loop); }

/// A block argument, or one that is packed.
static bool isPackable(Value v) {
  if (auto unpack = v.getDefiningOp<tn::UnpackOp>())
    return unpack.getPanel() == kPanel && isa<BlockArgument>(unpack.getOperand());
  return isa<BlockArgument>(v);
}

/// The three operations that a body consists of beside elementwise ones.
static std::optional<AttentionBody> findParts(tn::KernelOp kernel) {
  AttentionBody body;
  for (Operation &op : kernel.getBlock()->without_terminator()) {
    if (auto softmax = dyn_cast<tn::SoftmaxOp>(op)) {
      if (body.softmax || !body.scores || softmax.getLog())
        return std::nullopt;
      body.softmax = softmax;
    } else if (auto contract = dyn_cast<tn::ContractOp>(op)) {
      if (body.values)
        return std::nullopt;
      (body.softmax ? body.values : body.scores) = contract;
    }
  }
  if (!body.values || body.values.getLhs() != body.softmax->getResult(0) || !body.softmax->hasOneUse() ||
      static_cast<int64_t>(body.softmax.getAxis()) != body.rank() - 1 ||
      typeOf(body.scores).getShape() != body.shape() || !typeOf(body.softmax->getResult(0)).getElementType().isF32())
    return std::nullopt;
  return body;
}

/// Whether every operation belongs to the scores, or to the epilogue of the values, and none to both.
static bool isAllOf(tn::KernelOp kernel, const AttentionBody &body) {
  llvm::SmallPtrSet<Operation *, 8> scores = {body.scores}, epilogue = {body.values};
  for (Operation &op : kernel.getBlock()->without_terminator()) {
    if (isa<tn::UnpackOp>(op) || &op == body.scores || &op == body.softmax || &op == body.values)
      continue;
    if (!isEpilogueOp(&op))
      return false;
    bool afterScores = false, afterValues = false;
    for (Value operand : op.getOperands()) {
      afterScores |= scores.contains(operand.getDefiningOp());
      afterValues |= epilogue.contains(operand.getDefiningOp());
    }
    if (isa<tn::ConstantOp>(op))
      continue;
    if (afterScores == afterValues)
      return false;
    if (afterValues) {
      epilogue.insert(&op);
      continue;
    }
    if (!isa<tn::ElementwiseOpInterface>(op) || typeOf(op.getResult(0)).getShape() != body.shape())
      return false;
    scores.insert(&op);
  }
  return scores.contains(body.softmax->getOperand(0).getDefiningOp()) &&
         llvm::all_of(kernel.getYield().getValues(), [&](Value v) { return epilogue.contains(v.getDefiningOp()); });
}

/// The dimension for blocks of rows: the longest that neither keys nor values have, the last of several.
static std::optional<int> findRowDim(const AttentionBody &body) {
  tn::ContractOp scores = body.scores, values = body.values;
  std::optional<int> best;
  for (int d = 0; d + 1 < body.rank(); ++d)
    if (!contains(scores.getRhsDims(), scores.getResultDims()[d]) &&
        !contains(values.getRhsDims(), values.getLhsDims()[d]) && body.shape()[d] >= kLeastRows &&
        (!best || body.shape()[d] >= body.shape()[*best]))
      best = d;
  return best;
}

std::optional<AttentionBody> findAttention(tn::KernelOp kernel) {
  std::optional<AttentionBody> body = findParts(kernel);
  if (!body || !isAllOf(kernel, *body))
    return std::nullopt;
  tn::ContractOp scores = body->scores, values = body->values;
  if (!isa<BlockArgument>(scores.getLhs()) || !isPackable(scores.getRhs()) || !isPackable(values.getRhs()) ||
      !yieldsMatch(kernel, values.getResult()))
    return std::nullopt;
  std::optional<PackSpec> keys = packSpec(scores), packed = packSpec(values);
  // The columns of the scores are those of the keys, and all that the second contraction sums over.
  if (!keys || !packed || keys->n.size() != 1 || scores.getRhsDims()[keys->n[0]] != scores.getResultDims().back() ||
      packed->k.size() != 1 || values.getRhsDims()[packed->k[0]] != values.getLhsDims().back())
    return std::nullopt;
  for (int64_t d : packed->batch)
    if (!contains(values.getLhsDims(), values.getRhsDims()[d]))
      return std::nullopt;
  std::optional<int> rowDim = findRowDim(*body);
  if (!rowDim)
    return std::nullopt;
  body->rowDim = *rowDim;
  return body;
}

} // namespace tenon::codegen

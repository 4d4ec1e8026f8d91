// Attention (scores, mask, softmax and weighted sum; projections are outside) and RotaryEmbedding.

#include "frontend/onnx/NodeImporter.h"
#include "ir/Constant.h"

#include <cmath>

using namespace mlir;

namespace tenon::onnx {

namespace {
/// The attributes, and the operands as [batch, heads, sequence, head size].
struct AttentionParts {
  Value q, k, v;
  /// Keys that precede the queries: nothing, a number, or one per batch as [batch, 1, 1, 1].
  Value offset;
  bool isCausal;
  int64_t leftWindow, rightWindow, outputMode;
  double softcap;
  Type softmaxType;
};
} // namespace

/// [batch, sequence, heads * size] as [batch, heads, sequence, size].
static Value splitHeads(NodeImporter &n, Value x, int64_t heads) {
  if (rankOf(x) == 4)
    return x;
  ArrayRef<int64_t> shape = shapeOf(x);
  if (shape.size() != 3 || heads <= 0 || shape[2] % heads)
    return (void)n.malformed("Q, K and V must have rank 4, or rank 3 with the number of heads given"), Value();
  return n.transpose(n.reshape(x, {shape[0], shape[1], heads, shape[2] / heads}), {0, 2, 1, 3});
}

static Value index(NodeImporter &n, ArrayRef<int64_t> shape, int64_t axis) {
  return n.emitTyped<tn::IotaOp>(RankedTensorType::get(shape, n.getBuilder().getI64Type()),
                                 static_cast<uint64_t>(axis));
}

static Value conjunction(NodeImporter &n, Value a, Value b) { return a ? n.emit<tn::AndOp>(a, b) : b; }

/// Which keys a query may attend by position: the causal frontier, the window and the padding.
static Value allowedByPosition(NodeImporter &n, const AttentionParts &p) {
  int64_t queries = shapeOf(p.q)[2], keys = shapeOf(p.k)[2];
  Value key = index(n, {1, keys}, 1);
  Value distance = n.emit<tn::SubOp>(key, n.emit<tn::AddOp>(index(n, {queries, 1}, 0), p.offset));
  Value allowed;
  if (p.isCausal)
    allowed = n.emit<tn::CompareOp>(tn::Predicate::Le, distance, n.scalarLike(distance, 0));
  if (p.leftWindow >= 0)
    allowed = conjunction(n, allowed,
                          n.emit<tn::CompareOp>(tn::Predicate::Ge, distance, n.scalarLike(distance, -p.leftWindow)));
  if (p.rightWindow >= 0)
    allowed = conjunction(n, allowed,
                          n.emit<tn::CompareOp>(tn::Predicate::Le, distance, n.scalarLike(distance, p.rightWindow)));
  if (n.has(6)) {
    Value count = n.reshape(n.cast(n.input(6), n.getBuilder().getI64Type()), {shapeOf(p.q)[0], 1, 1, 1});
    allowed = conjunction(n, allowed, n.emit<tn::CompareOp>(tn::Predicate::Lt, key, count));
  }
  return allowed;
}

/// The mask padded along its last dimension with what forbids a key.
static Value paddedMask(NodeImporter &n, int64_t keys) {
  Value mask = n.input(3);
  int64_t missing = rankOf(mask) == 0 ? 0 : keys - shapeOf(mask).back();
  if (missing <= 0 || shapeOf(mask).back() == 1)
    return mask;
  SmallVector<int64_t> low(rankOf(mask), 0), high(rankOf(mask), 0);
  high.back() = missing;
  double value = isFloat(mask) ? -INFINITY : 0;
  return n.emit<tn::PadOp>(mask, tn::PadMode::Constant, low, high, llvm::APFloat(value));
}

/// What is added to the scores, or null.
static Value attentionBias(NodeImporter &n, const AttentionParts &p) {
  Value allowed = allowedByPosition(n, p), bias;
  if (n.has(3)) {
    Value mask = paddedMask(n, shapeOf(p.k)[2]);
    if (!mask)
      return {};
    if (isFloat(mask))
      bias = n.cast(mask, elementOf(p.q));
    else
      allowed = conjunction(n, allowed, mask);
  }
  if (!allowed)
    return bias;
  return n.emit<tn::SelectOp>(allowed, bias ? bias : n.scalarLike(p.q, 0), n.scalarLike(p.q, -INFINITY));
}

/// Zero instead of NaN for queries that may attend no key. Constant masks tell whether there is one.
static Value guardMaskedRows(NodeImporter &n, Value probabilities, Value bias) {
  if (!bias || !probabilities || rankOf(bias) == 0)
    return probabilities;
  Value most = n.reduce(tn::ReduceKind::Max, bias, {rankOf(bias) - 1});
  Value masked = n.emit<tn::CompareOp>(tn::Predicate::Eq, most, n.scalarLike(most, -INFINITY));
  if (auto known = masked ? tn::constantIntegers(masked) : std::nullopt)
    if (llvm::all_of(*known, [](int64_t m) { return m == 0; }))
      return probabilities;
  return n.emit<tn::SelectOp>(masked, n.scalarLike(probabilities, 0), probabilities);
}

/// Sum over `summed` of queries (or weights) against keys (or values) whose heads several queries may share.
/// Loops: 0 batch, 1 shared head, 2 query of the head, 3 query position, 4 key position, 5 size.
static Value contractHeads(NodeImporter &n, Value lhs, Value rhs, bool isScores) {
  if (!lhs || !rhs)
    return {};
  SmallVector<int64_t> shape(shapeOf(lhs));
  int64_t shared = shapeOf(rhs)[1], repeats = shared ? shape[1] / shared : 0;
  if (shape[1] != shared * repeats)
    return (void)n.malformed("the number of key heads must divide that of query heads"), Value();
  Value grouped = n.reshape(lhs, {shape[0], shared, repeats, shape[2], shape[3]});
  int64_t last = isScores ? shapeOf(rhs)[2] : shapeOf(rhs)[3];
  SmallVector<int64_t> lhsDims = {0, 1, 2, 3, isScores ? 5 : 4}, result = {0, 1, 2, 3, isScores ? 4 : 5};
  Value product = n.emit<tn::ContractOp>(grouped, rhs, lhsDims, SmallVector<int64_t>{0, 1, 4, 5}, result);
  return n.reshape(product, {shape[0], shape[1], shape[2], last});
}

static std::optional<AttentionParts> readParts(NodeImporter &n) {
  AttentionParts p;
  int64_t queryHeads = n.attrs.getInt("q_num_heads", 0), keyHeads = n.attrs.getInt("kv_num_heads", 0);
  p.q = splitHeads(n, n.input(0), queryHeads);
  p.k = splitHeads(n, n.input(1), keyHeads);
  p.v = splitHeads(n, n.input(2), keyHeads);
  p.isCausal = n.attrs.getInt("is_causal", 0);
  p.leftWindow = n.attrs.getInt("left_window_size", -1);
  p.rightWindow = n.attrs.getInt("right_window_size", -1);
  p.outputMode = n.attrs.getInt("qk_matmul_output_mode", 0);
  p.softcap = n.attrs.getFloat("softcap", 0);
  if (!p.q || !p.k || !p.v)
    return std::nullopt;
  p.softmaxType = elementOf(p.q);
  if (int64_t number = n.attrs.getInt("softmax_precision", 0)) {
    p.softmaxType = convertElementType(elementTypeFromNumber(number).value_or(ElementType::Undefined), n.context());
    if (!p.softmaxType)
      return (void)n.unsupported("this softmax_precision"), std::nullopt;
  }
  Type i64 = n.getBuilder().getI64Type();
  p.offset = n.scalar(i64, 0);
  if (n.has(4) && n.has(5)) {
    p.offset = n.scalar(i64, shapeOf(n.input(4)).size() == 4 ? shapeOf(n.input(4))[2] : 0);
    p.k = n.emit<tn::ConcatOp>(ValueRange{n.input(4), p.k}, uint64_t(2));
    p.v = n.emit<tn::ConcatOp>(ValueRange{n.input(5), p.v}, uint64_t(2));
  } else if (n.has(6)) {
    Value count = n.reshape(n.cast(n.input(6), i64), {shapeOf(p.q)[0], 1, 1, 1});
    p.offset = n.emit<tn::SubOp>(count, n.scalar(i64, shapeOf(p.q)[2]));
  }
  return p.k && p.v && p.offset ? std::optional(p) : std::nullopt;
}

static LogicalResult importAttention(NodeImporter &n) {
  bool hasScale = n.attrs.has("scale");
  double scale = n.attrs.getFloat("scale", 1);
  auto p = readParts(n);
  if (!p)
    return failure();
  // Both factors get the root of the scale, so that products do not overflow in half precision.
  double root = std::sqrt(hasScale ? scale : 1 / std::sqrt(static_cast<double>(shapeOf(p->q)[3])));
  Value scaledQ = n.emit<tn::MulOp>(p->q, n.scalarLike(p->q, root));
  Value scores = contractHeads(n, scaledQ, n.emit<tn::MulOp>(p->k, n.scalarLike(p->k, root)), true);
  Value observed = scores;
  if (p->softcap > 0) {
    Value capped = n.emit<tn::TanhOp>(n.emit<tn::DivOp>(scores, n.scalarLike(scores, p->softcap)));
    scores = n.emit<tn::MulOp>(capped, n.scalarLike(scores, p->softcap));
  }
  if (p->outputMode >= 1)
    observed = scores;
  Value bias = attentionBias(n, *p);
  if (bias)
    scores = n.emit<tn::AddOp>(scores, bias);
  if (p->outputMode == 2)
    observed = scores;
  if (!scores || n.hasError())
    return failure();
  Value weights = n.emit<tn::SoftmaxOp>(n.cast(scores, p->softmaxType), uint64_t(3), false);
  weights = n.cast(guardMaskedRows(n, weights, bias), elementOf(p->q));
  if (p->outputMode == 3)
    observed = weights;
  Value y = contractHeads(n, weights, p->v, false);
  if (y && rankOf(n.input(0)) == 3) {
    SmallVector<int64_t> shape(shapeOf(y));
    y = n.reshape(n.transpose(y, {0, 2, 1, 3}), {shape[0], shape[2], shape[1] * shape[3]});
  }
  return n.results({y, p->k, p->v, observed});
}

//===----------------------------------------------------------------------===//
// RotaryEmbedding
//===----------------------------------------------------------------------===//

/// Every second element of the last dimension, from `first` on.
static Value everySecond(NodeImporter &n, Value x, int64_t first) {
  SmallVector<int64_t> offsets(rankOf(x), 0), sizes(shapeOf(x)), strides(rankOf(x), 1);
  offsets.back() = first;
  sizes.back() /= 2;
  strides.back() = 2;
  return n.emit<tn::SliceOp>(x, offsets, sizes, strides);
}

/// Rotates pairs of elements of the last dimension: halves of it, or neighbours if interleaved.
static Value rotatePairs(NodeImporter &n, Value x, Value cosine, Value sine, bool interleaved) {
  if (!x)
    return {};
  SmallVector<int64_t> shape(shapeOf(x)), pair(shape);
  int64_t half = shape.back() / 2;
  Value first = interleaved ? everySecond(n, x, 0) : n.sliceAxis(x, 3, 0, half);
  Value second = interleaved ? everySecond(n, x, 1) : n.sliceAxis(x, 3, half, 2 * half);
  Value real = n.emit<tn::SubOp>(n.emit<tn::MulOp>(cosine, first), n.emit<tn::MulOp>(sine, second));
  Value imaginary = n.emit<tn::AddOp>(n.emit<tn::MulOp>(sine, first), n.emit<tn::MulOp>(cosine, second));
  if (interleaved) {
    pair.back() = half;
    pair.push_back(1);
    real = n.reshape(real, pair);
    imaginary = n.reshape(imaginary, pair);
  }
  if (!real || !imaginary)
    return {};
  return n.reshape(n.emit<tn::ConcatOp>(ValueRange{real, imaginary}, static_cast<uint64_t>(rankOf(real) - 1)), shape);
}

/// The cache's rows for every position, as [batch, 1, sequence, half].
static Value positionRows(NodeImporter &n, unsigned cache, int64_t half) {
  Value rows = n.input(cache);
  if (n.has(3))
    rows = n.emit<tn::GatherOp>(rows, n.input(3), uint64_t(0));
  if (!rows)
    return {};
  if (rankOf(rows) != 3 || shapeOf(rows)[2] != half)
    return (void)n.malformed("the caches do not fit the input"), Value();
  return n.reshape(rows, {shapeOf(rows)[0], 1, shapeOf(rows)[1], half});
}

static LogicalResult importRotaryEmbedding(NodeImporter &n) {
  bool interleaved = n.attrs.getInt("interleaved", 0);
  int64_t rotated = n.attrs.getInt("rotary_embedding_dim", 0);
  Value x = splitHeads(n, n.input(0), n.attrs.getInt("num_heads", 0));
  if (!x)
    return failure();
  int64_t size = shapeOf(x)[3];
  rotated = rotated ? rotated : size;
  if (rotated < 0 || rotated > size || rotated % 2)
    return n.malformed("rotary_embedding_dim must be even and at most the size of a head");
  Value cosine = positionRows(n, 1, rotated / 2), sine = positionRows(n, 2, rotated / 2);
  Value y = rotatePairs(n, n.sliceAxis(x, 3, 0, rotated), cosine, sine, interleaved);
  if (!y)
    return failure();
  if (rotated < size)
    y = n.emit<tn::ConcatOp>(ValueRange{y, n.sliceAxis(x, 3, rotated, size)}, uint64_t(3));
  if (rankOf(n.input(0)) == 3)
    y = n.reshape(n.transpose(y, {0, 2, 1, 3}), shapeOf(n.input(0)));
  return n.result(y);
}

namespace {

/// LinearAttention, one step after the other. Inputs are unpacked to [batch, time, heads, size].
class LinearAttention {
public:
  explicit LinearAttention(NodeImporter &n)
      : n(n), queryHeads(n.attrs.getInt("q_num_heads", 0)), heads(n.attrs.getInt("kv_num_heads", 0)) {
    n.ignore("chunk_size");
  }

  LogicalResult import() {
    std::string rule = n.attrs.getString("update_rule", "gated_delta");
    isGated = StringRef(rule).starts_with("gated");
    isDelta = StringRef(rule).ends_with("delta");
    if (!fits())
      return n.malformed("inputs do not fit the numbers of heads and the update rule");
    batch = shapeOf(n.input(0))[0];
    steps = shapeOf(n.input(0))[1];
    if (steps > maxSteps)
      return n.unsupported("a linear attention of more than " + Twine(maxSteps) + " steps");
    element = elementOf(n.input(0));
    Type wide = element.isF64() ? element : n.getBuilder().getF32Type();
    query = unpack(0, queryHeads, wide);
    key = unpack(1, heads, wide);
    value = unpack(2, heads, wide);
    decay = isGated ? n.emit<tn::ExpOp>(unpack(4, heads, wide)) : Value();
    beta = isDelta ? unpack(5, shapeOf(n.input(5))[2] == 1 ? 1 : heads, wide) : Value();
    if (!query || !key || !value)
      return failure();
    keySize = shapeOf(key)[3];
    valueSize = shapeOf(value)[3];
    double scale = n.attrs.getFloat("scale", 0);
    query = n.emit<tn::MulOp>(query, n.scalar(wide, scale != 0 ? scale : 1 / std::sqrt(keySize)));
    Value state = n.has(3) ? n.cast(n.input(3), wide)
                           : n.splat(RankedTensorType::get({batch, heads, keySize, valueSize}, wide), 0);
    SmallVector<Value> outputs;
    for (int64_t t = 0; t < steps; ++t)
      outputs.push_back(step(t, state));
    if (llvm::is_contained(outputs, Value()))
      return failure();
    Value all = outputs.size() == 1 ? outputs[0] : n.emit<tn::ConcatOp>(outputs, uint64_t(1));
    return n.results({n.cast(all, element), n.cast(state, element)});
  }

private:
  static constexpr int64_t maxSteps = 256;

  bool fits() {
    bool all =
        heads > 0 && queryHeads > 0 && queryHeads % heads == 0 && (!isGated || n.has(4)) && (!isDelta || n.has(5));
    for (unsigned i : {0, 1, 2, 4, 5})
      if (all && n.has(i))
        all = rankOf(n.input(i)) == 3 && isFloat(n.input(i)) && shapeOf(n.input(i))[1] > 0;
    return all && shapeOf(n.input(0))[2] % queryHeads == 0 && shapeOf(n.input(1))[2] % heads == 0 &&
           shapeOf(n.input(2))[2] % heads == 0;
  }

  Value unpack(unsigned i, int64_t count, Type wide) {
    return n.reshape(n.cast(n.input(i), wide), {batch, steps, count, shapeOf(n.input(i))[2] / count});
  }

  /// Step `t` of an unpacked input, in another shape.
  Value at(Value v, int64_t t, ArrayRef<int64_t> shape) { return n.reshape(n.sliceAxis(v, 1, t, t + 1), shape); }

  /// What step `t` gives, [batch, 1, heads * size], and the state behind it.
  Value step(int64_t t, Value &state) {
    Value k = at(key, t, {batch, heads, keySize}), v = at(value, t, {batch, heads, valueSize});
    if (decay) {
      int64_t width = shapeOf(decay)[3];
      state = n.emit<tn::MulOp>(state, at(decay, t, {batch, heads, width, 1}));
    }
    if (isDelta) {
      // Loops: 0 batch, 1 head, 2 key, 3 value.
      Value known = n.emit<tn::ContractOp>(k, state, SmallVector<int64_t>{0, 1, 2}, SmallVector<int64_t>{0, 1, 2, 3},
                                           SmallVector<int64_t>{0, 1, 3});
      Value rate = beta ? at(beta, t, {batch, shapeOf(beta)[2], 1}) : Value();
      v = n.emit<tn::MulOp>(n.emit<tn::SubOp>(v, known), rate);
    }
    Value update =
        n.emit<tn::MulOp>(n.reshape(k, {batch, heads, keySize, 1}), n.reshape(v, {batch, heads, 1, valueSize}));
    state = n.emit<tn::AddOp>(state, update);
    int64_t group = queryHeads / heads;
    Value q = at(query, t, {batch, heads, group, keySize});
    // Loops: 0 batch, 1 head, 2 query of the group, 3 value, 4 key.
    Value output = n.emit<tn::ContractOp>(q, state, SmallVector<int64_t>{0, 1, 2, 4}, SmallVector<int64_t>{0, 1, 4, 3},
                                          SmallVector<int64_t>{0, 1, 2, 3});
    return n.reshape(output, {batch, 1, queryHeads * valueSize});
  }

  NodeImporter &n;
  int64_t queryHeads, heads, batch = 0, steps = 0, keySize = 0, valueSize = 0;
  bool isGated = false, isDelta = false;
  Type element;
  Value query, key, value, decay, beta;
};

} // namespace

static LogicalResult importLinearAttention(NodeImporter &n) { return LinearAttention(n).import(); }

void registerAttentionOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"Attention", 23, 3, 7, importAttention},
      {"LinearAttention", 27, 3, 6, importLinearAttention},
      {"RotaryEmbedding", 23, 3, 4, importRotaryEmbedding},
  };
  registry.add(table);
}

} // namespace tenon::onnx

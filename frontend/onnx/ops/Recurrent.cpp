// LSTM: the input projections as one contraction, the recurrence as tn.lstm. GRU and RNN: the same
// projections, the steps one after the other.

#include "frontend/onnx/NodeImporter.h"
#include "ir/Constant.h"

using namespace mlir;

namespace tenon::onnx {

/// Reports everything that tn.lstm does not have.
static bool isDefaultLstm(NodeImporter &n) {
  std::vector<std::string> activations = n.attrs.getStrings("activations");
  for (auto [i, name] : llvm::enumerate(activations))
    if (!StringRef(name).equals_insensitive(i % 3 == 0 ? "sigmoid" : "tanh"))
      return (void)n.unsupported("an LSTM with activation " + name), false;
  if (n.attrs.has("clip") || n.attrs.getInt("input_forget", 0))
    return (void)n.unsupported("an LSTM with clip or input_forget"), false;
  if (n.has(7))
    return (void)n.unsupported("an LSTM with peepholes"), false;
  return true;
}

/// sequence_lens says nothing if every sequence has the full length.
static bool hasFullSequences(NodeImporter &n, int64_t steps) {
  if (!n.has(4))
    return true;
  auto lengths = tn::constantIntegers(n.input(4));
  if (lengths && llvm::all_of(*lengths, [&](int64_t l) { return l == steps; }))
    return true;
  return (void)n.unsupported("an LSTM with sequence_lens"), false;
}

/// The sum of both halves of the biases [d, 8H], as [d, 1, 4H].
static Value sumBiases(NodeImporter &n, Value bias) {
  int64_t directions = shapeOf(bias)[0], width = shapeOf(bias)[1] / 2;
  Value sum = n.emit<tn::AddOp>(n.sliceAxis(bias, 1, 0, width), n.sliceAxis(bias, 1, width, 2 * width));
  return n.reshape(sum, {directions, 1, width});
}

static LogicalResult importLstm(NodeImporter &n) {
  for (const char *name : {"activation_alpha", "activation_beta", "output_sequence", "hidden_size"})
    n.ignore(name);
  Value x = n.input(0), weights = n.input(1), recurrent = n.input(2);
  std::string direction = n.attrs.getString("direction", "forward");
  bool batchFirst = n.attrs.getInt("layout", 0);
  if (!isDefaultLstm(n))
    return failure();
  if (rankOf(x) != 3 || rankOf(weights) != 3 || rankOf(recurrent) != 3)
    return n.malformed("X, W and R must have rank 3");
  SmallVector<bool> reverse = {direction == "reverse"};
  if (direction == "bidirectional")
    reverse = {false, true};
  int64_t steps = shapeOf(x)[batchFirst ? 1 : 0], batch = shapeOf(x)[batchFirst ? 0 : 1];
  int64_t directions = reverse.size(), hidden = shapeOf(recurrent)[2];
  if (!hasFullSequences(n, steps))
    return failure();
  // Loops: 0 steps, 1 batch, 2 input, 3 direction, 4 gate.
  SmallVector<int64_t> inputDims = {0, 1, 2};
  if (batchFirst)
    std::swap(inputDims[0], inputDims[1]);
  Value gates =
      n.emit<tn::ContractOp>(x, weights, inputDims, SmallVector<int64_t>{3, 4, 2}, SmallVector<int64_t>{0, 3, 1, 4});
  if (n.has(3)) {
    if (shapeOf(n.input(3)) != ArrayRef<int64_t>({directions, 8 * hidden}))
      return n.malformed("B must be [directions, 8 * hidden_size]");
    gates = n.emit<tn::AddOp>(gates, sumBiases(n, n.input(3)));
  }
  auto state = [&](unsigned i) {
    if (!n.has(i))
      return n.splat(RankedTensorType::get({directions, batch, hidden}, elementOf(x)), 0);
    return batchFirst ? n.transpose(n.input(i), {1, 0, 2}) : n.input(i);
  };
  SmallVector<Value> values = n.emitMany<tn::LstmOp, 3>(gates, recurrent, state(5), state(6), ArrayRef<bool>(reverse));
  if (values.empty())
    return failure();
  if (batchFirst) {
    values[0] = n.transpose(values[0], {2, 0, 1, 3});
    values[1] = n.transpose(values[1], {1, 0, 2});
    values[2] = n.transpose(values[2], {1, 0, 2});
  }
  return n.results(values);
}

namespace {

/// A GRU or RNN whose steps are unrolled.
class Recurrence {
public:
  Recurrence(NodeImporter &n, int64_t gates)
      : n(n), gates(gates), hidden(shapeOf(n.input(2))[2]), batchFirst(n.attrs.getInt("layout", 0)) {
    std::string direction = n.attrs.getString("direction", "forward");
    reverse = {direction == "reverse"};
    if (direction == "bidirectional")
      reverse = {false, true};
    linearBeforeReset = n.attrs.getInt("linear_before_reset", 0);
    for (const char *name : {"activation_alpha", "activation_beta", "output_sequence", "hidden_size"})
      n.ignore(name);
    steps = shapeOf(n.input(0))[batchFirst ? 1 : 0];
    batch = shapeOf(n.input(0))[batchFirst ? 0 : 1];
  }

  LogicalResult import() {
    if (failed(check()))
      return failure();
    project();
    SmallVector<Value> sequences, states;
    for (size_t d = 0; d < reverse.size(); ++d) {
      Value last, sequence = runDirection(d, last);
      sequences.push_back(sequence);
      states.push_back(last);
    }
    Value all = concat(sequences, 1), last = concat(states, 0); // [t, d, b, H], [d, b, H]
    if (batchFirst) {
      all = n.transpose(all, {2, 0, 1, 3});
      last = n.transpose(last, {1, 0, 2});
    }
    return n.results({all, last});
  }

private:
  /// Unrolling more steps would make the program too large.
  static constexpr int64_t maxSteps = 256;

  LogicalResult check() {
    std::vector<std::string> activations = n.attrs.getStrings("activations");
    for (auto [i, name] : llvm::enumerate(activations)) {
      bool isGate = gates == 3 && i % 2 == 0;
      if (!StringRef(name).equals_insensitive(isGate ? "sigmoid" : "tanh"))
        return n.unsupported("activation " + name + " of a recurrent operator");
    }
    if (n.attrs.has("clip"))
      return n.unsupported("a recurrent operator with clip");
    if (steps > maxSteps)
      return n.unsupported("a recurrence of more than " + Twine(maxSteps) + " steps");
    int64_t directions = reverse.size();
    if (shapeOf(n.input(1)) != ArrayRef<int64_t>({directions, gates * hidden, shapeOf(n.input(0))[2]}) ||
        shapeOf(n.input(2)) != ArrayRef<int64_t>({directions, gates * hidden, hidden}) ||
        (n.has(3) && shapeOf(n.input(3)) != ArrayRef<int64_t>({directions, 2 * gates * hidden})))
      return n.malformed("shapes of W, R and B do not fit");
    bool full = true;
    if (n.has(4)) {
      auto lengths = tn::constantIntegers(n.input(4));
      full = lengths && llvm::all_of(*lengths, [&](int64_t l) { return l == steps; });
    }
    hasLengths = !full;
    if (hasLengths && llvm::is_contained(reverse, true))
      return n.unsupported("sequence_lens of a recurrence that runs backwards");
    return steps > 0 ? success() : n.unsupported("a recurrence without steps");
  }

  /// The input projections [t, d, b, gates * H] of all steps at once.
  void project() {
    SmallVector<int64_t> inputDims = {0, 1, 2};
    if (batchFirst)
      std::swap(inputDims[0], inputDims[1]);
    projected = n.emit<tn::ContractOp>(n.input(0), n.input(1), inputDims, SmallVector<int64_t>{3, 4, 2},
                                       SmallVector<int64_t>{0, 3, 1, 4});
  }

  Value concat(ArrayRef<Value> values, int64_t axis) {
    if (llvm::is_contained(values, Value()))
      return {};
    return values.size() == 1 ? values[0] : n.emit<tn::ConcatOp>(values, static_cast<uint64_t>(axis));
  }

  /// Part `part` of direction `d`'s biases, as [1, gates * H]: 0 input, 1 recurrent.
  Value bias(int64_t d, int64_t part) {
    int64_t width = gates * hidden;
    return n.sliceAxis(n.sliceAxis(n.input(3), 0, d, d + 1), 1, part * width, (part + 1) * width);
  }

  Value runDirection(int64_t d, Value &last) {
    recurrent = n.reshape(n.sliceAxis(n.input(2), 0, d, d + 1), {gates * hidden, hidden});
    inputBias = n.has(3) ? bias(d, 0) : Value();
    recurrentBias = n.has(3) ? bias(d, 1) : Value();
    Value h = n.splat(RankedTensorType::get({batch, hidden}, elementOf(n.input(0))), 0);
    if (n.has(5)) {
      Value initial = batchFirst ? n.transpose(n.input(5), {1, 0, 2}) : n.input(5);
      h = n.reshape(n.sliceAxis(initial, 0, d, d + 1), {batch, hidden});
    }
    SmallVector<Value> sequence(steps);
    for (int64_t s = 0; s < steps; ++s) {
      int64_t t = reverse[d] ? steps - 1 - s : s;
      Value x = n.sliceAxis(n.sliceAxis(projected, 0, t, t + 1), 1, d, d + 1);
      x = n.reshape(x, {batch, gates * hidden});
      Value next = gates == 3 ? gruStep(x, h) : rnnStep(x, h), output = next;
      if (hasLengths) {
        Value inside = n.emit<tn::CompareOp>(tn::Predicate::Gt, n.reshape(n.input(4), {batch, 1}),
                                             n.scalarLike(n.input(4), static_cast<double>(t)));
        output = n.emit<tn::SelectOp>(inside, next, n.scalarLike(next, 0));
        next = n.emit<tn::SelectOp>(inside, next, h);
      }
      h = next;
      sequence[t] = n.reshape(output, {1, 1, batch, hidden});
    }
    last = n.reshape(h, {1, batch, hidden});
    return concat(sequence, 0);
  }

  Value add(Value x, Value y) { return n.emit<tn::AddOp>(x, y); }
  Value mul(Value x, Value y) { return n.emit<tn::MulOp>(x, y); }
  Value withBias(Value x, Value b) { return b ? add(x, b) : x; }
  /// Gates [from, to) of a vector or matrix of all gates.
  Value gate(Value all, int64_t axis, int64_t from, int64_t to) {
    return all ? n.sliceAxis(all, axis, from * hidden, to * hidden) : Value();
  }

  /// h . R^T for gates [from, to).
  Value recur(Value h, int64_t from, int64_t to) {
    return n.emit<tn::ContractOp>(h, gate(recurrent, 0, from, to), SmallVector<int64_t>{0, 2},
                                  SmallVector<int64_t>{1, 2}, SmallVector<int64_t>{0, 1});
  }

  Value rnnStep(Value x, Value h) {
    return n.emit<tn::TanhOp>(withBias(withBias(add(x, recur(h, 0, 1)), inputBias), recurrentBias));
  }

  /// ONNX's order of gates: update, reset, hidden.
  Value gruStep(Value x, Value h) {
    Value input = withBias(x, inputBias);
    Value both = add(gate(input, 1, 0, 2), withBias(recur(h, 0, 2), gate(recurrentBias, 1, 0, 2)));
    both = n.emit<tn::SigmoidOp>(both);
    Value z = gate(both, 1, 0, 1), r = gate(both, 1, 1, 2), rest, b = gate(recurrentBias, 1, 2, 3);
    if (linearBeforeReset)
      rest = mul(r, withBias(recur(h, 2, 3), b));
    else
      rest = withBias(recur(mul(r, h), 2, 3), b);
    Value candidate = n.emit<tn::TanhOp>(add(gate(input, 1, 2, 3), rest));
    // (1 - z) * candidate + z * h
    return add(candidate, mul(z, n.emit<tn::SubOp>(h, candidate)));
  }

  NodeImporter &n;
  int64_t gates, hidden, steps, batch;
  bool batchFirst, linearBeforeReset, hasLengths = false;
  SmallVector<bool> reverse;
  Value projected, recurrent, inputBias, recurrentBias;
};

} // namespace

template <int64_t gates> static LogicalResult importRecurrence(NodeImporter &n) {
  if (rankOf(n.input(0)) != 3 || rankOf(n.input(1)) != 3 || rankOf(n.input(2)) != 3)
    return n.malformed("X, W and R must have rank 3");
  return Recurrence(n, gates).import();
}

void registerRecurrentOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"LSTM", 1, 3, 8, importLstm},
      {"GRU", 1, 3, 6, importRecurrence<3>},
      {"RNN", 1, 3, 6, importRecurrence<1>},
  };
  registry.add(table);
}

} // namespace tenon::onnx

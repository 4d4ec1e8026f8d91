// LSTM: the input projections as one contraction, the recurrence as tn.lstm.

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
  Value gates = n.emit<tn::ContractOp>(x, weights, inputDims, SmallVector<int64_t>{3, 4, 2},
                                       SmallVector<int64_t>{0, 3, 1, 4});
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
  SmallVector<Value> values =
      n.emitMany<tn::LstmOp, 3>(gates, recurrent, state(5), state(6), ArrayRef<bool>(reverse));
  if (values.empty())
    return failure();
  if (batchFirst) {
    values[0] = n.transpose(values[0], {2, 0, 1, 3});
    values[1] = n.transpose(values[1], {1, 0, 2});
    values[2] = n.transpose(values[2], {1, 0, 2});
  }
  return n.results(values);
}

void registerRecurrentOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"LSTM", 1, 3, 8, importLstm},
  };
  registry.add(table);
}

} // namespace tenon::onnx

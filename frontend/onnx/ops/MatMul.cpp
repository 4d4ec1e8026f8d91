// MatMul, Gemm, Einsum and the integer products, all as tn.contract.

#include "frontend/onnx/ops/Quantize.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tenon::onnx {

namespace {
/// An operand of a product whose dimensions carry loop numbers.
struct Labelled {
  Value value;
  SmallVector<int64_t> loops;
};
} // namespace

/// Numbers the batch dimensions of a matrix product. A dimension of size 1 against a larger one has no loop:
/// it is removed from its operand.
static void labelBatch(NodeImporter &n, ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs, SmallVector<int64_t> &lhsLoops,
                       SmallVector<int64_t> &rhsLoops, SmallVector<int64_t> &resultLoops) {
  size_t rank = std::max(lhs.size(), rhs.size());
  for (size_t d = 0; d < rank; ++d) {
    int64_t loop = 3 + d;
    bool inLhs = d + lhs.size() >= rank, inRhs = d + rhs.size() >= rank;
    int64_t l = inLhs ? lhs[d + lhs.size() - rank] : 1, r = inRhs ? rhs[d + rhs.size() - rank] : 1;
    if (inLhs)
      lhsLoops.push_back(l == 1 && inRhs ? -1 : loop);
    if (inRhs)
      rhsLoops.push_back(r == 1 && inLhs && l != 1 ? -1 : loop);
    resultLoops.push_back(loop);
  }
}

/// Removes the dimensions whose loop is -1, which have size 1.
static Labelled dropUnits(NodeImporter &n, Value v, ArrayRef<int64_t> loops) {
  SmallVector<int64_t> shape, kept;
  for (auto [loop, size] : llvm::zip(loops, shapeOf(v)))
    if (loop >= 0) {
      kept.push_back(loop);
      shape.push_back(size);
    }
  return {n.reshape(v, shape), kept};
}

/// Renumbers loops without gaps and emits the contraction.
static Value emitContract(NodeImporter &n, Labelled lhs, Labelled rhs, SmallVector<int64_t> result) {
  SmallVector<int64_t> used(lhs.loops);
  llvm::append_range(used, rhs.loops);
  llvm::sort(used);
  used.erase(std::unique(used.begin(), used.end()), used.end());
  for (auto *loops : {&lhs.loops, &rhs.loops, &result})
    for (int64_t &loop : *loops)
      loop = llvm::lower_bound(used, loop) - used.begin();
  return n.emit<tn::ContractOp>(lhs.value, rhs.value, lhs.loops, rhs.loops, result);
}

/// NumPy's matmul. Loops: 0 rows, 1 columns, 2 summed, from 3 on the batch.
static Value matMul(NodeImporter &n, Value a, Value b) {
  if (!a || !b)
    return {};
  if (rankOf(a) == 0 || rankOf(b) == 0)
    return (void)n.malformed("operands of a matrix product need a dimension"), Value();
  bool aVector = rankOf(a) == 1, bVector = rankOf(b) == 1;
  SmallVector<int64_t> lhs, rhs, result;
  labelBatch(n, shapeOf(a).drop_back(aVector ? 1 : 2), shapeOf(b).drop_back(bVector ? 1 : 2), lhs, rhs, result);
  if (!aVector) {
    lhs.push_back(0);
    result.push_back(0);
  }
  lhs.push_back(2);
  rhs.push_back(2);
  if (!bVector) {
    rhs.push_back(1);
    result.push_back(1);
  }
  return emitContract(n, dropUnits(n, a, lhs), dropUnits(n, b, rhs), result);
}

static LogicalResult importMatMul(NodeImporter &n) { return n.result(matMul(n, n.input(0), n.input(1))); }

static LogicalResult importGemm(NodeImporter &n) {
  Value a = n.input(0), b = n.input(1);
  n.ignore("broadcast");
  double alpha = n.attrs.getFloat("alpha", 1), beta = n.attrs.getFloat("beta", 1);
  bool transA = n.attrs.getInt("transA", 0), transB = n.attrs.getInt("transB", 0);
  if (rankOf(a) != 2 || rankOf(b) != 2)
    return n.malformed("A and B must be matrices");
  SmallVector<int64_t> lhs = {transA ? 2 : 0, transA ? 0 : 2}, rhs = {transB ? 1 : 2, transB ? 2 : 1};
  Value result = n.emit<tn::ContractOp>(a, b, lhs, rhs, SmallVector<int64_t>{0, 1});
  if (alpha != 1)
    result = n.emit<tn::MulOp>(result, n.scalarLike(a, alpha));
  if (n.has(2) && beta != 0) {
    Value c = n.input(2);
    if (beta != 1)
      c = n.emit<tn::MulOp>(c, n.scalarLike(c, beta));
    result = n.emit<tn::AddOp>(result, c);
  }
  return n.result(result);
}

/// An operand in i32 minus its zero point, which is a scalar or one per row or column.
static Value centred(NodeImporter &n, unsigned i, unsigned zeroPoint, bool perRow) {
  Type i32 = n.getBuilder().getI32Type();
  Value v = n.cast(n.input(i), i32);
  if (!n.has(zeroPoint))
    return v;
  Value zero = n.cast(n.input(zeroPoint), i32);
  SmallVector<int64_t> shape(shapeOf(n.input(zeroPoint)));
  if (perRow && shape.size() == 1 && shape[0] != 1)
    shape.push_back(1);
  return n.emit<tn::SubOp>(v, n.reshape(zero, shape));
}

static LogicalResult importMatMulInteger(NodeImporter &n) {
  return n.result(matMul(n, centred(n, 0, 2, true), centred(n, 1, 3, false)));
}

/// Integers centred, multiplied in i32 and scaled once: by both operands' scales over the result's.
static LogicalResult importQLinearMatMul(NodeImporter &n) {
  auto column = [&](Value scale) {
    SmallVector<int64_t> shape(shapeOf(scale));
    if (shape.size() == 1 && shape[0] != 1)
      shape.push_back(1);
    return n.reshape(scale, shape);
  };
  Value product = matMul(n, centred(n, 0, 2, true), centred(n, 3, 5, false));
  Value scale = n.emit<tn::DivOp>(n.emit<tn::MulOp>(column(n.input(1)), n.input(4)), n.input(6));
  Value scaled =
      n.emit<tn::MulOp>(n.cast(product, n.getBuilder().getF32Type()), n.cast(scale, n.getBuilder().getF32Type()));
  return n.result(quantizeScaled(n, scaled, n.input(7), elementOf(n.input(7)), true));
}

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

namespace {
/// The labels of an equation as loop numbers: letters by their code, the dimensions of "..." from 256 on,
/// aligned at the end.
struct Equation {
  SmallVector<SmallVector<int64_t>> terms;
  SmallVector<int64_t> result;
};
} // namespace

static std::optional<SmallVector<int64_t>> parseTerm(StringRef term, int64_t ellipsisRank, int64_t maxEllipsis) {
  SmallVector<int64_t> labels;
  while (!term.empty()) {
    if (term.consume_front("...")) {
      for (int64_t d = 0; d < ellipsisRank; ++d)
        labels.push_back(256 + maxEllipsis - ellipsisRank + d);
      continue;
    }
    if (!llvm::isAlpha(term.front()))
      return std::nullopt;
    labels.push_back(term.front());
    term = term.drop_front();
  }
  return labels;
}

/// Without "->" the result has the ellipsis and then, in alphabetical order, the letters that occur once.
static SmallVector<int64_t> implicitResult(ArrayRef<SmallVector<int64_t>> terms) {
  std::map<int64_t, int> counts;
  for (const auto &term : terms)
    for (int64_t label : term)
      ++counts[label];
  SmallVector<int64_t> result;
  for (auto [label, count] : counts)
    if (label >= 256)
      result.push_back(label);
  for (auto [label, count] : counts)
    if (label < 256 && count == 1)
      result.push_back(label);
  return result;
}

static std::optional<Equation> parseEquation(NodeImporter &n) {
  std::string text = n.attrs.getString("equation", "");
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  StringRef left = text, right;
  bool isExplicit = left.contains("->");
  std::tie(left, right) = left.split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != n.numInputs())
    return std::nullopt;
  SmallVector<int64_t> ellipsis;
  for (auto [term, input] : llvm::zip(terms, n.inputs())) {
    int64_t named = term.contains("...") ? term.size() - 3 : term.size();
    ellipsis.push_back(term.contains("...") ? rankOf(input) - named : 0);
    if (ellipsis.back() < 0)
      return std::nullopt;
  }
  int64_t most = *llvm::max_element(ellipsis);
  Equation equation;
  for (auto [term, rank, input] : llvm::zip(terms, ellipsis, n.inputs())) {
    auto labels = parseTerm(term, rank, most);
    if (!labels || static_cast<int64_t>(labels->size()) != rankOf(input))
      return std::nullopt;
    equation.terms.push_back(*labels);
  }
  auto result = isExplicit ? parseTerm(right, most, most) : implicitResult(equation.terms);
  if (!result)
    return std::nullopt;
  equation.result = *result;
  return equation;
}

/// The diagonal of every label that one operand has twice.
static Labelled takeDiagonals(NodeImporter &n, Labelled operand) {
  for (size_t d = 0; d < operand.loops.size() && operand.value; ++d)
    for (size_t e = d + 1; e < operand.loops.size(); ++e) {
      if (operand.loops[d] != operand.loops[e])
        continue;
      SmallVector<int64_t> index(shapeOf(operand.value)), shape;
      index[e] = 1;
      auto type = RankedTensorType::get(index, n.getBuilder().getI64Type());
      Value picked = n.emit<tn::GatherElementsOp>(operand.value, n.emitTyped<tn::IotaOp>(type, d), e);
      shape = index;
      shape.erase(shape.begin() + e);
      operand.loops.erase(operand.loops.begin() + e);
      return takeDiagonals(n, {n.reshape(picked, shape), operand.loops});
    }
  return operand;
}

/// Sums over labels that nothing else needs and brings the rest into the wanted order.
static Value sumAndTranspose(NodeImporter &n, Labelled operand, ArrayRef<int64_t> wanted) {
  SmallVector<int64_t> summed, shape, kept, permutation;
  for (auto [d, label] : llvm::enumerate(operand.loops)) {
    if (!llvm::is_contained(wanted, label)) {
      summed.push_back(d);
      continue;
    }
    kept.push_back(label);
    shape.push_back(shapeOf(operand.value)[d]);
  }
  Value v = operand.value;
  if (!summed.empty())
    v = n.reshape(n.reduce(tn::ReduceKind::Sum, v, summed), shape);
  for (int64_t label : wanted)
    permutation.push_back(llvm::find(kept, label) - kept.begin());
  return n.transpose(v, permutation);
}

/// Drops dimensions of size 1 where the other operand has a larger one under the same label.
static Labelled dropBroadcast(NodeImporter &n, const Labelled &operand, const Labelled &other) {
  SmallVector<int64_t> loops(operand.loops);
  for (auto [d, label] : llvm::enumerate(operand.loops)) {
    auto it = llvm::find(other.loops, label);
    if (it != other.loops.end() && shapeOf(operand.value)[d] == 1 &&
        shapeOf(other.value)[it - other.loops.begin()] != 1)
      loops[d] = -1;
  }
  return dropUnits(n, operand.value, loops);
}

static LogicalResult importEinsum(NodeImporter &n) {
  auto equation = parseEquation(n);
  if (!equation)
    return n.malformed("equation " + quoted(n.attrs.getString("equation", "")) + " does not fit the operands");
  Labelled left = takeDiagonals(n, {n.input(0), equation->terms[0]});
  for (unsigned i = 1; i < n.numInputs(); ++i) {
    Labelled right = takeDiagonals(n, {n.input(i), equation->terms[i]});
    if (!left.value || !right.value)
      return failure();
    SmallVector<int64_t> needed;
    auto need = [&](int64_t label) {
      bool wanted = llvm::is_contained(equation->result, label);
      for (unsigned later = i + 1; later < n.numInputs(); ++later)
        wanted |= llvm::is_contained(equation->terms[later], label);
      if (wanted && !llvm::is_contained(needed, label))
        needed.push_back(label);
    };
    llvm::for_each(left.loops, need);
    llvm::for_each(right.loops, need);
    Labelled lhs = dropBroadcast(n, left, right), rhs = dropBroadcast(n, right, left);
    if (i + 1 == n.numInputs())
      needed = equation->result;
    left = {emitContract(n, lhs, rhs, needed), needed};
  }
  if (!left.value)
    return failure();
  for (int64_t label : equation->result)
    if (!llvm::is_contained(left.loops, label))
      return n.malformed("the result of the equation has a label that no operand has");
  return n.result(sumAndTranspose(n, left, equation->result));
}

void registerMatMulOps(OpRegistry &registry) {
  static constexpr OpEntry table[] = {
      {"MatMul", 1, 2, 2, importMatMul},
      {"MatMulInteger", 10, 2, 4, importMatMulInteger},
      {"QLinearMatMul", 10, 8, 8, importQLinearMatMul},
      {"Gemm", 1, 2, 3, importGemm},
      {"Einsum", 12, 1, anyNumber, importEinsum},
  };
  registry.add(table);
}

} // namespace tenon::onnx

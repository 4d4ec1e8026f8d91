#include "codegen/kernels/winograd/TransformEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace tenon::codegen {

static bool arePaired(const std::vector<double> &x, const std::vector<double> &y) {
  bool odd = false;
  for (size_t k = 0; k < x.size(); ++k) {
    if (y[k] != (k % 2 ? -x[k] : x[k]))
      return false;
    odd |= k % 2 && x[k] != 0;
  }
  return odd;
}

static std::vector<double> part(const std::vector<double> &row, size_t parity) {
  std::vector<double> result(row.size(), 0.0);
  for (size_t k = parity; k < row.size(); k += 2)
    result[k] = row[k];
  return result;
}

/// The sum of factors[k] * x[k]; terms with factor 0 are left out, those with factor 1 come first.
Value TransformEmitter::combine(const std::vector<double> &factors, ArrayRef<Value> x) {
  Value sum;
  for (size_t k = 0; k < factors.size(); ++k)
    if (factors[k] == 1)
      sum = sum ? Value(arith::AddFOp::create(b, loc, sum, x[k])) : x[k];
  for (size_t k = 0; k < factors.size(); ++k) {
    if (factors[k] == 0 || factors[k] == 1)
      continue;
    if (factors[k] == -1 && sum) {
      sum = arith::SubFOp::create(b, loc, sum, x[k]);
      continue;
    }
    Value factor = splat(factors[k]);
    sum = sum ? Value(math::FmaOp::create(b, loc, factor, x[k], sum))
              : Value(arith::MulFOp::create(b, loc, factor, x[k]));
  }
  return sum ? sum : splat(0);
}

Value TransformEmitter::splat(double value) {
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, static_cast<float>(value)));
}

SmallVector<Value> TransformEmitter::byRows(const Matrix &matrix, ArrayRef<Value> x) {
  SmallVector<Value> result;
  for (size_t i = 0; i < matrix.size(); ++i) {
    if (i + 1 < matrix.size() && arePaired(matrix[i], matrix[i + 1])) {
      Value even = combine(part(matrix[i], 0), x), odd = combine(part(matrix[i], 1), x);
      result.push_back(arith::AddFOp::create(b, loc, even, odd));
      result.push_back(arith::SubFOp::create(b, loc, even, odd));
      ++i;
      continue;
    }
    result.push_back(combine(matrix[i], x));
  }
  return result;
}

SmallVector<Value> TransformEmitter::byColumns(const Matrix &matrix, ArrayRef<Value> x) {
  size_t columns = matrix[0].size();
  SmallVector<Value> sums(columns), differences(columns);
  for (size_t j = 1; j + 2 < columns; j += 2) {
    sums[j] = arith::AddFOp::create(b, loc, x[j], x[j + 1]);
    differences[j] = arith::SubFOp::create(b, loc, x[j], x[j + 1]);
  }
  SmallVector<Value> result;
  for (size_t i = 0; i < matrix.size(); ++i) {
    SmallVector<Value> terms = {x.front(), x.back()};
    std::vector<double> factors = {matrix[i].front(), matrix[i].back()};
    for (size_t j = 1; j + 2 < columns; j += 2) {
      terms.push_back(i % 2 == 0 ? sums[j] : differences[j]);
      factors.push_back(matrix[i][j]);
    }
    result.push_back(combine(factors, terms));
  }
  return result;
}

} // namespace tenon::codegen

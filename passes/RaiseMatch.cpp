#include "passes/RaiseMatch.h"
#include "ir/Constant.h"
#include <cmath>

using namespace mlir;
using namespace tenon::tn;

namespace tenon {

bool isClose(double a, double b) { return std::abs(a - b) <= 1e-4 * std::max(std::abs(a), std::abs(b)); }

bool isConstantNear(Value v, double value) {
  std::optional<double> splat = splatValue(v);
  return splat && isClose(*splat, value);
}

Polynomial Polynomial::constant(double value) {
  Polynomial p;
  p.c[0][0] = value;
  return p;
}

Polynomial Polynomial::plus(const Polynomial &other, double factor) const {
  Polynomial p = *this;
  for (unsigned i = 0; i <= degreeX; ++i)
    for (unsigned j = 0; j <= degreeE; ++j)
      p.c[i][j] += factor * other.c[i][j];
  return p;
}

std::optional<Polynomial> Polynomial::times(const Polynomial &other) const {
  Polynomial p;
  for (unsigned i = 0; i <= degreeX; ++i)
    for (unsigned j = 0; j <= degreeE; ++j)
      for (unsigned k = 0; k <= degreeX; ++k)
        for (unsigned l = 0; l <= degreeE; ++l) {
          double product = c[i][j] * other.c[k][l];
          if (product == 0)
            continue;
          if (i + k > degreeX || j + l > degreeE)
            return std::nullopt;
          p.c[i + k][j + l] += product;
        }
  return p;
}

std::optional<Polynomial> Polynomial::get(Value v, Value x, Value e, unsigned depth) {
  Polynomial p;
  if (v == x || v == e) {
    p.c[v == x][v != x] = 1;
    return p;
  }
  if (std::optional<double> value = splatValue(v))
    return constant(*value);
  Operation *op = v.getDefiningOp();
  if (!op || depth > 8 || !isa<AddOp, SubOp, MulOp, DivOp, NegOp, PowOp>(op))
    return std::nullopt;
  auto lhs = get(op->getOperand(0), x, e, depth + 1);
  if (!lhs)
    return std::nullopt;
  if (isa<NegOp>(op))
    return Polynomial().plus(*lhs, -1);
  auto rhs = get(op->getOperand(1), x, e, depth + 1);
  if (!rhs)
    return std::nullopt;
  if (isa<AddOp, SubOp>(op))
    return lhs->plus(*rhs, isa<AddOp>(op) ? 1 : -1);
  if (isa<MulOp>(op))
    return lhs->times(*rhs);
  std::optional<double> scalar = splatValue(op->getOperand(1));
  if (!scalar || *scalar == 0)
    return std::nullopt;
  if (isa<DivOp>(op))
    return lhs->times(constant(1 / *scalar));
  std::optional<Polynomial> power = constant(1);
  if (*scalar != 1 && *scalar != 2 && *scalar != 3)
    return std::nullopt;
  for (int i = 0; i < *scalar && power; ++i)
    power = power->times(*lhs);
  return power;
}

bool Polynomial::isNear(const Coefficients &wanted) const {
  for (unsigned i = 0; i <= degreeX; ++i)
    for (unsigned j = 0; j <= degreeE; ++j)
      if (wanted[i][j] == 0 ? std::abs(c[i][j]) > 1e-6 : !isClose(c[i][j], wanted[i][j]))
        return false;
  return true;
}

} // namespace tenon

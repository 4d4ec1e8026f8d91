//===- RaiseMatch.h - Matching what exporters took apart -----------------===//
#ifndef TENON_PASSES_RAISEMATCH_H
#define TENON_PASSES_RAISEMATCH_H

#include "ir/Dialect.h"
#include "mlir/IR/PatternMatch.h"
#include <array>

namespace tenon {

/// Exporters round constants: within a relative 1e-4.
bool isClose(double a, double b);

/// Whether `v` is a constant with this value in every element.
bool isConstantNear(mlir::Value v, double value);

/// A polynomial in two values, x and e: coefficients[i][j] belongs to x^i e^j. The spellings of one function
/// (which constants are multiplied where, x * x * x or pow(x, 3), 0.5 x or x / 2) are one polynomial.
class Polynomial {
public:
  static constexpr unsigned degreeX = 3, degreeE = 1;
  using Coefficients = std::array<std::array<double, degreeE + 1>, degreeX + 1>;

  /// `v` as a polynomial in `x` and `e` (which may be null); nothing if it is none of these degrees.
  static std::optional<Polynomial> get(mlir::Value v, mlir::Value x, mlir::Value e, unsigned depth = 0);

  bool isNear(const Coefficients &wanted) const;

private:
  static Polynomial constant(double value);
  std::optional<Polynomial> times(const Polynomial &other) const;
  Polynomial plus(const Polynomial &other, double factor) const;
  Coefficients c = {};
};

// Groups of rules, by what they recognise.
void addActivationRules(mlir::RewritePatternSet &patterns);
void addNormalizationRules(mlir::RewritePatternSet &patterns);

} // namespace tenon

#endif

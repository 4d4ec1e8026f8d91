// Formulas over SSA values: a Num is a float, an integer or a mask of one shape (a scalar or a vector of any
// lane count), with C++ operators that emit arith and math operations. No fast-math flag is ever set: several
// formulas (two-sums, argument reduction) are exact only as written.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"

namespace tenon::math {

class MathBuilder;

/// An SSA value of the builder's shape. Operators on it emit operations at the builder's insertion point; a
/// double operand becomes a constant of the other operand's type.
struct Num {
  MathBuilder *m = nullptr;
  mlir::Value v;

  Num operator-() const;
};

/// Emits operations on values shaped like `type`, whose elements are f32 or f64.
class MathBuilder {
public:
  MathBuilder(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type) : b(b), loc(loc), shape(type) {}

  Num wrap(mlir::Value v) { return {this, v}; }
  /// A constant of the element type of `like` (rounded to it), or of the builder's own type.
  Num constant(double c, Num like);
  Num constant(double c);
  /// An integer constant as wide as the float type.
  Num integer(int64_t c);
  bool isF64() const;
  /// The builder's shape with another element type.
  mlir::Type withElement(mlir::Type element) const;
  mlir::Type floatType() const { return shape; }
  mlir::Type intType() const;

  mlir::OpBuilder &b;
  mlir::Location loc;

private:
  mlir::Type shape;
};

Num operator+(Num a, Num b);
Num operator-(Num a, Num b);
Num operator*(Num a, Num b);
Num operator/(Num a, Num b);
/// Bitwise, on masks and integers.
Num operator&(Num a, Num b);
Num operator|(Num a, Num b);
Num operator^(Num a, Num b);
/// Comparisons are ordered (false on NaN), except != which is true on NaN. Integers compare signed.
Num operator<(Num a, Num b);
Num operator<=(Num a, Num b);
Num operator==(Num a, Num b);
Num operator!=(Num a, Num b);
inline Num operator>(Num a, Num b) { return b < a; }
inline Num operator>=(Num a, Num b) { return b <= a; }

inline Num operator+(Num a, double c) { return a + a.m->constant(c, a); }
inline Num operator-(Num a, double c) { return a - a.m->constant(c, a); }
inline Num operator-(double c, Num a) { return a.m->constant(c, a) - a; }
inline Num operator*(Num a, double c) { return a * a.m->constant(c, a); }
inline Num operator/(Num a, double c) { return a / a.m->constant(c, a); }
inline Num operator/(double c, Num a) { return a.m->constant(c, a) / a; }
inline Num operator<(Num a, double c) { return a < a.m->constant(c, a); }
inline Num operator<=(Num a, double c) { return a <= a.m->constant(c, a); }
inline Num operator>(Num a, double c) { return a > a.m->constant(c, a); }
inline Num operator>=(Num a, double c) { return a >= a.m->constant(c, a); }
inline Num operator==(Num a, double c) { return a == a.m->constant(c, a); }
inline Num operator!=(Num a, double c) { return a != a.m->constant(c, a); }

/// a * b + c with one rounding.
Num fma(Num a, Num b, Num c);
inline Num fma(Num a, double b, Num c) { return fma(a, a.m->constant(b, a), c); }
inline Num fma(Num a, Num b, double c) { return fma(a, b, a.m->constant(c, a)); }
inline Num fma(Num a, double b, double c) { return fma(a, a.m->constant(b, a), a.m->constant(c, a)); }
Num select(Num mask, Num a, Num b);
inline Num select(Num mask, double a, Num b) { return select(mask, b.m->constant(a, b), b); }
inline Num select(Num mask, Num a, double b) { return select(mask, a, a.m->constant(b, a)); }
/// The lesser or greater of x and c; a NaN in x stays.
Num clampMax(Num x, double c);
Num clampMin(Num x, double c);
Num abs(Num x);
Num sqrt(Num x);
Num trunc(Num x);
Num roundEven(Num x);
/// The magnitude of a with the sign of b.
Num copySign(Num a, Num b);

/// Float to integer of the same width and back, without conversion.
Num toBits(Num x);
Num fromBits(Num i);
Num shl(Num i, int by);
/// Arithmetic and logical right shift.
Num ashr(Num i, int by);
Num lshr(Num i, int by);
/// The integer's value as a float of the same width.
Num toFloat(Num i);
/// f32 to f64 and back, with the mask and integer types of the target builder.
Num widen(MathBuilder &wide, Num x);
Num narrow(MathBuilder &to, Num x);

/// c[0] + c[1] x + ... by Horner's rule in fma.
Num polynomial(Num x, llvm::ArrayRef<double> c);

/// An unevaluated sum hi + lo with |lo| at most half an ulp of hi.
struct Pair {
  Num hi, lo;
};

/// a + b exactly; fastTwoSum wants |a| >= |b|.
Pair twoSum(Num a, Num b);
Pair fastTwoSum(Num a, Num b);
/// a * b exactly.
Pair twoProduct(Num a, Num b);
/// Products, quotients and sums of pairs to about twice the precision.
Pair operator*(Pair a, Pair b);
Pair operator*(Pair a, Num b);
Pair operator/(Pair a, Pair b);
Pair operator+(Pair a, Pair b);

/// The values `rare` yields in the lanes where `cold` holds, and `usual` in the others; `rare` stands in a
/// branch (scf.if) that is taken when any lane is cold, around code that hardly ever runs.
llvm::SmallVector<Num> unlessAny(Num cold, llvm::ArrayRef<Num> usual,
                                 llvm::function_ref<llvm::SmallVector<Num>()> rare);

} // namespace tenon::math

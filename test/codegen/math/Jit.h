// Builds one function around a math operation, expands it, compiles it in process and calls it on arrays.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace tenon::test {

/// The operation and type under test, e.g. {"math.exp %a : vector<16xf32>", ...}.
struct Case {
  std::string op;   ///< mnemonic without `math.`
  std::string type; ///< MLIR type, as `vector<16xf32>`
  int operands = 1;
  std::string exponent = {}; ///< type of the second operand of fpowi, empty otherwise
  int results = 1;
};

/// A compiled function `void f(const void *a, const void *b, void *out)` on one value of the type. The object
/// code is linked without any library: an undefined symbol fails the compilation.
class Compiled {
public:
  using Function = void (*)(const void *, const void *, void *);

  /// `cpu` as in llc -mcpu. Throws std::runtime_error with the cause.
  Compiled(const Case &c, const std::string &cpu);
  ~Compiled();
  Function function() const { return entry; }

private:
  struct State;
  std::unique_ptr<State> state;
  Function entry = nullptr;
};

/// Whether expandMath accepts the operation on the type.
bool expands(const Case &c);
/// x86-64-v3, and v4 where this machine has it.
bool hasAvx512();

} // namespace tenon::test

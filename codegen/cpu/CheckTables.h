//===- CheckTables.h - What the checks of a program have to know ---------===//
#ifndef TENON_CODEGEN_CPU_CHECKTABLES_H
#define TENON_CODEGEN_CPU_CHECKTABLES_H

#include "codegen/cpu/ConstantTables.h"
#include "codegen/cpu/Program.h"
#include "codegen/cpu/check/Check.h"

namespace tenon::codegen {

/// Writes a tn_check_step (codegen/cpu/check/Check.h) for every step of a program.
class CheckTables {
public:
  CheckTables(ConstantTables &tables, const Program &program);

  /// Address of the structure of step `s`.
  llvm::Constant *step(size_t s);

private:
  struct Region {
    int64_t begin = 0, end = 0;     ///< bytes of the arena
    size_t written = 0, needed = 0; ///< by which step, and until which
  };

  llvm::Constant *buffer(const Program::Step &step, size_t i);
  llvm::Constant *regionsAfter(size_t s, size_t &count);
  /// The part of the arena that operand `i` of a step is; empty for what lies elsewhere.
  Region regionOf(const Program::Step &step, size_t i) const;
  bool sharesMemory(const Program::Step &step, size_t i, size_t j) const;

  ConstantTables &tables;
  const Program &program;
  std::vector<Region> regions;
};

/// How the checks tell the values of a type apart, by the semantics that LLVM has for it.
tn_check_format checkFormat(mlir::Type type);

/// The object that instrumented artifacts have to be linked with.
llvm::ArrayRef<char> checkObject();

} // namespace tenon::codegen

#endif

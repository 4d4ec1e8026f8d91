//===- Target.h - What the compiler knows about a processor -----------===//
#ifndef TENON_PASSES_TARGET_H
#define TENON_PASSES_TARGET_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace tenon {

/// One level of code in an artifact: a processor family that the same instructions suit.
struct Target {
  std::string name;          ///< as in -mcpu: "x86-64-v3"
  std::string triple;        ///< "x86_64-unknown-linux-gnu"
  std::string cpu;           ///< LLVM's name of the processor to tune for
  std::string features;      ///< LLVM feature string
  uint32_t requiredFeatures; ///< TN_CPU_* bits of the ABI
  int64_t vectorBytes;       ///< widest vector register
  int64_t vectorRegisters;

  int64_t floatLanes() const { return vectorBytes / 4; }
};

/// The levels that can be compiled for, best first.
llvm::ArrayRef<Target> allTargets();

/// The level of that name, or null.
const Target *findTarget(llvm::StringRef name);

/// The best level that this machine can run, or null.
const Target *hostTarget();

} // namespace tenon

#endif

//===- Predict.h - What the steps of a plan should take ------------------===//
#ifndef TENON_TOOLS_TENON_PREDICT_H
#define TENON_TOOLS_TENON_PREDICT_H

#include "codegen/cpu/KernelWork.h"
#include "codegen/cpu/Program.h"
#include "tools/tenon/Roofline.h"

namespace tenon::cli {

/// What a step should take on one thread, from the instructions of its kernel and from where its operands come.
struct Prediction {
  double arithmetic = 0; ///< seconds for the instructions
  double transfer = 0;   ///< seconds for the operands, at the rates of the caches or the memory that hold them
  double seconds() const { return std::max(arithmetic, transfer); }
  const char *limit() const { return arithmetic >= transfer ? "arithmetic" : "transfer"; }
};

/// Predicts every step of a program that runs again and again. Fails if a kernel can't be lowered for `target`.
mlir::FailureOr<std::vector<Prediction>> predictSteps(const codegen::Program &program, const Target &target,
                                                      const Roofline &roofline, const ReuseBandwidth &reuse);

} // namespace tenon::cli

#endif

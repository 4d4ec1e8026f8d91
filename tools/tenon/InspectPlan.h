//===- InspectPlan.h - tenon inspect --plan ------------------------------===//
#ifndef TENON_TOOLS_TENON_INSPECTPLAN_H
#define TENON_TOOLS_TENON_INSPECTPLAN_H

#include "tools/tenon/ModelOptions.h"

namespace tenon::cli {

/// Compiles a model for this machine, runs it on one thread and random inputs, and prints its kernels with schedule,
/// predicted and measured time. Returns the exit code.
int inspectPlan(const std::string &path, const ModelOptions &model, bool json);

} // namespace tenon::cli

#endif

//===- InspectModel.h - What a model file says about itself --------------===//
#ifndef TENON_TOOLS_TENON_INSPECTMODEL_H
#define TENON_TOOLS_TENON_INSPECTMODEL_H

#include "tools/compiler/Compiler.h"

namespace tenon::cli {

/// Prints inputs, outputs, operators, parameters, cost, and every node that can't be compiled. Open
/// dimensions are taken to be 1 where the cost depends on them. Returns the exit code.
int inspectModel(const std::string &path, const CompilerOptions &options, bool json);

} // namespace tenon::cli

#endif

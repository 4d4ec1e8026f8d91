//===- SetSchedules.h - A kernel's schedules for all targets -------------===//
#ifndef TENON_PASSES_SETSCHEDULES_H
#define TENON_PASSES_SETSCHEDULES_H

#include "passes/KernelModel.h"

namespace tenon {

/// Gives a kernel, whose template is known, a schedule per target: the library's measured one, else its template's
/// choice. An error if the template does not accept a measured one.
llvm::LogicalResult setSchedules(tn::KernelOp kernel, const KernelLibrary &library);

} // namespace tenon

#endif

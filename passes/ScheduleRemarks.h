//===- ScheduleRemarks.h - Why a kernel has its schedule -----------------===//
#ifndef TENON_PASSES_SCHEDULEREMARKS_H
#define TENON_PASSES_SCHEDULEREMARKS_H

#include "passes/KernelModel.h"

namespace tenon {

/// Says, if remarks are wanted, by how much the schedules that the template's cost model weighed lost against the
/// chosen one; `measured`: the choice is a schedule file's, and not the model's.
void remarkSchedule(tn::KernelOp kernel, const KernelModel &model, const Target &target, mlir::DictionaryAttr chosen,
                    bool measured);

} // namespace tenon

#endif

//===- KernelPasses.h - Passes that need the kernel templates ------------===//
#ifndef TENON_TOOLS_KERNELPASSES_H
#define TENON_TOOLS_KERNELPASSES_H

namespace tenon {

/// Makes --tn-fuse, --tn-schedule and --tn-plan-memory known with the library of kernel templates and all
/// targets, and the stages --tn-fuse-stage, --tn-schedule-stage and --tn-memory-stage. Must come before
/// registerTenonPasses(): the first registration of a name holds.
void registerKernelPasses();

} // namespace tenon

#endif

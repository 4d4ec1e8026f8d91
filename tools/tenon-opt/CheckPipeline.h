//===- CheckPipeline.h - A pipeline judged by the reference interpreter --===//
#ifndef TENON_TOOLS_CHECKPIPELINE_H
#define TENON_TOOLS_CHECKPIPELINE_H

namespace tenon {

/// Makes --tn-check known, a pass for tests.
void registerCheckPipeline();

} // namespace tenon

#endif

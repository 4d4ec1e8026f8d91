//===- Recorder.h - The values that the interpreter computes -------------===//
#ifndef TENON_TOOLS_REDUCE_RECORDER_H
#define TENON_TOOLS_REDUCE_RECORDER_H

#include "tools/compiler/Supervisor.h"
#include "tools/reduce/Workspace.h"

namespace tenon::reduce {

struct Recording {
  Record values;
  bool isComplete = false; ///< every value that a node computes is in it
  bool interrupted = false;
  std::string problem; ///< why it is not complete
};

/// Imports a subject without optimising it and interprets it, in a process of its own. Where nodes can't be imported or
/// interpreted, or crash the importer, gives the values of the others that do not depend on them.
Recording recordValues(const Subject &subject, Workspace &workspace, const ProcessLimits &limits);

/// The same if every value can be computed; nothing otherwise.
std::optional<Record> recordAll(const Subject &subject, Workspace &workspace, const ProcessLimits &limits,
                                bool &interrupted);

} // namespace tenon::reduce

#endif

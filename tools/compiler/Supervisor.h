//===- Supervisor.h - Compiling in a process that may die ----------------===//
//
// A model is compiled in a child process, which may crash, run away or be killed: the parent turns that into
// an exit code, removes what the child left behind, and can say how far it had come. The child is forked
// before anything has been done and not executed anew, because starting the program again would cost as much
// as compiling a small model.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_TOOLS_COMPILER_SUPERVISOR_H
#define TENON_TOOLS_COMPILER_SUPERVISOR_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>

namespace tenon {

/// What a supervised process may use.
struct ProcessLimits {
  uint64_t memoryBytes = 0; ///< private memory; 0: as much as the machine has
  double seconds = 0;       ///< of wall-clock time; 0: no limit
  /// What the work starts in turn shall end with it: it gets a process group of its own.
  bool wholeGroup = false;
};

/// How a supervised process ended.
struct ProcessOutcome {
  /// What the tool is to return: the work's own code, 6 over a limit, 70 after a crash, 130 when interrupted.
  int exitCode = 0;
  /// Signal that ended it, when it crashed.
  int crashSignal = 0;
  /// Whether the time limit was what ended it.
  bool timedOut = false;
  /// Phase that it had last announced, and the one before.
  std::string phase, lastDone;
  /// Calls at the time of a crash.
  std::string stack;
  /// What to tell the user; empty if the work has said it.
  std::string message;
};

/// Runs `work` in a child process and waits for it. Must be called while the process has one thread.
ProcessOutcome supervise(const ProcessLimits &limits, llvm::function_ref<int()> work);

/// Tells the supervisor, if there is one, what is being done.
void announcePhase(llvm::StringRef phase);

/// Has the supervisor remove a file or directory should this process die. The number is for
/// unregisterTemporary; -1 where there is no supervisor.
int registerTemporary(llvm::StringRef path);
void unregisterTemporary(int number);

} // namespace tenon

#endif

//===- SlowCompile.h - The two artifacts that --slow compares ------------===//
#ifndef TENON_TOOLS_TENON_SLOWCOMPILE_H
#define TENON_TOOLS_TENON_SLOWCOMPILE_H

#include "tools/tenon/Slow.h"

namespace tenon::cli {

/// Compiles the model with this compiler, in a process of its own. `schedules` is a file that receives the schedule of
/// every step, as a JSON list; `dumps` a folder for the program after every pass; both may be empty. Returns an exit
/// code.
int compileThis(const SlowRequest &request, const std::string &library, const std::string &schedules,
                const std::string &dumps);

/// Has the other compiler do it, by its command line.
int compileOther(const SlowOptions &options, const SlowRequest &request, const std::string &library,
                 const std::string &dumps);

/// What the other one is called in reports: program and flags.
std::string nameOfOther(const SlowOptions &options);

} // namespace tenon::cli

#endif

//===- Commands.h - The subcommands of tenon -----------------------------===//
#ifndef TENON_TOOLS_TENON_COMMANDS_H
#define TENON_TOOLS_TENON_COMMANDS_H

#include <CLI/CLI.hpp>
#include <functional>

namespace tenon::cli {

/// What the command line asks for; returns the exit code. Set by the subcommand that was parsed.
using Action = std::function<int()>;

// One per file; each adds a subcommand that sets `action`.
void addCompile(CLI::App &app, Action &action, const std::string &commandLine);
void addRun(CLI::App &app, Action &action);
void addBench(CLI::App &app, Action &action);
void addExplain(CLI::App &app, Action &action);
void addInspect(CLI::App &app, Action &action);
void addReduce(CLI::App &app, Action &action);
void addDebug(CLI::App &app, Action &action);

} // namespace tenon::cli

#endif

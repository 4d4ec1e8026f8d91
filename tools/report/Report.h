//===- Report.h - One file that shows a compilation ----------------------===//
//
// libtenon-report, behind --report. Data is gathered from what a compilation left in a folder (debug/Snapshots.h), one
// file of this folder per section; page/ shows it. The result is one HTML file that loads nothing.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_TOOLS_REPORT_REPORT_H
#define TENON_TOOLS_REPORT_REPORT_H

#include "tools/compiler/Compiler.h"
#include "tools/compiler/Supervisor.h"
#include "tools/debug/Findings.h"
#include "tools/report/KernelData.h"

namespace tenon::report {

struct Source {
  CompilerOptions compiler; ///< with which the model was compiled
  ProcessLimits limits;     ///< of the process that writes
  std::string model;        ///< path
  std::string command;      ///< that asked for the report
  std::string directory;    ///< what debug::SnapshotWriter wrote
  /// What was looked for and found, if anything was looked for.
  std::optional<debug::Report> findings;
  std::optional<Measurement> measured;
  std::string whyNotMeasured;
};

/// Writes the report, completely or not at all. Returns an exit code; `message` says what is wrong. Imports the model,
/// so it belongs into a process of its own.
int writeReport(const Source &source, const std::string &path, std::string &message);

} // namespace tenon::report

#endif

//===- HtmlReport.h - What --report writes -------------------------------===//
#ifndef TENON_TOOLS_TENON_HTMLREPORT_H
#define TENON_TOOLS_TENON_HTMLREPORT_H

#include "tools/report/Report.h"

namespace tenon::cli {

/// Whether the file's folder is there: better to say before a long computation that it is not. An error was printed.
bool checkReportPath(const std::string &path);

/// Times the kernels of an artifact on this machine and fills in `source.measured`, or why that can't be. Must be
/// called while the process has one thread.
void measureForReport(report::Source &source, const std::string &library, const std::vector<std::string> &inputs,
                      uint64_t seed);

/// Writes the report, in a process of its own. Returns an exit code; what is wrong was printed. Must be called while
/// the process has one thread.
int writeHtmlReport(const report::Source &source, const std::string &path);

} // namespace tenon::cli

#endif

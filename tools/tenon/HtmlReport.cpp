#include "tools/tenon/HtmlReport.h"
#include "tools/compiler/OutputFile.h"
#include "tools/compiler/Supervisor.h"
#include "tools/tenon/Output.h"
#include "tools/tenon/Roofline.h"
#include "tools/tenon/StepTimes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

namespace tenon::cli {

/// Runs over which times are averaged.
static constexpr unsigned kRounds = 10;
/// Seconds after which kernels stay unmeasured.
static constexpr double kMostSeconds = 120;

bool checkReportPath(const std::string &path) {
  llvm::StringRef folder = llvm::sys::path::parent_path(path);
  if (folder.empty() || llvm::sys::fs::is_directory(folder))
    return true;
  printError("--report: cannot write " + path + ": there is no folder " + folder.str());
  return false;
}

static int measure(const std::string &library, const std::vector<std::string> &inputs, uint64_t seed,
                   const std::string &result) {
  Session session;
  report::Measurement measured;
  measured.threads = 0;
  if (int code = session.load(library))
    return code;
  if (int code = session.bindInputs(inputs, /*random=*/true, seed))
    return code;
  if (int code = countThreads(measured.threads))
    return code;
  Roofline roofline = measureRoofline(measured.threads);
  if (int code = measureSteps(session, measured.threads, kRounds, measured.seconds))
    return code;
  measured.flops = roofline.flops;
  measured.bandwidth = roofline.bandwidth;
  measured.isa = roofline.isa;
  std::string text, error;
  llvm::raw_string_ostream(text) << measured.toJson();
  return writeOutputFile(result, text, error) ? kOk : kInputOutput;
}

void measureForReport(report::Source &source, const std::string &library, const std::vector<std::string> &inputs,
                      uint64_t seed) {
  std::string result = source.directory + "/measured.json";
  ProcessLimits limits;
  limits.seconds = kMostSeconds;
  ProcessOutcome outcome = supervise(limits, [&] { return measure(library, inputs, seed, result); });
  source.whyNotMeasured = "Kernels were not timed: the artifact could not be run to its end. " + outcome.message;
  auto buffer = llvm::MemoryBuffer::getFile(result);
  if (outcome.exitCode != 0 || !buffer)
    return;
  if (auto value = llvm::json::parse((*buffer)->getBuffer()))
    source.measured = report::Measurement::fromJson(*value);
  else
    llvm::consumeError(value.takeError());
}

int writeHtmlReport(const report::Source &source, const std::string &path) {
  ProcessOutcome outcome = supervise(source.limits, [&] {
    std::string message;
    int code = report::writeReport(source, path, message);
    if (code != kOk)
      printError("--report: " + message);
    return code;
  });
  if (!outcome.message.empty())
    printError("--report: " + outcome.message);
  return outcome.exitCode;
}

} // namespace tenon::cli

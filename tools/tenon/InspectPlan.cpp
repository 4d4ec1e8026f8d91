#include "tools/tenon/InspectPlan.h"
#include "passes/ScheduleBook.h"
#include "tools/tenon/Commands.h"
#include "tools/tenon/Output.h"
#include "tools/tenon/Predict.h"
#include "tools/tenon/StepTimes.h"
#include <fmt/core.h>
#include <numeric>

namespace tenon::cli {

namespace {

/// All steps of one kernel.
struct Row {
  std::string kernel, schedule, sources;
  unsigned steps = 0;
  double predicted = 0, measured = 0, arithmetic = 0, transfer = 0;
  double ratio() const { return measured > 0 ? predicted / measured : 0; }
  const char *limit() const { return arithmetic >= transfer ? "arithmetic" : "transfer"; }
};

struct Plan {
  std::vector<double> seconds; ///< per step
  Roofline roofline;
  ReuseBandwidth reuse;

  int measure(const std::string &path, const ModelOptions &model);
  int print(const std::string &path, const CompilerOptions &options, bool json);
};

std::vector<Row> makeRows(const codegen::Program &program, const std::vector<Prediction> &predictions,
                          const std::vector<double> &seconds, const Target &target) {
  std::vector<Row> rows(program.kernels.size());
  for (auto [step, prediction, time] : llvm::zip_equal(program.steps, predictions, seconds)) {
    Row &row = rows[step.kernel];
    if (row.steps++ == 0) {
      tn::KernelOp op = program.kernels[step.kernel].op;
      row.kernel = program.kernels[step.kernel].name;
      row.schedule = describeSchedule(op.getSchedule()->getAs<mlir::DictionaryAttr>(target.name));
      row.sources = shortSources(step.sources);
    }
    row.predicted += prediction.seconds();
    row.arithmetic += prediction.arithmetic;
    row.transfer += prediction.transfer;
    row.measured += time;
  }
  llvm::sort(rows, [](const Row &x, const Row &y) { return x.measured > y.measured; });
  return rows;
}

/// The ratio of predicted to measured time below which kernels take half of the measured time.
double middleRatio(std::vector<Row> rows, double total) {
  llvm::sort(rows, [](const Row &x, const Row &y) { return x.ratio() < y.ratio(); });
  double sum = 0;
  for (const Row &row : rows)
    if ((sum += row.measured) >= total / 2)
      return row.ratio();
  return 0;
}

void printRows(const std::vector<Row> &rows, const Row &total) {
  fmt::print("{:>9} {:>9} {:>7}  {:<10} {:>5}  kernel\n", "predicted", "measured", "ratio", "limit", "steps");
  for (const Row &row : rows)
    fmt::print("{:9.3f} {:9.3f} {:7.2f}  {:<10} {:5}  {} ({}) {}\n", row.predicted * 1e3, row.measured * 1e3,
               row.ratio(), row.limit(), row.steps, row.kernel, row.sources, row.schedule);
  fmt::print("{:9.3f} {:9.3f} {:7.2f}  ms in all, one thread; half of the time is in kernels with a ratio of at most "
             "{:.2f}\n",
             total.predicted * 1e3, total.measured * 1e3, total.ratio(), middleRatio(rows, total.measured));
}

int printJsonRows(const std::vector<Row> &rows, const Row &total, const Target &target) {
  llvm::json::Array list;
  for (const Row &row : rows)
    list.push_back(llvm::json::Object{{"kernel", row.kernel},
                                      {"schedule", row.schedule},
                                      {"sources", row.sources},
                                      {"steps", row.steps},
                                      {"limit", row.limit()},
                                      {"predicted_seconds", row.predicted},
                                      {"measured_seconds", row.measured}});
  return printJson(llvm::json::Object{{"level", target.name},
                                      {"predicted_seconds", total.predicted},
                                      {"measured_seconds", total.measured},
                                      {"kernels", std::move(list)}})
             ? kOk
             : kInputOutput;
}

} // namespace

int Plan::measure(const std::string &path, const ModelOptions &model) {
  if (int code = measureModel(path, model, /*threads=*/1, seconds))
    return code;
  roofline = measureRoofline(1);
  reuse = ReuseBandwidth::measure();
  return kOk;
}

/// Runs in a process of its own, as all compiling does.
int Plan::print(const std::string &path, const CompilerOptions &options, bool json) {
  auto &compiler = *new Compiler(options); // never destroyed: the process ends with it
  if (!compiler.load(path) || !compiler.runUntil(Stage::Memory)) {
    printError(compiler.getError().message);
    return static_cast<int>(compiler.getError().kind);
  }
  const Target &target = *compiler.getLibrary().targets.front();
  codegen::Program program = codegen::collectProgram(compiler.getModule(), modelName(path));
  auto predictions = predictSteps(program, target, roofline, reuse);
  if (mlir::failed(predictions) || predictions->size() != seconds.size()) {
    printError(path + ": internal error: the plan is not that of the artifact");
    return kInternal;
  }
  std::vector<Row> rows = makeRows(program, *predictions, seconds, target);
  Row total;
  for (const Row &row : rows) {
    total.predicted += row.predicted;
    total.measured += row.measured;
  }
  if (json)
    return printJsonRows(rows, total, target);
  printRows(rows, total);
  return std::fflush(stdout) == 0 ? kOk : kInputOutput;
}

int inspectPlan(const std::string &path, const ModelOptions &model, bool json) {
  CompilerOptions options;
  ProcessLimits limits;
  std::string message;
  ModelOptions native = model;
  native.targets = {"native"};
  if (!native.resolve(options, limits, message)) {
    printError(message);
    return kUsage;
  }
  // First, because the process must have one thread when the other is started.
  Plan plan;
  if (int code = plan.measure(path, native))
    return code;
  ProcessOutcome outcome = supervise(limits, [&] { return plan.print(path, options, json); });
  if (!outcome.message.empty())
    printError(outcome.message + (outcome.crashSignal ? "; `tenon compile` leaves a reproducer" : ""));
  return outcome.exitCode;
}

} // namespace tenon::cli

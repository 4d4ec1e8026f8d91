//===- Bench.cpp - tenon bench -------------------------------------------===//
#include "tools/tenon/Commands.h"
#include "tools/tenon/Output.h"
#include "tools/tenon/Roofline.h"
#include "tools/tenon/StepTimes.h"
#include <algorithm>
#include <chrono>
#include <fmt/core.h>

namespace tenon::cli {

namespace {

const char kFooter[] = R"(Examples:
  tenon bench model.so
  tenon bench model.onnx --threads 1 --runs 200 --json
  tenon bench model.so --trace runs.json                  by kernel and thread, for ui.perfetto.dev
The share of the roofline is the time that the same operations and memory traffic would take at the rates measured
on this machine in the same run, as part of the time taken.)";

/// What one kernel took, over all its steps, per run.
struct KernelTime {
  std::string name, templateName, sources;
  uint32_t steps = 0;
  double seconds = 0, flops = 0, bytes = 0;
};

struct BenchCommand {
  std::string path, trace;
  std::vector<std::string> inputs;
  unsigned threads = 0, warmup = 3, runs = 0, top = 20;
  double minSeconds = 2;
  bool json = false;
  ModelOptions model;

  int run();

private:
  int measure(Session &session);
  int profile(Session &session);
  void printReport();
  int printJsonReport();

  std::vector<double> times; ///< seconds per run, sorted
  std::vector<KernelTime> kernels;
  double flops = 0, rooflineSeconds = 0;
  tn_entry_info entry;
  Roofline roofline;
};

double secondsNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

} // namespace

int BenchCommand::measure(Session &session) {
  for (unsigned i = 0; i < warmup; ++i)
    if (int code = session.run())
      return code;
  double begin = secondsNow();
  while (runs ? times.size() < runs : (times.size() < 5 || secondsNow() - begin < minSeconds)) {
    double start = secondsNow();
    if (int code = session.run())
      return code;
    times.push_back(secondsNow() - start);
  }
  std::sort(times.begin(), times.end());
  return kOk;
}

/// A second series with the profile on: asking for the time must not be part of the first one's.
int BenchCommand::profile(Session &session) {
  std::vector<double> steps;
  if (int code = session.openTrace(trace))
    return code;
  if (int code = measureSteps(session, threads, std::clamp<size_t>(times.size(), 3, 30), steps))
    return code;
  tn_model_info info;
  tn_model_describe(session.getModel(), &info);
  kernels.resize(info.n_kernels);
  for (uint32_t i = 0; i < entry.n_steps; ++i) {
    tn_step_info step;
    if (tn_step_describe(session.getModel(), 0, i, &step) != TN_OK || step.kernel >= kernels.size())
      continue;
    KernelTime &kernel = kernels[step.kernel];
    kernel.name = step.kernel_name;
    kernel.templateName = step.template_name;
    if (kernel.steps == 0)
      kernel.sources = shortSources(step.sources);
    kernel.steps += 1;
    kernel.seconds += steps[i];
    kernel.flops += step.flops;
    kernel.bytes += step.bytes;
    flops += step.flops;
    rooflineSeconds += roofline.seconds(step.flops, step.bytes);
  }
  std::sort(kernels.begin(), kernels.end(), [](auto &a, auto &b) { return a.seconds > b.seconds; });
  return kOk;
}

static double percentile(const std::vector<double> &sorted, double part) {
  return sorted[std::min(sorted.size() - 1, static_cast<size_t>(part * sorted.size()))];
}

static double share(double best, double taken) { return taken > 0 ? best / taken : 0; }

void BenchCommand::printReport() {
  double median = percentile(times, 0.5);
  fmt::print("level {}, {} threads, {} runs\n", entry.level, threads, times.size());
  fmt::print("median {:.3f} ms, p95 {:.3f} ms, best {:.3f} ms\n", median * 1e3, percentile(times, 0.95) * 1e3,
             times[0] * 1e3);
  fmt::print("{}flop: {:.1f} GFLOP/s, {:.0f}% of the roofline\n", formatCount(flops), flops / median / 1e9,
             100 * share(rooflineSeconds, median));
  fmt::print("machine: {:.0f} GFLOP/s ({}), {:.1f} GB/s\n\n", roofline.flops / 1e9, roofline.isa,
             roofline.bandwidth / 1e9);
  double total = 0;
  for (const KernelTime &kernel : kernels)
    total += kernel.seconds;
  fmt::print("{:>9} {:>6} {:>6} {:>9} {:>8} {:>9}  kernel\n", "ms", "share", "steps", "GFLOP/s", "GB/s", "roofline");
  size_t shown = 0;
  for (const KernelTime &kernel : kernels) {
    if (shown++ == top) {
      fmt::print("... and {} more (--top)\n", kernels.size() - top);
      break;
    }
    fmt::print("{:9.3f} {:5.1f}% {:6} {:9.1f} {:8.1f} {:8.0f}%  {} ({})\n", kernel.seconds * 1e3,
               100 * share(kernel.seconds, total), kernel.steps, share(kernel.flops, kernel.seconds) / 1e9,
               share(kernel.bytes, kernel.seconds) / 1e9,
               100 * share(roofline.seconds(kernel.flops, kernel.bytes), kernel.seconds), kernel.name, kernel.sources);
  }
}

int BenchCommand::printJsonReport() {
  double median = percentile(times, 0.5);
  llvm::json::Array list;
  for (const KernelTime &kernel : kernels)
    list.push_back(
        llvm::json::Object{{"name", kernel.name},
                           {"template", kernel.templateName},
                           {"sources", kernel.sources},
                           {"steps", kernel.steps},
                           {"seconds", kernel.seconds},
                           {"flops", kernel.flops},
                           {"bytes", kernel.bytes},
                           {"roofline", share(roofline.seconds(kernel.flops, kernel.bytes), kernel.seconds)}});
  llvm::json::Object machine{
      {"flops_per_second", roofline.flops}, {"bytes_per_second", roofline.bandwidth}, {"isa", roofline.isa}};
  return printJson(llvm::json::Object{{"level", entry.level},
                                      {"threads", threads},
                                      {"runs", static_cast<int64_t>(times.size())},
                                      {"median_seconds", median},
                                      {"p95_seconds", percentile(times, 0.95)},
                                      {"min_seconds", times[0]},
                                      {"flops", flops},
                                      {"flops_per_second", flops / median},
                                      {"roofline", share(rooflineSeconds, median)},
                                      {"machine", std::move(machine)},
                                      {"kernels", std::move(list)}})
             ? kOk
             : kInputOutput;
}

int BenchCommand::run() {
  Session session;
  if (int code = session.open(path, model))
    return code;
  tn_entry_describe(session.getModel(), 0, &entry);
  if (int code = session.bindInputs(inputs, /*random=*/true, 1))
    return code;
  if (int code = countThreads(threads))
    return code;
  if (int code = session.createContext(threads, nullptr, nullptr))
    return code;
  if (int code = measure(session))
    return code;
  roofline = measureRoofline(threads);
  if (int code = profile(session))
    return code;
  if (json)
    return printJsonReport();
  printReport();
  return std::fflush(stdout) == 0 ? kOk : kInputOutput;
}

void addBench(CLI::App &app, Action &action) {
  CLI::App *command = app.add_subcommand("bench", "Measure how fast a model runs, kernel by kernel");
  auto options = std::make_shared<BenchCommand>();
  command->add_option("model", options->path, "Artifact (.so) or model (.onnx)")->required();
  command->add_option("-i,--input", options->inputs, "Value of an input, as for run (default: random)")
      ->type_name("NAME=VALUE")
      ->take_all();
  command->add_option("--threads", options->threads, "Threads to run on; 0: all")->capture_default_str();
  command->add_option("--warmup", options->warmup, "Runs before measuring")->capture_default_str();
  command->add_option("--runs", options->runs, "Runs to measure; 0: as many as --seconds allow")->capture_default_str();
  command->add_option("--seconds", options->minSeconds, "Time to measure for")->capture_default_str();
  command->add_option("--top", options->top, "Kernels to list")->capture_default_str();
  command->add_option("--trace", options->trace, "File for a trace of the runs that kernels are timed in")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print the figures as JSON");
  options->model.bind(*command, /*withTargets=*/false);
  command->footer(kFooter);
  command->callback([&action, options] { action = [options] { return options->run(); }; });
}

} // namespace tenon::cli

#include "tools/tenon/Slow.h"
#include "tools/tenon/Output.h"
#include "tools/tenon/Roofline.h"
#include "tools/tenon/SlowCompile.h"
#include "tools/tenon/StepSeries.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <fmt/core.h>
#include <map>
#include <memory>

namespace tenon::cli {

namespace {

/// Series per model and measurement: eight of one against eight of another tell noise from a difference.
constexpr unsigned kSeries = 8;
/// What a kernel must lose, as a part of the model's time, to be worth a word.
constexpr double kLeastShare = 1e-3;
/// A kernel that takes less than this part of what its arithmetic takes at least: the rate was measured wrongly.
constexpr double kDisturbed = 0.95;
/// Names and operations in text beyond which only their number is given; JSON has all.
constexpr size_t kNamesShown = 3, kOperationsShown = 4;

/// A kernel, over all its steps.
struct KernelCost {
  std::string name, templateName, schedule;
  debug::NodeSet nodes;
  std::vector<size_t> steps;
  double seconds = 0, flops = 0, bytes = 0, roofline = 0;

  /// Seconds beyond the roofline.
  double lost() const { return std::max(0.0, seconds - roofline); }
};

/// A group of nodes whose kernels became slower.
struct Regression {
  debug::StepGroup group;
  double seconds, otherSeconds;
  std::optional<debug::Divergence> divergence; ///< none if the programs can't be compared

  double lost() const { return seconds - otherSeconds; }
};

/// One artifact, loaded, and what its steps are.
struct Measured {
  std::unique_ptr<Session> session; ///< none after the measurements
  std::vector<std::string> kernels; ///< name by step
  std::vector<debug::NodeSet> nodes;

  int load(const std::string &library, const SlowRequest &request);
  /// The names of the kernels of some steps, each once.
  std::string namesOf(llvm::ArrayRef<size_t> steps) const;
};

/// A folder that is gone afterwards, unless the user asked for it.
class WorkFolder {
public:
  ~WorkFolder() {
    if (own)
      (void)llvm::sys::fs::remove_directories(path);
  }
  int create(const std::string &given) {
    llvm::SmallString<128> made(given);
    std::error_code code = given.empty() ? llvm::sys::fs::createUniqueDirectory("tenon-slow", made)
                                         : llvm::sys::fs::create_directories(given);
    if (code) {
      printError("cannot create a folder" + (given.empty() ? "" : " " + given) + ": " + code.message());
      return kInputOutput;
    }
    own = given.empty();
    path = made.str().str();
    return kOk;
  }
  std::string file(llvm::StringRef name) const { return path + "/" + name.str(); }

private:
  std::string path;
  bool own = false;
};

class SlowSearch {
public:
  SlowSearch(const SlowOptions &options, const SlowRequest &request) : options(options), request(request) {}
  int run();

private:
  int measure(std::vector<StepSeries> &series, double seconds);
  void measureMachine();
  void listKernels(const StepSeries &series);
  int compare();
  int confirm(std::vector<debug::StepGroup> &groups);
  int blamePasses();
  void print() const;
  void printRegressions() const;
  llvm::json::Object toJson() const;
  llvm::json::Object comparisonToJson() const;

  const SlowOptions &options;
  const SlowRequest &request;
  WorkFolder folder;
  Measured ours, other;
  std::vector<std::string> schedules;
  Roofline roofline;
  std::vector<KernelCost> kernels; ///< those that lose most first
  double total = 0, bound = 0;     ///< seconds of the model, and its roofline
  std::vector<Regression> regressions;
  bool sameArtifact = false, wholeIsSlower = false, disturbed = false;
  double wholeSeconds = 0, otherWholeSeconds = 0;
  size_t faster = 0;
  std::string note; ///< why no pass is named
};

debug::NodeSet splitNodes(llvm::StringRef sources) {
  llvm::SmallVector<llvm::StringRef> names;
  sources.split(names, '\n', -1, /*KeepEmpty=*/false);
  return {names.begin(), names.end()};
}

std::string listNodes(const debug::NodeSet &nodes) {
  std::string text = llvm::join(llvm::ArrayRef(nodes).take_front(kNamesShown), ", ");
  if (nodes.size() > kNamesShown)
    text += fmt::format(" and {} more", nodes.size() - kNamesShown);
  return nodes.empty() ? "no node of the model" : text;
}

double ratio(double a, double b) { return b > 0 ? a / b : 0; }

bool haveSameBytes(const std::string &first, const std::string &second) {
  auto a = llvm::MemoryBuffer::getFile(first, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  auto b = llvm::MemoryBuffer::getFile(second, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  return a && b && (*a)->getBuffer() == (*b)->getBuffer();
}

} // namespace

int Measured::load(const std::string &library, const SlowRequest &request) {
  session = std::make_unique<Session>();
  if (int code = session->load(library))
    return code;
  tn_entry_info entry;
  tn_step_info step;
  if (tn_status status = tn_entry_describe(session->getModel(), 0, &entry))
    return reportStatus(status);
  for (uint32_t i = 0; i < entry.n_steps; ++i) {
    if (tn_status status = tn_step_describe(session->getModel(), 0, i, &step))
      return reportStatus(status);
    kernels.push_back(step.kernel_name);
    nodes.push_back(splitNodes(step.sources));
  }
  return session->bindInputs(request.inputs, /*random=*/true, request.seed);
}

std::string Measured::namesOf(llvm::ArrayRef<size_t> steps) const {
  llvm::SetVector<llvm::StringRef> names;
  for (size_t step : steps)
    names.insert(kernels[step]);
  return names.empty() ? "nothing" : llvm::join(names, ", ");
}

int SlowSearch::measure(std::vector<StepSeries> &series, double seconds) {
  std::vector<Session *> sessions{ours.session.get()};
  if (other.session)
    sessions.push_back(other.session.get());
  return timeByTurns(sessions, options.threads, kSeries, seconds, series);
}

/// Before and after the model: what disturbs one measurement may not disturb the other.
void SlowSearch::measureMachine() {
  Roofline measured = measureRoofline(options.threads);
  roofline.isa = measured.isa;
  roofline.flops = std::max(roofline.flops, measured.flops);
  roofline.bandwidth = std::max(roofline.bandwidth, measured.bandwidth);
}

void SlowSearch::listKernels(const StepSeries &series) {
  measureMachine();
  std::map<uint32_t, KernelCost> byKernel;
  for (size_t i = 0; i < ours.nodes.size(); ++i) {
    tn_step_info step;
    if (tn_step_describe(ours.session->getModel(), 0, i, &step) != TN_OK)
      continue;
    KernelCost &kernel = byKernel[step.kernel];
    kernel.name = step.kernel_name;
    kernel.templateName = step.template_name;
    kernel.schedule = i < schedules.size() ? schedules[i] : "";
    for (const std::string &node : ours.nodes[i])
      if (!llvm::is_contained(kernel.nodes, node))
        kernel.nodes.push_back(node);
    kernel.steps.push_back(i);
    kernel.seconds += debug::median(series.timesOf(i));
    kernel.flops += step.flops;
    kernel.bytes += step.bytes;
    kernel.roofline += roofline.seconds(step.flops, step.bytes);
  }
  for (auto &[number, kernel] : byKernel) {
    total += kernel.seconds;
    bound += kernel.roofline;
    kernels.push_back(std::move(kernel));
  }
  llvm::sort(kernels, [](auto &a, auto &b) { return a.lost() > b.lost(); });
}

/// What is slower must be so in a second measurement, too, because among many kernels noise hits some.
int SlowSearch::confirm(std::vector<debug::StepGroup> &groups) {
  std::vector<StepSeries> series;
  if (int code = measure(series, options.seconds))
    return code;
  wholeSeconds = debug::median(series[0].times());
  otherWholeSeconds = debug::median(series[1].times());
  wholeIsSlower = wholeIsSlower && debug::isSlower(series[0].times(), series[1].times(), options.threshold);
  for (debug::StepGroup &group : groups) {
    debug::SeriesTimes mine = series[0].timesOf(group.first), others = series[1].timesOf(group.second);
    if (debug::isSlower(mine, others, options.threshold))
      regressions.push_back({std::move(group), debug::median(mine), debug::median(others), std::nullopt});
  }
  llvm::sort(regressions, [](auto &a, auto &b) { return a.lost() > b.lost(); });
  return kOk;
}

int SlowSearch::compare() {
  std::vector<StepSeries> series;
  if (int code = measure(series, options.seconds))
    return code;
  listKernels(series[0]);
  debug::SeriesTimes mine = series[0].times(), others = series[1].times();
  wholeSeconds = debug::median(mine);
  otherWholeSeconds = debug::median(others);
  wholeIsSlower = debug::isSlower(mine, others, options.threshold);
  std::vector<debug::StepGroup> suspects;
  for (debug::StepGroup &group : debug::matchSteps(ours.nodes, other.nodes)) {
    debug::SeriesTimes mine = series[0].timesOf(group.first), others = series[1].timesOf(group.second);
    double lost = debug::median(mine) - debug::median(others), least = kLeastShare * wholeSeconds;
    if (lost > least && debug::isSlower(mine, others, options.threshold))
      suspects.push_back(std::move(group));
    faster += -lost > least && debug::isSlower(others, mine, options.threshold);
  }
  if (suspects.empty() && !wholeIsSlower)
    return kOk;
  return confirm(suspects);
}

/// Both compile once more, to keep the program after every pass, and what stands for the slower nodes is compared.
int SlowSearch::blamePasses() {
  // Compiling forks, for which the threads of contexts must be gone.
  ours.session.reset();
  other.session.reset();
  std::string first = folder.file("this"), second = folder.file("other"), library = folder.file("again.so");
  if (int code = compileThis(request, library, "", first))
    return code;
  if (int code = compileOther(options, request, library, second))
    return code;
  std::vector<debug::NodeSet> sets;
  sets.reserve(regressions.size());
  for (const Regression &regression : regressions)
    sets.push_back(regression.group.nodes);
  std::vector<debug::Divergence> found = debug::findDivergences(first, second, sets, note);
  (void)llvm::sys::fs::remove(library);
  for (size_t i = 0; i < found.size(); ++i)
    regressions[i].divergence = std::move(found[i]);
  return kOk;
}

//===----------------------------------------------------------------------===//
// Reports
//===----------------------------------------------------------------------===//

void SlowSearch::print() const {
  fmt::print(
      "the model takes {:.3f} ms on {} thread{}, {:.0f}% of its roofline ({:.0f} GFLOP/s by {}, {:.1f} GB/s)\n\n",
      total * 1e3, options.threads, options.threads == 1 ? "" : "s", 100 * ratio(bound, total), roofline.flops / 1e9,
      roofline.isa, roofline.bandwidth / 1e9);
  fmt::print("{:>9} {:>9} {:>6} {:>9}  {:<9} kernel\n", "lost ms", "ms", "share", "roofline", "limit");
  for (const KernelCost &kernel : llvm::ArrayRef(kernels).take_front(options.top)) {
    fmt::print("{:9.3f} {:9.3f} {:5.1f}% {:8.0f}%  {:<9} {} of {}{}\n", kernel.lost() * 1e3, kernel.seconds * 1e3,
               100 * ratio(kernel.seconds, total), 100 * ratio(kernel.roofline, kernel.seconds),
               roofline.limits(kernel.flops, kernel.bytes), kernel.name, listNodes(kernel.nodes),
               kernel.steps.size() > 1 ? fmt::format(", {} steps", kernel.steps.size()) : "");
    if (!kernel.schedule.empty())
      fmt::print("{:48}schedule {}\n", "", kernel.schedule);
  }
  if (kernels.size() > options.top)
    fmt::print("... and {} more (--top)\n", kernels.size() - options.top);
  if (options.isComparing())
    printRegressions();
}

static void printOperations(const char *whose, const std::vector<std::string> &operations) {
  for (const std::string &operation : llvm::ArrayRef(operations).take_front(kOperationsShown))
    fmt::print("      {} {}\n", whose, operation);
  if (operations.size() > kOperationsShown)
    fmt::print("      {} and {} more (--json)\n", whose, operations.size() - kOperationsShown);
}

void SlowSearch::printRegressions() const {
  std::string name = nameOfOther(options);
  if (sameArtifact) {
    fmt::print("\nsame as by {}: the artifacts have the same bytes\n", name);
    return;
  }
  fmt::print("\n{:.3f} ms, by {} {:.3f} ms; {} kernel{} slower, {} faster\n", wholeSeconds * 1e3, name,
             otherWholeSeconds * 1e3, regressions.size(), regressions.size() == 1 ? "" : "s", faster);
  if (regressions.empty() && wholeIsSlower)
    fmt::print("the model is slower as a whole, by less in each kernel than can be told from noise\n");
  for (const Regression &regression : llvm::ArrayRef(regressions).take_front(options.top)) {
    fmt::print("\n  {:.3f} ms instead of {:.3f} ms ({:.2f} times): {} instead of {}\n    computing {}\n",
               regression.seconds * 1e3, regression.otherSeconds * 1e3,
               ratio(regression.seconds, regression.otherSeconds), ours.namesOf(regression.group.first),
               other.namesOf(regression.group.second), listNodes(regression.group.nodes));
    if (!regression.divergence)
      continue;
    const debug::Divergence &divergence = *regression.divergence;
    if (divergence.pass == "kernel")
      fmt::print("    in kernel: the programs are the same after every pass, so it is the code that differs\n");
    else
      fmt::print("    from pass {} on these nodes' programs differ{}:\n", divergence.pass,
                 divergence.onlyIn.empty() ? ""
                                           : fmt::format("; only the {} compiler has this pass",
                                                         divergence.onlyIn == "first" ? "new" : "other"));
    printOperations("+", divergence.first);
    printOperations("-", divergence.second);
  }
  if (regressions.size() > options.top)
    fmt::print("\n... and {} more (--top)\n", regressions.size() - options.top);
  if (!note.empty())
    fmt::print("\nno pass is named: {}\n", note);
}

llvm::json::Object SlowSearch::comparisonToJson() const {
  llvm::json::Array list;
  for (const Regression &regression : regressions) {
    llvm::json::Object object{{"nodes", llvm::json::Array(regression.group.nodes)},
                              {"kernels", ours.namesOf(regression.group.first)},
                              {"other_kernels", other.namesOf(regression.group.second)},
                              {"seconds", regression.seconds},
                              {"other_seconds", regression.otherSeconds},
                              {"lost_seconds", regression.lost()}};
    if (regression.divergence) {
      object["pass"] = regression.divergence->pass;
      object["operations"] = llvm::json::Array(regression.divergence->first);
      object["other_operations"] = llvm::json::Array(regression.divergence->second);
      if (!regression.divergence->onlyIn.empty())
        object["pass_only_in"] = regression.divergence->onlyIn == "first" ? "this" : "other";
    }
    list.push_back(std::move(object));
  }
  llvm::json::Object report{{"with", nameOfOther(options)},
                            {"same_artifact", sameArtifact},
                            {"slower", wholeIsSlower},
                            {"threshold", options.threshold},
                            {"kernels_faster", static_cast<int64_t>(faster)},
                            {"regressions", std::move(list)}};
  if (!sameArtifact) {
    report["seconds"] = wholeSeconds;
    report["other_seconds"] = otherWholeSeconds;
  }
  if (!note.empty())
    report["note"] = note;
  return report;
}

llvm::json::Object SlowSearch::toJson() const {
  llvm::json::Array list;
  for (const KernelCost &kernel : kernels)
    list.push_back(llvm::json::Object{{"name", kernel.name},
                                      {"template", kernel.templateName},
                                      {"schedule", kernel.schedule},
                                      {"nodes", llvm::json::Array(kernel.nodes)},
                                      {"steps", static_cast<int64_t>(kernel.steps.size())},
                                      {"seconds", kernel.seconds},
                                      {"share", ratio(kernel.seconds, total)},
                                      {"flops", kernel.flops},
                                      {"bytes", kernel.bytes},
                                      {"roofline_seconds", kernel.roofline},
                                      {"lost_seconds", kernel.lost()},
                                      {"limit", roofline.limits(kernel.flops, kernel.bytes)}});
  llvm::json::Object report{{"threads", static_cast<int64_t>(options.threads)},
                            {"seconds", total},
                            {"roofline_seconds", bound},
                            {"machine", llvm::json::Object{{"flops_per_second", roofline.flops},
                                                           {"bytes_per_second", roofline.bandwidth},
                                                           {"isa", roofline.isa}}},
                            {"kernels", std::move(list)}};
  if (options.isComparing())
    report["against"] = comparisonToJson();
  return report;
}

//===----------------------------------------------------------------------===//
// The command
//===----------------------------------------------------------------------===//

static int readSchedules(const std::string &file, std::vector<std::string> &schedules) {
  auto buffer = llvm::MemoryBuffer::getFile(file);
  auto value = llvm::json::parse(buffer ? (*buffer)->getBuffer() : "");
  if (!value) {
    printError(file + ": " + llvm::toString(value.takeError()));
    return kInputOutput;
  }
  for (const llvm::json::Value &schedule : *value->getAsArray())
    schedules.push_back(schedule.getAsString()->str());
  return kOk;
}

int SlowSearch::run() {
  if (!isModelFile(request.path)) {
    printError(request.path + ": not a model file; expected .onnx, .mlir or .mlirbc");
    return kUsage;
  }
  if (int code = folder.create(request.directory))
    return code;
  std::string library = folder.file("this.so"), otherLibrary = folder.file("other.so");
  if (int code = compileThis(request, library, folder.file("schedules.json"), ""))
    return code;
  if (int code = readSchedules(folder.file("schedules.json"), schedules))
    return code;
  if (options.isComparing()) {
    if (int code = compileOther(options, request, otherLibrary, ""))
      return code;
    sameArtifact = haveSameBytes(library, otherLibrary);
  }
  bool comparing = options.isComparing() && !sameArtifact;
  if (int code = ours.load(library, request))
    return code;
  if (comparing)
    if (int code = other.load(otherLibrary, request))
      return code;
  measureMachine();
  if (comparing) {
    if (int code = compare())
      return code;
    if (!regressions.empty())
      if (int code = blamePasses())
        return code;
  } else {
    std::vector<StepSeries> series;
    if (int code = measure(series, options.seconds / 2))
      return code;
    listKernels(series[0]);
  }
  bool found = !regressions.empty() || wholeIsSlower;
  for (const KernelCost &kernel : kernels)
    disturbed |= kernel.seconds < kDisturbed * roofline.computeSeconds(kernel.flops);
  if (disturbed)
    printWarning("kernels are faster than arithmetic was when it was measured: other programs keep this machine busy, "
                 "so shares of the roofline say little");
  if (found)
    printError(fmt::format("slower than by {}: {:.3f} ms instead of {:.3f} ms", nameOfOther(options),
                           wholeSeconds * 1e3, otherWholeSeconds * 1e3));
  if (request.json)
    return !printJson(toJson()) ? kInputOutput : found ? kDiffers : kOk;
  print();
  return std::fflush(stdout) != 0 ? kInputOutput : found ? kDiffers : kOk;
}

int runSlow(const SlowOptions &options, const SlowRequest &request) { return SlowSearch(options, request).run(); }

void SlowOptions::bind(CLI::App &command) {
  CLI::Option *slow = command.add_flag("--slow", wanted, "Name the kernels that fall furthest under their roofline");
  command
      .add_option("--against", against,
                  "With --slow: another build's tenon; the kernels that it makes faster, and the pass that is why")
      ->type_name("PROGRAM")
      ->needs(slow);
  command
      .add_option_function<std::string>(
          "--against-flags",
          [this](const std::string &flags) {
            againstFlags = flags;
            hasFlags = true;
          },
          "With --slow: flags of compiling for the other program, or this one, in place of those given here")
      ->type_name("FLAGS")
      ->needs(slow);
  command.add_option("--threads", threads, "With --slow: threads to run on")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--seconds", seconds, "With --slow: time to measure for; twice if something is slower")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--threshold", threshold, "With --slow: factor from which a kernel counts as slower")
      ->check(CLI::Range(1.0, 1e9))
      ->capture_default_str();
  command.add_option("--top", top, "With --slow: kernels to list, and slower ones")->capture_default_str();
}

} // namespace tenon::cli

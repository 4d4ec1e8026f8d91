//===- ScheduleSearch.cpp - Is the chosen schedule the fastest? ----------===//
//
// tenon-schedule-search [--target x86-64-v3] [--filter text] [--all] [--json file]
//
// For every shape of a grid: the schedule that the template's model chooses against every schedule of its space
// (KernelModel::candidates), all measured in this process on one thread with warm operands. Prints how much faster
// the best is, and the share of the multiply-add peak that is measured beside it.
//
//===----------------------------------------------------------------------===//
#include "bench/kernels/Shapes.h"
#include "codegen/cpu/KernelTimer.h"
#include "codegen/cpu/ObjectCode.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <numeric>

using namespace mlir;
using namespace tenon;

namespace {

llvm::cl::opt<std::string> targetName("target", llvm::cl::desc("Level to compile for (default: this machine's best)"));
llvm::cl::opt<std::string> filter("filter", llvm::cl::desc("Only shapes whose name contains this"));
llvm::cl::opt<bool> printAll("all", llvm::cl::desc("Print every schedule and its time in microseconds"));
llvm::cl::opt<std::string> jsonPath("json", llvm::cl::desc("Write the results to this file"));

struct Shape {
  std::string name, function;
};

std::string tensor(llvm::ArrayRef<int64_t> dims) {
  std::string text = "tensor<";
  for (int64_t d : dims)
    text += std::to_string(d) + "x";
  return text + "f32>";
}

/// A matrix product with a bias and an activation, which is also what a 1x1 convolution is.
Shape matmul(int64_t m, int64_t n, int64_t k) {
  std::string x = tensor({m, k}), w = tensor({k, n}), b = tensor({n}), y = tensor({m, n});
  return {llvm::formatv("matmul_{0}x{1}x{2}", m, n, k),
          llvm::formatv("func.func @main(%0: {0}, %1: {1}, %2: {2}) -> {3} {{\n"
                        "  %p = tn.contract %0 [0, 2], %1 [2, 1] -> [0, 1] : {0}, {1} -> {3}\n"
                        "  %s = tn.add %p, %2 : {3}, {2} -> {3}\n  %r = tn.relu %s : {3} -> {3}\n"
                        "  return %r : {3}\n}\n",
                        x, w, b, y)};
}

/// A convolution, padded beforehand, of a square image of `size` results per side.
Shape conv(int64_t size, int64_t channels, int64_t filters, int64_t taps, int64_t stride, int64_t groups = 1) {
  int64_t in = (size - 1) * stride + taps;
  std::string x = tensor({1, in, in, channels}), w = tensor({filters, channels / groups, taps, taps}),
              b = tensor({filters}), y = tensor({1, size, size, filters});
  return {llvm::formatv("conv_{0}_{1}_{2}_k{3}s{4}g{5}", size, channels, filters, taps, stride, groups),
          llvm::formatv("func.func @main(%0: {0}, %1: {1}, %2: {2}) -> {3} {{\n"
                        "  %p = tn.conv %0, %1 strides [{4}, {4}] low [0, 0] high [0, 0] dilations [1, 1] "
                        "input_dilation [1, 1] groups {5} {{channels_last} : {0}, {1} -> {3}\n"
                        "  %s = tn.add %p, %2 : {3}, {2} -> {3}\n  %r = tn.relu %s : {3} -> {3}\n"
                        "  return %r : {3}\n}\n",
                        x, w, b, y, stride, groups)};
}

std::vector<Shape> allShapes() {
  std::vector<Shape> shapes;
  // [k, n] of networks, small ones with many rows and large ones with few.
  const std::pair<int64_t, int64_t> sides[] = {
      {16, 96},   {24, 144},  {32, 16},    {32, 64},   {64, 64},    {64, 256},   {96, 24},    {96, 384},
      {144, 32},  {192, 64},  {256, 64},   {256, 128}, {384, 96},   {384, 64},   {384, 1536}, {512, 512},
      {576, 160}, {768, 768}, {768, 3072}, {960, 320}, {1024, 256}, {2048, 512}, {3072, 768}};
  for (int64_t m : {1, 7, 16, 49, 64, 128, 196, 197, 512, 784, 3136, 12544})
    for (auto [k, n] : sides)
      if (m * n * k <= 400'000'000 && m * std::max(n, k) <= 4'000'000)
        shapes.push_back(matmul(m, n, k));
  for (auto [size, channels] : {std::pair(56, 64), std::pair(28, 128), std::pair(14, 256), std::pair(7, 512)})
    for (int64_t stride : {1, 2})
      shapes.push_back(conv(size, channels, channels, 3, stride));
  for (bench::KernelShape &shape : bench::kernelShapes())
    if (llvm::StringRef(shape.name).starts_with("winograd") || llvm::StringRef(shape.name).starts_with("attention"))
      shapes.push_back({shape.name, shape.function});
  for (int64_t filters : {16, 32, 64}) {
    shapes.push_back(conv(112, 3, filters, 3, 2));
    shapes.push_back(conv(112, 3, filters, 7, 2));
  }
  for (auto [size, channels, taps, stride] :
       {std::tuple(112, 32, 3, 1), std::tuple(56, 96, 3, 2), std::tuple(56, 144, 3, 1), std::tuple(28, 192, 3, 1),
        std::tuple(28, 240, 5, 1), std::tuple(14, 384, 3, 1), std::tuple(14, 672, 5, 1), std::tuple(14, 576, 3, 2),
        std::tuple(7, 960, 3, 1), std::tuple(7, 1152, 5, 1), std::tuple(56, 96, 7, 1), std::tuple(7, 768, 7, 1)})
    shapes.push_back(conv(size, channels, channels, taps, stride, channels));
  for (auto [size, channels, width] :
       {std::tuple(56, 128, 4), std::tuple(28, 256, 8), std::tuple(14, 512, 16), std::tuple(7, 1024, 32)})
    shapes.push_back(conv(size, channels, channels, 3, 1, channels / width));
  return shapes;
}

struct Result {
  std::string name, templateName, chosen, best;
  double seconds = 0, bestSeconds = 0, flops = 0, peak = 0;
  size_t candidates = 0;
  double ratio() const { return seconds / bestSeconds; }
};

std::string describe(DictionaryAttr schedule) {
  std::string text;
  for (NamedAttribute entry : schedule)
    if (entry.getName() != "lanes")
      text += llvm::formatv("{0}{1}={2}", text.empty() ? "" : " ", entry.getName().getValue(),
                            cast<IntegerAttr>(entry.getValue()).getInt());
  return text;
}

std::optional<Result> search(MLIRContext &context, const Shape &shape, const Target &target) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(shape.function, &context);
  KernelLibrary library;
  library.models = codegen::allTemplates();
  library.targets = {&target};
  if (!module || failed(codegen::formSingleKernel(*module, library)))
    return std::nullopt;
  // Kernels in front of the last one pack its operands.
  tn::KernelOp kernel;
  for (tn::KernelOp each : module->lookupSymbol<func::FuncOp>("main").getOps<tn::KernelOp>())
    kernel = each;
  auto trials = codegen::timeCandidates(kernel, target);
  if (!trials) {
    llvm::errs() << shape.name << ": " << llvm::toString(trials.takeError()) << "\n";
    return std::nullopt;
  }
  auto now = kernel.getSchedule()->getAs<DictionaryAttr>(target.name);
  auto chosen = llvm::find_if(*trials, [&](const codegen::Trial &trial) { return trial.schedule == now; });
  if (chosen == trials->end()) {
    llvm::errs() << shape.name << ": the chosen schedule is not among the candidates\n";
    return std::nullopt;
  }
  if (printAll)
    for (const codegen::Trial &trial : *trials)
      llvm::outs() << llvm::formatv("{0,10:f1}  {1}\n", trial.seconds * 1e6, describe(trial.schedule));
  Result result;
  result.name = shape.name;
  result.templateName = kernel.getTemplateName()->str();
  result.chosen = describe(now);
  result.best = describe(trials->front().schedule);
  result.seconds = chosen->seconds;
  result.bestSeconds = trials->front().seconds;
  result.candidates = trials->size();
  kernel.getBlock()->walk([&](tn::CostOpInterface cost) { result.flops += static_cast<double>(cost.getFlops()); });
  result.peak = codegen::measurePeak(target, 0.02);
  return result;
}

void printRow(const Result &r) {
  llvm::outs() << llvm::formatv("{0,-28} {1,-12} {2,5} {3,9:f1} {4,7:f3} {5,7:f1} {6,7:f1}  {7}{8}\n", r.name,
                                r.templateName, r.candidates, r.seconds * 1e6, r.ratio(),
                                100 * r.flops / r.seconds / r.peak, 100 * r.flops / r.bestSeconds / r.peak, r.chosen,
                                r.chosen == r.best ? "" : "  best: " + r.best);
  llvm::outs().flush();
}

llvm::json::Object toJson(const Result &r) {
  return llvm::json::Object{{"name", r.name},
                            {"template", r.templateName},
                            {"candidates", static_cast<int64_t>(r.candidates)},
                            {"chosen", r.chosen},
                            {"best", r.best},
                            {"chosen_seconds", r.seconds},
                            {"best_seconds", r.bestSeconds},
                            {"flops", r.flops},
                            {"peak_flops", r.peak}};
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::cl::ParseCommandLineOptions(argc, argv, "Compares the schedules that are chosen with the fastest ones\n");
  const Target *host = hostTarget(), *target = targetName.empty() ? host : findTarget(targetName);
  if (!target || !host || (target->requiredFeatures & ~host->requiredFeatures) != 0) {
    llvm::errs() << "this machine cannot run '" << targetName << "'\n";
    return 2;
  }
  DialectRegistry registry;
  codegen::registerCodegenDialects(registry);
  llvm::outs() << llvm::formatv("{0,-28} {1,-12} {2,5} {3,9} {4,7} {5,7} {6,7}  {7}\n", target->name, "template",
                                "tried", "us", "to best", "peak %", "best %", "chosen");
  llvm::json::Array list;
  std::vector<double> ratios;
  bool good = true;
  for (const Shape &shape : allShapes()) {
    if (shape.name.find(filter) == std::string::npos)
      continue;
    MLIRContext context(registry); // types and attributes of one shape only
    context.loadAllAvailableDialects();
    std::optional<Result> result = search(context, shape, *target);
    good &= result.has_value();
    if (!result)
      continue;
    printRow(*result);
    ratios.push_back(result->ratio());
    list.push_back(toJson(*result));
  }
  if (!ratios.empty()) {
    std::sort(ratios.begin(), ratios.end());
    double mean = std::accumulate(ratios.begin(), ratios.end(), 0.0) / static_cast<double>(ratios.size());
    auto within = std::upper_bound(ratios.begin(), ratios.end(), 1.05) - ratios.begin();
    llvm::outs() << llvm::formatv(
        "{0} shapes: chosen {1:f3} times the best on average, {2:f3} in the middle, {3:f3} at "
        "worst; {4} within 5 %\n",
        ratios.size(), mean, ratios[ratios.size() / 2], ratios.back(), within);
  }
  if (!jsonPath.empty()) {
    std::error_code error;
    llvm::raw_fd_ostream file(jsonPath, error);
    if (error) {
      llvm::errs() << jsonPath << ": " << error.message() << "\n";
      return 4;
    }
    file << llvm::formatv("{0:2}\n",
                          llvm::json::Value(llvm::json::Object{{"target", target->name}, {"shapes", std::move(list)}}));
  }
  return good ? 0 : 1;
}

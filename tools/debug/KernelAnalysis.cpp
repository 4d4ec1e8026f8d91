//===- KernelAnalysis.cpp - Kernels one by one, and the whole artifact ---===//
#include "codegen/common/KernelTemplate.h"
#include "runtime/include/tenon/tenon.h"
#include "tools/compiler/FaultScopes.h"
#include "tools/debug/Analysis.h"
#include "tools/debug/NativeKernels.h"
#include <cstring>
#include <fmt/core.h>

using namespace mlir;

namespace tenon::debug {

static std::vector<Tensor> tensorsOf(llvm::ArrayRef<Content> contents) {
  std::vector<Tensor> tensors;
  for (const Content &content : contents)
    tensors.push_back(content.tensor);
  return tensors;
}

/// The error of the output that is worst in relation to what is accepted.
static KernelRecord recordOf(const NativeResult &native, llvm::ArrayRef<Content> expected, const Tolerance &allowed) {
  KernelRecord record;
  auto excess = [](const KernelRecord &of) { return of.error / std::max(of.tolerance, 1e-30); };
  for (auto [i, pair] : llvm::enumerate(llvm::zip(native.results, expected))) {
    auto &[got, wanted] = pair;
    KernelRecord own{compare(got.withType(wanted.tensor.getType()), wanted.tensor).relative, allowed[i]};
    if (i == 0 || excess(own) > excess(record))
      record = own;
  }
  return record;
}

/// What is wrong with a native run, if anything: kind and message.
static std::pair<std::string, std::string> judge(const NativeResult &native, llvm::ArrayRef<Content> expected,
                                                 const Tolerance &allowed, Difference &worst) {
  if (native.hangs)
    return {"hang", "it does not end"};
  if (native.touchedOutside)
    return {"out-of-bounds", "it reads or writes outside of its buffers"};
  for (auto [i, pair] : llvm::enumerate(llvm::zip(native.results, expected))) {
    auto &[got, wanted] = pair;
    Difference difference = compare(got.withType(wanted.tensor.getType()), wanted.tensor);
    if (allowed.accepts(i, difference))
      continue;
    worst = difference;
    bool isNew = !difference.sameFinite && isFinite(wanted.tensor);
    return {isNew ? "not-finite" : "numbers",
            fmt::format("output {} is off by {:.2e}, {:.2e} is allowed; element {} is {:.9g} instead of {:.9g}", i,
                        difference.relative, allowed[i], difference.worst, difference.got, difference.expected)};
  }
  if (native.changedInput)
    return {"out-of-bounds", "it writes to an input"};
  if (!native.wroteEverything)
    return {"uninitialised", "its results depend on what its outputs or scratch memory held before"};
  if (!native.deterministic)
    return {"nondeterminism", "its results depend on how its work is split"};
  return {"", ""};
}

/// Budget of one kernel: what noise of its operations does to its results.
static Tolerance toleranceOf(const KernelRun &run) {
  std::vector<Content> noisy;
  Evaluator disturbed(/*noise=*/1);
  if (failed(disturbed.runKernel(run.kernel, run.inputs, noisy)))
    noisy.assign(run.results.begin(), run.results.end());
  return Tolerance(tensorsOf(run.results), tensorsOf(noisy));
}

/// Runs the kernel again, lowered in other ways: the step without which it is right is the wrong one.
void Analysis::findLoweringStep(Finding &finding, const KernelRun &run, const Tolerance &allowed) {
  const Target &target = *compiler.getLibrary().targets.front();
  auto isGood = [&](tn::KernelOp kernel, codegen::LoweringSteps steps, std::string &problem, bool asPlanned = true) {
    auto loaded = codegen::LoadedKernels::load(kernel, target, steps);
    if (!loaded) {
      problem = llvm::toString(loaded.takeError());
      return false;
    }
    codegen::LoadedKernel native = loaded->list()[0];
    native.op = run.kernel;
    Difference worst;
    problem = judge(runNative(native, run.inputs, asPlanned), run.results, allowed, worst).second;
    return problem.empty();
  };
  std::string problem, naiveProblem = "the elementwise template does not match";
  bool naive = false;
  if (tn::KernelOp copy = makeNaive(run.kernel, target)) {
    naive = isGood(copy, {}, naiveProblem);
    copy.erase();
  }
  finding.naive = naive ? "right" : "wrong: " + naiveProblem;
  std::string name = run.kernel.getTemplateName()->str();
  if (isGood(run.kernel, {}, problem, /*asPlanned=*/false))
    finding.loweringStep = "template " + name + ": it can't write over its input; right with memory of its own";
  else if (isGood(run.kernel, {true, false}, problem))
    finding.loweringStep = "optimize: right without LLVM's middle end";
  else if (isGood(run.kernel, {false, true}, problem))
    finding.loweringStep = "expand-math: right with the C library's functions";
  else if (naive && name != "elementwise")
    finding.loweringStep = "template " + name + ": its code is wrong, the naive one is right";
  else
    finding.loweringStep = "template " + name + ", or what emits elements for all templates";
}

bool Analysis::checkKernel(size_t n, const KernelRun &run, const codegen::LoadedKernel &kernel) {
  Finding finding{"crash", "kernel", "", splitLines(sourcesOf(run.kernel.getLoc()))};
  finding.kernel = static_cast<int64_t>(n);
  finding.kernelTemplate = run.kernel.getTemplateName()->str();
  finding.kernelText = describeWhole(run.kernel);
  finding.message = fmt::format("kernel {} did not end", n);
  finding.loweringStep = "template " + finding.kernelTemplate;
  report.finding = finding;
  save(); // this is what remains if the kernel crashes or hangs
  announcePhase(fmt::format("kernel {}", n));
  NativeResult native = runNative(kernel, run.inputs);
  Tolerance allowed = toleranceOf(run);
  Difference worst;
  std::tie(finding.kind, finding.message) = judge(native, run.results, allowed, worst);
  ++report.kernels;
  report.kernelErrors.push_back(recordOf(native, run.results, allowed));
  report.finding.reset();
  if (finding.kind.empty())
    return true;
  finding.difference = worst.relative;
  finding.tolerance = allowed.size() ? allowed[0] : 0;
  report.finding = finding;
  save();
  findLoweringStep(*report.finding, run, allowed);
  return false;
}

/// Runs every native kernel on the inputs that it has by the reference.
bool Analysis::checkKernels() {
  announcePhase("kernel");
  OwningOpRef<ModuleOp> module = readSnapshot(planned, compiler.getContext());
  if (!module || !(*module).lookupSymbol<func::FuncOp>("main")->hasAttr("tn.arena_bytes"))
    return true;
  enterFaultScope("kernel");
  const Target &target = *compiler.getLibrary().targets.front();
  auto kernels = NativeKernels::load(*module, target);
  if (!kernels) {
    report.finding = Finding{"diagnostic", "kernel", llvm::toString(kernels.takeError()), {}};
    return false;
  }
  size_t n = 0;
  bool good = true;
  evaluator.onKernel = [&](const KernelRun &run) {
    good = checkKernel(n, run, kernels->get(n));
    ++n;
    return good;
  };
  std::vector<Tensor> results;
  (void)evaluator.run(*module, inputs, results);
  evaluator.onKernel = nullptr;
  return good;
}

//===----------------------------------------------------------------------===//
// The artifact
//===----------------------------------------------------------------------===//

namespace {
/// The runtime's view of a tensor, whose type and shape are those of the model.
tn_tensor viewOf(const Tensor &tensor, tn_dtype dtype) {
  tn_tensor view = {};
  view.dtype = dtype;
  view.rank = tensor.getRank();
  view.dims = tensor.getShape().data();
  view.data = const_cast<char *>(tensor.getData());
  view.bytes = tensor.getNumBytes();
  return view;
}
} // namespace

static bool runArtifact(const std::string &path, unsigned threads, llvm::ArrayRef<Tensor> inputs,
                        llvm::ArrayRef<Tensor> like, std::vector<Tensor> &results) {
  tn_model *model = nullptr;
  tn_context *context = nullptr;
  tn_context_options contextOptions = {};
  contextOptions.size = sizeof contextOptions;
  contextOptions.n_threads = threads;
  bool good = tn_model_load(path.c_str(), nullptr, &model) == TN_OK &&
              tn_context_create(model, &contextOptions, &context) == TN_OK;
  std::vector<tn_tensor> in, out;
  tn_tensor_info info;
  for (auto [i, input] : llvm::enumerate(inputs)) {
    good = good && tn_input_describe(model, 0, i, &info) == TN_OK;
    in.push_back(viewOf(input, good ? info.dtype : TN_INVALID));
  }
  for (auto [i, wanted] : llvm::enumerate(like)) {
    good = good && tn_output_describe(model, 0, i, &info) == TN_OK;
    results.emplace_back(wanted.getType());
    out.push_back(viewOf(results.back(), good ? info.dtype : TN_INVALID));
  }
  good = good && tn_run(context, 0, in.data(), in.size(), out.data(), out.size()) == TN_OK;
  tn_context_destroy(context);
  tn_model_destroy(model);
  return good;
}

bool Analysis::checkArtifact(const std::string &artifact) {
  announcePhase("emit");
  report.finding = Finding{"crash", "emit", "the artifact does not run to its end, although every kernel does", {}};
  save();
  std::vector<Tensor> first;
  for (unsigned threads : options.threads) {
    std::vector<Tensor> results;
    Finding finding{"numbers", "emit", "", {}};
    PassRecord unused;
    if (!runArtifact(artifact, threads, inputs, expected, results)) {
      report.finding = Finding{"diagnostic", "emit", std::string("the artifact cannot be run: ") + tn_last_error(), {}};
      return false;
    }
    if (!accepts(results, finding, unused)) {
      finding.message = "every kernel is right, but the artifact's " + finding.message;
      report.finding = finding;
      return false;
    }
    if (first.empty())
      first = results;
    for (auto [a, b] : llvm::zip(first, results))
      if (std::memcmp(a.getData(), b.getData(), a.getNumBytes()) != 0) {
        report.finding = Finding{"nondeterminism",
                                 "emit",
                                 fmt::format("{} threads give other bits than {}", threads, options.threads.front()),
                                 {}};
        return false;
      }
  }
  report.finding.reset();
  return true;
}

} // namespace tenon::debug

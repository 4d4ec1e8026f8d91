#include "tools/tenon/ReduceTrial.h"
#include "tools/tenon/Compare.h"
#include "tools/tenon/Output.h"
#include "tools/tenon/ReduceTiming.h"
#include "tools/tenon/Session.h"
#include <cmath>
#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <fstream>
#include <unistd.h>

namespace tenon::cli {

//===----------------------------------------------------------------------===//
// Faults for tests
//===----------------------------------------------------------------------===//

/// "KIND:OP" or "KIND:OP<PRODUCER": the compiler crashes on, hangs at, fails with or negates the result of an operation
/// of that name, in the second form only where an operand comes straight from PRODUCER.
static bool plantFault(Compiler &compiler, llvm::StringRef spec) {
  auto [kind, where] = spec.split(':');
  auto [name, producer] = where.split('<');
  std::vector<mlir::Operation *> found;
  compiler.getModule().walk([&, name = name, producer = producer](mlir::Operation *op) {
    bool isFed = producer.empty() || llvm::any_of(op->getOperands(), [&](mlir::Value operand) {
                   return operand.getDefiningOp() && operand.getDefiningOp()->getName().getStringRef() == producer;
                 });
    if (op->getName().getStringRef() == name && isFed)
      found.push_back(op);
  });
  if (found.empty())
    return true;
  if (kind == "crash")
    std::raise(SIGSEGV);
  while (kind == "hang")
    sleep(1);
  for (mlir::Operation *op : kind == "wrong" ? found : std::vector<mlir::Operation *>()) {
    mlir::OpBuilder builder(op->getContext());
    builder.setInsertionPointAfter(op);
    mlir::OperationState state(op->getLoc(), "tn.neg", {op->getResult(0)}, {op->getResult(0).getType()}, {});
    mlir::Operation *negated = builder.create(state);
    op->getResult(0).replaceAllUsesExcept(negated->getResult(0), negated);
  }
  if (kind == "fail")
    printError("planted: cannot compile " + name.str());
  return kind != "fail";
}

//===----------------------------------------------------------------------===//
// Processes
//===----------------------------------------------------------------------===//

static std::string readStart(const std::string &path) {
  constexpr size_t maxBytes = 64 << 10;
  std::ifstream file(path, std::ios::binary);
  std::string text(maxBytes, '\0');
  file.read(text.data(), maxBytes);
  text.resize(file.gcount());
  return text;
}

TrialResult runCaptured(reduce::Workspace &workspace, const ProcessLimits &limits, llvm::function_ref<int()> work) {
  std::string out = workspace.path("stdout.txt"), messages = workspace.path("stderr.txt");
  ProcessLimits group = limits;
  group.wholeGroup = true;
  TrialResult result;
  result.outcome = supervise(group, [&]() -> int {
    for (auto &[path, stream] : {std::pair(out, STDOUT_FILENO), std::pair(messages, STDERR_FILENO)}) {
      int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
      if (file < 0 || dup2(file, stream) < 0)
        return kInputOutput;
    }
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0)
      dup2(nothing, STDIN_FILENO);
    return work();
  });
  result.observed = readStart(out);
  result.messages = readStart(messages);
  return result;
}

//===----------------------------------------------------------------------===//
// In the child
//===----------------------------------------------------------------------===//

static int compileTo(const std::string &library, const std::string &model, const CompilerOptions &options,
                     const std::string &testFailure) {
  auto &compiler = *new Compiler(options); // never destroyed: the process ends with it
  bool good = compiler.load(model);
  if (good && !testFailure.empty() && !plantFault(compiler, testFailure))
    return kCannotCompile;
  good =
      good && compiler.runUntil(Stage::Memory) && compiler.emit(library, OutputKind::SharedLibrary, modelName(model));
  if (!good)
    printError(compiler.getError().message);
  return static_cast<int>(compiler.getError().kind);
}

static int bindInputs(Session &session, const reduce::Subject &subject) {
  std::vector<HostTensor> values;
  for (const ValueInfo &input : session.getInputs()) {
    auto value = subject.inputs.find(input.name);
    if (value == subject.inputs.end()) {
      printError("no value for input '" + input.name + "'");
      return kInputOutput;
    }
    values.push_back(toHostTensor(value->second));
  }
  session.bindValues(std::move(values));
  return session.createContext(0, nullptr, nullptr);
}

static int compileAndLoad(Session &session, const reduce::Subject &subject, const std::string &model,
                          reduce::Workspace &workspace, const CompilerOptions &options,
                          const std::string &testFailure) {
  std::string library = workspace.path("candidate.so");
  if (int code = compileTo(library, model, options, testFailure))
    return code;
  announcePhase("run");
  int code = session.load(library);
  unlink(library.c_str()); // it stays mapped
  return code ? code : bindInputs(session, subject);
}

double scaledTolerance(double atol, const HostTensor &expected) {
  double sum = 0;
  int64_t finite = 0;
  for (int64_t i = 0; i < expected.count(); ++i) {
    double value = elementAt(expected.dtype, expected.data.data(), i);
    if (!std::isfinite(value))
      continue;
    sum += value * value;
    ++finite;
  }
  return atol * std::max(1.0, finite ? std::sqrt(sum / finite) : 0);
}

static int compareOutputs(Session &session, const reduce::Record &record, const TrialOptions &options) {
  int result = kOk;
  for (size_t i = 0; i < session.getOutputs().size(); ++i) {
    const std::string &name = session.getOutputs()[i].name;
    tn_tensor got;
    if (tn_status status = tn_context_get_output(session.getContext(), 0, i, &got))
      return reportStatus(status);
    auto value = record.find(name);
    if (value == record.end())
      continue;
    HostTensor expected = toHostTensor(value->second.data);
    llvm::ArrayRef<int64_t> dims(got.dims, got.rank);
    if (got.dtype != expected.dtype || dims != llvm::ArrayRef<int64_t>(expected.dims)) {
      fmt::print("{}: is {}, expected {}\n", name, describeTensor(got.dtype, dims),
                 describeTensor(expected.dtype, expected.dims));
      result = kDiffers;
      continue;
    }
    Comparison comparison = compare(got, expected.view(), options.rtol, scaledTolerance(options.atol, expected));
    fmt::print("{}\n", comparison.describe(name, dims));
    if (comparison.differing > 0)
      result = kDiffers;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Trials
//===----------------------------------------------------------------------===//

TrialResult tryNumbers(const reduce::Subject &subject, const reduce::Record &record, const std::string &model,
                       reduce::Workspace &workspace, const TrialOptions &options) {
  return runCaptured(workspace, options.limits, [&]() -> int {
    Session session;
    session.poisonMemory();
    if (int code = compileAndLoad(session, subject, model, workspace, options.compiler, options.testFailure))
      return code;
    if (int code = session.run())
      return code;
    return compareOutputs(session, record, options);
  });
}

TrialResult tryTime(const reduce::Subject &subject, const std::string &model, double factor,
                    reduce::Workspace &workspace, const TrialOptions &options) {
  return runCaptured(workspace, options.limits, [&]() -> int {
    Session session;
    if (int code = compileAndLoad(session, subject, model, workspace, options.compiler, options.testFailure))
      return code;
    if (!options.against)
      return timeAgainstBound(session, options.roofline, factor);
    Session other;
    if (int code = compileAndLoad(other, subject, model, workspace, *options.against, ""))
      return code;
    return timeAgainst(session, other, factor);
  });
}

} // namespace tenon::cli

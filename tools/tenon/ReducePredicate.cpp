#include "tools/tenon/ReducePredicate.h"
#include "tools/tenon/Output.h"
#include "tools/tenon/Values.h"
#include "llvm/ADT/StringExtras.h"
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fmt/core.h>
#include <unistd.h>

using llvm::StringRef;

namespace tenon::cli {

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

bool PredicateSpec::parse(StringRef given) {
  auto [kind, argument] = given.split('=');
  bool hasArgument = given.contains('=');
  if (kind == "auto" || kind == "numbers" || kind == "crash") {
    fault = kind == "auto" ? Fault::Auto : kind == "numbers" ? Fault::Numbers : Fault::Crash;
    return !hasArgument;
  }
  if (kind == "diagnostic") {
    fault = Fault::Diagnostic;
    text = argument.str();
    return !argument.empty();
  }
  fault = Fault::Slower;
  return kind == "slower" && !argument.getAsDouble(factor) && factor > 0;
}

std::string PredicateSpec::str() const {
  switch (fault) {
  case Fault::Auto:
    return "auto";
  case Fault::Numbers:
    return "numbers";
  case Fault::Crash:
    return "crash";
  case Fault::Diagnostic:
    return "diagnostic=" + text;
  case Fault::Slower:
    return fmt::format("slower={:g}", factor);
  case Fault::Script:
    return "script " + text;
  }
  return "";
}

std::string fileNameFor(const std::string &value, std::set<std::string> &taken) {
  constexpr size_t maxLength = 80;
  std::string name;
  for (char c : value.substr(0, maxLength))
    name += llvm::isAlnum(c) || c == '_' || c == '-' || (c == '.' && !name.empty()) ? c : '_';
  std::string unique = name;
  for (int i = 2; unique.empty() || !taken.insert(unique).second; ++i)
    unique = name + "_" + std::to_string(i);
  return unique;
}

bool writeInputs(const reduce::Subject &subject, const std::string &folder, std::map<std::string, std::string> &files,
                 std::string &message) {
  std::set<std::string> taken;
  for (const auto &[name, data] : subject.inputs) {
    files[name] = fileNameFor(name, taken) + ".npy";
    HostTensor tensor = toHostTensor(data);
    if (!writeTensor(folder + "/" + files[name], tensor.view(), message))
      return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

static std::string firstLine(StringRef text) {
  text.consume_front("error: ");
  return text.split('\n').first.str();
}

/// Decides what to look for.
void Predicate::settle(const TrialResult &result) {
  if (result.hasCrashed())
    spec.fault = Fault::Crash;
  else if (result.outcome.exitCode == kDiffers)
    spec.fault = Fault::Numbers;
  else if (result.outcome.exitCode != kOk && !firstLine(result.messages).empty())
    spec = {Fault::Diagnostic, firstLine(result.messages), 0};
}

bool Predicate::isCrash(const TrialResult &result) {
  if (!result.hasCrashed())
    return false;
  int number = result.outcome.timedOut ? -1 : result.outcome.crashSignal;
  if (crashSignal == 0) {
    crashSignal = number;
    crashPhase = result.outcome.phase;
  }
  return crashSignal == number && crashPhase == result.outcome.phase;
}

/// Runs the script with the model's path and a folder with its inputs.
TrialResult Predicate::runScript(const reduce::Subject &subject, const std::string &path) {
  std::string inputs = workspace.path("inputs"), message;
  std::map<std::string, std::string> files;
  std::error_code code;
  std::filesystem::remove_all(inputs, code);
  std::filesystem::create_directory(inputs, code);
  if (!writeInputs(subject, inputs, files, message)) {
    TrialResult failed;
    failed.outcome.exitCode = kInputOutput;
    failed.messages = message;
    return failed;
  }
  return runCaptured(workspace, options.limits, [&]() -> int {
    announcePhase("script");
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execl(spec.text.c_str(), spec.text.c_str(), path.c_str(), inputs.c_str(), nullptr);
    printError("cannot run " + spec.text + ": " + std::strerror(errno));
    return 127;
  });
}

static std::string describeCrash(const TrialResult &result) {
  bool inProgram = result.outcome.phase == "run";
  std::string who = inProgram ? "the compiled program" : "the compiler";
  if (result.outcome.timedOut)
    return who + " does not come to an end" + (inProgram ? "" : " (phase '" + result.outcome.phase + "')");
  return fmt::format("{} crashes: {}{}", who, strsignal(result.outcome.crashSignal),
                     inProgram ? "" : " in phase '" + result.outcome.phase + "'");
}

static std::string describe(const TrialResult &result) {
  if (result.hasCrashed())
    return describeCrash(result);
  return StringRef(result.observed + result.messages).rtrim().str();
}

reduce::Verdict Predicate::test(const reduce::Subject &subject, const reduce::Record &record, const std::string &path) {
  TrialResult result = spec.fault == Fault::Script   ? runScript(subject, path)
                       : spec.fault == Fault::Slower ? tryTime(subject, path, spec.factor, workspace, options)
                                                     : tryNumbers(subject, record, path, workspace, options);
  if (spec.fault == Fault::Auto && !result.wasInterrupted())
    settle(result);
  reduce::Verdict verdict;
  verdict.interrupted = result.wasInterrupted();
  verdict.observed = describe(result);
  switch (spec.fault) {
  case Fault::Auto:
    break;
  case Fault::Numbers:
  case Fault::Slower:
    verdict.holds = result.outcome.exitCode == kDiffers;
    break;
  case Fault::Crash:
    verdict.holds = isCrash(result);
    break;
  case Fault::Diagnostic:
    verdict.holds = result.outcome.exitCode != kOk && StringRef(result.messages).contains(spec.text);
    break;
  case Fault::Script:
    verdict.holds = result.outcome.exitCode == kOk;
    break;
  }
  return verdict;
}

} // namespace tenon::cli

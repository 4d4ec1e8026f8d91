#include "tools/debug/Findings.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>
#include <fmt/core.h>

namespace tenon::debug {

static llvm::json::Array toArray(const std::vector<std::string> &list) {
  llvm::json::Array array;
  for (const std::string &entry : list)
    array.push_back(entry);
  return array;
}

/// JSON has no infinity.
static llvm::json::Value number(double value) {
  return std::isfinite(value) ? llvm::json::Value(value) : llvm::json::Value(fmt::format("{}", value));
}

llvm::json::Object Finding::toJson() const {
  llvm::json::Object object{{"kind", kind},
                            {"where", where},
                            {"message", message},
                            {"nodes", toArray(sources)},
                            {"difference", number(difference)},
                            {"tolerance", number(tolerance)}};
  if (!output.empty())
    object["output"] = output;
  if (steps >= 0)
    object["rewrite"] =
        llvm::json::Object{{"pattern", pattern},        {"step", step},           {"steps", steps}, {"at", tried},
                           {"before", toArray(before)}, {"after", toArray(after)}};
  if (kernel >= 0)
    object["kernel"] = llvm::json::Object{{"number", kernel},
                                          {"template", kernelTemplate},
                                          {"lowering_step", loweringStep},
                                          {"naive_lowering", naive},
                                          {"body", kernelText}};
  return object;
}

static double readNumber(const llvm::json::Object &object, llvm::StringRef key) {
  if (std::optional<double> value = object.getNumber(key))
    return *value;
  return object.get(key) ? INFINITY : -1;
}

static std::string readText(const llvm::json::Object &object, llvm::StringRef key) {
  return object.getString(key).value_or("").str();
}

static std::vector<std::string> readTexts(const llvm::json::Object &object, llvm::StringRef key) {
  std::vector<std::string> list;
  if (const llvm::json::Array *array = object.getArray(key))
    for (const llvm::json::Value &value : *array)
      list.push_back(value.getAsString().value_or("").str());
  return list;
}

static std::vector<double> readNumbers(const llvm::json::Object &object, llvm::StringRef key) {
  std::vector<double> list;
  if (const llvm::json::Array *array = object.getArray(key))
    for (const llvm::json::Value &value : *array)
      list.push_back(value.getAsNumber().value_or(INFINITY));
  return list;
}

static void forEachObject(const llvm::json::Object &object, llvm::StringRef key,
                          llvm::function_ref<void(const llvm::json::Object &)> read) {
  if (const llvm::json::Array *array = object.getArray(key))
    for (const llvm::json::Value &value : *array)
      if (const llvm::json::Object *entry = value.getAsObject())
        read(*entry);
}

static Finding readFinding(const llvm::json::Object &object) {
  Finding finding{readText(object, "kind"), readText(object, "where"), readText(object, "message"),
                  readTexts(object, "nodes")};
  finding.difference = readNumber(object, "difference");
  finding.tolerance = readNumber(object, "tolerance");
  finding.output = readText(object, "output");
  if (const llvm::json::Object *rewrite = object.getObject("rewrite")) {
    finding.pattern = readText(*rewrite, "pattern");
    finding.tried = readText(*rewrite, "at");
    finding.step = rewrite->getInteger("step").value_or(-1);
    finding.steps = rewrite->getInteger("steps").value_or(-1);
    finding.before = readTexts(*rewrite, "before");
    finding.after = readTexts(*rewrite, "after");
  }
  if (const llvm::json::Object *kernel = object.getObject("kernel")) {
    finding.kernel = kernel->getInteger("number").value_or(-1);
    finding.kernelTemplate = readText(*kernel, "template");
    finding.loweringStep = readText(*kernel, "lowering_step");
    finding.naive = readText(*kernel, "naive_lowering");
    finding.kernelText = readText(*kernel, "body");
  }
  return finding;
}

std::optional<Report> Report::fromJson(const llvm::json::Value &value) {
  const llvm::json::Object *object = value.getAsObject();
  const llvm::json::Array *list = object ? object->getArray("passes") : nullptr;
  if (!list)
    return std::nullopt;
  Report report;
  for (const llvm::json::Value &entry : *list)
    if (const llvm::json::Object *pass = entry.getAsObject())
      report.passes.push_back(
          {readText(*pass, "name"), pass->getBoolean("changed").value_or(false), readNumber(*pass, "error"),
           static_cast<uint64_t>(pass->getInteger("computed").value_or(0)), readNumbers(*pass, "errors")});
  forEachObject(*object, "outputs", [&](const llvm::json::Object &output) {
    report.outputs.push_back({readText(output, "name"), readNumber(output, "tolerance")});
  });
  forEachObject(*object, "kernel_errors", [&](const llvm::json::Object &kernel) {
    report.kernelErrors.push_back({readNumber(kernel, "error"), readNumber(kernel, "tolerance")});
  });
  report.kernels = object->getInteger("kernels").value_or(0);
  report.tolerance = readNumber(*object, "tolerance");
  report.seconds = readNumber(*object, "seconds");
  report.notes = readTexts(*object, "notes");
  if (const llvm::json::Object *found = object->getObject("finding"))
    report.finding = readFinding(*found);
  return report;
}

static std::string listLines(const char *title, const std::vector<std::string> &lines) {
  constexpr size_t kMost = 12;
  std::string text = fmt::format("  {}\n", title);
  for (size_t i = 0; i < std::min(kMost, lines.size()); ++i)
    text += "    " + lines[i] + "\n";
  if (lines.size() > kMost)
    text += fmt::format("    and {} more\n", lines.size() - kMost);
  return text;
}

std::string Finding::toText() const {
  std::string text = fmt::format("{} in {}: {}\n", kind, where, message);
  if (steps >= 0 && pattern.empty())
    text += fmt::format("  none of the pass's {} steps does it: it is wrong before the first\n", steps);
  else if (steps >= 0)
    text += fmt::format("  step {} of {}: {}\n  at {}\n", step, steps, pattern, tried);
  if (!before.empty() || !after.empty())
    text += listLines("before", before) + listLines("after", after);
  if (kernel >= 0)
    text += fmt::format("  kernel {}, template {}\n  step of its lowering: {}\n  naive lowering: {}\n{}\n", kernel,
                        kernelTemplate, loweringStep, naive, kernelText);
  if (!sources.empty())
    text += "  nodes: " + llvm::join(sources, ", ") + "\n";
  return text;
}

llvm::json::Object Report::toJson() const {
  llvm::json::Array list;
  for (const PassRecord &pass : passes) {
    llvm::json::Object object{{"name", pass.name}, {"changed", pass.changed}};
    if (pass.error >= 0) {
      object["error"] = number(pass.error);
      object["computed"] = static_cast<int64_t>(pass.computed);
      llvm::json::Array errors;
      for (double error : pass.errors)
        errors.push_back(number(error));
      object["errors"] = std::move(errors);
    }
    list.push_back(std::move(object));
  }
  llvm::json::Array results, natives;
  for (const OutputRecord &output : outputs)
    results.push_back(llvm::json::Object{{"name", output.name}, {"tolerance", number(output.tolerance)}});
  for (const KernelRecord &kernel : kernelErrors)
    natives.push_back(llvm::json::Object{{"error", number(kernel.error)}, {"tolerance", number(kernel.tolerance)}});
  llvm::json::Object object{
      {"passes", std::move(list)}, {"outputs", std::move(results)},  {"kernel_errors", std::move(natives)},
      {"kernels", kernels},        {"tolerance", number(tolerance)}, {"seconds", seconds},
      {"notes", toArray(notes)}};
  object["finding"] = finding ? llvm::json::Value(finding->toJson()) : llvm::json::Value(nullptr);
  return object;
}

std::string Report::toText() const {
  std::string text = "pass                                    error against the reference\n";
  for (const PassRecord &pass : passes)
    text += pass.changed ? pass.error >= 0 ? fmt::format("{:40}{:.2e}\n", pass.name, pass.error)
                                           : fmt::format("{:40}not run\n", pass.name)
                         : fmt::format("{:40}unchanged\n", pass.name);
  text += fmt::format("tolerance {:.2e}", tolerance);
  if (kernels > 0)
    text += fmt::format("; {} kernels run one by one", kernels);
  text += fmt::format("; {:.1f} s\n", seconds);
  for (const std::string &note : notes)
    text += note + "\n";
  return text + (finding ? finding->toText() : "nothing found: every pass, kernel and the artifact agree\n");
}

} // namespace tenon::debug

#include "tools/tenon/Output.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <cstdlib>
#include <fmt/core.h>
#include <unistd.h>

namespace tenon::cli {

static bool isTerminal() {
  const char *term = std::getenv("TERM");
  return isatty(STDERR_FILENO) && term && std::string(term) != "dumb";
}

static bool wantsColor() {
  const char *noColor = std::getenv("NO_COLOR");
  return isTerminal() && !(noColor && *noColor);
}

static void printMessage(llvm::StringRef label, const char *color, llvm::StringRef message) {
  std::string text;
  // Diagnostics of the loader have their labels already, one per line.
  bool other = message.starts_with("error: ") || message.starts_with("warning: ");
  if (message.consume_front((label + ": ").str()) || !other)
    text = wantsColor() ? fmt::format("\033[1;{}m{}:\033[0m ", color, label.str()) : label.str() + ": ";
  text += message.rtrim().str() + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void printError(llvm::StringRef message) { printMessage("error", "31", message); }
void printWarning(llvm::StringRef message) { printMessage("warning", "35", message); }
void printNote(llvm::StringRef message) { fmt::print(stderr, "{}\n", message.str()); }

bool printJson(llvm::json::Value value) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::json::OStream(stream, /*IndentSize=*/2).value(value);
  text += "\n";
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

static std::string scaled(double value, const char *const *units, double base) {
  int unit = 0;
  for (; value >= base && unit < 4; ++unit)
    value /= base;
  return fmt::format(unit == 0 ? "{:.0f} {}" : value < 10 ? "{:.2f} {}" : "{:.1f} {}", value, units[unit]);
}

std::string formatBytes(double bytes) {
  static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
  return scaled(bytes, units, 1000);
}

std::string formatCount(double count) {
  static const char *const units[] = {"", "k", "M", "G", "T"};
  return scaled(count, units, 1000);
}

std::string shortSources(llvm::StringRef sources) {
  auto [first, rest] = sources.split('\n');
  std::string text = first.size() > 40 ? "..." + first.take_back(37).str() : first.str();
  return rest.empty() ? text : fmt::format("{} +{}", text, rest.count('\n') + 1);
}

static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Progress::Progress(bool wanted) : shown(wanted && isTerminal()), start(now()) {}

Progress::~Progress() {
  if (shown)
    fmt::print(stderr, "\r\033[K");
}

void Progress::update(llvm::StringRef name, unsigned done, unsigned total) {
  if (!shown)
    return;
  double time = now();
  if (name != phase) {
    phase = name.str();
    phaseStart = time;
  }
  std::string text = fmt::format("\r\033[K{:8} {:5.1f} s", phase, time - start);
  if (total > 1)
    text += fmt::format("  {}/{}", done, total);
  if (total > 1 && done > 0 && time - phaseStart > 0.5)
    text += fmt::format(", {:.0f} s left", (time - phaseStart) / done * (total - done));
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

} // namespace tenon::cli

#include "test/mutants/Mutants.h"
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>

namespace tenon::mutants {

namespace {
std::mutex mutex;
/// What is running, and the places noted so far. Kept until the process is gone: static destructors may reach faults.
std::string &current = *new std::string("start");
std::string &step = *new std::string();
std::set<std::string> &noted = *new std::set<std::string>();
int stepNumber = 0;
/// Whether the fault may act in the current scope and step, once that is known: no lock is needed then.
std::atomic<int> known{-1};

bool isTraced() {
  static const bool answer = std::getenv("TN_MUTANT_TRACE");
  return answer;
}

/// Writes a line, with the scope and, if a fault is on, the step. To be called with the lock held.
void write(const std::string &what) {
  std::string line = what + " " + current;
  if (isPlanted())
    line += " " + std::to_string(stepNumber) + " " + step;
  line += "\n";
  if (!noted.insert(line).second)
    return;
  static std::FILE *file = std::fopen(std::getenv("TN_MUTANT_TRACE"), "a");
  if (file) {
    std::fputs(line.c_str(), file);
    std::fflush(file);
  }
}

void note(const Source &source, int number) {
  std::lock_guard<std::mutex> lock(mutex);
  write(source.file + (":" + std::to_string(number)));
}

/// Whether the fault may act in what is running.
bool isInScope() {
  const char *scope = std::getenv("TN_MUTANT_SCOPE");
  if (!scope)
    return true;
  std::string list = "," + std::string(scope) + ",";
  size_t at = list.find("," + current + ",");
  if (at == std::string::npos)
    return false;
  const char *steps = std::getenv("TN_MUTANT_STEPS");
  bool isLast = at + current.size() + 2 == list.size();
  return !steps || !isLast || stepNumber <= std::atoi(steps);
}
} // namespace

Source::Source(const char *file) : file(file), traced(std::getenv("TN_MUTANT_TRACE") && !isPlanted()) {
  const char *wanted = std::getenv("TN_MUTANT");
  size_t length = std::strlen(file);
  if (wanted && std::strncmp(wanted, file, length) == 0 && wanted[length] == ':')
    on = std::atoi(wanted + length + 1);
}

bool acts(const Source &source, int number) {
  if (source.traced)
    note(source, number);
  if (source.on != number)
    return false;
  int answer = known;
  if (answer < 0) {
    std::lock_guard<std::mutex> lock(mutex);
    known = answer = isInScope();
  }
  if (answer && isTraced())
    note(source, number);
  return answer;
}

void enter(const std::string &scope) {
  std::lock_guard<std::mutex> lock(mutex);
  current = scope;
  step.clear();
  stepNumber = 0;
  known = -1;
}

void enterStep(const std::string &name, bool announced) {
  std::lock_guard<std::mutex> lock(mutex);
  step = name;
  ++stepNumber;
  known = -1;
  if (announced && isTraced())
    write("step");
}

bool countsSteps() { return isPlanted() && (std::getenv("TN_MUTANT_TRACE") || std::getenv("TN_MUTANT_STEPS")); }

bool isPlanted() { return std::getenv("TN_MUTANT"); }

} // namespace tenon::mutants

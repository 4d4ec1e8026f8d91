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
std::set<std::string> &noted = *new std::set<std::string>();
/// Whether the fault may act in the current scope, once that is known: no lock is needed then.
std::atomic<int> known{-1};

void note(const Source &source, int number) {
  std::lock_guard<std::mutex> lock(mutex);
  std::string line = source.file + (":" + std::to_string(number)) + " " + current + "\n";
  if (!noted.insert(line).second)
    return;
  static std::FILE *file = std::fopen(std::getenv("TN_MUTANT_TRACE"), "a");
  if (file) {
    std::fputs(line.c_str(), file);
    std::fflush(file);
  }
}
} // namespace

Source::Source(const char *file) : file(file), traced(std::getenv("TN_MUTANT_TRACE")) {
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
    const char *scope = std::getenv("TN_MUTANT_SCOPE");
    known = answer = !scope || current == scope;
  }
  return answer;
}

void enter(const std::string &scope) {
  std::lock_guard<std::mutex> lock(mutex);
  current = scope;
  known = -1;
}

} // namespace tenon::mutants

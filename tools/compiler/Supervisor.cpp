#include "tools/compiler/Supervisor.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tenon {

namespace {

constexpr int kLimitCode = 6, kInternalCode = 70;

/// Shared between supervisor and worker. The worker writes; the supervisor reads when the worker is gone.
struct SharedState {
  static constexpr int kTemporaries = 32, kPathBytes = 4096;
  char phase[64];
  char lastDone[64];
  std::atomic<int> temporaries;
  char paths[kTemporaries][kPathBytes];
};

SharedState *shared = nullptr;
int stackFile = -1;

void copyText(char *to, size_t bytes, llvm::StringRef text) {
  size_t length = std::min(text.size(), bytes - 1);
  std::memcpy(to, text.data(), length);
  to[length] = 0;
}

void writeStack(void *) {
  llvm::raw_fd_ostream out(stackFile, /*shouldClose=*/false, /*unbuffered=*/true);
  llvm::sys::PrintStackTrace(out);
}

[[noreturn]] void outOfMemory() {
  static const char message[] = "error: out of memory: compiling needs more than the limit (--memory-limit)\n";
  ssize_t ignored = write(STDERR_FILENO, message, sizeof message - 1);
  (void)ignored;
  _exit(kLimitCode);
}

/// Private writable memory is what a runaway consumes; mapped weights don't count.
void limitMemory(uint64_t bytes) {
  if (bytes == 0)
    bytes = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  rlimit limit = {bytes, bytes};
  setrlimit(RLIMIT_DATA, &limit);
  std::set_new_handler(outOfMemory);
  llvm::install_bad_alloc_error_handler([](void *, const char *, bool) { outOfMemory(); });
}

[[noreturn]] void runWorker(const ProcessLimits &limits, const sigset_t &mask, llvm::function_ref<int()> work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (limits.wholeGroup)
    setpgid(0, 0);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  signal(SIGXFSZ, SIG_IGN); // a write over RLIMIT_FSIZE is an error like any other
  signal(SIGPIPE, SIG_IGN);
  rlimit noCore = {0, 0};
  setrlimit(RLIMIT_CORE, &noCore);
  limitMemory(limits.memoryBytes);
  setenv("LLVM_DISABLE_SYMBOLIZATION", "1", 1); // no further process from within a crash
  llvm::sys::AddSignalHandler(writeStack, nullptr);
  int code = work();
  llvm::outs().flush();
  std::fflush(nullptr);
  // What the work has built is not taken down: the process ends here.
  _exit(code);
}

void removeTemporaries() {
  int count = std::min<int>(shared->temporaries, SharedState::kTemporaries);
  for (int i = 0; i < count; ++i) {
    if (!shared->paths[i][0])
      continue;
    if (llvm::sys::fs::is_directory(shared->paths[i]))
      llvm::sys::fs::remove_directories(shared->paths[i]);
    else
      llvm::sys::fs::remove(shared->paths[i]);
  }
}

/// Waits until the worker ends, a signal asks for the end, or time is over. Returns the signal, or 0, or -1.
int waitForWorker(pid_t worker, double seconds, const sigset_t &signals, int &status) {
  timespec end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  double deadline = end.tv_sec + end.tv_nsec * 1e-9 + seconds;
  while (true) {
    if (waitpid(worker, &status, WNOHANG) == worker)
      return 0;
    timespec now, left = {3600, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (seconds > 0) {
      double remaining = deadline - (now.tv_sec + now.tv_nsec * 1e-9);
      if (remaining <= 0)
        return -1;
      left.tv_sec = static_cast<time_t>(remaining);
      left.tv_nsec = static_cast<long>((remaining - left.tv_sec) * 1e9);
    }
    int got = sigtimedwait(&signals, nullptr, &left);
    if (got > 0 && got != SIGCHLD)
      return got;
  }
}

std::string readStack() {
  std::string text;
  char buffer[4096];
  lseek(stackFile, 0, SEEK_SET);
  for (ssize_t n; (n = read(stackFile, buffer, sizeof buffer)) > 0;)
    text.append(buffer, n);
  return text;
}

void describeEnd(int ended, int status, const ProcessLimits &limits, ProcessOutcome &outcome) {
  if (ended > 0) {
    outcome.exitCode = 128 + ended;
    outcome.message = "interrupted";
  } else if (ended < 0) {
    outcome.exitCode = kLimitCode;
    outcome.timedOut = true;
    char text[128];
    std::snprintf(text, sizeof text, "time limit of %g s exceeded in phase '%s' (--time-limit)", limits.seconds,
                  outcome.phase.c_str());
    outcome.message = text;
  } else if (WIFEXITED(status)) {
    outcome.exitCode = WEXITSTATUS(status);
  } else if (WTERMSIG(status) == SIGKILL) {
    outcome.exitCode = kLimitCode;
    outcome.message = "the system ended the compiler in phase '" + outcome.phase + "', probably for want of memory";
  } else if (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGHUP) {
    outcome.exitCode = 128 + WTERMSIG(status);
    outcome.message = "interrupted";
  } else {
    outcome.exitCode = kInternalCode;
    outcome.crashSignal = WTERMSIG(status);
    outcome.stack = readStack();
    outcome.message = "internal error: the compiler crashed (" + std::string(strsignal(outcome.crashSignal)) +
                      ") in phase '" + outcome.phase + "'";
  }
}

} // namespace

ProcessOutcome supervise(const ProcessLimits &limits, llvm::function_ref<int()> work) {
  ProcessOutcome outcome;
  void *memory = mmap(nullptr, sizeof(SharedState), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    outcome.exitCode = kLimitCode;
    outcome.message = "cannot start a process: no memory";
    return outcome;
  }
  shared = new (memory) SharedState();
  stackFile = memfd_create("tenon-stack", MFD_CLOEXEC);
  sigset_t signals, before;
  sigemptyset(&signals);
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) {
    struct sigaction action;
    sigaction(number, nullptr, &action);
    if (number != SIGHUP || action.sa_handler != SIG_IGN) // nohup has HUP ignored
      sigaddset(&signals, number);
  }
  sigprocmask(SIG_BLOCK, &signals, &before);
  // Helpers that outlive the worker (the linker) come to this process, so that clean-up can wait for them.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  std::fflush(nullptr);
  pid_t worker = fork();
  if (worker == 0)
    runWorker(limits, before, work);
  if (limits.wholeGroup && worker > 0)
    setpgid(worker, worker); // also here, because either process may come first
  int status = 0;
  int ended = worker < 0 ? 0 : waitForWorker(worker, limits.seconds, signals, status);
  if (ended != 0)
    kill(worker, SIGKILL);
  if (limits.wholeGroup && worker > 0)
    kill(-worker, SIGKILL); // what the work has left behind, if anything
  while (wait(ended != 0 ? &status : nullptr) > 0)
    ;
  outcome.phase = shared->phase;
  outcome.lastDone = shared->lastDone;
  if (worker < 0) {
    outcome.exitCode = kLimitCode;
    outcome.message = std::string("cannot start a process: ") + std::strerror(errno);
  } else {
    describeEnd(ended, status, limits, outcome);
  }
  removeTemporaries();
  sigprocmask(SIG_SETMASK, &before, nullptr);
  close(stackFile);
  munmap(shared, sizeof(SharedState));
  shared = nullptr;
  return outcome;
}

void announcePhase(llvm::StringRef phase) {
  if (!shared || phase == shared->phase)
    return;
  std::memcpy(shared->lastDone, shared->phase, sizeof shared->phase);
  copyText(shared->phase, sizeof shared->phase, phase);
}

int registerTemporary(llvm::StringRef path) {
  if (!shared || path.size() >= SharedState::kPathBytes)
    return -1;
  int number = shared->temporaries.fetch_add(1);
  if (number >= SharedState::kTemporaries)
    return -1;
  copyText(shared->paths[number], SharedState::kPathBytes, path);
  return number;
}

void unregisterTemporary(int number) {
  if (shared && number >= 0)
    shared->paths[number][0] = 0;
}

} // namespace tenon

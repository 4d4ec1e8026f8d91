#include "Support.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <linux/futex.h>
#include <sstream>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// ---- Counting (linked with --wrap) ----

static std::atomic<long> allocations, mappings, waits, wakes, others;

extern "C" {
void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
int __real_posix_memalign(void **, size_t, size_t);
void *__real_mmap(void *, size_t, int, int, int, off_t);
long __real_syscall(long, long, long, long, long, long, long);

void *__wrap_malloc(size_t bytes) { return ++allocations, __real_malloc(bytes); }
void *__wrap_calloc(size_t n, size_t bytes) { return ++allocations, __real_calloc(n, bytes); }
void *__wrap_realloc(void *memory, size_t bytes) { return ++allocations, __real_realloc(memory, bytes); }
int __wrap_posix_memalign(void **out, size_t alignment, size_t bytes) {
  return ++allocations, __real_posix_memalign(out, alignment, bytes);
}
void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset) {
  return ++mappings, __real_mmap(address, bytes, protection, flags, fd, offset);
}
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f) {
  bool futex = number == SYS_futex;
  ++(futex && b == FUTEX_WAIT_PRIVATE ? waits : futex && b == FUTEX_WAKE_PRIVATE ? wakes : others);
  return __real_syscall(number, a, b, c, d, e, f);
}
}

SystemCalls systemCalls() { return {allocations, mappings, waits, wakes, others}; }

// ---- Files ----

std::string fixture(const char *name) { return std::string(FIXTURE_DIR "/") + name + ".so"; }

std::string readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

static std::string temporaryPath() {
  char path[] = "/tmp/tenon-test-XXXXXX";
  int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  close(fd);
  return path;
}

TemporaryFile::TemporaryFile(const std::string &bytes) : path(temporaryPath()) { write(bytes); }
TemporaryFile::~TemporaryFile() { unlink(path.c_str()); }
void TemporaryFile::write(const std::string &bytes) {
  // A new inode each time: the loader may still have the old one mapped.
  unlink(path.c_str());
  std::ofstream(path, std::ios::binary) << bytes;
}

// ---- Models ----

Owned<tn_model> linkedModel() {
  tn_model *model = nullptr;
  tn_status status = tn_model_from_desc(tn_test_query(TN_ABI_VERSION), nullptr, &model);
  INFO(tn_last_error());
  REQUIRE(status == TN_OK);
  return Owned<tn_model>(model);
}

Owned<tn_context> makeContext(tn_model *model, uint32_t threads, tn_pool *pool, tn_trace *trace) {
  tn_context_options options = {};
  options.size = sizeof options;
  options.n_threads = threads;
  options.pool = pool;
  options.trace = trace;
  tn_context *context = nullptr;
  tn_status status = tn_context_create(model, &options, &context);
  INFO(tn_last_error());
  REQUIRE(status == TN_OK);
  return Owned<tn_context>(context);
}

const std::vector<int64_t> &mainDims() {
  static const std::vector<int64_t> dims = {FIXTURE_ROWS, FIXTURE_COLUMNS};
  return dims;
}

std::vector<float> mainInput() {
  std::vector<float> x(FIXTURE_ROWS * FIXTURE_COLUMNS);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(i % 1000) - 500;
  return x;
}

std::vector<float> mainOutput() {
  std::vector<float> y = mainInput();
  for (size_t i = 0; i < y.size(); ++i)
    y[i] = y[i] * (i % FIXTURE_COLUMNS < 512 ? 2.0f : 0.5f) + 1;
  return y;
}

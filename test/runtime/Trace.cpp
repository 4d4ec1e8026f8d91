#include "Support.h"
#include "TraceFile.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {
Owned<tn_trace> makeTrace(const std::string &path) {
  tn_trace *trace = nullptr;
  tn_status status = tn_trace_create(path.c_str(), &trace);
  INFO(tn_last_error());
  REQUIRE(status == TN_OK);
  return Owned<tn_trace>(trace);
}

tn_status runMain(tn_context *context) {
  static std::vector<float> x = mainInput();
  tn_tensor in = view(x, mainDims()), out = {};
  return tn_run(context, FIXTURE_MAIN, &in, 1, &out, 1);
}

size_t count(const std::string &text, const std::string &what) {
  size_t found = 0;
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size())
    ++found;
  return found;
}

bool isComplete(const std::string &text) { return text.size() > 4 && text.compare(text.size() - 4, 4, "\n]}\n") == 0; }

/// Sum of a number over all events.
uint64_t sumOf(const std::string &text, const std::string &key) {
  uint64_t sum = 0;
  std::string label = "\"" + key + "\":";
  for (size_t at = 0; (at = text.find(label, at)) != std::string::npos;)
    sum += strtoull(text.c_str() + (at += label.size()), nullptr, 10);
  return sum;
}
} // namespace

TEST_CASE("a trace has every run and every thread's part of every kernel") {
  uint32_t threads = GENERATE(1u, 2u, 4u);
  TemporaryFile file;
  Owned<tn_trace> trace = makeTrace(file.path);
  CHECK(isComplete(readFile(file.path)));
  Owned<tn_model> model = linkedModel();
  Owned<tn_context> context = makeContext(model.get(), threads, nullptr, trace.get());
  for (int run = 1; run <= 3; ++run) {
    REQUIRE(runMain(context.get()) == TN_OK);
    std::string text = readFile(file.path);
    CHECK(isComplete(text));
    CHECK(count(text, "\"cat\":\"run\"") == static_cast<size_t>(run));
    CHECK(count(text, "\"cat\":\"kernel\"") == run * 2 * threads);
    CHECK(count(text, "\"nodes\":[\"Add_2\",\"Identity_3\"]") == run * threads);
    // The parts of a launch are all of it.
    CHECK(sumOf(text, "items") == static_cast<uint64_t>(run) * 2 * FIXTURE_ROWS);
    CHECK(sumOf(text, "flops") == static_cast<uint64_t>(run) * 2 * 100000000);
  }
  CHECK(tn_trace_status(trace.get()) == TN_OK);
}

TEST_CASE("contexts share a trace and keep it alive") {
  TemporaryFile file;
  Owned<tn_trace> trace = makeTrace(file.path);
  Owned<tn_model> model = linkedModel();
  Owned<tn_context> first = makeContext(model.get(), 1, nullptr, trace.get());
  Owned<tn_context> second = makeContext(model.get(), 2, nullptr, trace.get());
  trace.reset();
  REQUIRE(runMain(first.get()) == TN_OK);
  REQUIRE(runMain(second.get()) == TN_OK);
  std::string text = readFile(file.path);
  CHECK(isComplete(text));
  CHECK(count(text, "\"cat\":\"run\"") == 2);
  CHECK(count(text, "\"cat\":\"kernel\"") == 6);
}

TEST_CASE("launches that find the pool busy are traced as what they are") {
  TemporaryFile file;
  Owned<tn_trace> trace = makeTrace(file.path);
  Owned<tn_model> model = linkedModel();
  tn_pool *created = nullptr;
  REQUIRE(tn_pool_create(4, &created) == TN_OK);
  Owned<tn_pool> pool(created);
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, context = makeContext(model.get(), 0, pool.get(), trace.get())] {
      std::vector<float> x = mainInput();
      for (int i = 0; i < 50; ++i) {
        tn_tensor in = view(x, mainDims()), out = {};
        good += tn_run(context.get(), FIXTURE_MAIN, &in, 1, &out, 1) == TN_OK;
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  CHECK(good == 150);
  std::string text = readFile(file.path);
  CHECK(isComplete(text));
  CHECK(count(text, "\"cat\":\"run\"") == 150);
  CHECK(sumOf(text, "items") == 150 * 2 * FIXTURE_ROWS);
}

TEST_CASE("a failed run is in the trace with its status") {
  TemporaryFile file;
  Owned<tn_trace> trace = makeTrace(file.path);
  Owned<tn_model> model = linkedModel();
  Owned<tn_context> context = makeContext(model.get(), 1, nullptr, trace.get());
  int32_t code = TN_ERROR_MODEL;
  tn_tensor in = {TN_I32, 0, nullptr, &code, 4}, out = {};
  CHECK(tn_run(context.get(), FIXTURE_FAIL, &in, 1, &out, 1) == TN_ERROR_MODEL);
  CHECK_THAT(tn_context_error(context.get()), Catch::Contains("index 12"));
  CHECK(count(readFile(file.path), "\"status\":\"model error\"") == 1);
}

TEST_CASE("a trace that can't be written is an error with the path and the reason") {
  tn_trace *trace = nullptr;
  for (const char *path : {"/nonexistent/trace.json", "/tmp", "/dev/null", ""}) {
    CHECK(tn_trace_create(path, &trace) == TN_ERROR_IO);
    CHECK(trace == nullptr);
    CHECK_THAT(tn_last_error(), Catch::Contains(path));
  }
  // A pipe that nobody reads must not stop the program.
  TemporaryFile pipe;
  unlink(pipe.path.c_str());
  REQUIRE(mkfifo(pipe.path.c_str(), 0600) == 0);
  CHECK(tn_trace_create(pipe.path.c_str(), &trace) == TN_ERROR_IO);
  CHECK(tn_trace_create(nullptr, &trace) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_trace_create("x", nullptr) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_trace_status(nullptr) == TN_ERROR_INVALID_ARGUMENT);
  tn_trace_destroy(nullptr);
}

TEST_CASE("when no more can be written the trace ends and runs go on") {
  TemporaryFile file;
  Owned<tn_trace> trace = makeTrace(file.path);
  Owned<tn_model> model = linkedModel();
  Owned<tn_context> context = makeContext(model.get(), 1, nullptr, trace.get());
  REQUIRE(runMain(context.get()) == TN_OK);
  std::string before = readFile(file.path);
  // As a full disk: files of this process may not grow further than into the middle of the next run's events.
  rlimit limit, old;
  getrlimit(RLIMIT_FSIZE, &old);
  limit = old;
  limit.rlim_cur = before.size() + 100;
  auto handler = signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &limit);
  tn_status status = runMain(context.get());
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, handler);
  CHECK(status == TN_OK);
  CHECK(readFile(file.path) == before);
  CHECK(tn_trace_status(trace.get()) == TN_ERROR_IO);
  CHECK_THAT(tn_last_error(), Catch::Contains("ends early"));
  CHECK(runMain(context.get()) == TN_OK);
  CHECK(readFile(file.path) == before);
}

TEST_CASE("a child that fork made leaves its parent's trace alone") {
  TemporaryFile file;
  Owned<tn_trace> trace = makeTrace(file.path);
  Owned<tn_model> model = linkedModel();
  Owned<tn_context> context = makeContext(model.get(), 1, nullptr, trace.get());
  REQUIRE(runMain(context.get()) == TN_OK);
  std::string before = readFile(file.path);
  pid_t child = fork();
  if (child == 0)
    _exit(runMain(context.get()));
  int result = -1;
  waitpid(child, &result, 0);
  CHECK(result == 0);
  CHECK(readFile(file.path) == before);
}

TEST_CASE("strings in a trace are JSON and UTF-8, whatever a model's names are") {
  struct Case {
    const char *text, *expected;
  };
  for (Case c : {Case{"plain/name:0", "plain/name:0"}, Case{"\"\\\n\x01", "\\\"\\\\\\u000a\\u0001"},
                 Case{"h\u00e4 \u4e2d \U0001F600", "h\u00e4 \u4e2d \U0001F600"}, Case{"\x80\xC3", "??"},
                 Case{"\xC0\xAF\xED\xA0\x80\xF5\x80", "???????"}, Case{"\xE4\xB8", "??"}}) {
    TemporaryFile path;
    tn::TraceFile file = {};
    REQUIRE(file.open(path.path.c_str()) == TN_OK);
    file.put(",");
    file.putString(c.text);
    REQUIRE(file.commit());
    file.close();
    CHECK_THAT(readFile(path.path), Catch::Contains(std::string("},\"") + c.expected + "\"\n"));
  }
}

TEST_CASE("programs compiled against a header without traces still run") {
  Owned<tn_model> model = linkedModel();
  tn_context_options options = {};
  options.size = offsetof(tn_context_options, trace);
  options.n_threads = 1;
  memset(static_cast<void *>(&options.trace), 0xFF, sizeof options.trace); // what happens to lie behind
  tn_context *context = nullptr;
  REQUIRE(tn_context_create(model.get(), &options, &context) == TN_OK);
  CHECK(runMain(context) == TN_OK);
  tn_context_destroy(context);
}

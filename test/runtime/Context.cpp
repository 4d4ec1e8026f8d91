#include "Support.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <string.h>
#include <thread>

/// What happens between construction and check(): nothing, except that sleeping workers are woken.
namespace {
struct Quiet {
  SystemCalls before = systemCalls();
  void check() const {
    SystemCalls after = systemCalls();
    CHECK(after.allocations == before.allocations);
    CHECK(after.mappings == before.mappings);
    CHECK(after.others == before.others);
  }
};
} // namespace

TEST_CASE("a run after the first asks the system for nothing") {
  uint32_t threads = GENERATE(1u, 2u, 4u);
  bool traced = GENERATE(false, true);
  TemporaryFile file;
  tn_trace *trace = nullptr;
  REQUIRE(tn_trace_create(file.path.c_str(), &trace) == TN_OK);
  Owned<tn_model> model = linkedModel();
  Owned<tn_context> context = makeContext(model.get(), threads, nullptr, traced ? trace : nullptr);
  tn_trace_destroy(trace);
  std::vector<float> x = mainInput();
  tn_tensor in = view(x, mainDims()), out = {};
  REQUIRE(tn_run(context.get(), FIXTURE_MAIN, &in, 1, &out, 1) == TN_OK);
  Quiet quiet;
  tn_status status = TN_OK;
  for (int i = 0; i < 100 && !status; ++i)
    status = tn_run(context.get(), FIXTURE_MAIN, &in, 1, &out, 1);
  for (int i = 0; i < 100 && !status; ++i)
    status = tn_context_run(context.get(), FIXTURE_MAIN);
  quiet.check();
  CHECK(status == TN_OK);
  if (threads == 1) {
    CHECK(systemCalls().wakes == quiet.before.wakes);
    CHECK(systemCalls().waits == quiet.before.waits);
  }
}

TEST_CASE("after reserve the first run allocates nothing either") {
  Owned<tn_model> model = linkedModel();
  Owned<tn_context> context = makeContext(model.get());
  int64_t most = 64;
  const std::vector<int64_t> shape = {64, 16};
  std::vector<float> a(64 * 16, 1), positive(64 * 16);
  tn_tensor in[] = {view(a, shape), view(a, shape)};
  // The shape of the second output nobody knows beforehand, so the caller brings the buffer.
  tn_tensor out[] = {{}, {TN_F32, 1, nullptr, positive.data(), positive.size() * 4}};
  REQUIRE(tn_context_reserve(context.get(), FIXTURE_DYNAMIC, &most, 1) == TN_OK);
  Quiet quiet;
  tn_status status = tn_run(context.get(), FIXTURE_DYNAMIC, in, 2, out, 2);
  quiet.check();
  CHECK(status == TN_OK);

  most = 66;
  CHECK(tn_context_reserve(context.get(), FIXTURE_DYNAMIC, &most, 1) == TN_ERROR_SHAPE_MISMATCH);
  CHECK(tn_context_reserve(context.get(), FIXTURE_DYNAMIC, nullptr, 0) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_context_reserve(context.get(), FIXTURE_MAIN, nullptr, 0) == TN_OK);
}

TEST_CASE("contexts of one model are independent and may outlive it") {
  Owned<tn_model> model = linkedModel();
  Owned<tn_context> first = makeContext(model.get()), second = makeContext(model.get());
  model.reset();
  std::vector<float> x = mainInput(), zeros(x.size());
  tn_tensor in = view(x, mainDims()), other = view(zeros, mainDims()), out = {}, otherOut = {};
  REQUIRE(tn_run(first.get(), FIXTURE_MAIN, &in, 1, &out, 1) == TN_OK);
  REQUIRE(tn_run(second.get(), FIXTURE_MAIN, &other, 1, &otherOut, 1) == TN_OK);
  CHECK(memcmp(out.data, mainOutput().data(), out.bytes) == 0);
  CHECK(static_cast<float *>(otherOut.data)[0] == 1);
  CHECK(tn_context_error(first.get()) == std::string());
}

TEST_CASE("contexts without a pool of their own share the model's") {
  Owned<tn_model> model = linkedModel();
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      tn_context *context = nullptr;
      if (tn_context_create(model.get(), nullptr, &context) != TN_OK)
        return;
      std::vector<float> x = mainInput(), expected = mainOutput();
      bool same = true;
      for (int i = 0; i < 50; ++i) {
        tn_tensor in = view(x, mainDims()), out = {};
        same &= tn_run(context, FIXTURE_MAIN, &in, 1, &out, 1) == TN_OK &&
                memcmp(out.data, expected.data(), out.bytes) == 0;
      }
      tn_context_destroy(context);
      good += same;
    });
  for (std::thread &thread : threads)
    thread.join();
  CHECK(good == 4);
}

TEST_CASE("a context without its size is refused") {
  Owned<tn_model> model = linkedModel();
  tn_context *context = nullptr;
  tn_context_options options = {};
  CHECK(tn_context_create(model.get(), &options, &context) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_context_create(nullptr, nullptr, &context) == TN_ERROR_INVALID_ARGUMENT);
  options.size = sizeof options;
  options.n_threads = 100000;
  CHECK(tn_context_create(model.get(), &options, &context) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(context == nullptr);
}

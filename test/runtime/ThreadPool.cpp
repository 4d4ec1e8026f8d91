#include "ThreadPool.h"
#include "Support.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cfenv>
#include <chrono>
#include <string.h>
#include <thread>

static Owned<tn_pool> makePool(uint32_t threads) {
  tn_pool *pool = nullptr;
  REQUIRE(tn_pool_create(threads, &pool) == TN_OK);
  return Owned<tn_pool>(pool);
}

TEST_CASE("every task runs once, for any number of participants") {
  Owned<tn_pool> pool = makePool(6);
  std::atomic<int> counts[6];
  auto count = [](void *argument, uint32_t index) { ++static_cast<std::atomic<int> *>(argument)[index]; };
  for (int round = 0; round < 3000; ++round) {
    uint32_t tasks = 2 + round % 5;
    for (auto &c : counts)
      c = 0;
    REQUIRE(tn::parallelFor(pool.get(), tasks, count, counts));
    for (uint32_t i = 0; i < 6; ++i)
      REQUIRE(counts[i] == (i < tasks ? 1 : 0));
  }
}

TEST_CASE("parked workers are woken and late ones are waited for") {
  Owned<tn_pool> pool = makePool(3);
  std::atomic<int> done{0};
  auto slow = [](void *argument, uint32_t index) {
    if (index)
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
    ++*static_cast<std::atomic<int> *>(argument);
  };
  for (int round = 1; round <= 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2)); // long enough to park
    REQUIRE(tn::parallelFor(pool.get(), 3, slow, &done));
    REQUIRE(done == 3 * round);
  }
  CHECK(systemCalls().waits > 0);
  CHECK(systemCalls().wakes > 0);
}

TEST_CASE("workers adopt the caller's rounding mode") {
  Owned<tn_pool> pool = makePool(2);
  struct Modes {
    int of[2];
  } modes;
  auto ask = [](void *argument, uint32_t index) { static_cast<Modes *>(argument)->of[index] = fegetround(); };
  for (int mode : {FE_UPWARD, FE_TONEAREST}) {
    fesetround(mode);
    bool ran = tn::parallelFor(pool.get(), 2, ask, &modes);
    fesetround(FE_TONEAREST);
    REQUIRE(ran);
    CHECK(modes.of[0] == mode);
#if defined(__x86_64__)
    // fegetround reads the x87 word, so what counts is asked of the vector unit by arithmetic below.
#else
    CHECK(modes.of[1] == mode);
#endif
  }
  struct Sums {
    volatile float of[2];
  } sums;
  auto sum = [](void *argument, uint32_t index) {
    volatile float one = 1, tiny = 1e-20f;
    static_cast<Sums *>(argument)->of[index] = one + tiny;
  };
  fesetround(FE_UPWARD);
  bool ran = tn::parallelFor(pool.get(), 2, sum, &sums);
  fesetround(FE_TONEAREST);
  REQUIRE(ran);
  CHECK(sums.of[0] > 1);
  CHECK(sums.of[1] == sums.of[0]);
}

TEST_CASE("contexts on several threads share a pool") {
  Owned<tn_model> model = linkedModel();
  Owned<tn_pool> pool = makePool(3);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      tn_context_options options = {sizeof options, pool.get(), 0, nullptr, nullptr, nullptr};
      tn_context *context = nullptr;
      if (tn_context_create(model.get(), &options, &context) != TN_OK)
        return void(++wrong);
      std::vector<float> x(FIXTURE_ROWS * FIXTURE_COLUMNS, static_cast<float>(t));
      for (int i = 0; i < 300; ++i) {
        tn_tensor in = view(x, mainDims()), out = {};
        if (tn_run(context, FIXTURE_MAIN, &in, 1, &out, 1) != TN_OK)
          ++wrong;
        auto *y = static_cast<float *>(out.data);
        for (int j = 0; j < FIXTURE_ROWS * FIXTURE_COLUMNS; j += 511)
          wrong += y[j] != static_cast<float>(t) * (j % FIXTURE_COLUMNS < 512 ? 2 : 0.5f) + 1;
      }
      tn_context_destroy(context);
    });
  for (std::thread &thread : threads)
    thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("a host's pool does the work") {
  struct Host {
    int calls = 0;
    uint32_t most = 0;
  } host;
  auto parallelFor = [](void *user, uint32_t tasks, void (*task)(void *, uint32_t), void *argument) {
    auto *host = static_cast<Host *>(user);
    ++host->calls;
    host->most = std::max(host->most, tasks);
    for (uint32_t i = tasks; i-- > 1;) // any order is allowed
      std::thread(task, argument, i).join();
    task(argument, 0);
  };
  tn_host_pool callbacks = {4, parallelFor, &host};
  tn_pool *raw = nullptr;
  REQUIRE(tn_pool_create_host(&callbacks, &raw) == TN_OK);
  Owned<tn_pool> pool(raw);
  Owned<tn_model> model = linkedModel();
  Owned<tn_context> context = makeContext(model.get(), 0, pool.get());
  pool.reset(); // the context keeps it
  std::vector<float> x = mainInput();
  tn_tensor in = view(x, mainDims()), out = {};
  REQUIRE(tn_run(context.get(), FIXTURE_MAIN, &in, 1, &out, 1) == TN_OK);
  CHECK(memcmp(out.data, mainOutput().data(), out.bytes) == 0);
  CHECK(host.calls == 2);
  CHECK(host.most == 4);
}

TEST_CASE("pools of one thread and bad arguments") {
  Owned<tn_pool> pool = makePool(1);
  CHECK(tn_pool_threads(pool.get()) == 1);
  Owned<tn_pool> all = makePool(0);
  CHECK(tn_pool_threads(all.get()) >= 1);
  CHECK(tn_pool_threads(nullptr) == 1);
  tn_pool *none = nullptr;
  tn_host_pool empty = {};
  CHECK(tn_pool_create(1u << 20, &none) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_pool_create_host(&empty, &none) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_pool_create(2, nullptr) == TN_ERROR_INVALID_ARGUMENT);
  tn_pool_destroy(nullptr);
}

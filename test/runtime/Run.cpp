#include "Support.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <string.h>
#include <thread>

TEST_CASE("results do not depend on the number of threads") {
  Owned<tn_model> model = linkedModel();
  std::vector<float> x = mainInput();
  for (uint32_t threads : {1u, 2u, 3u, 5u, 8u, 64u}) {
    Owned<tn_context> context = makeContext(model.get(), threads);
    tn_tensor in = view(x, mainDims()), out = {};
    for (int i = 0; i < 20; ++i) {
      REQUIRE(tn_run(context.get(), FIXTURE_MAIN, &in, 1, &out, 1) == TN_OK);
      REQUIRE(memcmp(out.data, mainOutput().data(), out.bytes) == 0);
    }
  }
}

TEST_CASE("a model's failure becomes the run's status") {
  Owned<tn_model> model = linkedModel();
  Owned<tn_context> context = makeContext(model.get());
  int32_t code = TN_ERROR_MODEL;
  tn_tensor in = {TN_I32, 0, nullptr, &code, 4}, out = {};
  CHECK(tn_run(context.get(), FIXTURE_FAIL, &in, 1, &out, 1) == TN_ERROR_MODEL);
  CHECK(tn_context_error(context.get()) == std::string("entry point 'fail': index 12 is out of range"));
  CHECK(out.data == nullptr);
  CHECK(tn_context_get_output(context.get(), FIXTURE_FAIL, 0, &out) == TN_ERROR_INVALID_ARGUMENT);
  code = 0;
  CHECK(tn_run(context.get(), FIXTURE_FAIL, &in, 1, &out, 1) == TN_OK);
  CHECK(*static_cast<float *>(out.data) == 7);
  CHECK(tn_run(context.get(), FIXTURE_FAIL, &in, 0, &out, 1) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_run(context.get(), 17, &in, 1, &out, 1) == TN_ERROR_NOT_FOUND);
}

TEST_CASE("the profile has one event per step") {
  Owned<tn_model> model = linkedModel();
  std::vector<tn_profile_event> events;
  tn_context_options options = {};
  options.size = sizeof options;
  options.n_threads = 2;
  options.profile_user = &events;
  options.profile = [](void *user, const tn_profile_event *event) {
    static_cast<std::vector<tn_profile_event> *>(user)->push_back(*event);
  };
  tn_context *raw = nullptr;
  REQUIRE(tn_context_create(model.get(), &options, &raw) == TN_OK);
  Owned<tn_context> context(raw);
  std::vector<float> x = mainInput();
  tn_tensor in = view(x, mainDims()), out = {};
  REQUIRE(tn_run(context.get(), FIXTURE_MAIN, &in, 1, &out, 1) == TN_OK);
  REQUIRE(events.size() == 2);
  CHECK(events[0].step == 0);
  CHECK(events[1].step == 1);
  CHECK(events[0].threads == 2);
  CHECK(events[0].begin_ns <= events[0].end_ns);
  CHECK(events[0].end_ns <= events[1].begin_ns);
}

namespace {
/// The fixture with its entry point "main" only, whose steps and level may be changed before it is loaded.
struct ChangedMain {
  tn_model_desc desc = *tn_test_query(TN_ABI_VERSION);
  tn_entry_desc entry = desc.entries[FIXTURE_MAIN];
  tn_step_desc steps[2] = {entry.steps[0], entry.steps[1]};
  tn_level_entry level = entry.levels[entry.n_levels - 1];

  Owned<tn_model> load() {
    entry.steps = steps;
    entry.levels = &level;
    entry.n_levels = 1;
    desc.entries = &entry;
    desc.n_entries = 1;
    tn_model *raw = nullptr;
    REQUIRE(tn_model_from_desc(&desc, nullptr, &raw) == TN_OK);
    return Owned<tn_model>(raw);
  }
};
} // namespace

TEST_CASE("small kernels stay on the calling thread") {
  ChangedMain changed;
  changed.steps[0].flops = 1000, changed.steps[0].bytes = 1000;
  Owned<tn_model> model = changed.load();
  std::vector<uint32_t> threads;
  tn_context_options options = {sizeof options, nullptr, 2, nullptr, &threads, nullptr};
  options.profile = [](void *user, const tn_profile_event *event) {
    static_cast<std::vector<uint32_t> *>(user)->push_back(event->threads);
  };
  tn_context *context = nullptr;
  REQUIRE(tn_context_create(model.get(), &options, &context) == TN_OK);
  Owned<tn_context> owned(context);
  std::vector<float> x = mainInput();
  tn_tensor in = view(x, mainDims()), out = {};
  REQUIRE(tn_run(context, 0, &in, 1, &out, 1) == TN_OK);
  CHECK(threads == std::vector<uint32_t>{1, 2});
}

namespace {
constexpr int64_t kItems = 65;
std::atomic<int> itemRuns[kItems];
std::atomic<int> itemsOfCaller;
std::thread::id caller;

/// Other threads than the caller's take their time.
void unequalKernel(void *const *, int64_t begin, int64_t end, void *) {
  for (int64_t i = begin; i < end; ++i) {
    ++itemRuns[i];
    if (std::this_thread::get_id() == caller)
      ++itemsOfCaller;
    else
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
}

int32_t runUnequal(tn_invocation *inv) {
  inv->api->parallel(inv, 0, unequalKernel, nullptr, kItems);
  return 0;
}
} // namespace

TEST_CASE("a thread that is done early takes over from slower ones, every item once") {
  bool isLarge = GENERATE(true, false);
  ChangedMain changed;
  changed.steps[0].flops = isLarge ? uint64_t(1) << 40 : 1000000;
  changed.level.run = runUnequal;
  Owned<tn_model> model = changed.load();
  Owned<tn_context> context = makeContext(model.get(), 2);
  caller = std::this_thread::get_id();
  itemsOfCaller = 0;
  for (std::atomic<int> &runs : itemRuns)
    runs = 0;
  std::vector<float> x = mainInput();
  tn_tensor in = view(x, mainDims()), out = {};
  REQUIRE(tn_run(context.get(), 0, &in, 1, &out, 1) == TN_OK);
  for (std::atomic<int> &runs : itemRuns)
    CHECK(runs == 1);
  // A kernel that is over soon is not worth it; and a worker that does not wake up in time has all its work taken.
  if (isLarge)
    CHECK(itemsOfCaller > kItems / 2 + 5);
}

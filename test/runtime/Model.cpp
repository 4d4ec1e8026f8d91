#include "Model.h"
#include "Support.h"

#include <catch2/catch.hpp>
#include <stdlib.h>
#include <string.h>

static Owned<tn_model> load(const std::string &path, const tn_model_options *options = nullptr) {
  tn_model *model = nullptr;
  tn_status status = tn_model_load(path.c_str(), options, &model);
  INFO(tn_last_error());
  CHECK(status == TN_OK);
  REQUIRE(model);
  return Owned<tn_model>(model);
}

static tn_model_options makeOptions() {
  tn_model_options options = {};
  options.size = sizeof options;
  return options;
}

static void checkRuns(tn_model *model) {
  Owned<tn_context> context = makeContext(model);
  std::vector<float> x = mainInput();
  tn_tensor in = view(x, mainDims()), out = {};
  REQUIRE(tn_run(context.get(), FIXTURE_MAIN, &in, 1, &out, 1) == TN_OK);
  CHECK(memcmp(out.data, mainOutput().data(), out.bytes) == 0);
}

TEST_CASE("an artifact loads and runs") {
  Owned<tn_model> model = load(fixture());
  checkRuns(model.get());
  CHECK(tn_model_verify(model.get()) == TN_OK);
  Owned<tn_model> again = load(fixture());
  checkRuns(again.get());
}

TEST_CASE("weights can be copied") {
  tn_model_options options = makeOptions();
  options.flags = TN_MODEL_COPY_WEIGHTS;
  Owned<tn_model> model = load(fixture(), &options);
  CHECK(model->mapping == nullptr);
  checkRuns(model.get());
  CHECK(tn_model_verify(model.get()) == TN_OK);
}

TEST_CASE("damaged weights are found on request") {
  std::string bytes = readFile(fixture());
  float pattern[] = {2.0f, 2.0f, 2.0f, 2.0f};
  size_t at = bytes.find(std::string(reinterpret_cast<char *>(pattern), sizeof pattern));
  REQUIRE(at != std::string::npos);
  bytes[at] = 1;
  TemporaryFile file(bytes);
  Owned<tn_model> model = load(file.path);
  CHECK(tn_model_verify(model.get()) == TN_ERROR_FORMAT);
}

TEST_CASE("a replaced file is not mixed with what is loaded") {
  std::string bytes = readFile(fixture());
  TemporaryFile file(bytes);
  Owned<tn_model> model = load(file.path);
  REQUIRE(tn_artifact_seal(&bytes[0], bytes.size()) == TN_OK); // another note
  file.write(bytes);
  tn_model *other = nullptr;
  CHECK(tn_model_load(file.path.c_str(), nullptr, &other) == TN_ERROR_FORMAT);
  CHECK_THAT(tn_last_error(), Catch::Contains("another version"));
  model.reset();
  load(file.path);
}

TEST_CASE("versions and levels that do not fit are refused") {
  tn_model *model = nullptr;
  CHECK(tn_model_load(fixture("fixture-next-abi").c_str(), nullptr, &model) == TN_ERROR_VERSION);
  CHECK_THAT(tn_last_error(), Catch::Contains("ABI version 2"));
  CHECK(tn_model_load(fixture("fixture-future-cpu").c_str(), nullptr, &model) == TN_ERROR_UNSUPPORTED_CPU);
  CHECK_THAT(tn_last_error(), Catch::Contains("lacks feature 3"));
  tn_model_options options = makeOptions();
  options.cpu_exclude = ~0u;
  CHECK(tn_model_load(fixture().c_str(), &options, &model) == TN_ERROR_UNSUPPORTED_CPU);
  CHECK(tn_model_from_desc(tn_test_query(TN_ABI_VERSION), &options, &model) == TN_ERROR_UNSUPPORTED_CPU);
#if defined(__x86_64__)
  CHECK_THAT(tn_last_error(), Catch::Contains("AVX2"));
#endif
  CHECK(model == nullptr);
}

TEST_CASE("the best level that fits is chosen") {
  tn_entry_info info;
  tn_model_options options = makeOptions();
#if defined(__x86_64__)
  options.cpu_exclude = TN_CPU_X86_64_V4;
#else
  options.cpu_exclude = TN_CPU_SVE;
#endif
  Owned<tn_model> model = load(fixture(), &options);
  REQUIRE(tn_entry_describe(model.get(), FIXTURE_MAIN, &info) == TN_OK);
  CHECK(info.level == std::string("base"));
}

TEST_CASE("bad arguments") {
  tn_model *model = nullptr;
  tn_model_options options = {};
  CHECK(tn_model_load(nullptr, nullptr, &model) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_model_load(fixture().c_str(), nullptr, nullptr) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_model_load(fixture().c_str(), &options, &model) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_model_from_desc(nullptr, nullptr, &model) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_model_verify(nullptr) == TN_ERROR_INVALID_ARGUMENT);
  tn_model_destroy(nullptr);
}

TEST_CASE("descriptors are checked") {
  const tn_model_desc good = *tn_test_query(TN_ABI_VERSION);
  tn_model *model = nullptr;
  auto refuses = [&](const tn_model_desc &desc, tn_status status) {
    return tn_model_from_desc(&desc, nullptr, &model) == status;
  };
  tn_model_desc bad = good;
  bad.magic = 1;
  CHECK(refuses(bad, TN_ERROR_FORMAT));
  bad = good;
  bad.abi_version = 7;
  CHECK(refuses(bad, TN_ERROR_VERSION));
  bad = good;
  bad.size = 8;
  CHECK(refuses(bad, TN_ERROR_FORMAT));
  bad = good;
  bad.weights += 4;
  CHECK(refuses(bad, TN_ERROR_FORMAT));
  bad = good;
  bad.n_kernels = 1; // a step uses the second
  CHECK(refuses(bad, TN_ERROR_FORMAT));

  tn_tensor_desc input = good.entries[FIXTURE_MAIN].inputs[0];
  tn_entry_desc entry = good.entries[FIXTURE_MAIN];
  entry.inputs = &input;
  bad = good;
  bad.entries = &entry;
  bad.n_entries = 1;
  int64_t dims[] = {-1, 4}; // a symbol that the entry does not have
  input.dims = dims;
  CHECK(refuses(bad, TN_ERROR_FORMAT));
  input.kind = TN_SEQUENCE;
  CHECK(refuses(bad, TN_ERROR_UNSUPPORTED));
  CHECK_THAT(tn_last_error(), Catch::Contains("'x'"));
}

TEST_CASE("a model describes itself") {
  Owned<tn_model> model = linkedModel();
  tn_model_info info;
  REQUIRE(tn_model_describe(model.get(), &info) == TN_OK);
  CHECK(info.name == std::string("fixture"));
  CHECK(info.n_entries == FIXTURE_ENTRIES);
  CHECK(info.weights_bytes == FIXTURE_WEIGHTS_BYTES);

  uint32_t entry, index;
  REQUIRE(tn_find_entry(model.get(), "dynamic", &entry) == TN_OK);
  CHECK(entry == FIXTURE_DYNAMIC);
  CHECK(tn_find_input(model.get(), entry, "b", &index) == TN_OK);
  CHECK(index == 1);
  CHECK(tn_find_output(model.get(), entry, "positive", &index) == TN_OK);
  CHECK(tn_find_entry(model.get(), "decode", &entry) == TN_ERROR_NOT_FOUND);
  CHECK(tn_find_input(model.get(), 0, "q", &index) == TN_ERROR_NOT_FOUND);
  CHECK_THAT(tn_last_error(), Catch::Contains("'x'"));

  tn_symbol_info symbol;
  REQUIRE(tn_symbol_describe(model.get(), FIXTURE_DYNAMIC, 0, &symbol) == TN_OK);
  CHECK(symbol.name == std::string("rows"));
  tn_tensor_info tensor;
  REQUIRE(tn_output_describe(model.get(), FIXTURE_STATE, 0, &tensor) == TN_OK);
  CHECK(tensor.alias_of == 0);
  CHECK(tn_input_describe(model.get(), FIXTURE_MAIN, 1, &tensor) == TN_ERROR_NOT_FOUND);
  CHECK(tn_input_describe(model.get(), 99, 0, &tensor) == TN_ERROR_NOT_FOUND);
  tn_step_info step;
  REQUIRE(tn_step_describe(model.get(), FIXTURE_MAIN, 1, &step) == TN_OK);
  CHECK(step.kernel_name == std::string("increment_64x1024"));
  CHECK(step.sources == std::string("Add_2\nIdentity_3"));
  tn_kernel_info kernel;
  CHECK(tn_kernel_describe(model.get(), 0, &kernel) == TN_OK);
  CHECK(tn_kernel_describe(model.get(), 2, &kernel) == TN_ERROR_NOT_FOUND);
  tn_entry_info described;
  REQUIRE(tn_entry_describe(model.get(), FIXTURE_MAIN, &described) == TN_OK);
  CHECK(described.arena_bytes == 262144);
  CHECK(described.scratch_bytes == 4096);
}

namespace {
struct Counter {
  size_t alive = 0, calls = 0;
  size_t limit = ~size_t(0); ///< calls that succeed
};
} // namespace

static tn_allocator countingAllocator(Counter &counter) {
  auto allocate = [](void *user, size_t bytes, size_t alignment) -> void * {
    auto *counter = static_cast<Counter *>(user);
    if (counter->calls++ >= counter->limit)
      return nullptr;
    counter->alive += bytes;
    return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  };
  auto release = [](void *user, void *memory, size_t bytes) {
    static_cast<Counter *>(user)->alive -= bytes;
    free(memory);
  };
  return {allocate, release, &counter};
}

TEST_CASE("all memory comes from the host's allocator and goes back to it") {
  Counter counter;
  tn_allocator allocator = countingAllocator(counter);
  tn_model_options options = makeOptions();
  options.allocator = &allocator;
  {
    Owned<tn_model> model = load(fixture(), &options);
    Owned<tn_context> context = makeContext(model.get(), 2);
    CHECK(counter.alive > 262144);
    // The context keeps the model alive.
    model.reset();
    std::vector<float> x = mainInput();
    tn_tensor in = view(x, mainDims()), out = {};
    CHECK(tn_run(context.get(), FIXTURE_MAIN, &in, 1, &out, 1) == TN_OK);
  }
  CHECK(counter.alive == 0);
}

TEST_CASE("an allocator that fails at any point leaves nothing behind") {
  for (size_t limit = 0;; ++limit) {
    Counter counter;
    counter.limit = limit;
    tn_allocator allocator = countingAllocator(counter);
    tn_model_options options = makeOptions();
    options.allocator = &allocator;
    tn_model *model = nullptr;
    tn_context *context = nullptr;
    tn_context_options contextOptions = {};
    contextOptions.size = sizeof contextOptions;
    contextOptions.n_threads = 2;
    tn_status status = tn_model_load(fixture().c_str(), &options, &model);
    if (!status)
      status = tn_context_create(model, &contextOptions, &context);
    std::vector<float> x = mainInput();
    tn_tensor in = view(x, mainDims()), out = {};
    if (!status)
      status = tn_run(context, FIXTURE_MAIN, &in, 1, &out, 1);
    tn_context_destroy(context);
    tn_model_destroy(model);
    CHECK(counter.alive == 0);
    if (!status)
      break;
    CHECK(status == TN_ERROR_OUT_OF_MEMORY);
    REQUIRE(limit < 100);
  }
}

TEST_CASE("the log names the chosen level") {
  std::string log;
  tn_model_options options = makeOptions();
  options.log = [](void *user, tn_log_level, const char *message) { *static_cast<std::string *>(user) += message; };
  options.log_user = &log;
  load(fixture(), &options);
  CHECK_THAT(log, Catch::Contains("level "));
}

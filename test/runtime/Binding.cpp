#include "Support.h"

#include <catch2/catch.hpp>
#include <string.h>

namespace {
struct Setup {
  Owned<tn_model> model = linkedModel();
  Owned<tn_context> owned = makeContext(model.get());
  tn_context *context = owned.get();
  std::vector<float> x = mainInput(), y = std::vector<float>(x.size());

  tn_status input(std::vector<int64_t> dims, tn_dtype dtype = TN_F32) {
    tn_tensor tensor = view(x, dims);
    tensor.dtype = dtype;
    return tn_context_set_input(context, FIXTURE_MAIN, 0, &tensor);
  }
  std::string error() const { return tn_context_error(context); }
};
} // namespace

TEST_CASE_METHOD(Setup, "an input that does not fit is named with both shapes") {
  CHECK(input({64, 1023}) == TN_ERROR_SHAPE_MISMATCH);
  CHECK(error() == "input 'x' of entry point 'main': shape is [64, 1023], expected [64, 1024]");
  CHECK(input({64, -1024}) == TN_ERROR_SHAPE_MISMATCH);
  CHECK(input({64}) == TN_ERROR_SHAPE_MISMATCH);
  CHECK_THAT(error(), Catch::Contains("rank is 1, expected 2"));
  CHECK(input(mainDims(), TN_I32) == TN_ERROR_TYPE_MISMATCH);
  CHECK_THAT(error(), Catch::Contains("i32, expected f32"));
}

TEST_CASE_METHOD(Setup, "buffers are checked") {
  tn_tensor tensor = view(x, mainDims());
  auto set = [&] { return tn_context_set_input(context, FIXTURE_MAIN, 0, &tensor); };
  tensor.bytes -= 1;
  CHECK(set() == TN_ERROR_SHAPE_MISMATCH);
  CHECK_THAT(error(), Catch::Contains("262143 bytes"));
  tensor.bytes += 1;
  tensor.data = nullptr;
  CHECK(set() == TN_ERROR_INVALID_ARGUMENT);
  tensor.data = reinterpret_cast<char *>(x.data()) + 1;
  CHECK(set() == TN_ERROR_INVALID_ARGUMENT);
  CHECK_THAT(error(), Catch::Contains("aligned"));
  tensor.data = x.data();
  tensor.dims = nullptr;
  CHECK(set() == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_context_set_input(context, FIXTURE_MAIN, 0, nullptr) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_context_set_input(context, FIXTURE_MAIN, 1, &tensor) == TN_ERROR_NOT_FOUND);
  CHECK(tn_context_set_input(context, 9, 0, &tensor) == TN_ERROR_NOT_FOUND);
  CHECK(tn_context_set_input(nullptr, 0, 0, &tensor) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_context_set_input_by_name(context, FIXTURE_MAIN, "z", &tensor) == TN_ERROR_NOT_FOUND);
  CHECK(tn_context_run(context, FIXTURE_MAIN) == TN_ERROR_INVALID_ARGUMENT);
  CHECK_THAT(error(), Catch::Contains("'x' of entry point 'main' is not bound"));
}

TEST_CASE_METHOD(Setup, "a failed call leaves the binding as it was") {
  REQUIRE(input(mainDims()) == TN_OK);
  CHECK(input({1, 2}) == TN_ERROR_SHAPE_MISMATCH);
  CHECK(tn_context_run(context, FIXTURE_MAIN) == TN_OK);
}

TEST_CASE_METHOD(Setup, "buffers are used in place") {
  REQUIRE(input(mainDims()) == TN_OK);
  tn_tensor out = view(y, mainDims());
  REQUIRE(tn_context_set_output_by_name(context, FIXTURE_MAIN, "y", &out) == TN_OK);
  REQUIRE(tn_context_run(context, FIXTURE_MAIN) == TN_OK);
  CHECK(y == mainOutput());
  tn_tensor result;
  REQUIRE(tn_context_get_output(context, FIXTURE_MAIN, 0, &result) == TN_OK);
  CHECK(result.data == y.data());
  // Back to the context's own storage.
  REQUIRE(tn_context_set_output(context, FIXTURE_MAIN, 0, nullptr) == TN_OK);
  CHECK(tn_context_get_output(context, FIXTURE_MAIN, 0, &result) == TN_ERROR_INVALID_ARGUMENT);
  REQUIRE(tn_context_run(context, FIXTURE_MAIN) == TN_OK);
  REQUIRE(tn_context_get_output(context, FIXTURE_MAIN, 0, &result) == TN_OK);
  CHECK(result.data != y.data());
  CHECK(reinterpret_cast<uintptr_t>(result.data) % 64 == 0);
  CHECK(memcmp(result.data, y.data(), result.bytes) == 0);
}

TEST_CASE_METHOD(Setup, "an output over an input is refused") {
  REQUIRE(input(mainDims()) == TN_OK);
  tn_tensor out = view(x, mainDims());
  REQUIRE(tn_context_set_output(context, FIXTURE_MAIN, 0, &out) == TN_OK);
  CHECK(tn_context_run(context, FIXTURE_MAIN) == TN_ERROR_INVALID_ARGUMENT);
  CHECK_THAT(error(), Catch::Contains("overlaps the buffer of input 'x'"));
}

TEST_CASE_METHOD(Setup, "an aliased output is its input's buffer") {
  std::vector<float> cache(8, 1), token(1, 2), other(8);
  const std::vector<int64_t> eight = {8}, scalar;
  tn_tensor in[] = {view(cache, eight), view(token, scalar)}, out = {};
  REQUIRE(tn_run(context, FIXTURE_STATE, in, 2, &out, 1) == TN_OK);
  CHECK(out.data == cache.data());
  CHECK(cache == std::vector<float>(8, 3));
  REQUIRE(tn_run(context, FIXTURE_STATE, in, 2, &out, 1) == TN_OK);
  CHECK(cache == std::vector<float>(8, 5));
  out = view(other, eight);
  CHECK(tn_run(context, FIXTURE_STATE, in, 2, &out, 1) == TN_ERROR_INVALID_ARGUMENT);
  CHECK_THAT(error(), Catch::Contains("shares the storage of input 'cache'"));
}

namespace {
struct Dynamic : Setup {
  std::vector<float> a = std::vector<float>(64 * 16, 1), b = std::vector<float>(64 * 16, -1);
  tn_tensor out[2] = {};
  int64_t aDims[2], bDims[2];

  tn_status runRows(int64_t rows, int64_t rowsOfB) {
    aDims[0] = rows;
    bDims[0] = rowsOfB;
    aDims[1] = bDims[1] = 16;
    tn_tensor in[] = {{TN_F32, 2, aDims, a.data(), a.size() * 4}, {TN_F32, 2, bDims, b.data(), b.size() * 4}};
    return tn_run(context, FIXTURE_DYNAMIC, in, 2, out, 2);
  }
};
} // namespace

TEST_CASE_METHOD(Dynamic, "symbols are taken from the inputs and checked") {
  CHECK(runRows(4, 6) == TN_ERROR_SHAPE_MISMATCH);
  CHECK_THAT(error(), Catch::Contains("input 'b'") && Catch::Contains("[6, 16]") && Catch::Contains("[rows, 16]") &&
                          Catch::Contains("'rows' = 4"));
  CHECK(runRows(66, 66) == TN_ERROR_SHAPE_MISMATCH); // the buffer
  CHECK(runRows(3, 3) == TN_ERROR_SHAPE_MISMATCH);
  CHECK_THAT(error(), Catch::Contains("no multiple of 2"));
  CHECK(runRows(0, 0) == TN_ERROR_SHAPE_MISMATCH);
  CHECK_THAT(error(), Catch::Contains("outside of 2 to 64"));
}

TEST_CASE_METHOD(Dynamic, "computed shapes come out") {
  b[3] = 4;
  b[20] = 1;
  for (int64_t rows : {2, 64, 4}) { // the same tensors again, which by then are the context's own
    REQUIRE(runRows(rows, rows) == TN_OK);
    CHECK(out[0].dims[0] == rows);
    CHECK(out[1].rank == 1);
    CHECK(out[1].dims[0] == 2);
    CHECK(static_cast<float *>(out[1].data)[0] == 5);
    CHECK(static_cast<float *>(out[1].data)[1] == 2);
  }
  b.assign(b.size(), -1);
  REQUIRE(runRows(2, 2) == TN_OK);
  CHECK(out[1].dims[0] == 0);
}

TEST_CASE_METHOD(Dynamic, "a buffer for a computed shape counts by its capacity") {
  b.assign(b.size(), 0);
  std::vector<float> positive(32);
  out[1] = {TN_F32, 1, nullptr, positive.data(), positive.size() * 4};
  REQUIRE(runRows(2, 2) == TN_OK);
  CHECK(out[1].dims[0] == 32);
  CHECK(positive[31] == 1);
  CHECK(runRows(4, 4) == TN_ERROR_SHAPE_MISMATCH);
  CHECK_THAT(error(), Catch::Contains("128 bytes") && Catch::Contains("needs 256"));
}

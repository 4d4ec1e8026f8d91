// The C++ wrapper, and that the C99 translation unit links.

#include "Support.h"
#include "tenon/tenon.hpp"

#include <catch2/catch.hpp>

extern "C" int tn_test_c99(tn_model *model);

TEST_CASE("the C header works from C99") { CHECK(tn_test_c99(linkedModel().get()) == 0); }

TEST_CASE("the wrapper loads, binds and runs") {
  tenon::Result<tenon::Model> model = tenon::Model::load(fixture());
  REQUIRE(model);
  tenon::Result<tenon::Pool> pool = tenon::Pool::create(2);
  REQUIRE(pool);
  CHECK(pool->threads() == 2);
  tenon::Result<tenon::Context> context = tenon::Context::create(*model, *pool);
  REQUIRE(context);
  std::vector<float> pixels = mainInput();
  tenon::Tensor x(mainDims(), pixels.data()), y;
  for (int i = 0; i < 2; ++i) {
    REQUIRE(context->run(FIXTURE_MAIN, {x}, {&y}).ok());
    CHECK(y.dims() == mainDims());
    REQUIRE(y.data<float>());
    CHECK(std::vector<float>(y.data<float>(), y.data<float>() + pixels.size()) == mainOutput());
  }
  CHECK(y.data<int32_t>() == nullptr);
  CHECK(model->verify().ok());
  CHECK(model->describe().n_entries == FIXTURE_ENTRIES);
  CHECK(*model->findEntry("state") == FIXTURE_STATE);
  CHECK(*model->findInput(FIXTURE_DYNAMIC, "b") == 1);
  CHECK(model->describeEntry(FIXTURE_MAIN)->name == std::string("main"));
  CHECK(model->describeStep(FIXTURE_MAIN, 0)->template_name == std::string("elementwise"));
}

TEST_CASE("the wrapper's errors carry code and message") {
  tenon::Result<tenon::Model> none = tenon::Model::load("/nonexistent/model.so");
  REQUIRE(!none);
  CHECK(none.status().code() == TN_ERROR_NOT_FOUND);
  CHECK_THAT(none.status().message(), Catch::Contains("/nonexistent/model.so"));
  tenon::Result<tenon::Model> model = tenon::Model::fromDesc(tn_test_query(TN_ABI_VERSION));
  REQUIRE(model);
  CHECK(model->findEntry("nothing").status().code() == TN_ERROR_NOT_FOUND);
  tenon::Result<tenon::Context> context = tenon::Context::create(*model);
  REQUIRE(context);
  float pixel = 0;
  tenon::Tensor x({1}, &pixel);
  tenon::Tensor y;
  CHECK(context->run(FIXTURE_MAIN, {x}, {&y}).code() == TN_ERROR_SHAPE_MISMATCH);
}

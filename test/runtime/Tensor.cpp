#include "Tensor.h"

#include <catch2/catch.hpp>
#include <vector>

static tn_status bytesOf(tn_dtype dtype, std::vector<int64_t> dims, size_t &bytes) {
  return tn_tensor_bytes(dtype, static_cast<uint32_t>(dims.size()), dims.data(), &bytes);
}

TEST_CASE("sizes of tensors") {
  size_t bytes = 0;
  CHECK((bytesOf(TN_F32, {}, bytes) == TN_OK && bytes == 4));
  CHECK((bytesOf(TN_F32, {2, 3}, bytes) == TN_OK && bytes == 24));
  CHECK((bytesOf(TN_I4, {3}, bytes) == TN_OK && bytes == 2));
  CHECK((bytesOf(TN_U2, {5}, bytes) == TN_OK && bytes == 2));
  CHECK((bytesOf(TN_C128, {2}, bytes) == TN_OK && bytes == 32));
  CHECK((bytesOf(TN_F32, {INT64_MAX, 0, INT64_MAX}, bytes) == TN_OK && bytes == 0));
  CHECK(bytesOf(TN_F32, {INT64_MAX}, bytes) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(bytesOf(TN_I8, {1ll << 32, 1ll << 32}, bytes) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(bytesOf(TN_F32, {-1}, bytes) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(bytesOf(TN_INVALID, {1}, bytes) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(bytesOf(static_cast<tn_dtype>(99), {1}, bytes) == TN_ERROR_INVALID_ARGUMENT);
}

TEST_CASE("shapes as text") {
  int64_t dims[] = {1, 3, INT64_MIN};
  CHECK(tn::ShapeText(3, dims).c_str() == std::string("[1, 3, ?]"));
  CHECK(tn::ShapeText(0, dims).c_str() == std::string("[]"));
  std::vector<int64_t> many(64, INT64_MAX);
  std::string text = tn::ShapeText(64, many.data()).c_str();
  CHECK(text.size() < 160);
  CHECK(text.substr(text.size() - 6) == ", ...]");
}

TEST_CASE("names") {
  CHECK(tn_dtype_name(TN_BF16) == std::string("bf16"));
  CHECK(tn_dtype_name(TN_STRING) == std::string("string"));
  CHECK(tn_dtype_name(static_cast<tn_dtype>(-1)) == std::string("invalid"));
  CHECK(tn_status_name(TN_ERROR_INTERNAL) == std::string("internal error"));
  CHECK(tn_status_name(static_cast<tn_status>(77)) == std::string("unknown status"));
}

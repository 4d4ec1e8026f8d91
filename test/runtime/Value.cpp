#include "Support.h"

#include <catch2/catch.hpp>

static tn_value *scalar(int64_t number) {
  tn_value *value = nullptr;
  REQUIRE(tn_value_create_tensor(TN_I64, 0, nullptr, &value) == TN_OK);
  tn_tensor tensor;
  REQUIRE(tn_value_get_tensor(value, &tensor) == TN_OK);
  *static_cast<int64_t *>(tensor.data) = number;
  return value;
}

static tn_value *text(const std::string &string) {
  tn_value *value = nullptr;
  REQUIRE(tn_value_create_string(string.data(), string.size(), &value) == TN_OK);
  return value;
}

static int64_t number(const tn_value *value) {
  tn_tensor tensor;
  REQUIRE(tn_value_get_tensor(value, &tensor) == TN_OK);
  return *static_cast<int64_t *>(tensor.data);
}

TEST_CASE("tensors own or borrow") {
  int64_t dims[] = {2, 3};
  tn_value *raw = nullptr;
  REQUIRE(tn_value_create_tensor(TN_F32, 2, dims, &raw) == TN_OK);
  Owned<tn_value> value(raw);
  tn_tensor tensor;
  REQUIRE(tn_value_get_tensor(value.get(), &tensor) == TN_OK);
  CHECK(tensor.bytes == 24);
  CHECK(tensor.dims != dims);
  CHECK(static_cast<float *>(tensor.data)[5] == 0);
  CHECK(reinterpret_cast<uintptr_t>(tensor.data) % 64 == 0);

  std::vector<float> data(6, 1);
  tn_tensor borrowed = {TN_F32, 2, dims, data.data(), 24};
  REQUIRE(tn_value_borrow_tensor(&borrowed, &raw) == TN_OK);
  Owned<tn_value> view(raw);
  REQUIRE(tn_value_get_tensor(view.get(), &tensor) == TN_OK);
  CHECK(tensor.data == data.data());
  borrowed.bytes = 23;
  CHECK(tn_value_borrow_tensor(&borrowed, &raw) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_value_create_tensor(TN_F32, 2, nullptr, &raw) == TN_ERROR_INVALID_ARGUMENT);
  CHECK(tn_value_count(view.get()) == 0);
  CHECK(tn_value_at(view.get(), 0) == nullptr);
}

TEST_CASE("strings are copied") {
  Owned<tn_value> value(text("first"));
  tn_tensor tensor;
  REQUIRE(tn_value_get_tensor(value.get(), &tensor) == TN_OK);
  CHECK(tensor.dtype == TN_STRING);
  REQUIRE(tn_value_set_string(value.get(), 0, "second", 6) == TN_OK);
  auto *string = static_cast<tn_string *>(tensor.data);
  CHECK(std::string(string->data, string->length) == "second");
  CHECK(tn_value_set_string(value.get(), 0, nullptr, 0) == TN_OK);
  CHECK(string->length == 0);
  CHECK(tn_value_set_string(value.get(), 1, "x", 1) == TN_ERROR_NOT_FOUND);
  Owned<tn_value> other(scalar(1));
  CHECK(tn_value_set_string(other.get(), 0, "x", 1) == TN_ERROR_TYPE_MISMATCH);
}

TEST_CASE("sequences and optionals hold values") {
  tn_value *raw = nullptr;
  REQUIRE(tn_value_create_sequence(&raw) == TN_OK);
  Owned<tn_value> sequence(raw);
  for (int64_t i = 0; i < 100; ++i)
    REQUIRE(tn_value_append(sequence.get(), scalar(i)) == TN_OK);
  CHECK(tn_value_count(sequence.get()) == 100);
  CHECK(number(tn_value_at(sequence.get(), 77)) == 77);
  CHECK(tn_value_at(sequence.get(), 100) == nullptr);
  CHECK(tn_value_key(sequence.get(), 0) == nullptr);
  CHECK(tn_value_append(sequence.get(), sequence.get()) == TN_ERROR_TYPE_MISMATCH);
  tn_tensor tensor;
  CHECK(tn_value_get_tensor(sequence.get(), &tensor) == TN_ERROR_TYPE_MISMATCH);

  REQUIRE(tn_value_create_optional(nullptr, &raw) == TN_OK);
  Owned<tn_value> empty(raw);
  CHECK(tn_value_count(empty.get()) == 0);
  REQUIRE(tn_value_create_optional(scalar(5), &raw) == TN_OK);
  Owned<tn_value> full(raw);
  CHECK(tn_value_kind(full.get()) == TN_OPTIONAL);
  CHECK(number(tn_value_at(full.get(), 0)) == 5);
}

TEST_CASE("maps find by key") {
  tn_value *raw = nullptr;
  REQUIRE(tn_value_create_map(&raw) == TN_OK);
  Owned<tn_value> map(raw);
  REQUIRE(tn_value_insert(map.get(), text("cat"), scalar(1)) == TN_OK);
  REQUIRE(tn_value_insert(map.get(), text("dog"), scalar(2)) == TN_OK);
  REQUIRE(tn_value_insert(map.get(), scalar(9), scalar(3)) == TN_OK);
  REQUIRE(tn_value_insert(map.get(), text("cat"), scalar(4)) == TN_OK);
  CHECK(tn_value_count(map.get()) == 3);
  Owned<tn_value> cat(text("cat")), nine(scalar(9)), none(text("cow"));
  CHECK(number(tn_value_find(map.get(), cat.get())) == 4);
  CHECK(number(tn_value_find(map.get(), nine.get())) == 3);
  CHECK(tn_value_find(map.get(), none.get()) == nullptr);
  CHECK(number(tn_value_key(map.get(), 2)) == 9);
  CHECK(tn_value_find(map.get(), map.get()) == nullptr);
}

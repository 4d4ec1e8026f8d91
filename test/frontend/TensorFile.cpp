#include "frontend/onnx/TensorFile.h"

#include "test/frontend/Build.h"

#include <catch2/catch.hpp>

using namespace tenon::onnx;
using namespace tenon::onnx::test;

TEST_CASE("a tensor survives writing and reading") {
  TempDir dir;
  TensorData tensor(ElementType::Int4, {3}, std::string("\x21\x03", 2));
  tensor.setName("t");
  Diagnostics diags;
  REQUIRE(writeTensorFile(dir.path("t.pb"), tensor, diags));
  std::optional<TensorData> read = readTensorFile(dir.path("t.pb"), diags);
  REQUIRE(read);
  CHECK(read->name() == "t");
  CHECK(read->type() == ElementType::Int4);
  CHECK(read->dims() == std::vector<int64_t>{3});
  CHECK(read->bytes() == tensor.bytes());
  TensorData strings({2}, {"a", ""});
  REQUIRE(writeTensorFile(dir.path("t.pb"), strings, diags));
  CHECK(readTensorFile(dir.path("t.pb"), diags)->strings() == strings.strings());
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path("")), {}) == 1);
}

TEST_CASE("tensor files that can't be read or written") {
  TempDir dir;
  Diagnostics diags;
  CHECK(!readTensorFile(dir.path("absent.pb"), diags));
  CHECK(diags.status() == Status::IoError);
  Diagnostics malformed;
  CHECK(!readTensorFile(dir.write("empty.pb", ""), malformed));
  CHECK(!readTensorFile(dir.write("bad.pb", "\xff\xff"), malformed));
  CHECK(malformed.status() == Status::Malformed);
  CHECK(malformed.errorCount() == 2);
  Diagnostics unwritable;
  CHECK(!writeTensorFile(dir.path("no/such/dir/t.pb"), TensorData(ElementType::Float, {0}, ""), unwritable));
  CHECK(unwritable.status() == Status::IoError);
}

static TensorProto intTensor(int64_t value) {
  TensorProto tensor;
  tensor.set_data_type(TensorProto::INT64);
  tensor.add_int64_data(value);
  return tensor;
}

TEST_CASE("sequences, optionals and maps") {
  TempDir dir;
  Diagnostics diags;
  SequenceProto sequence;
  sequence.set_elem_type(SequenceProto::TENSOR);
  *sequence.add_tensor_values() = intTensor(1);
  *sequence.add_tensor_values() = intTensor(2);
  std::optional<Value> value =
      readValueFile(dir.write("s.pb", sequence.SerializeAsString()), ValueType::Sequence, diags);
  REQUIRE(value);
  REQUIRE(value->elements.size() == 2);
  CHECK(value->elements[1].tensor.intAt(0) == 2);

  OptionalProto optional;
  optional.set_elem_type(SequenceProto::SEQUENCE);
  value = readValueFile(dir.write("o.pb", optional.SerializeAsString()), ValueType::Optional, diags);
  REQUIRE(value);
  CHECK(value->elements.empty());
  *optional.mutable_sequence_value() = sequence;
  value = readValueFile(dir.write("o.pb", optional.SerializeAsString()), ValueType::Optional, diags);
  REQUIRE(value);
  CHECK(value->elements.at(0).elements.size() == 2);

  MapProto map;
  map.set_key_type(TensorProto::INT64);
  map.add_keys(7);
  map.add_keys(8);
  *map.mutable_values() = sequence;
  value = readValueFile(dir.write("m.pb", map.SerializeAsString()), ValueType::Map, diags);
  REQUIRE(value);
  CHECK(value->keys.intAt(1) == 8);
  CHECK(value->elements.size() == 2);
  map.add_keys(9);
  CHECK(!readValueFile(dir.write("m.pb", map.SerializeAsString()), ValueType::Map, diags));
  sequence.set_elem_type(42);
  CHECK(!readValueFile(dir.write("s.pb", sequence.SerializeAsString()), ValueType::Sequence, diags));
}

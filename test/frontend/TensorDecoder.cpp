#include "test/frontend/Build.h"

#include <catch2/catch.hpp>
#include <cstring>

using namespace tenon::onnx;
using namespace tenon::onnx::test;

/// The model's one initializer, of shape `dims`, after `fill`.
template <typename Fill> static Loaded loadTensor(int type, std::initializer_list<int64_t> dims, Fill fill) {
  ModelProto proto = reluModel();
  fill(addInitializer(*proto.mutable_graph(), "w", type, dims));
  return load(proto);
}

static std::string bytesOf(const Loaded &loaded) {
  REQUIRE(loaded.model);
  return std::string(loaded.graph().initializers[0].bytes());
}

template <typename T> static std::string packed(std::initializer_list<T> values) {
  return std::string(reinterpret_cast<const char *>(values.begin()), values.size() * sizeof(T));
}

TEST_CASE("typed data fields of full width") {
  CHECK(bytesOf(loadTensor(TensorProto::FLOAT, {2}, [](TensorProto &t) {
          t.add_float_data(1.5f);
          t.add_float_data(-2.f);
        })) == packed<float>({1.5f, -2.f}));
  CHECK(bytesOf(loadTensor(TensorProto::DOUBLE, {1}, [](TensorProto &t) { t.add_double_data(0.1); })) ==
        packed<double>({0.1}));
  CHECK(bytesOf(loadTensor(TensorProto::COMPLEX64, {1}, [](TensorProto &t) {
          t.add_float_data(1);
          t.add_float_data(2);
        })) == packed<float>({1, 2}));
  CHECK(bytesOf(loadTensor(TensorProto::COMPLEX128, {1}, [](TensorProto &t) {
          t.add_double_data(1);
          t.add_double_data(2);
        })) == packed<double>({1, 2}));
  CHECK(bytesOf(loadTensor(TensorProto::INT64, {}, [](TensorProto &t) { t.add_int64_data(-5); })) ==
        packed<int64_t>({-5}));
  CHECK(bytesOf(loadTensor(TensorProto::UINT64, {1}, [](TensorProto &t) { t.add_uint64_data(UINT64_MAX); })) ==
        packed<uint64_t>({UINT64_MAX}));
  CHECK(bytesOf(loadTensor(TensorProto::UINT32, {1}, [](TensorProto &t) { t.add_uint64_data(4000000000u); })) ==
        packed<uint32_t>({4000000000u}));
  CHECK(bytesOf(loadTensor(TensorProto::INT32, {1}, [](TensorProto &t) { t.add_int32_data(-7); })) ==
        packed<int32_t>({-7}));
}

TEST_CASE("narrow types in int32_data") {
  auto one = [](int type, int32_t value) {
    return loadTensor(type, {1}, [&](TensorProto &t) { t.add_int32_data(value); });
  };
  CHECK(bytesOf(one(TensorProto::INT8, -128)) == packed<int8_t>({-128}));
  CHECK(bytesOf(one(TensorProto::UINT8, 255)) == packed<uint8_t>({255}));
  CHECK(bytesOf(one(TensorProto::INT16, -32768)) == packed<int16_t>({-32768}));
  CHECK(bytesOf(one(TensorProto::UINT16, 65535)) == packed<uint16_t>({65535}));
  CHECK(bytesOf(one(TensorProto::BOOL, 1)) == packed<uint8_t>({1}));
  CHECK(bytesOf(one(TensorProto::FLOAT16, 0xbc00)) == packed<uint16_t>({0xbc00}));
  CHECK(bytesOf(one(TensorProto::BFLOAT16, 0x3f80)) == packed<uint16_t>({0x3f80}));
  for (int type : {TensorProto::FLOAT8E4M3FN, TensorProto::FLOAT8E4M3FNUZ, TensorProto::FLOAT8E5M2,
                   TensorProto::FLOAT8E5M2FNUZ, TensorProto::FLOAT8E8M0})
    CHECK(bytesOf(one(type, 0x81)) == packed<uint8_t>({0x81}));
  CHECK(one(TensorProto::UINT8, 256).says("the value 256 at index 0 of int32_data, which does not fit uint8"));
  CHECK(one(TensorProto::INT16, 70000).says("does not fit int16"));
  CHECK(one(TensorProto::BOOL, 2).says("element 0 is 2 instead of 0 or 1"));
}

TEST_CASE("elements below a byte stay packed and can be unpacked") {
  auto unpack = [](int type, std::initializer_list<int64_t> dims, std::initializer_list<int> entries) {
    Loaded loaded = loadTensor(type, dims, [&](TensorProto &t) {
      for (int entry : entries)
        t.add_int32_data(entry);
    });
    REQUIRE(loaded.model);
    return *loaded.graph().initializers[0].unpacked();
  };
  using Bytes = std::vector<uint8_t>;
  CHECK(unpack(TensorProto::UINT4, {3}, {0xf1, 0x02}) == Bytes{1, 15, 2});
  CHECK(unpack(TensorProto::INT4, {3}, {0xf1, 0x08}) == Bytes{1, 0xff, 0xf8});
  CHECK(unpack(TensorProto::FLOAT4E2M1, {2}, {0xa5}) == Bytes{5, 10});
  CHECK(unpack(TensorProto::UINT2, {5}, {0xe4, 0x02}) == Bytes{0, 1, 2, 3, 2});
  CHECK(unpack(TensorProto::INT2, {4}, {0xe4}) == Bytes{0, 1, 0xfe, 0xff});
  CHECK(unpack(TensorProto::FLOAT6E2M3, {5}, {1, 62, 33, 4, 63}) == Bytes{1, 62, 33, 4, 63});
  CHECK(bytesOf(loadTensor(TensorProto::FLOAT6E3M2, {4}, [](TensorProto &t) {
          for (int value : {1, 2, 3, 4})
            t.add_int32_data(value);
        })) == packed<uint8_t>({1 | (2 << 6 & 0xff), 2 >> 2 | (3 & 0xf) << 4, 3 >> 4 | 4 << 2}));
}

TEST_CASE("raw data") {
  CHECK(bytesOf(loadTensor(TensorProto::FLOAT16, {2}, [](TensorProto &t) { t.set_raw_data("abcd"); })) == "abcd");
  CHECK(bytesOf(loadTensor(TensorProto::INT4, {3}, [](TensorProto &t) { t.set_raw_data("ab"); })) == "ab");
  CHECK(bytesOf(loadTensor(TensorProto::FLOAT, {0, 5}, [](TensorProto &) {})).empty());
  CHECK(loadTensor(TensorProto::FLOAT, {2}, [](TensorProto &t) {
          t.set_raw_data("abc");
        }).says("initializer 'w' (float[2]) needs 8 bytes, raw_data has 3"));
  CHECK(loadTensor(TensorProto::BOOL, {2}, [](TensorProto &t) { t.set_raw_data("\x01\x07"); }).says("is 7 instead"));
}

TEST_CASE("strings") {
  Loaded loaded = loadTensor(TensorProto::STRING, {2}, [](TensorProto &t) {
    t.add_string_data("a");
    t.add_string_data("bc");
  });
  REQUIRE(loaded.model);
  CHECK(loaded.graph().initializers[0].strings() == std::vector<std::string>{"a", "bc"});
  CHECK(loadTensor(TensorProto::STRING, {2}, [](TensorProto &t) {
          t.add_string_data("a");
        }).says("needs 2 entries in string_data, which has 1"));
  CHECK(loadTensor(TensorProto::STRING, {1}, [](TensorProto &t) { t.set_raw_data("a"); }).says("strings can't be"));
}

TEST_CASE("broken tensors name themselves") {
  auto nothing = [](TensorProto &) {};
  CHECK(loadTensor(99, {1}, nothing).says("initializer 'w' has the unknown element type 99"));
  CHECK(loadTensor(0, {1}, nothing).says("unknown element type 0"));
  CHECK(loadTensor(TensorProto::FLOAT, {-1}, nothing).says("negative dimension -1 in its shape [-1]"));
  CHECK(loadTensor(TensorProto::FLOAT, {INT64_MAX, 2}, nothing).says("whose size overflows"));
  CHECK(loadTensor(TensorProto::DOUBLE, {INT64_MAX}, nothing).says("whose size overflows"));
  CHECK(loadTensor(TensorProto::FLOAT, {int64_t(1) << 40}, nothing).says("in float_data, which has 0"));
  CHECK(loadTensor(TensorProto::FLOAT, {1}, [](TensorProto &t) {
          t.add_int32_data(1);
        }).says("needs 1 entries in float_data, which has 0"));
  CHECK(loadTensor(TensorProto::FLOAT, {1}, [](TensorProto &t) { t.mutable_segment(); }).says("segments"));
  CHECK(loadTensor(TensorProto::FLOAT, {1}, [](TensorProto &t) {
          t.set_data_location(9);
        }).says("unknown data location 9"));
}

TEST_CASE("typed reading") {
  TensorData ints(ElementType::Int16, {2}, packed<int16_t>({-1, 2}));
  CHECK(*ints.asInts() == std::vector<int64_t>{-1, 2});
  CHECK(!ints.asDoubles());
  CHECK(!ints.unpacked());
  TensorData floats(ElementType::Float, {2}, packed<float>({0.5f, 2}));
  CHECK(*floats.asDoubles() == std::vector<double>{0.5, 2});
  CHECK(!floats.asInts());
}

static Loaded loadSparse(std::initializer_list<int64_t> indices, std::initializer_list<int64_t> indexDims) {
  ModelProto proto = reluModel();
  SparseTensorProto &sparse = *proto.mutable_graph()->add_sparse_initializer();
  sparse.add_dims(3);
  sparse.add_dims(4);
  TensorProto &values = *sparse.mutable_values();
  values.set_name("s");
  values.set_data_type(TensorProto::FLOAT);
  values.add_dims(2);
  values.add_float_data(1);
  values.add_float_data(2);
  sparse.mutable_indices()->set_data_type(TensorProto::INT64);
  for (int64_t dim : indexDims)
    sparse.mutable_indices()->add_dims(dim);
  for (int64_t index : indices)
    sparse.mutable_indices()->add_int64_data(index);
  proto.mutable_graph()->mutable_node(0)->set_input(0, "s");
  return load(proto);
}

TEST_CASE("sparse initializers") {
  Loaded loaded = loadSparse({0, 11}, {2});
  REQUIRE(loaded.model);
  CHECK(loaded.graph().findSparseInitializer("s")->indices.intAt(1) == 11);
  CHECK(loadSparse({0, 1, 2, 3}, {2, 2}).model);
  CHECK(loadSparse({0, 12}, {2}).says("the index 12 at position 1, outside of [0, 12)"));
  CHECK(loadSparse({0, 1, 3, 0}, {2, 2}).says("outside of [0, 3)"));
  CHECK(loadSparse({0, 1, 2}, {3}).says("needs indices of shape [2] or [2, 2], has [3]"));
}

#include "frontend/onnx/ExternalData.h"

#include "test/frontend/Build.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

using namespace tenon::onnx;
using namespace tenon::onnx::test;
namespace fs = std::filesystem;

namespace {

/// model/ with model.onnx and weights, beside secret: a file outside.
struct Files {
  TempDir root;

  Files() {
    fs::create_directories(root.path("model/sub"));
    root.write("secret", "01234567");
    root.write("model/weights", "abcdefgh");
  }

  Loaded load(const std::string &location, const std::string &offset = "", const std::string &length = "") {
    ModelProto proto = reluModel();
    TensorProto &tensor = addInitializer(*proto.mutable_graph(), "w", TensorProto::UINT8, {4});
    addExternal(tensor, "location", location);
    if (!offset.empty())
      addExternal(tensor, "offset", offset);
    if (!length.empty())
      addExternal(tensor, "length", length);
    Loaded loaded;
    std::string path = root.write("model/model.onnx", proto.SerializeAsString());
    loaded.model = Model::load(path, {}, loaded.diags);
    return loaded;
  }
};

} // namespace

TEST_CASE("external data is mapped, and keeps its place") {
  Files files;
  Loaded loaded = files.load("weights", "2", "4");
  REQUIRE(loaded.model);
  TensorData tensor = loaded.graph().initializers[0];
  loaded.model = nullptr;
  CHECK(tensor.bytes() == "cdef");
  REQUIRE(tensor.source());
  CHECK(tensor.source()->file == files.root.path("model/weights"));
  CHECK(tensor.source()->offset == 2);
  CHECK(tensor.source()->length == 4);
}

TEST_CASE("offset and length are optional and checked") {
  Files files;
  CHECK(files.load("weights").model);
  CHECK(files.load("sub/../weights").model);
  CHECK(files.load("weights", "4").model);
  CHECK(files.load("weights", "5").says("at bytes 5 to 5 + 4 of"));
  CHECK(files.load("weights", "18446744073709551615", "4").says("which has only 8"));
  CHECK(files.load("weights", "18446744073709551616").says("no decimal number"));
  CHECK(files.load("weights", "-1").says("no decimal number"));
  CHECK(files.load("weights", "0x1").says("no decimal number"));
  CHECK(files.load("weights", "0", "3").says("needs 4 bytes, its external data has length 3"));
}

TEST_CASE("external data never leaves the model's directory") {
  Files files;
  fs::create_symlink("../secret", files.root.path("model/link"));
  fs::create_symlink(files.root.path("secret"), files.root.path("model/absolute-link"));
  fs::create_symlink("..", files.root.path("model/up"));
  fs::create_symlink("/proc/self/root", files.root.path("model/magic"));
  auto refused = [&](const std::string &location, const char *why) {
    Loaded loaded = files.load(location);
    INFO(location << ": " << loaded.diags.str());
    CHECK(loaded.diags.status() == Status::Malformed);
    CHECK(loaded.says(why));
  };
  refused(files.root.path("secret"), "the path is absolute");
  refused("../secret", "leads out of the model's directory");
  refused("sub/../../secret", "leads out of the model's directory");
  refused("link", "a symbolic link leads out");
  refused("absolute-link", "a symbolic link leads out");
  refused("up/secret", "a symbolic link leads out");
  refused("magic/etc/passwd", "a symbolic link leads out");
  refused("", "no valid file name");
  refused(std::string("weights\0x", 9), "no valid file name");
}

TEST_CASE("external data is a regular file") {
  Files files;
  REQUIRE(::mkfifo(files.root.path("model/fifo").c_str(), 0600) == 0);
  CHECK(files.load("fifo").says("it is a FIFO"));
  CHECK(files.load("sub").says("it is a directory"));
  CHECK(files.load(".").says("it is a directory"));
  Loaded absent = files.load("absent");
  CHECK(absent.diags.status() == Status::IoError);
  CHECK(absent.says("No such file"));
}

TEST_CASE("links inside of the directory are followed") {
  Files files;
  fs::create_symlink("weights", files.root.path("model/inside"));
  CHECK(files.load("inside").model);
}

TEST_CASE("without openat2 no link is followed") {
  Files files;
  fs::create_symlink("../secret", files.root.path("model/link"));
  fs::create_symlink("..", files.root.path("model/up"));
  fs::create_symlink("weights", files.root.path("model/inside"));
  ExternalData external(files.root.path("model"));
  external.avoidOpenat2();
  CHECK(external.open("weights").mapping);
  CHECK(external.open("sub/../weights").mapping);
  for (const char *location : {"link", "inside", "up/secret", "../secret", "sub/../../secret"}) {
    const ExternalData::File &file = external.open(location);
    INFO(location << ": " << file.error);
    CHECK(!file.mapping);
    CHECK(file.failure == Status::Malformed);
  }
  CHECK(external.open("weights/x").failure == Status::IoError);
  CHECK(external.open("sub/").failure == Status::IoError);
}

TEST_CASE("external data needs a directory, a location and a type of fixed width") {
  ModelProto proto = reluModel();
  TensorProto &tensor = addInitializer(*proto.mutable_graph(), "w", TensorProto::UINT8, {4});
  tensor.set_data_location(TensorProto::EXTERNAL);
  CHECK(load(proto).says("external data without a location"));
  addExternal(tensor, "location", "weights");
  CHECK(load(proto).says("a model in memory has no directory"));
  tensor.set_data_type(TensorProto::STRING);
  CHECK(load(proto).says("can't be external data"));
  tensor.set_data_type(TensorProto::UINT8);
  Files files;
  LoadOptions options;
  options.externalDataDir = files.root.path("model");
  CHECK(load(proto, options).model);
}

#include "tools/debug/Divergence.h"
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace tenon::debug;

namespace {

/// A folder as --dump-dir leaves it.
class Dump {
public:
  explicit Dump(const char *name)
      : folder(std::filesystem::temp_directory_path() / ("divergence-" + std::to_string(getpid()) + name)) {
    std::filesystem::create_directories(folder);
  }
  ~Dump() { std::filesystem::remove_all(folder); }
  Dump &add(const std::string &pass, const std::string &body) {
    std::string number = std::to_string(count++);
    std::ofstream(folder / ("0" + number + "-" + pass + ".mlir"))
        << "func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {\n"
        << body << "  return %0 : tensor<4xf32>\n}\n";
    return *this;
  }
  std::string path() const { return folder.string(); }

private:
  std::filesystem::path folder;
  int count = 0;
};

const std::string kPlain = R"(
  %1 = tn.exp %x : tensor<4xf32> -> tensor<4xf32> loc("node_exp")
  %0 = tn.add %1, %y : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32> loc("node_add")
)";
const std::string kOtherOrder = R"(
  %1 = tn.exp %x : tensor<4xf32> -> tensor<4xf32> loc("node_exp")
  %0 = tn.add %y, %1 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32> loc("node_add")
)";
const std::string kSub = R"(
  %1 = tn.exp %x : tensor<4xf32> -> tensor<4xf32> loc("node_exp")
  %0 = tn.sub %1, %y : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32> loc("node_add")
)";

std::string kernel(const std::string &block) {
  return R"(
  %0 = tn.kernel ins(%x, %y : tensor<4xf32>, tensor<4xf32>) template "elementwise"
      schedule {"x86-64-v4" = {block = )" +
         block + R"( : i64}} {
  ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
    %1 = tn.exp %a : tensor<4xf32> -> tensor<4xf32> loc("node_exp")
    %2 = tn.add %1, %b : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32> loc("node_add")
    tn.yield %2 : tensor<4xf32>
  } -> tensor<4xf32> loc(fused["node_exp", "node_add"])
)";
}

Divergence find(const Dump &first, const Dump &second, const NodeSet &nodes) {
  std::string message;
  auto found = findDivergences(first.path(), second.path(), nodes, message);
  INFO(message);
  REQUIRE(found.size() == 1);
  return found[0];
}

} // namespace

TEST_CASE("the first pass with another result for the nodes is named") {
  Dump first("a"), second("b");
  first.add("import", kPlain)
      .add("graph-simplify", kPlain)
      .add("fuse-fuse", kernel("8"))
      .add("schedule-schedule", kernel("8"));
  second.add("import", kPlain)
      .add("graph-simplify", kOtherOrder)
      .add("fuse-fuse", kernel("8"))
      .add("schedule-schedule", kernel("2"));
  Divergence schedule = find(first, second, {"node_exp", "node_add"});
  CHECK(schedule.pass == "schedule/schedule");
  CHECK(schedule.onlyIn.empty());
  REQUIRE(schedule.first.size() == 1);
  CHECK(schedule.first[0].find("block = 8") != std::string::npos);
  CHECK(schedule.second[0].find("block = 2") != std::string::npos);
  CHECK(find(first, second, {"nothing"}).pass == "kernel");

  Dump unfused("c");
  unfused.add("import", kPlain).add("graph-simplify", kPlain).add("fuse-fuse", kPlain).add("schedule-schedule", kPlain);
  CHECK(find(first, unfused, {"node_add"}).pass == "fuse/fuse");
  CHECK(find(first, first, {"node_add"}).pass == "kernel");
}

TEST_CASE("only the operations of the nodes count") {
  Dump first("a"), second("b");
  first.add("import", kPlain).add("graph-simplify", kPlain);
  second.add("import", kPlain).add("graph-simplify", kSub);
  CHECK(find(first, second, {"node_exp"}).pass == "kernel");
  CHECK(find(first, second, {"node_add"}).pass == "graph/simplify");
}

TEST_CASE("a pass that only one compiler has is named if it makes the difference") {
  Dump first("a"), second("b"), idle("c");
  first.add("import", kPlain).add("graph-simplify", kPlain).add("fuse-fuse", kPlain);
  second.add("import", kPlain).add("graph-novel", kSub).add("graph-simplify", kSub).add("fuse-fuse", kSub);
  Divergence found = find(first, second, {"node_add"});
  CHECK(found.pass == "graph/novel");
  CHECK(found.onlyIn == "second");
  CHECK(find(second, first, {"node_add"}).onlyIn == "first");
  idle.add("import", kPlain).add("graph-novel", kPlain).add("graph-simplify", kPlain).add("fuse-fuse", kSub);
  CHECK(find(first, idle, {"node_add"}).pass == "fuse/fuse");
}

TEST_CASE("what can't be read is said") {
  Dump first("a"), second("b"), empty("c");
  first.add("import", kPlain);
  second.add("import", "  %0 = tn.nosuch %x : tensor<4xf32>\n");
  std::string message;
  CHECK(findDivergences(first.path(), second.path(), NodeSet{"node_add"}, message).empty());
  CHECK(message.find("00-import.mlir") != std::string::npos);
  message.clear();
  CHECK(findDivergences(first.path(), empty.path(), NodeSet{"node_add"}, message).empty());
  CHECK_FALSE(message.empty());
}

#include "tools/debug/Replay.h"
#include "test/tools/debug/Programs.h"
#include <catch2/catch.hpp>

using namespace tenon;
using namespace tenon::debug;
using tenon::test::Program;

TEST_CASE("a pass takes as many steps as it may, and says which was the last") {
  Program program(R"(
    func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %two = tn.constant dense<2.0> : tensor<f32>
      %three = tn.constant dense<3.0> : tensor<f32>
      %0 = tn.mul %x, %two : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
      %1 = tn.mul %0, %three : tensor<4xf32>, tensor<f32> -> tensor<4xf32> loc("/scale")
      return %1 : tensor<4xf32>
    })");
  REQUIRE(program.module);
  program.context->disableMultithreading();
  PassPosition simplify{"graph", "simplify", 0};
  CHECK(PassPosition::parse(simplify.str())->str() == "graph/0-simplify");
  CHECK_FALSE(PassPosition::parse("kernel"));
  auto count = [](mlir::ModuleOp module) {
    int64_t muls = 0;
    module.walk([&](tn::MulOp) { ++muls; });
    return muls;
  };
  Replayed whole = replay(*program.module, simplify, {}, {}, -1);
  REQUIRE(whole.succeeded);
  CHECK(count(*whole.module) == 1);
  CHECK(whole.steps > 1);
  CHECK(count(*replay(*program.module, simplify, {}, {}, 0).module) == 2);
  int64_t step = 1;
  while (count(*replay(*program.module, simplify, {}, {}, step).module) == 2)
    ++step;
  std::string tried;
  Replayed until = replay(*program.module, simplify, {}, {}, step, [&](const Step &last) { tried = last.op; });
  CHECK(until.last.name.find("::") == std::string::npos);
  CHECK_FALSE(until.last.name.empty());
  CHECK(tried.find("tn.mul") != std::string::npos);
  ModuleDelta delta = compareModules(*replay(*program.module, simplify, {}, {}, step - 1).module, *until.module);
  REQUIRE_FALSE(delta.before.empty());
  REQUIRE_FALSE(delta.after.empty());
  CHECK(llvm::is_contained(delta.nodes, "/scale"));
}

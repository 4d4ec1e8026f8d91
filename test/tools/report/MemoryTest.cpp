#include "test/tools/debug/Programs.h"
#include "tools/report/MemoryData.h"
#include <catch2/catch.hpp>

using namespace tenon;
using tenon::test::Program;

TEST_CASE("buffers live from the kernel that writes them to the last that reads them") {
  // The second kernel works in place, the third reads its result and writes beside it.
  Program program(R"(
    func.func @main(%arena: memref<?xi8>, %weights: memref<?xi8>, %x: memref<4xf32>, %y: memref<4xf32>)
        attributes {tn.arena_bytes = 128 : i64, tn.arena_lower_bound = 80 : i64, tn.weights_bytes = 0 : i64, tn.inputs = 1 : i64} {
      %a = tn.view %arena[0] : memref<?xi8> -> memref<4xf32>
      %b = tn.view %arena[64] : memref<?xi8> -> memref<4xf32>
      tn.kernel ins(%x : memref<4xf32>) outs(%a : memref<4xf32>) template "elementwise" {
      ^bb0(%v: tensor<4xf32>):
        %0 = tn.exp %v : tensor<4xf32> -> tensor<4xf32>
        tn.yield %0 : tensor<4xf32>
      } loc("first")
      tn.kernel ins(%a : memref<4xf32>) outs(%a : memref<4xf32>) template "elementwise" {
      ^bb0(%v: tensor<4xf32>):
        %0 = tn.tanh %v : tensor<4xf32> -> tensor<4xf32>
        tn.yield %0 : tensor<4xf32>
      } loc("second")
      tn.kernel ins(%a : memref<4xf32>) outs(%b : memref<4xf32>) template "elementwise" {
      ^bb0(%v: tensor<4xf32>):
        %0 = tn.exp %v : tensor<4xf32> -> tensor<4xf32>
        tn.yield %0 : tensor<4xf32>
      } loc("third")
      tn.kernel ins(%b : memref<4xf32>) outs(%y : memref<4xf32>) template "elementwise" {
      ^bb0(%v: tensor<4xf32>):
        %0 = tn.exp %v : tensor<4xf32> -> tensor<4xf32>
        tn.yield %0 : tensor<4xf32>
      } loc("fourth")
      return
    })");
  REQUIRE(program.module);
  std::vector<report::ArenaBuffer> buffers = report::findBuffers(*program.module);
  REQUIRE(buffers.size() == 3);
  auto is = [&](size_t i, int64_t begin, int64_t end, unsigned first, unsigned last) {
    const report::ArenaBuffer &buffer = buffers[i];
    CHECK((buffer.begin == begin && buffer.end == end && buffer.first == first && buffer.last == last));
  };
  is(0, 0, 16, 0, 0);
  is(1, 0, 16, 1, 2);
  is(2, 64, 80, 2, 3);
  CHECK(mlir::cast<mlir::NameLoc>(buffers[1].loc).getName() == "second");
}

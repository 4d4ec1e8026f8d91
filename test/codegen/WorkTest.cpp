// The count of a kernel's instructions against counts by hand.
#include "KernelCheck.h"
#include "codegen/cpu/KernelWork.h"

#include <catch2/catch.hpp>

using namespace tenon;
using namespace tenon::codegen;
using namespace tenon::test;

namespace {

/// The work of the last kernel of a function.
KernelWork workOf(const std::string &function, const std::string &templateName, const Target &target) {
  KernelOptions options;
  options.templateName = templateName;
  mlir::OwningOpRef<mlir::ModuleOp> module = buildKernel(function, options, {&target});
  tn::KernelOp last;
  for (tn::KernelOp kernel : module->lookupSymbol<mlir::func::FuncOp>("main").getOps<tn::KernelOp>())
    last = kernel;
  mlir::FailureOr<KernelWork> work = countWork(last, target);
  REQUIRE(mlir::succeeded(work));
  return *work;
}

std::string matmul(int64_t m, int64_t n, int64_t k) {
  auto tensor = [](int64_t x, int64_t y) { return "tensor<" + std::to_string(x) + "x" + std::to_string(y) + "xf32>"; };
  return binaryFunction("tn.contract %0 [0, 2], %1 [2, 1] -> [0, 1]", tensor(m, k), tensor(k, n), tensor(m, n));
}

} // namespace

TEST_CASE("a matrix product executes its multiply-adds, and those of tiles that overlap", "[work]") {
  for (const Target &target : allTargets()) {
    INFO(target.name);
    double lanes = static_cast<double>(target.floatLanes());
    // 84 rows are whole tiles of 14, 12, 7 or 6.
    CHECK(workOf(matmul(84, 64, 96), "contraction", target).arithmetic == 84 * 64 / lanes * 96);
    // One row more needs a tile more, which takes no more than 14 rows and no less than the one.
    double more = workOf(matmul(85, 64, 96), "contraction", target).arithmetic;
    CHECK(more >= 85 * 64 / lanes * 96);
    CHECK(more <= 98 * 64 / lanes * 96);
    // Sums that are taken in blocks: the additions of blocks come on top. With so many panels an item has all tiles.
    double blocks = workOf(matmul(84, 384, 1024), "contraction", target).arithmetic / (84 * 384 / lanes * 1024);
    CHECK(blocks >= 1);
    CHECK(blocks < 1.02);
  }
}

TEST_CASE("an activation costs what it is expanded to", "[work]") {
  std::string type = "tensor<4096xf32>";
  for (const Target &target : allTargets()) {
    double vectors = 4096 / static_cast<double>(target.floatLanes());
    KernelWork relu = workOf(unaryFunction("tn.relu %0", type, type), "elementwise", target);
    KernelWork gelu = workOf(unaryFunction("tn.gelu %0", type, type), "elementwise", target);
    CHECK(relu.memory == 2 * vectors);
    CHECK(gelu.memory == 2 * vectors);
    CHECK(relu.arithmetic + relu.other <= 3 * vectors);
    CHECK(gelu.arithmetic >= 10 * vectors);
    CHECK(gelu.arithmetic + gelu.other <= 100 * vectors);
  }
}

// The checks of instrumented artifacts: what they find around a step, and how they tell floats apart.
#include "codegen/cpu/check/Check.h"
#include "codegen/cpu/CheckTables.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <limits>

namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();
constexpr int64_t kGuard = 64;

/// A step that reads one buffer and writes another, both [2, 3] with rows five elements apart.
struct Step {
  Step() {
    static const int64_t dims[] = {2, 3}, strides[] = {5, 1};
    tn_check_format format = {0x7FFFFFFF, 0x7F800000, 0x7F800001, 0x7FFFFFFF};
    for (tn_check_buffer &buffer : buffers)
      buffer = {4, 2, 0, 0, 8 * 4, dims, strides, format};
    buffers[1].flags = TN_CHECK_FRESH;
    regions[0] = {kGuard, 32, "reader"};
    regions[1] = {256 + kGuard, 32, "conv\nbn\nrelu\nadd\npool"};
    desc = {"k7_rows",
            "conv\nbn\nrelu\nadd\npool",
            3,
            1,
            2,
            2,
            TN_CHECK_SAW_NAN | TN_CHECK_SAW_INFINITY,
            0,
            kGuard,
            buffers,
            regions};
    addresses[0] = arena + kGuard;
    addresses[1] = arena + 256 + kGuard;
    // The input's producer has left it like this.
    buffers[0].flags = TN_CHECK_FRESH;
    tn_check_before(&desc, addresses);
    buffers[0].flags = 0;
    for (int64_t i : {0, 1, 2, 5, 6, 7})
      input()[i] = 1;
  }

  float *input() { return static_cast<float *>(addresses[0]); }
  float *output() { return static_cast<float *>(addresses[1]); }

  /// What is reported if the kernel does `work`; "" if nothing.
  template <typename Work> std::string run(Work work) {
    message = "";
    api.fail = [](tn_invocation *inv, int32_t code, const char *text) {
      static_cast<Step *>(const_cast<void *>(inv->inputs[0]))->message = text;
      return code;
    };
    void *self = this;
    tn_invocation inv = {};
    inv.api = &api;
    inv.arena = arena;
    inv.inputs = &self;
    uint32_t seen = tn_check_before(&desc, addresses);
    work();
    int32_t status = tn_check_after(&inv, &desc, addresses, seen);
    CHECK((status != 0) == !message.empty());
    return message;
  }
  void write() {
    for (int64_t i : {0, 1, 2, 5, 6, 7})
      output()[i] = 2;
  }

  alignas(64) char arena[512] = {};
  tn_check_buffer buffers[2];
  tn_check_region regions[2];
  tn_check_step desc;
  void *addresses[2];
  tn_host_api api = {};
  std::string message;
};

} // namespace

TEST_CASE("checks are silent about a step that does what it should", "[check]") {
  Step step;
  CHECK(step.run([&] { step.write(); }) == "");
  // Gaps between rows are nobody's.
  CHECK(step.run([&] {
    step.write();
    step.output()[3] = kNaN;
  }) == "");
}

TEST_CASE("checks find values that inputs did not have", "[check]") {
  Step step;
  auto put = [&](int64_t at, float value) {
    return step.run([&] {
      step.write();
      step.output()[at] = value;
    });
  };
  const std::string who = "step 3, kernel k7_rows, of conv, bn, relu and 2 more: output 0 at ";
  CHECK(put(6, kNaN) == who + "[1, 1] is NaN, and no input has one");
  CHECK(put(2, -kInfinity) == who + "[0, 2] is infinite, and no input is");
  step.input()[5] = kInfinity;
  CHECK(put(2, kInfinity) == "");
  CHECK(put(7, -kNaN) == who + "[1, 2] is NaN, and no input has one");
  step.input()[5] = kNaN;
  CHECK(put(7, kNaN) == "");
  CHECK(put(7, kInfinity) == "");
  step.input()[5] = 1;
  step.desc.constants = TN_CHECK_SAW_INFINITY;
  CHECK(put(2, kInfinity) == "");
  step.desc.constants = 0;
  step.desc.look_for = 0;
  CHECK(put(2, kNaN) == "");
}

TEST_CASE("an input that is overwritten is looked at before", "[check]") {
  Step step;
  step.addresses[1] = step.addresses[0];
  step.desc.n_regions = 1;
  step.buffers[0].flags = TN_CHECK_OVERWRITTEN;
  step.buffers[1].flags = 0;
  CHECK_THAT(step.run([&] { step.output()[0] = kNaN; }), Catch::Contains("[0, 0] is NaN"));
  CHECK(step.run([&] {
    step.write();
    step.output()[6] = kNaN;
  }) == "");
}

TEST_CASE("checks find writes outside of buffers, to the byte", "[check]") {
  Step step;
  auto poke = [&](int64_t at) {
    return step.run([&] {
      step.write();
      step.arena[at] ^= 1;
    });
  };
  const std::string who = "step 3, kernel k7_rows, of conv, bn, relu and 2 more: wrote outside of a buffer: ";
  CHECK(poke(256 + kGuard + 32) ==
        who + "1 bytes behind the end of the result of conv, bn, relu and 2 more (32 bytes)");
  CHECK(poke(256 + 2 * kGuard + 31) ==
        who + "64 bytes behind the end of the result of conv, bn, relu and 2 more (32 bytes)");
  CHECK(poke(256 + kGuard - 1) ==
        who + "1 bytes before the begin of the result of conv, bn, relu and 2 more (32 bytes)");
  CHECK(poke(256) == who + "64 bytes before the begin of the result of conv, bn, relu and 2 more (32 bytes)");
  CHECK(poke(kGuard + 32 + 33) == who + "34 bytes behind the end of the result of reader (32 bytes)");
}

TEST_CASE("checks find elements that were not written", "[check]") {
  Step step;
  CHECK_THAT(step.run([&] {
    step.write();
    step.output()[7] = step.output()[8]; // what lies there still
  }),
             Catch::Contains("output 0 at [1, 2] was not written"));
  CHECK_THAT(step.run([] {}), Catch::Contains("output 0 at [0, 0] was not written"));
  step.desc.guard_bytes = 0;
  CHECK(step.run([] {}) != ""); // the poison of the step before is a NaN
}

/// All values of a type of at most 16 bits, against LLVM's own conversion.
static void checkAllValues(mlir::Type type) {
  const llvm::fltSemantics &semantics = llvm::cast<mlir::FloatType>(type).getFloatSemantics();
  tn_check_format format = tenon::codegen::checkFormat(type);
  unsigned width = type.getIntOrFloatBitWidth(), wrong = 0;
  for (uint64_t bits = 0; bits < uint64_t(1) << width; ++bits) {
    llvm::APFloat value(semantics, llvm::APInt(width, bits));
    uint64_t magnitude = bits & format.magnitude;
    bool isNaN = magnitude >= format.nan_low && magnitude <= format.nan_high, isInfinity = magnitude == format.infinity;
    wrong += isNaN != value.isNaN() || (isInfinity && !isNaN) != value.isInfinity();
  }
  CHECK(wrong == 0);
}

TEST_CASE("NaN and infinities of every type are told apart", "[check]") {
  mlir::MLIRContext context;
  mlir::Builder b(&context);
  for (mlir::Type type :
       std::initializer_list<mlir::Type>{b.getF16Type(), b.getBF16Type(), b.getType<mlir::Float8E4M3FNType>(),
                                         b.getType<mlir::Float8E4M3FNUZType>(), b.getType<mlir::Float8E5M2Type>(),
                                         b.getType<mlir::Float8E5M2FNUZType>(), b.getType<mlir::Float8E8M0FNUType>()})
    checkAllValues(type);
  for (mlir::Type type : std::initializer_list<mlir::Type>{b.getF32Type(), b.getF64Type()}) {
    tn_check_format format = tenon::codegen::checkFormat(type);
    const llvm::fltSemantics &semantics = llvm::cast<mlir::FloatType>(type).getFloatSemantics();
    auto bits = [](const llvm::APFloat &value) { return value.bitcastToAPInt().getZExtValue(); };
    CHECK(format.infinity == bits(llvm::APFloat::getInf(semantics)));
    CHECK(format.nan_low == format.infinity + 1);
    CHECK(format.nan_high == format.magnitude);
    CHECK((bits(llvm::APFloat::getInf(semantics, true)) & format.magnitude) == format.infinity);
  }
  CHECK(tenon::codegen::checkFormat(b.getI32Type()).magnitude == 0);
}

// The lstm template, in its directions, batches and sizes.
#include "KernelCheck.h"

#include <catch2/catch.hpp>

using namespace tenon::test;

static std::string lstmFunction(int64_t steps, int64_t directions, int64_t batch, int64_t hidden,
                                const std::string &reverse, const std::string &results) {
  auto n = [](int64_t v) { return std::to_string(v); };
  std::string gates = "tensor<" + n(steps) + "x" + n(directions) + "x" + n(batch) + "x" + n(4 * hidden) + "xf32>";
  std::string recurrent = "tensor<" + n(directions) + "x" + n(4 * hidden) + "x" + n(hidden) + "xf32>";
  std::string state = "tensor<" + n(directions) + "x" + n(batch) + "x" + n(hidden) + "xf32>";
  std::string sequence = "tensor<" + n(steps) + "x" + n(directions) + "x" + n(batch) + "x" + n(hidden) + "xf32>";
  std::string values, types;
  for (char r : results) {
    values += std::string(values.empty() ? "" : ", ") + "%" + r;
    types += std::string(types.empty() ? "" : ", ") + (r == 'y' ? sequence : state);
  }
  return "func.func @main(%0: " + gates + ", %1: " + recurrent + ", %2: " + state + ", %3: " + state + ") -> (" +
         types + ") {\n  %y, %h, %c = tn.lstm %0, %1, %2, %3 reverse [" + reverse + "] : " + gates + ", " + recurrent +
         ", " + state + ", " + state + " -> " + sequence + ", " + state + ", " + state + "\n  return " + values +
         " : " + types + "\n}\n";
}

TEST_CASE("lstm", "[lstm]") {
  KernelOptions options;
  options.templateName = "lstm";
  options.low = -1;
  options.high = 1;
  for (int64_t hidden : {5, 16, 33, 64})
    for (int64_t batch : {1, 3}) {
      checkKernel(lstmFunction(4, 1, batch, hidden, "false", "yhc"), options);
      checkKernel(lstmFunction(5, 1, batch, hidden, "true", "y"), options);
      checkKernel(lstmFunction(3, 2, batch, hidden, "false, true", "yhc"), options);
    }
  checkKernel(lstmFunction(1, 2, 1, 8, "true, false", "hc"), options);
}

// The bands template: kernels that take turns in bands of rows.
#include "KernelCheck.h"

#include <catch2/catch.hpp>

using namespace tenon::test;

namespace {

/// Runs the kernel by its own choice of bands, and by two others.
void checkBands(const std::string &function) {
  KernelOptions options;
  options.templateName = "bands";
  options.bands = true;
  options.low = -1;
  options.high = 1;
  options.tolerance = 2e-5;
  for (int64_t candidate : {-1, 0, 5}) {
    options.candidate = candidate;
    checkKernel(function, options);
  }
}

std::string convolution(const std::string &result, const std::string &input, const std::string &from,
                        const std::string &filter, const std::string &filterType, int64_t stride, int64_t dilation,
                        int64_t groups, const std::string &to) {
  std::string strides = std::to_string(stride) + ", " + std::to_string(stride),
              dilations = std::to_string(dilation) + ", " + std::to_string(dilation);
  return "  " + result + " = tn.conv " + input + ", " + filter + " strides [" + strides +
         "] low [0, 0] high [0, 0] dilations [" + dilations + "] input_dilation [1, 1] groups " +
         std::to_string(groups) + " {channels_last} : " + from + ", " + filterType + " -> " + to + "\n";
}

struct Block {
  int64_t images = 1, height = 9, width = 11, channels = 6, wide = 40, narrow = 12;
  int64_t taps = 3, stride = 1, dilation = 1, low = 1, high = 1;
  bool projects = true;   ///< a convolution follows that makes the map narrow
  bool residual = false;  ///< it adds an argument
  int64_t padsResult = 0; ///< padding of the result
};

/// A 1x1 convolution, a padding, a depthwise convolution and another 1x1 convolution, with activations between.
std::string inverted(const Block &block) {
  auto map = [&](int64_t h, int64_t w, int64_t c) { return tensor({block.images, h, w, c}); };
  int64_t h = block.height, w = block.width, padded = block.low + block.high, reach = (block.taps - 1) * block.dilation;
  int64_t outH = (h + padded - reach - 1) / block.stride + 1, outW = (w + padded - reach - 1) / block.stride + 1;
  std::string x = map(h, w, block.channels), y = map(h, w, block.wide), p = map(h + padded, w + padded, block.wide),
              z = map(outH, outW, block.wide), r = map(outH, outW, block.projects ? block.narrow : block.wide);
  std::string fx = tensor({block.wide, block.channels, 1, 1}), fy = tensor({block.wide, 1, block.taps, block.taps}),
              fz = tensor({block.narrow, block.wide, 1, 1});
  int64_t more = block.padsResult;
  std::string result = more ? map(outH + 2 * more, outW + 2 * more, block.projects ? block.narrow : block.wide) : r;
  auto both = [](int64_t pad) { return "[0, " + std::to_string(pad) + ", " + std::to_string(pad) + ", 0]"; };
  std::string text = "func.func @main(%x: " + x + ", %f: " + fx + ", %g: " + fy + ", %h: " + fz + ", %s: " + r +
                     ") -> " + result + " {\n" + convolution("%0", "%x", x, "%f", fx, 1, 1, 1, y) +
                     "  %1 = tn.relu %0 : " + y + " -> " + y + "\n  %2 = tn.pad %1 constant " + both(block.low) + " " +
                     both(block.high) + " 0.0 : " + y + " -> " + p + "\n" +
                     convolution("%3", "%2", p, "%g", fy, block.stride, block.dilation, block.wide, z) +
                     "  %4 = tn.relu %3 : " + z + " -> " + z + "\n";
  std::string last = "%4";
  if (block.projects) {
    text += convolution("%5", "%4", z, "%h", fz, 1, 1, 1, r);
    last = "%5";
    if (block.residual) {
      text += "  %6 = tn.add %5, %s : " + r + ", " + r + " -> " + r + "\n";
      last = "%6";
    }
  }
  if (more) {
    text +=
        "  %7 = tn.pad " + last + " constant " + both(more) + " " + both(more) + " 0.0 : " + r + " -> " + result + "\n";
    last = "%7";
  }
  return text + "  return " + last + " : " + result + "\n}\n";
}

} // namespace

TEST_CASE("maps of every height behind a convolution that widens them", "[bands]") {
  for (int64_t height : {3, 7, 8, 29}) {
    Block block;
    block.height = height;
    checkBands(inverted(block));
    block.stride = 2;
    block.projects = false;
    checkBands(inverted(block));
  }
}

TEST_CASE("several panels, columns in parts, images one after the other", "[bands]") {
  Block block;
  block.images = 3;
  block.width = 37;
  block.channels = 20;
  block.wide = 80;
  block.narrow = 70;
  for (int64_t stride : {1, 2}) {
    block.stride = stride;
    checkBands(inverted(block));
  }
}

TEST_CASE("wide filters, dilated ones, and those that skip rows", "[bands]") {
  Block block;
  block.height = 17;
  block.taps = 5;
  block.low = block.high = 2;
  checkBands(inverted(block));
  block.stride = 2;
  block.low = 1;
  checkBands(inverted(block));
  block.stride = 1;
  block.taps = 3;
  block.dilation = 3;
  block.low = block.high = 3;
  checkBands(inverted(block));
  block.taps = 2;
  block.dilation = 1;
  block.stride = 3;
  block.low = block.high = 0;
  checkBands(inverted(block));
}

TEST_CASE("a residual that the result may replace, and a result with a border", "[bands]") {
  Block block;
  block.residual = true;
  block.height = 13;
  checkBands(inverted(block));
  block.padsResult = 2;
  checkBands(inverted(block));
  block.projects = false;
  checkBands(inverted(block));
}

TEST_CASE("an ordinary convolution that reads rows several times", "[bands]") {
  for (int64_t stride : {1, 2}) {
    int64_t size = (15 - 3) / stride + 1;
    std::string x = tensor({1, 17, 17, 3}), y = tensor({1, 15, 15, 24}), z = tensor({1, size, size, 33}),
                f = tensor({24, 3, 3, 3}), g = tensor({33, 24, 3, 3});
    checkBands("func.func @main(%x: " + x + ", %f: " + f + ", %g: " + g + ") -> " + z + " {\n" +
               convolution("%0", "%x", x, "%f", f, 1, 1, 1, y) + convolution("%1", "%0", y, "%g", g, stride, 1, 1, z) +
               "  return %1 : " + z + "\n}\n");
  }
}

TEST_CASE("products of rows, alone and in maps", "[bands]") {
  std::string f = tensor({10, 72}), g = tensor({72, 20});
  auto feedForward = [&](const std::string &x, const std::string &y, const std::string &z, const std::string &rows,
                         int64_t free) {
    std::string k = std::to_string(free), n = std::to_string(free + 1);
    auto product = [&](const std::string &result, const std::string &operands, const std::string &types) {
      return "  " + result + " = tn.contract " + operands.substr(0, 2) + " [" + rows + ", " + k + "], " +
             operands.substr(2) + " [" + k + ", " + n + "] -> [" + rows + ", " + n + "] : " + types + "\n";
    };
    return "func.func @main(%x: " + x + ", %f: " + f + ", %g: " + g + ") -> " + z + " {\n" +
           product("%0", "%x%f", x + ", " + f + " -> " + y) + "  %1 = tn.relu %0 : " + y + " -> " + y + "\n" +
           product("%2", "%1%g", y + ", " + g + " -> " + z) + "  return %2 : " + z + "\n}\n";
  };
  for (int64_t rows : {5, 28, 300})
    checkBands(feedForward(tensor({rows, 10}), tensor({rows, 72}), tensor({rows, 20}), "0", 1));
  checkBands(feedForward(tensor({9, 30, 10}), tensor({9, 30, 72}), tensor({9, 30, 20}), "0, 1", 2));
  checkBands(feedForward(tensor({2, 5, 30, 10}), tensor({2, 5, 30, 72}), tensor({2, 5, 30, 20}), "0, 1, 2", 3));
}

TEST_CASE("bands hold whole tiles, and tiles are single rows where windows would be too large", "[bands]") {
  // Rows of 43 and of 98 kB, of which a tile of the depthwise convolution reads seven.
  for (int64_t size : {112, 256}) {
    Block block;
    block.height = block.width = size;
    block.channels = 16;
    block.wide = 96;
    block.narrow = 24;
    block.stride = 2;
    KernelOptions options;
    options.templateName = "bands";
    options.bands = true;
    for (const tenon::Target &target : tenon::allTargets()) {
      auto module = buildKernel(inverted(block), options, {&target});
      REQUIRE(module);
      module->walk([&](tenon::tn::KernelOp kernel) {
        if (kernel.getTemplateName()->str() != "bands")
          return;
        auto schedule = kernel.getSchedule()->getAs<mlir::DictionaryAttr>(target.name);
        auto depthwise = mlir::cast<mlir::DictionaryAttr>(schedule.getAs<mlir::ArrayAttr>("stages")[1]);
        int64_t rows = depthwise.getAs<mlir::IntegerAttr>("rows").getInt();
        INFO(target.name << ", " << size);
        CHECK(schedule.getAs<mlir::IntegerAttr>("band").getInt() % rows == 0);
        CHECK((rows == 1) == (size == 256));
      });
    }
  }
}

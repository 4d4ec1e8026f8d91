#include "bench/kernels/Shapes.h"

namespace tenon::bench {
namespace {

std::string n(int64_t value) { return std::to_string(value); }

std::string tensor(const std::vector<int64_t> &shape) {
  std::string text = "tensor<";
  for (int64_t d : shape)
    text += n(d) + "x";
  return text + "f32>";
}

/// `arguments` are types of %0, %1, ...; `body` computes %r.
KernelShape shape(const std::string &name, const std::vector<std::string> &arguments, const std::string &body,
                  const std::string &result) {
  std::string list;
  for (size_t i = 0; i < arguments.size(); ++i)
    list += (i ? ", %" : "%") + n(i) + ": " + arguments[i];
  return {name, "func.func @main(" + list + ") -> " + result + " {\n" + body + "  return %r : " + result + "\n}\n"};
}

std::string unary(const std::string &to, const std::string &op, const std::string &from, const std::string &type) {
  return "  %" + to + " = tn." + op + " %" + from + " : " + type + " -> " + type + "\n";
}

std::string binary(const std::string &to, const std::string &op, const std::string &x, const std::string &y,
                   const std::string &left, const std::string &right) {
  return "  %" + to + " = tn." + op + " %" + x + ", %" + y + " : " + left + ", " + right + " -> " + left + "\n";
}

/// Activation behind a bias; "" for none.
std::string biased(const std::string &from, const std::string &activation, const std::string &type,
                   const std::string &bias) {
  if (activation.empty())
    return binary("r", "add", from, "2", type, bias);
  return binary("b", "add", from, "2", type, bias) + unary("r", activation, "b", type);
}

KernelShape matmul(int64_t m, int64_t columns, int64_t k, const std::string &activation = "") {
  std::string x = tensor({m, k}), w = tensor({k, columns}), y = tensor({m, columns}), bias = tensor({columns});
  std::string body = "  %y = tn.contract %0 [0, 2], %1 [2, 1] -> [0, 1] : " + x + ", " + w + " -> " + y + "\n";
  return shape("matmul_" + n(m) + "x" + n(columns) + "x" + n(k) + (activation.empty() ? "" : "_" + activation),
               {x, w, bias}, body + biased("y", activation, y, bias), y);
}

/// A square convolution of `size` output positions; the input arrives padded.
KernelShape conv(int64_t size, int64_t channels, int64_t filters, int64_t window, int64_t stride, int64_t groups = 1,
                 const std::string &activation = "relu") {
  int64_t in = (size - 1) * stride + window;
  std::string x = tensor({1, in, in, channels}), w = tensor({filters, channels / groups, window, window});
  std::string y = tensor({1, size, size, filters}), bias = tensor({filters});
  std::string body = "  %y = tn.conv %0, %1 strides [" + n(stride) + ", " + n(stride) +
                     "] low [0, 0] high [0, 0] dilations [1, 1] input_dilation [1, 1] groups " + n(groups) +
                     " {channels_last} : " + x + ", " + w + " -> " + y + "\n";
  std::string kind = groups == 1 ? "conv" : groups == channels ? "depthwise" : "grouped";
  return shape(kind + "_" + n(size) + "_" + n(channels) + "_" + n(filters) + "_k" + n(window) + "s" + n(stride) +
                   (activation == "relu" || activation.empty() ? "" : "_" + activation),
               {x, w, bias}, body + biased("y", activation, y, bias), y);
}

/// A 3x3 convolution with ReLU by Winograd's algorithm on tiles of `tile`.
KernelShape winograd(int64_t size, int64_t channels, int64_t filters, int64_t tile) {
  int64_t in = (size + tile - 1) / tile * tile + 2;
  std::string x = tensor({1, in, in, channels}), y = tensor({1, size, size, filters}), bias = tensor({filters});
  std::string u = tensor({(filters + 31) / 32, (tile + 2) * (tile + 2), channels, 32});
  std::string body = "  %y = tn.winograd_conv %0, %1 tile " + n(tile) + " size [" + n(size) + ", " + n(size) +
                     "] filters " + n(filters) + " : " + x + ", " + u + " -> " + y + "\n";
  return shape("winograd_" + n(size) + "_" + n(channels) + "_" + n(filters) + "_t" + n(tile), {x, u, bias},
               body + biased("y", "relu", y, bias), y);
}

KernelShape scores(int64_t heads, int64_t rows, int64_t columns, int64_t depth) {
  std::string q = tensor({rows, heads, depth}), k = tensor({columns, heads, depth}), s = tensor({heads, rows, columns});
  return shape("scores_" + n(heads) + "x" + n(rows) + "x" + n(columns) + "x" + n(depth), {q, k},
               "  %r = tn.contract %0 [1, 0, 3], %1 [2, 0, 3] -> [0, 1, 2] : " + q + ", " + k + " -> " + s + "\n", s);
}

KernelShape values(int64_t heads, int64_t rows, int64_t columns, int64_t depth) {
  std::string p = tensor({heads, rows, columns}), v = tensor({columns, heads, depth}), y = tensor({rows, heads, depth});
  return shape("values_" + n(heads) + "x" + n(rows) + "x" + n(columns) + "x" + n(depth), {p, v},
               "  %r = tn.contract %0 [0, 1, 2], %1 [2, 0, 3] -> [1, 0, 3] : " + p + ", " + v + " -> " + y + "\n", y);
}

KernelShape softmax(int64_t rows, int64_t columns) {
  std::string t = tensor({rows, columns});
  return shape("softmax_" + n(rows) + "x" + n(columns), {t}, "  %r = tn.softmax %0 axis 1 : " + t + " -> " + t + "\n",
               t);
}

KernelShape attention(int64_t heads, int64_t rows, int64_t columns, int64_t size) {
  std::string q = tensor({rows, heads, size}), k = tensor({columns, heads, size}), mask = tensor({rows, columns}),
              p = tensor({heads, rows, columns});
  return shape("attention_" + n(heads) + "x" + n(rows) + "x" + n(columns) + "x" + n(size), {q, k, k, mask},
               "  %s = tn.contract %0 [0, 3, 2], %1 [1, 3, 2] -> [3, 0, 1] : " + q + ", " + k + " -> " + p + "\n" +
                   binary("m", "add", "s", "3", p, mask) + "  %p = tn.softmax %m axis 2 : " + p + " -> " + p +
                   "\n  %r = tn.contract %p [3, 0, 2], %2 [2, 3, 1] -> [0, 3, 1] : " + p + ", " + k + " -> " + q + "\n",
               q);
}

KernelShape layerNorm(int64_t rows, int64_t columns) {
  std::string t = tensor({rows, columns}), v = tensor({columns});
  return shape("layer_norm_" + n(rows) + "x" + n(columns), {t, t, v, v},
               binary("a", "add", "0", "1", t, t) + "  %n = tn.normalize %a axes [1] epsilon 1.0e-12 : " + t + " -> " +
                   t + "\n" + binary("s", "mul", "n", "2", t, v) + binary("r", "add", "s", "3", t, v),
               t);
}

/// Four neighbouring pixels side by side, normalised: where a vision transformer halves its map.
KernelShape mergedNorm(int64_t size, int64_t channels) {
  std::string x = tensor({2 * size, 2 * size, channels}), part = tensor({size, size, channels}),
              y = tensor({size, size, 4 * channels}), body;
  for (int64_t i = 0; i < 4; ++i)
    body += "  %s" + n(i) + " = tn.slice %0 [" + n(i % 2) + ", " + n(i / 2) + ", 0] [" + n(size) + ", " + n(size) +
            ", " + n(channels) + "] [2, 2, 1] : " + x + " -> " + part + "\n";
  body += "  %c = tn.concat %s0, %s1, %s2, %s3 axis 2 : " + part + ", " + part + ", " + part + ", " + part + " -> " +
          y + "\n  %r = tn.normalize %c axes [2] epsilon 1.0e-6 : " + y + " -> " + y + "\n";
  return shape("merged_norm_" + n(size) + "_" + n(channels), {x}, body, y);
}

KernelShape transpose(const std::vector<int64_t> &from, const std::string &permutation,
                      const std::vector<int64_t> &to) {
  return shape("transpose_" + n(from[1]) + "x" + n(from[2]), {tensor(from)},
               "  %r = tn.transpose %0 " + permutation + " : " + tensor(from) + " -> " + tensor(to) + "\n", tensor(to));
}

KernelShape maxPool() {
  std::string x = tensor({1, 112, 112, 64}), y = tensor({1, 56, 56, 64});
  return shape("max_pool_112_64", {x},
               "  %r = tn.window max %0 sizes [1, 3, 3, 1] strides [1, 2, 2, 1] dilations [1, 1, 1, 1] low "
               "[0, 1, 1, 0] "
               "high [0, 0, 0, 0] : " +
                   x + " -> " + y + "\n",
               y);
}

KernelShape meanPool() {
  std::string x = tensor({1, 7, 7, 2048}), y = tensor({1, 1, 1, 2048});
  return shape("mean_pool_7_2048", {x}, "  %r = tn.reduce sum %0 axes [1, 2] : " + x + " -> " + y + "\n", y);
}

KernelShape gather() {
  std::string table = tensor({30522, 768}), y = tensor({128, 768});
  return shape("gather_128x768", {table, "tensor<128xi64>"},
               "  %r = tn.gather %0, %1 axis 0 : " + table + ", tensor<128xi64> -> " + y + "\n", y);
}

KernelShape elementwise(const std::string &op, int64_t elements) {
  std::string t = tensor({elements});
  return shape(op + "_" + n(elements), {t}, unary("r", op, "0", t), t);
}

KernelShape lstm(int64_t steps, int64_t hidden) {
  std::string gates = tensor({steps, 2, 1, 4 * hidden}), weights = tensor({2, 4 * hidden, hidden}),
              state = tensor({2, 1, hidden}), y = tensor({steps, 2, 1, hidden});
  return shape("lstm_" + n(steps) + "x" + n(hidden), {gates, weights, state, state},
               "  %r, %h, %c = tn.lstm %0, %1, %2, %3 reverse [false, true] : " + gates + ", " + weights + ", " +
                   state + ", " + state + " -> " + y + ", " + state + ", " + state + "\n",
               y);
}

KernelShape window(const std::string &kind, int64_t size, int64_t channels, int64_t taps, int64_t stride, int64_t low,
                   int64_t result) {
  std::string x = tensor({1, size, size, channels}), y = tensor({1, result, result, channels}), t = n(taps),
              s = n(stride), p = n(low), high = n(std::max<int64_t>(0, (result - 1) * stride + taps - size - low));
  return shape("window_" + kind + "_" + n(size) + "_" + n(channels) + "_k" + t + "s" + s, {x},
               "  %r = tn.window " + kind + " %0 sizes [1, " + t + ", " + t + ", 1] strides [1, " + s + ", " + s +
                   ", 1] dilations [1, 1, 1, 1] low [0, " + p + ", " + p + ", 0] high [0, " + high + ", " + high +
                   ", 0] : " + x + " -> " + y + "\n",
               y);
}

/// Planes of an image to channels last, with a border.
KernelShape image(int64_t size, int64_t border) {
  int64_t padded = size + 2 * border;
  std::string x = tensor({1, 3, size, size}), t = tensor({1, size, size, 3}), y = tensor({1, padded, padded, 3}),
              p = n(border);
  return shape("image_" + n(size) + "_p" + p, {x},
               "  %t = tn.transpose %0 [0, 2, 3, 1] : " + x + " -> " + t + "\n  %r = tn.pad %t constant [0, " + p +
                   ", " + p + ", 0] [0, " + p + ", " + p + ", 0] 0.0 : " + t + " -> " + y + "\n",
               y);
}

/// Two maps of features side by side, with a border.
KernelShape joined(int64_t size, int64_t first, int64_t second) {
  std::string x = tensor({1, size, size, first}), w = tensor({1, size, size, second}),
              t = tensor({1, size, size, first + second}), y = tensor({1, size + 2, size + 2, first + second});
  return shape("concat_" + n(size) + "_" + n(first) + "_" + n(second), {x, w},
               "  %t = tn.concat %0, %1 axis 3 : " + x + ", " + w + " -> " + t +
                   "\n  %r = tn.pad %t constant [0, 1, 1, 0] [0, 1, 1, 0] 0.0 : " + t + " -> " + y + "\n",
               y);
}

} // namespace

std::vector<KernelShape> kernelShapes() {
  return {// BERT and GPT-2.
          matmul(128, 768, 768), matmul(128, 3072, 768, "gelu"), matmul(128, 768, 3072), matmul(1, 768, 768),
          matmul(1, 3072, 768, "gelu_tanh"), matmul(1, 50257, 768), matmul(7, 768, 768), matmul(197, 192, 192),
          scores(12, 128, 128, 64), values(12, 128, 128, 64), scores(12, 1, 128, 64), softmax(1536, 128),
          softmax(12, 1000), attention(12, 128, 128, 64), attention(8, 1024, 1024, 64), attention(3, 49, 49, 32),
          attention(12, 197, 197, 64), attention(16, 512, 512, 128), layerNorm(128, 768), layerNorm(1, 768),
          mergedNorm(28, 96), gather(), elementwise("gelu", 128 * 3072), elementwise("exp", 100352),
          transpose({1, 128, 768}, "[0, 2, 1]", {1, 768, 128}), conv(7, 1040, 2048, 1, 2), conv(7, 2064, 512, 1, 1),
          conv(14, 1040, 256, 1, 1), conv(7, 528, 528, 3, 1),
          // ResNet-50.
          conv(112, 3, 64, 7, 2), conv(56, 64, 64, 1, 1), conv(56, 64, 64, 3, 1), conv(56, 64, 256, 1, 1),
          conv(28, 128, 128, 3, 1), conv(28, 256, 512, 1, 2), conv(14, 256, 256, 3, 1), conv(14, 256, 1024, 1, 1),
          conv(7, 512, 512, 3, 1), conv(7, 2048, 512, 1, 1), matmul(1, 1000, 2048), maxPool(), meanPool(),
          // MobileNet, EfficientNet, ResNeXt, U-Net.
          conv(112, 32, 32, 3, 1, 32), conv(56, 144, 144, 3, 1, 144), conv(14, 576, 576, 3, 1, 576),
          conv(7, 960, 960, 5, 1, 960), conv(112, 32, 16, 1, 1, 1, ""), conv(14, 96, 576, 1, 1),
          conv(14, 256, 256, 3, 1, 32), conv(128, 32, 32, 3, 1), conv(64, 64, 1, 1, 1, 1, "sigmoid"),
          winograd(56, 64, 64, 4), winograd(28, 128, 128, 4), winograd(14, 256, 256, 4), winograd(7, 512, 512, 2),
          winograd(128, 32, 32, 4), winograd(64, 128, 64, 4), winograd(56, 256, 256, 4), winograd(28, 512, 512, 4),
          winograd(14, 512, 512, 4), winograd(13, 384, 384, 4),
          // Recurrent.
          lstm(32, 256), matmul(50, 10, 27), matmul(49, 17, 147),
          // Depthwise: strides, large windows, channels that vectors don't divide.
          conv(56, 96, 96, 3, 2, 96), conv(28, 144, 144, 3, 2, 144), conv(28, 192, 192, 3, 1, 192),
          conv(14, 672, 672, 5, 1, 672), conv(28, 240, 240, 5, 1, 240), conv(7, 672, 672, 5, 2, 672),
          conv(14, 384, 384, 7, 1, 384), conv(14, 116, 116, 3, 1, 116),
          // Movement and windows.
          image(224, 1), image(224, 3), transpose({1, 3136, 64}, "[0, 2, 1]", {1, 64, 3136}),
          transpose({1, 196, 58, 2}, "[0, 1, 3, 2]", {1, 196, 2, 58}),
          transpose({1, 196, 2, 58}, "[0, 1, 3, 2]", {1, 196, 58, 2}), joined(128, 32, 32), joined(28, 58, 58),
          window("max", 128, 64, 2, 2, 0, 64), window("max", 56, 64, 3, 2, 1, 28), window("sum", 28, 192, 3, 1, 1, 28),
          lstm(16, 512),
          // Activations.
          elementwise("sigmoid", 100352), elementwise("silu", 100352), elementwise("gelu_tanh", 100352),
          elementwise("tanh", 100352), elementwise("erf", 100352), conv(112, 32, 32, 3, 1, 32, "silu")};
}

} // namespace tenon::bench

// Runs a compiled digit reader over held-out images: digits MODEL.so HELDOUT.bin
// Draws some of them with what the model read and what was written, then prints accuracy and time per image.

#include "tenon/tenon.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {
constexpr int side = 8;

/// One record of the file as it is.
struct Image {
  unsigned char pixels[side * side]; // 0..16
  unsigned char label;
};

std::vector<Image> readImages(const char *path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
  std::vector<Image> images(bytes.size() / sizeof(Image));
  std::copy_n(bytes.begin(), images.size() * sizeof(Image), reinterpret_cast<char *>(images.data()));
  return images;
}

/// The images side by side, two characters a pixel, and a line of text under each.
void draw(const std::vector<Image> &images, const std::vector<int> &answers, const std::vector<size_t> &shown) {
  static const char *const shades[] = {" ", "░", "▒", "▓", "█"};
  for (int row = 0; row < side; ++row) {
    for (size_t index : shown) {
      for (int column = 0; column < side; ++column) {
        const char *shade = shades[(images[index].pixels[row * side + column] + 3) / 4];
        std::printf("%s%s", shade, shade);
      }
      std::printf("  ");
    }
    std::printf("\n");
  }
  for (size_t index : shown)
    std::printf("read %d, is %d %s   ", answers[index], images[index].label,
                answers[index] == images[index].label ? "   " : "(!)");
  std::printf("\n\n");
}

/// The first images, then the first that were misread.
void drawSome(const std::vector<Image> &images, const std::vector<int> &answers) {
  constexpr size_t columns = 4;
  std::vector<size_t> first, wrong;
  for (size_t i = 0; i < images.size(); ++i) {
    if (first.size() < 2 * columns)
      first.push_back(i);
    if (answers[i] != images[i].label && wrong.size() < columns)
      wrong.push_back(i);
  }
  for (size_t i = 0; i < first.size(); i += columns)
    draw(images, answers, {first.begin() + i, first.begin() + std::min(first.size(), i + columns)});
  if (!wrong.empty()) {
    std::printf("misread:\n");
    draw(images, answers, wrong);
  }
}

int fail(const std::string &message) { return std::fprintf(stderr, "digits: %s\n", message.c_str()), 1; }
} // namespace

int main(int argc, char **argv) {
  if (argc != 3)
    return std::fprintf(stderr, "usage: %s MODEL.so HELDOUT.bin\n", argv[0]), 2;
  std::vector<Image> images = readImages(argv[2]);
  if (images.empty())
    return fail(std::string(argv[2]) + " has no images");

  auto model = tenon::Model::load(argv[1]);
  if (!model)
    return fail(model.status().message());
  tn_context_options options = {};
  options.size = sizeof options;
  options.n_threads = 1;
  auto context = tenon::Context::create(*model, &options);
  if (!context)
    return fail(context.status().message());

  float pixels[side * side], probabilities[10];
  tenon::Tensor input({1, 1, side, side}, pixels), output({1, 10}, probabilities);
  std::vector<int> answers;
  std::vector<double> microseconds;
  for (const Image &image : images) {
    std::copy(std::begin(image.pixels), std::end(image.pixels), pixels);
    auto start = std::chrono::steady_clock::now();
    if (auto status = context->run(0, {input}, {&output}); !status)
      return fail(status.message());
    microseconds.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    answers.push_back(static_cast<int>(std::max_element(probabilities, probabilities + 10) - probabilities));
  }

  drawSome(images, answers);
  size_t right = 0;
  for (size_t i = 0; i < images.size(); ++i)
    right += answers[i] == images[i].label;
  std::nth_element(microseconds.begin(), microseconds.begin() + microseconds.size() / 2, microseconds.end());
  std::printf("%zu of %zu held-out images read correctly: %.1f%%\n", right, images.size(),
              100.0 * static_cast<double>(right) / static_cast<double>(images.size()));
  std::printf("%.1f microseconds per image (median, one thread, code for %s)\n", microseconds[microseconds.size() / 2],
              model->describeEntry(0) ? model->describeEntry(0)->level : "this CPU");
}

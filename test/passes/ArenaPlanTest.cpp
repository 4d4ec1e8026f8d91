// Placement of buffers with random lifetimes.
#define CATCH_CONFIG_MAIN
#include "passes/ArenaPlan.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

using namespace tenon;

namespace {

constexpr int64_t kAlignment = 64;

void checkPlan(const std::vector<ArenaBuffer> &buffers, const ArenaPlan &plan) {
  int64_t top = 0;
  for (const ArenaBuffer &a : buffers) {
    REQUIRE(a.offset >= 0);
    REQUIRE(a.offset % kAlignment == 0);
    top = std::max(top, a.offset + a.size);
    for (const ArenaBuffer &b : buffers)
      if (&a != &b && a.begin <= b.end && b.begin <= a.end && a.size > 0 && b.size > 0)
        REQUIRE((a.offset + a.size <= b.offset || b.offset + b.size <= a.offset));
  }
  CHECK(top == plan.size);
  CHECK(plan.size >= plan.lowerBound);
}

/// Most bytes alive at one step, counted step by step.
int64_t mostAlive(const std::vector<ArenaBuffer> &buffers, int64_t steps) {
  int64_t most = 0;
  for (int64_t step = 0; step < steps; ++step) {
    int64_t alive = 0;
    for (const ArenaBuffer &buffer : buffers)
      if (buffer.begin <= step && step <= buffer.end)
        alive += (buffer.size + kAlignment - 1) / kAlignment * kAlignment;
    most = std::max(most, alive);
  }
  return most;
}

/// A chain of layers, each reading the one before, some also one further back: what networks look like.
std::vector<ArenaBuffer> network(unsigned seed, int64_t steps) {
  std::mt19937 engine(seed);
  std::vector<ArenaBuffer> buffers;
  int64_t width = 1 << 16;
  for (int64_t step = 0; step < steps; ++step) {
    if (engine() % 8 == 0)
      width = std::max<int64_t>(1 << 10, width / 2);
    int64_t last = std::min(steps - 1, step + 1 + (engine() % 4 == 0 ? 3 : 0));
    buffers.push_back({width * static_cast<int64_t>(1 + engine() % 4), step, last, 0});
  }
  return buffers;
}

} // namespace

TEST_CASE("random lifetimes never overlap in memory", "[arena]") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 engine(seed);
    std::vector<ArenaBuffer> buffers;
    int64_t count = engine() % 60;
    for (int64_t i = 0; i < count; ++i) {
      int64_t begin = engine() % 40;
      buffers.push_back({static_cast<int64_t>(engine() % 5000), begin, begin + static_cast<int64_t>(engine() % 10), 0});
    }
    int64_t bound = mostAlive(buffers, 60);
    ArenaPlan plan = planArena(buffers, kAlignment);
    CHECK(plan.lowerBound == bound);
    checkPlan(buffers, plan);
    if (buffers.empty())
      CHECK(plan.size == 0);
  }
}

TEST_CASE("networks come close to the lower bound", "[arena]") {
  double total = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::vector<ArenaBuffer> buffers = network(seed, 80);
    ArenaPlan plan = planArena(buffers, kAlignment);
    checkPlan(buffers, plan);
    double ratio = static_cast<double>(plan.size) / plan.lowerBound;
    CHECK(ratio <= 1.3);
    total += ratio;
  }
  CHECK(total / 100 <= 1.05);
}

TEST_CASE("the same buffers are always placed the same way", "[arena]") {
  std::vector<ArenaBuffer> first = network(3, 60), second = network(3, 60);
  planArena(first, kAlignment);
  planArena(second, kAlignment);
  for (size_t i = 0; i < first.size(); ++i)
    CHECK(first[i].offset == second[i].offset);
}

TEST_CASE("bands around buffers belong to no other that is alive", "[arena]") {
  constexpr int64_t kGuard = 128;
  std::vector<ArenaBuffer> buffers = network(5, 60);
  ArenaPlan plan = planArena(buffers, kAlignment, kGuard);
  CHECK(plan.size >= plan.lowerBound);
  for (const ArenaBuffer &a : buffers) {
    CHECK(a.offset >= kGuard);
    CHECK(a.offset + a.size + kGuard <= plan.size);
    for (const ArenaBuffer &b : buffers)
      if (&a != &b && a.begin <= b.end && b.begin <= a.end)
        CHECK((a.offset + a.size + 2 * kGuard <= b.offset || b.offset + b.size + 2 * kGuard <= a.offset));
  }
}

TEST_CASE("special cases", "[arena]") {
  std::vector<ArenaBuffer> same = {{100, 0, 3, 0}, {100, 0, 3, 0}, {1, 2, 2, 0}};
  ArenaPlan plan = planArena(same, kAlignment);
  CHECK(plan.size == 320);
  CHECK(plan.lowerBound == 320);
  std::vector<ArenaBuffer> chain = {{64, 0, 1, 0}, {128, 1, 2, 0}, {64, 2, 3, 0}, {128, 3, 4, 0}};
  CHECK(planArena(chain, kAlignment).size == 192);
  std::vector<ArenaBuffer> none;
  CHECK(planArena(none, kAlignment).size == 0);
}

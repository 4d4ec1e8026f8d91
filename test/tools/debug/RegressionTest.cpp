#include "tools/debug/Regression.h"
#include <catch2/catch.hpp>

using namespace tenon::debug;
using Steps = std::vector<size_t>;

TEST_CASE("steps belong together by the nodes that they compute") {
  std::vector<NodeSet> first{{"conv", "relu"}, {"gemm"}, {"add", "mul"}, {}, {"pad"}, {"gemm"}};
  std::vector<NodeSet> second{{"gemm"}, {"conv"}, {"relu"}, {"gemm"}, {"mul", "add"}, {}, {}};
  auto groups = matchSteps(first, second);
  REQUIRE(groups.size() == 6);
  auto check = [&](size_t group, Steps mine, Steps others, NodeSet nodes) {
    CHECK(groups[group].first == mine);
    CHECK(groups[group].second == others);
    CHECK(groups[group].nodes == nodes);
  };
  check(0, {0}, {1, 2}, {"conv", "relu"}); // one kernel, or two
  check(1, {1}, {0}, {"gemm"});            // equal nodes: by their order
  check(2, {2}, {4}, {"add", "mul"});
  check(3, {3}, {5, 6}, {});
  check(4, {4}, {}, {"pad"});
  check(5, {5}, {3}, {"gemm"});
}

TEST_CASE("neighbours that share no node are not drawn together") {
  auto groups = matchSteps({{"a", "b"}, {"c"}, {"d"}}, {{"a"}, {"b", "c"}, {"d"}});
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].first == Steps{0, 1});
  CHECK(groups[0].second == Steps{0, 1});
  CHECK(groups[1].first == Steps{2});
}

TEST_CASE("slower is what is so beyond noise") {
  SeriesTimes times{1.00, 1.02, 0.99, 1.01, 1.00, 1.03, 0.98, 1.00}, longer;
  for (double time : times)
    longer.push_back(1.2 * time);
  CHECK(isSlower(longer, times, 1.05));
  CHECK_FALSE(isSlower(times, longer, 1.05));
  CHECK_FALSE(isSlower(times, times, 1.0));
  CHECK_FALSE(isSlower(longer, times, 1.5));
  // One series that something disturbed hides nothing, and makes nothing.
  SeriesTimes disturbed = times;
  disturbed[3] = 9;
  CHECK(isSlower(longer, disturbed, 1.05) == false); // 56 of 64 comparisons are less than nine of ten
  CHECK_FALSE(isSlower(disturbed, times, 1.05));
  CHECK(isSlower(longer, {}, 1.05)); // what the other program has not at all
  // Medians that differ by chance, in series that overlap.
  CHECK_FALSE(isSlower({1.0, 1.4, 1.0, 1.4, 1.4, 1.0, 1.4, 1.4}, {1.0, 1.4, 1.0, 1.4, 1.0, 1.4, 1.0, 1.0}, 1.05));
}

TEST_CASE("the median is no mean") {
  CHECK(median({3, 1, 100}) == 3);
  CHECK(median({}) == 0);
}

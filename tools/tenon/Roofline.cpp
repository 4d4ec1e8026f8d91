#include "tools/tenon/Roofline.h"
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tenon::cli {

double Roofline::seconds(double flopCount, double byteCount) const {
  return std::max(computeSeconds(flopCount), bandwidth > 0 ? byteCount / bandwidth : 0);
}

const char *Roofline::limits(double flopCount, double byteCount) const {
  return flopCount * bandwidth > byteCount * flops ? "compute" : "memory";
}

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Runs a function on every thread at once and gives the time of the slowest.
double runOnAll(unsigned threads, const std::function<void(unsigned)> &body) {
  auto start = Clock::now();
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i)
    others.emplace_back(body, i);
  body(0);
  for (std::thread &other : others)
    other.join();
  return secondsSince(start);
}

// Enough independent chains to cover the latency of a multiply-add on two ports.
constexpr int kChains = 12;

#if defined(__x86_64__)
__attribute__((target("avx512f"))) double multiplyAdd512(int64_t steps) {
  __m512 sums[kChains], factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(0.001f);
  for (__m512 &sum : sums)
    sum = term;
  for (int64_t i = 0; i < steps; ++i) {
#pragma clang loop unroll(full)
    for (int c = 0; c < kChains; ++c)
      sums[c] = _mm512_fmadd_ps(sums[c], factor, term);
  }
  for (int c = 1; c < kChains; ++c)
    sums[0] = _mm512_add_ps(sums[0], sums[c]);
  return _mm512_reduce_add_ps(sums[0]);
}

__attribute__((target("avx2,fma"))) double multiplyAdd256(int64_t steps) {
  __m256 sums[kChains], factor = _mm256_set1_ps(0.999f), term = _mm256_set1_ps(0.001f);
  for (__m256 &sum : sums)
    sum = term;
  for (int64_t i = 0; i < steps; ++i) {
#pragma clang loop unroll(full)
    for (int c = 0; c < kChains; ++c)
      sums[c] = _mm256_fmadd_ps(sums[c], factor, term);
  }
  for (int c = 1; c < kChains; ++c)
    sums[0] = _mm256_add_ps(sums[0], sums[c]);
  float lanes[8];
  _mm256_storeu_ps(lanes, sums[0]);
  return lanes[0] + lanes[7];
}
#endif

double multiplyAddPlain(int64_t steps) {
  float sums[kChains * 4];
  std::fill(std::begin(sums), std::end(sums), 0.001f);
  for (int64_t i = 0; i < steps; ++i)
    for (float &sum : sums)
      sum = sum * 0.999f + 0.001f;
  return sums[0] + sums[kChains * 4 - 1];
}

struct Arithmetic {
  double (*run)(int64_t steps);
  int lanes;
  const char *isa;
};

Arithmetic bestArithmetic() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return {multiplyAdd512, 16, "AVX-512"};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {multiplyAdd256, 8, "AVX2"};
#endif
  return {multiplyAddPlain, 4, "plain"};
}

/// Reads every cache line's words; the sum keeps the compiler from leaving that out.
uint64_t readAll(const uint64_t *data, size_t count) {
  uint64_t sums[8] = {};
  for (size_t i = 0; i + 8 <= count; i += 8)
    for (int k = 0; k < 8; ++k)
      sums[k] ^= data[i + k];
  uint64_t all = 0;
  for (uint64_t sum : sums)
    all ^= sum;
  return all;
}

} // namespace

Roofline measureRoofline(unsigned threads) {
  threads = threads ? threads : std::max(1u, std::thread::hardware_concurrency());
  Roofline result;
  Arithmetic arithmetic = bestArithmetic();
  result.isa = arithmetic.isa;
  volatile double sink = 0;
  constexpr int64_t steps = 2000000;
  for (int round = 0; round < 5; ++round) {
    double seconds = runOnAll(threads, [&](unsigned) { sink = arithmetic.run(steps); });
    result.flops = std::max(result.flops, 2.0 * kChains * arithmetic.lanes * steps * threads / seconds);
  }
  // Larger than the caches of most machines, all threads together.
  const size_t count = (size_t(256) << 20) / sizeof(uint64_t) / threads;
  std::vector<std::unique_ptr<uint64_t[]>> blocks(threads);
  runOnAll(threads, [&](unsigned i) {
    blocks[i].reset(new uint64_t[count]);
    std::fill_n(blocks[i].get(), count, i);
  });
  volatile uint64_t readSink = 0;
  for (int round = 0; round < 5; ++round) {
    double seconds = runOnAll(threads, [&](unsigned i) { readSink = readAll(blocks[i].get(), count); });
    result.bandwidth = std::max(result.bandwidth, double(count) * sizeof(uint64_t) * threads / seconds);
  }
  return result;
}

ReuseBandwidth ReuseBandwidth::measure() {
  constexpr size_t kLeast = 8 << 10, kMost = 256 << 20;
  constexpr double kSeconds = 0.02;
  ReuseBandwidth result;
  std::vector<uint64_t> block(kMost / sizeof(uint64_t), 1);
  uint64_t sums = 0;
  for (size_t bytes = kLeast; bytes <= kMost; bytes *= 2) {
    size_t count = bytes / sizeof(uint64_t);
    sums ^= readAll(block.data(), count);
    double best = 0, begin = 0;
    auto start = Clock::now();
    do {
      // Enough at a time for the clock.
      size_t repeats = std::max<size_t>(1, (1 << 20) / bytes);
      begin = secondsSince(start);
      for (size_t i = 0; i < repeats; ++i)
        sums ^= readAll(block.data(), count);
      best = std::max(best, static_cast<double>(repeats * bytes) / (secondsSince(start) - begin));
    } while (secondsSince(start) < kSeconds);
    result.points.emplace_back(static_cast<double>(bytes), best);
  }
  volatile uint64_t sink = sums; // keeps the compiler from leaving the reading out
  static_cast<void>(sink);
  return result;
}

double ReuseBandwidth::at(double bytesBetween) const {
  for (auto &[bytes, rate] : points)
    if (bytesBetween <= bytes)
      return rate;
  return points.back().second;
}

} // namespace tenon::cli

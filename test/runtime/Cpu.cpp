#include "Cpu.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

TEST_CASE("detected features agree with the kernel's") {
  std::ifstream file("/proc/cpuinfo");
  std::string line, flags;
  while (flags.empty() && std::getline(file, line))
    if (line.compare(0, 5, "flags") == 0)
      flags = line + " ";
  if (flags.empty())
    return; // another architecture
  auto has = [&](const char *flag) { return flags.find(" " + std::string(flag) + " ") != std::string::npos; };
  uint32_t features = tn_cpu_features();
  CHECK(bool(features & TN_CPU_X86_64_V3) ==
        (has("avx2") && has("fma") && has("bmi1") && has("bmi2") && has("f16c") && has("abm") && has("movbe")));
  CHECK(bool(features & TN_CPU_X86_64_V4) ==
        (has("avx512f") && has("avx512bw") && has("avx512cd") && has("avx512dq") && has("avx512vl")));
  CHECK(bool(features & TN_CPU_AVX512_VNNI) == has("avx512_vnni"));
  CHECK(bool(features & TN_CPU_AVX512_BF16) == has("avx512_bf16"));
  CHECK(bool(features & TN_CPU_AVX_VNNI) == has("avx_vnni"));
  CHECK(bool(features & TN_CPU_AVX512_FP16) == has("avx512_fp16"));
  CHECK(bool(features & TN_CPU_AMX_INT8) == has("amx_int8"));
  CHECK(bool(features & TN_CPU_AMX_BF16) == has("amx_bf16"));
}

TEST_CASE("features are named") {
  char text[tn::kFeatureNamesBytes];
  CHECK(tn::featureNames(TN_CPU_X86_64_V3 | TN_CPU_AMX_INT8, text) == std::string("AVX2 (x86-64-v3), AMX INT8"));
  CHECK(tn::featureNames(1u << 30, text) == std::string("feature 30"));
  CHECK(tn::featureNames(0, text) == std::string());
  tn::featureNames(~0u, text); // more than fits
}

#include "Cpu.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

using namespace tn;

#if defined(__x86_64__)
namespace {
struct Leaf {
  uint32_t a, b, c, d;
  Leaf(uint32_t leaf, uint32_t subleaf) : a(0), b(0), c(0), d(0) { __get_cpuid_count(leaf, subleaf, &a, &b, &c, &d); }
};
} // namespace

static uint64_t enabledState() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}

static bool all(uint32_t word, uint32_t mask) { return (word & mask) == mask; }
static constexpr uint32_t bit(int index) { return 1u << index; }

// Bit numbers: Intel SDM volume 2A, CPUID; the levels: x86-64 psABI, section 3.1.1.
uint32_t tn_cpu_features(void) {
  Leaf basic(1, 0), extended(0x80000001u, 0), seven(7, 0), sevenOne(7, 1);
  constexpr uint32_t osxsave = bit(27);
  if (!all(basic.c, osxsave))
    return 0;
  uint64_t state = enabledState();
  bool ymm = (state & 0x6) == 0x6, zmm = (state & 0xe6) == 0xe6, tiles = (state & 0x60000) == 0x60000;

  // SSE3, SSSE3, FMA, CX16, SSE4.1, SSE4.2, MOVBE, POPCNT, AVX, F16C; BMI1, AVX2, BMI2; LZCNT
  bool v3 =
      ymm &&
      all(basic.c, bit(0) | bit(9) | bit(12) | bit(13) | bit(19) | bit(20) | bit(22) | bit(23) | bit(28) | bit(29)) &&
      all(seven.b, bit(3) | bit(5) | bit(8)) && all(extended.c, bit(5));
  // AVX-512 F, DQ, CD, BW, VL
  bool v4 = v3 && zmm && all(seven.b, bit(16) | bit(17) | bit(28) | bit(30) | bit(31));
  uint32_t features = 0;
  auto add = [&](bool present, uint32_t feature) { features |= present ? feature : 0; };
  add(v3, TN_CPU_X86_64_V3);
  add(v4, TN_CPU_X86_64_V4);
  add(v4 && all(seven.c, bit(11)), TN_CPU_AVX512_VNNI);
  add(v4 && all(sevenOne.a, bit(5)), TN_CPU_AVX512_BF16);
  add(v3 && all(sevenOne.a, bit(4)), TN_CPU_AVX_VNNI);
  add(v4 && all(seven.d, bit(23)), TN_CPU_AVX512_FP16);
  add(tiles && all(seven.d, bit(24) | bit(25)), TN_CPU_AMX_INT8);
  add(tiles && all(seven.d, bit(24) | bit(22)), TN_CPU_AMX_BF16);
  return features;
}

uint32_t tn::claimFeatures(uint32_t features) {
  constexpr uint32_t tiles = TN_CPU_AMX_INT8 | TN_CPU_AMX_BF16;
  if (!(features & tiles))
    return 0;
  constexpr long requestPermission = 0x1023, tileData = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0 ? 0 : features & tiles;
}

uint16_t tn::hostMachine() { return EM_X86_64; }

#elif defined(__aarch64__)
uint32_t tn_cpu_features(void) {
  constexpr unsigned long asimd = 1ul << 1, sve = 1ul << 22;
  unsigned long capabilities = getauxval(AT_HWCAP);
  return (capabilities & asimd ? uint32_t(TN_CPU_NEON) : 0) | (capabilities & sve ? uint32_t(TN_CPU_SVE) : 0);
}
uint32_t tn::claimFeatures(uint32_t) { return 0; }
uint16_t tn::hostMachine() { return EM_AARCH64; }

#else
uint32_t tn_cpu_features(void) { return 0; }
uint32_t tn::claimFeatures(uint32_t) { return 0; }
uint16_t tn::hostMachine() { return EM_NONE; }
#endif

const char *tn::machineName(uint32_t machine) {
  return machine == EM_X86_64    ? "x86-64"
         : machine == EM_AARCH64 ? "AArch64"
         : machine == EM_RISCV   ? "RISC-V"
                                 : "machine";
}

static const char *featureName(int index) {
  switch (1u << index) {
  case TN_CPU_X86_64_V3:
    return "AVX2 (x86-64-v3)";
  case TN_CPU_X86_64_V4:
    return "AVX-512 (x86-64-v4)";
  case TN_CPU_AVX512_VNNI:
    return "AVX-512 VNNI";
  case TN_CPU_AVX512_BF16:
    return "AVX-512 BF16";
  case TN_CPU_AVX_VNNI:
    return "AVX-VNNI";
  case TN_CPU_AVX512_FP16:
    return "AVX-512 FP16";
  case TN_CPU_AMX_INT8:
    return "AMX INT8";
  case TN_CPU_AMX_BF16:
    return "AMX BF16";
  case TN_CPU_NEON:
    return "NEON";
  case TN_CPU_SVE:
    return "SVE";
  default:
    return nullptr;
  }
}

const char *tn::featureNames(uint32_t features, char (&text)[kFeatureNamesBytes]) {
  size_t length = 0;
  text[0] = 0;
  for (int i = 0; i < 32 && length < kFeatureNamesBytes; ++i) {
    if (!(features >> i & 1))
      continue;
    const char *separator = length ? ", " : "", *name = featureName(i);
    int written = name ? snprintf(text + length, kFeatureNamesBytes - length, "%s%s", separator, name)
                       : snprintf(text + length, kFeatureNamesBytes - length, "%sfeature %d", separator, i);
    length += written > 0 ? static_cast<size_t>(written) : 0;
  }
  return text;
}

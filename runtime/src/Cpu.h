// What this CPU can do, as TN_CPU_* bits, and the floating-point control word that threads have to share.
#ifndef TENON_RUNTIME_CPU_H
#define TENON_RUNTIME_CPU_H

#include "tenon/tenon.h"

namespace tn {

/// Room for the names of all features.
constexpr size_t kFeatureNamesBytes = 256;

/// Asks the operating system for what `features` needs beyond the instructions (AMX tile state). Returns the
/// features that may not be used after all, 0 in general.
uint32_t claimFeatures(uint32_t features);

/// "AVX-512 VNNI, AVX-512 BF16"; unknown bits as "feature 23".
const char *featureNames(uint32_t features, char (&text)[kFeatureNamesBytes]);

/// ELF e_machine of code that this process can run.
uint16_t hostMachine();
/// "x86-64" for EM_X86_64 and so on, "machine" for others.
const char *machineName(uint32_t machine);

/// Rounding and denormal mode (MXCSR, FPCR). A worker adopts its caller's, or results would depend on the
/// split.
#if defined(__x86_64__)
inline uint32_t floatMode() { return __builtin_ia32_stmxcsr(); }
inline void setFloatMode(uint32_t mode) { __builtin_ia32_ldmxcsr(mode); }
#elif defined(__aarch64__)
inline uint32_t floatMode() {
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return static_cast<uint32_t>(mode);
}
inline void setFloatMode(uint32_t mode) { __asm__ volatile("msr fpcr, %0" : : "r"(uint64_t(mode))); }
#else
inline uint32_t floatMode() { return 0; }
inline void setFloatMode(uint32_t) {}
#endif

/// Tells the core that this is a spin loop.
inline void pauseCpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" : : : "memory");
#endif
}

} // namespace tn

#endif

#include "passes/Target.h"
#include "runtime/include/tenon/abi.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

namespace tenon {

static const Target kTargets[] = {
    {"x86-64-v4", "x86_64-unknown-linux-gnu", "x86-64-v4", "-prefer-256-bit", TN_CPU_X86_64_V3 | TN_CPU_X86_64_V4, 64,
     32},
    {"x86-64-v3", "x86_64-unknown-linux-gnu", "x86-64-v3", "", TN_CPU_X86_64_V3, 32, 16},
};

llvm::ArrayRef<Target> allTargets() { return kTargets; }

const Target *findTarget(llvm::StringRef name) {
  for (const Target &target : kTargets)
    if (target.name == name)
      return &target;
  return nullptr;
}

const Target *hostTarget() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  auto has = [&](std::initializer_list<const char *> names) {
    return llvm::all_of(names, [&](const char *name) { return features.lookup(name); });
  };
  if (!has({"avx2", "fma", "bmi", "bmi2", "f16c", "lzcnt", "movbe"}))
    return nullptr;
  return has({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}) ? findTarget("x86-64-v4")
                                                                          : findTarget("x86-64-v3");
}

} // namespace tenon

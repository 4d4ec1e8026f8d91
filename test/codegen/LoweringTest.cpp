// What the lowering check finds in the kernels that networks are made of must be on the list of what is
// known.
#include "KernelCheck.h"
#include "bench/kernels/Shapes.h"
#include "codegen/common/KernelTemplate.h"
#include "codegen/cpu/LoadedKernels.h"
#include "codegen/cpu/LoweringCheck.h"
#include "mlir/Parser/Parser.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SourceMgr.h"

#include <catch2/catch.hpp>
#include <set>

using namespace tenon;
using namespace tenon::codegen;

namespace {

/// A cliff that is known: where it may be, and why it stays. Reviewed like code; an entry that nothing needs
/// fails too.
struct Allowed {
  const char *shape;  ///< prefix of the kernel's name
  const char *target; ///< "" for all
  Cliff cliff;
  const char *reason;
};

const Allowed kAllowed[] = {
    {"pack", "", Cliff::ElementAccess,
     "columns of a right operand stand apart in memory; weights are packed when compiling, so only "
     "attention's keys pay"},
    {"transpose_196x58", "", Cliff::ElementAccess,
     "rows of two elements are taken apart: too short for vectors along them"},
    {"tanh_", "x86-64-v3", Cliff::Spill, "constants of tanh, 16 registers"},
    {"erf_", "x86-64-v3", Cliff::Spill, "constants of erf, 16 registers"},
    {"depthwise_112_32_32_k3s1_silu", "x86-64-v4", Cliff::Spill, "constants of exp beside 16 sums"},
    {"depthwise_", "x86-64-v3", Cliff::Spill,
     "weights of two filter rows beside 14 sums; tiles of 8 sums without spills are slower"},
    {"pack", "", Cliff::Gather, "the same where the last panel is narrower"},
    {"winograd_", "", Cliff::Spill, "a tile of 6x6 values between the two sides of its transform"},
    {"softmax_12x1000", "x86-64-v4", Cliff::ScalarFloat, "8 elements that remain of 1000"},
    {"attention_", "x86-64-v3", Cliff::Spill, "constants of exp in a walk of two vectors at once"},
    {"attention_3x49", "x86-64-v4", Cliff::ElementAccess, "one element that remains of 49"},
    {"softmax_", "x86-64-v3", Cliff::Spill, "constants of exp in a walk of four vectors at once"},
    {"lstm_", "x86-64-v3", Cliff::Spill, "constants of exp and tanh in the gates, 16 registers"},
    {"conv_64_64_1_", "x86-64-v3", Cliff::Spill, "constants of exp in the epilogue of 14 rows"},
    {"grouped_", "x86-64-v4", Cliff::Spill,
     "straight code for all channels of a group, whose weights LLVM loads ahead; at 87 % of the peak"},
};

/// Whether a finding is on the list; `used` gets the entry's number.
bool isAllowed(const std::string &name, const std::string &target, Cliff cliff, std::set<size_t> &used) {
  for (size_t i = 0; i < std::size(kAllowed); ++i)
    if (kAllowed[i].cliff == cliff && name.rfind(kAllowed[i].shape, 0) == 0 &&
        (!*kAllowed[i].target || kAllowed[i].target == target)) {
      used.insert(i);
      return true;
    }
  return false;
}

std::vector<Finding> checkText(const char *ir, int64_t lanes) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic error;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(ir, error, context);
  REQUIRE(module);
  return checkIR(*module, lanes);
}

} // namespace

TEST_CASE("kernels of networks have no unknown cliffs", "[lowering]") {
  std::set<size_t> used;
  for (const bench::KernelShape &shape : bench::kernelShapes())
    for (const Target &target : allTargets()) {
      INFO(shape.name << " for " << target.name);
      auto module = mlir::parseSourceString<mlir::ModuleOp>(shape.function, &test::testContext());
      REQUIRE(module);
      KernelLibrary library;
      library.models = allTemplates();
      library.targets = {&target};
      REQUIRE(succeeded(formSingleKernel(*module, library)));
      for (auto kernel : module->lookupSymbol<mlir::func::FuncOp>("main").getOps<tn::KernelOp>()) {
        // What packs operands is judged by itself: "pack".
        bool last = kernel->getNextNode() == kernel->getBlock()->getTerminator();
        auto findings = checkLowering(kernel, target);
        if (!findings)
          FAIL(llvm::toString(findings.takeError()));
        for (const Finding &finding : *findings) {
          INFO(cliffName(finding.cliff).str() << ", " << finding.count << " times: " << finding.sample);
          CHECK(isAllowed(last ? shape.name : "pack", target.name, finding.cliff, used));
        }
      }
    }
  for (size_t i = 0; i < std::size(kAllowed); ++i) {
    INFO(kAllowed[i].shape << ": " << kAllowed[i].reason);
    CHECK(used.count(i));
  }
}

TEST_CASE("the check sees each kind of cliff", "[lowering]") {
  auto kinds = [](std::vector<Finding> findings) {
    std::string names;
    for (const Finding &finding : findings)
      names += cliffName(finding.cliff).str() + " " + std::to_string(finding.count) + ";";
    return names;
  };
  CHECK(kinds(checkText(R"(
    define void @f(ptr %p, i64 %n, <16 x i1> %m) {
    entry:
      %stack = alloca i64
      call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %stack, i64 8, i1 false)
      call void @g()
      br label %loop
    loop:
      %i = phi i64 [0, %entry], [%j, %loop]
      %a = getelementptr float, ptr %p, i64 %i
      %x = load float, ptr %a
      %y = fadd float %x, %x
      store float %y, ptr %a
      %v = call <16 x float> @llvm.masked.load.v16f32.p0(ptr align 4 %p, <16 x i1> %m, <16 x float> poison)
      call void @llvm.masked.store.v16f32.p0(<16 x float> %v, ptr align 4 %p, <16 x i1> %m)
      %e = extractelement <16 x float> %v, i64 3
      %j = add i64 %i, 1
      %c = icmp slt i64 %j, %n
      br i1 %c, label %loop, label %exit
    exit:
      ret void
    }
    declare void @g()
    declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
    declare <16 x float> @llvm.masked.load.v16f32.p0(ptr, <16 x i1>, <16 x float>)
    declare void @llvm.masked.store.v16f32.p0(<16 x float>, ptr, <16 x i1>)
  )",
                        16)) ==
        "masked access 2;scalar floats 1;element access 1;call 1;block operation 1;stack allocation 1;");
  std::vector<Finding> spills = checkAssembly(R"(
.LBB0_1:                                # =>This Loop Header: Depth=1
                                        #     Child Loop BB0_2 Depth 2
	movq	%rax, (%rsp)                    # 8-byte Spill
.LBB0_2:                                #   Parent Loop BB0_1 Depth=1
                                        # =>  This Inner Loop Header: Depth=2
	vmovups	%zmm0, 64(%rsp)                 # 64-byte Spill
	jne	.LBB0_2
# %bb.3:                                #   in Loop: Header=BB0_1 Depth=1
	movq	(%rsp), %rax                    # 8-byte Reload
  )");
  REQUIRE(spills.size() == 1);
  CHECK(spills[0].count == 1);
}

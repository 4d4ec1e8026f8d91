//===- Analysis.h - The parts of the debugger ----------------------------===//
#ifndef TENON_TOOLS_DEBUG_ANALYSIS_H
#define TENON_TOOLS_DEBUG_ANALYSIS_H

#include "codegen/cpu/LoadedKernels.h"
#include "tools/debug/Debugger.h"
#include "tools/debug/Replay.h"
#include "tools/debug/Snapshots.h"
#include "tools/debug/Tolerance.h"

namespace tenon::debug {

/// Runs the programs of a compilation, in a process of its own.
class Analysis {
public:
  /// `save` is called whenever the report has grown and before what may crash or hang.
  Analysis(const DebugOptions &options, const std::string &directory, Report &report, std::function<void()> save)
      : options(options), directory(directory), report(report), save(std::move(save)), compiler(options.compiler) {}

  /// Everything that can be found by running: in order the importer, passes, kernels, the artifact. Returns an exit
  /// code, `message` says what is wrong where it is not what was looked for.
  int run(const std::string &artifact, std::string &message);
  /// The first step that makes a pass crash, hang or fail; `kind` is what it did.
  int runFailing(const PassPosition &position, llvm::StringRef kind, const std::string &text, std::string &message);
  /// The first kernel whose compilation crashes, hangs or fails.
  int runFailingKernels(llvm::StringRef kind, const std::string &text, std::string &message);

private:
  bool open(std::string &message);
  bool checkReference();
  bool checkPasses();
  bool isWrongBefore();
  bool checkKernels();
  bool checkArtifact(const std::string &artifact);
  bool accepts(llvm::ArrayRef<Tensor> results, Finding &finding, PassRecord &record);
  bool isRight(mlir::ModuleOp module);
  void findStep(Finding &finding, mlir::ModuleOp before, const PassPosition &position);
  void describeStep(Finding &finding, mlir::ModuleOp before, const PassPosition &position, int64_t step);
  void findLoweringStep(Finding &finding, const KernelRun &run, const Tolerance &allowed);
  bool checkKernel(size_t n, const KernelRun &run, const codegen::LoadedKernel &kernel);

  const DebugOptions &options;
  std::string directory;
  Report &report;
  std::function<void()> save;
  Compiler compiler;
  std::vector<Tensor> inputs, expected;
  std::vector<KnownResult> known;
  std::vector<std::string> outputNames;
  Tolerance tolerance;
  Evaluator evaluator;
  std::string planned; ///< file of the program in buffer form
  int bindCode = 0;
};

/// What a plan of memory promises of kernels that they do not: that one may write over an input, or read or write rows
/// that lie apart; or memory that belongs to two operands at once. Empty if there is nothing; else the kernel and what
/// it is.
std::string findBrokenPromise(mlir::ModuleOp planned, const KernelLibrary &library);

/// The least limit in [0, steps] at which `isBad`, which holds at `steps`.
int64_t firstBad(int64_t steps, llvm::function_ref<bool(int64_t limit)> isBad);

std::vector<std::string> splitLines(llvm::StringRef text);

} // namespace tenon::debug

#endif

//===- Compiler.h - From a model file to an artifact ---------------------===//
//
// libtenon-compiler: what the command line tools are made of, and what a program that compiles models itself
// links.
//
//   tenon::Compiler compiler(options);
//   if (!compiler.load("model.onnx") || !compiler.runUntil(tenon::Stage::Memory) ||
//       !compiler.emit("model.so", tenon::OutputKind::SharedLibrary, "model"))
//     return report(compiler.getError());
//
//===----------------------------------------------------------------------===//
#ifndef TENON_TOOLS_COMPILER_COMPILER_H
#define TENON_TOOLS_COMPILER_COMPILER_H

#include "ir/Dialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/KernelModel.h"
#include "passes/ScheduleBook.h"
#include "tools/compiler/Dump.h"
#include "tools/compiler/PassWatch.h"
#include "tools/compiler/Remarks.h"
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tenon {

namespace codegen {
struct Program;
}
namespace onnx {
class Model;
}
class OutputFile;
enum class LinkKind;

/// What went wrong, as exit codes.
enum class ErrorKind {
  None = 0,
  CannotCompile = 1,
  Usage = 2,
  Malformed = 3,
  InputOutput = 4,
  Differs = 5,
  Limit = 6,
  Internal = 70
};

struct CompileError {
  ErrorKind kind = ErrorKind::None;
  std::string message;
};

/// The stages in order; each can be stopped at and dumped.
enum class Stage { Import, Graph, Raise, Layout, Fuse, Schedule, Memory, Kernel, Emit };
llvm::ArrayRef<llvm::StringRef> stageNames();

enum class OutputKind { SharedLibrary, Object, Archive, MLIR, Bytecode, LLVMIR, Assembly };

struct CompilerOptions {
  /// Levels to compile for, best first; empty: all of them.
  std::vector<std::string> targets;
  /// Input shapes and sizes of symbolic dimensions by name.
  std::map<std::string, std::vector<int64_t>> shapes;
  std::map<std::string, int64_t> dims;
  /// Outputs per side of the largest tile of Winograd's algorithm: 4, 2, or 0 for direct convolutions only.
  int64_t winograd = 4;
  /// Schedule file (passes/ScheduleBook.h) whose schedules replace those that the models choose; empty: none.
  std::string schedules;
  /// What the artifact checks after each kernel: NaN and infinities that its inputs did not have; writes outside of
  /// buffers and elements that were not written.
  bool checkValues = false, checkBounds = false;
  /// How much work goes into the code of kernels: 0 to 2, see docs/design.md.
  int optimization = 2;
  /// Directory that keeps objects of kernels between compilations; empty: none.
  std::string kernelCache;
  /// Bytes that the directory may hold; the least recently used objects make room.
  uint64_t kernelCacheLimit = 512 << 20;
  /// Shared library with passes that are not the compiler's own, as MLIR's tools load them; empty: none.
  std::string passPlugin;
  /// Passes to run at the end of a stage up to memory, as "layout:func.func(my-pass)"; empty: none.
  std::string extraPasses;
  /// Directory that receives one numbered file per pass; empty: none.
  std::string dumpDirectory;
  /// Whether passes are to explain their decisions, see getRemarks.
  bool remarks = false;
  /// Called at the begin of each phase, with its name and how much of it is done; one call at a time.
  std::function<void(llvm::StringRef phase, unsigned done, unsigned total)> progress;
  /// Called around every pass, if set; passes run on one thread then.
  PassWatcher watcher;
};

/// What an artifact has become.
struct EmitStatistics {
  size_t kernels = 0, steps = 0;
  int64_t codeBytes = 0, weightBytes = 0, arenaBytes = 0;
  /// Objects that the kernel cache had, that it had not, and those of the latter that could not be put there.
  size_t cacheHits = 0, cacheMisses = 0, cacheUnwritten = 0;
};

/// Adds the passes of a stage from Graph to Memory, with those of the options that run at its end.
void buildStage(mlir::PassManager &pm, Stage stage, const CompilerOptions &options, const KernelLibrary &library);

class Compiler {
public:
  explicit Compiler(CompilerOptions options);
  ~Compiler();

  /// Reads a model: ONNX, or tn dialect in text or bytecode, with the weight file that lies beside.
  bool load(const std::string &path);
  /// Runs the stages up to and including `stage`, at most Memory.
  bool runUntil(Stage stage);
  /// After stage Memory: measures the candidates of every kernel on this machine, whose level must be among the
  /// targets, and gives kernels those that are faster. The schedules found, with those that were read, are written to
  /// `path`.
  bool tune(const std::string &path);
  /// Compiles the program and writes it, completely or not at all. `name` is the model's: an object exports
  /// `<name>_query`. Beside objects and archives goes a C header. Text goes to the standard output if `path`
  /// is "-".
  bool emit(const std::string &path, OutputKind kind, const std::string &name);
  /// Writes the module as text or bytecode, and the constants that it names into a weight file beside.
  bool writeModule(const std::string &path, OutputKind kind = OutputKind::MLIR);

  mlir::ModuleOp getModule() { return *module; }
  mlir::MLIRContext &getContext() { return *context; }
  const KernelLibrary &getLibrary() const { return library; }
  const CompileError &getError() const { return error; }
  /// What the model's author should know, although it compiles; one per line.
  const std::string &getWarnings() const { return warnings; }
  /// What the passes said about their decisions, in order.
  std::vector<Remark> &getRemarks() { return remarks; }
  const EmitStatistics &getStatistics() const { return statistics; }
  const CompilerOptions &getOptions() const { return options; }
  /// Seconds spent per phase, in order.
  const std::vector<std::pair<std::string, double>> &getTimes() const { return times; }

private:
  struct Phase;
  bool fail(ErrorKind kind, const llvm::Twine &message);
  bool readSchedules();
  bool loadPlugin();
  bool importModel(const std::string &path);
  bool loadModule(const std::string &path);
  bool checkNames(const onnx::Model &model);
  /// The planned program with the checks that the options ask for.
  bool collect(codegen::Program &program, const std::string &name);
  bool compileAndLink(const codegen::Program &program, LinkKind kind, const std::string &query, std::string &image);
  /// Writes image and weights to an open file, behind what `prefix` gives for their size.
  bool writeArtifact(OutputFile &file, const codegen::Program &program, LinkKind kind, const std::string &query,
                     std::string &image, llvm::function_ref<std::string(uint64_t bytes)> prefix);
  bool emitLibrary(const std::string &path, const std::string &name);
  bool emitObject(const std::string &path, OutputKind kind, const std::string &name);
  bool emitText(const std::string &path, OutputKind kind);
  bool writeWeights(llvm::StringRef modulePath);
  bool writeText(const std::string &path, llvm::StringRef text);

  CompilerOptions options;
  KernelLibrary library;
  ScheduleBook schedules;
  std::vector<Remark> remarks;
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<ModuleDumper> dumper;
  CompileError error;
  std::string diagnostics, warnings;
  EmitStatistics statistics;
  std::vector<std::pair<std::string, double>> times;
  int reached = -1;
};

} // namespace tenon

#endif

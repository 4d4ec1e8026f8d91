//===- Snapshots.h - The program after every pass, on disk ---------------===//
#ifndef TENON_TOOLS_DEBUG_SNAPSHOTS_H
#define TENON_TOOLS_DEBUG_SNAPSHOTS_H

#include "mlir/IR/OwningOpRef.h"
#include "tools/compiler/Compiler.h"
#include <optional>

namespace tenon::debug {

/// One pass as it ran.
struct Snapshot {
  PassPosition position;
  bool changed = false, succeeded = false;
  double seconds = 0; ///< that it took
  std::string file;   ///< of the program after it (or what still holds); bytecode
};

/// Writes snapshots while a model is compiled: "passes.json", a line per pass, "remarks.json", a line per remark,
/// "weights.tnw", the constants that passes computed, and bytecode. Whatever is written is complete when the pass ends,
/// so a crash loses nothing.
class SnapshotWriter {
public:
  explicit SnapshotWriter(std::string directory) : directory(std::move(directory)) {}

  /// The imported program; constants that it names are not written: who reads imports them.
  bool begin(mlir::ModuleOp module);
  /// To be called after a pass, which took so many seconds.
  bool add(const PassPosition &position, mlir::ModuleOp module, bool succeeded, double seconds);
  /// Writes the remarks that it has not yet written of a list that grows.
  bool addRemarks(llvm::ArrayRef<Remark> remarks);
  const std::string &getError() const { return error; }

private:
  bool write(mlir::ModuleOp module, llvm::StringRef name, bool &changed);
  bool append(const std::string &file, llvm::StringRef bytes);

  std::string directory, last, lastFile, error;
  WeightFileWriter weights;
  unsigned number = 0;
  size_t remarksWritten = 0;
};

/// Has the passes of a compilation written, and with CompilerOptions::remarks what they say. `compiler` gives the
/// compiler while passes run. Phases are announced per pass if `announce`.
PassWatcher writeSnapshots(SnapshotWriter &writer, std::function<Compiler &()> compiler, bool announce);

/// The passes that ended, in order. What can't be read is left out.
std::vector<Snapshot> readSnapshots(const std::string &directory);

/// What passes said.
std::vector<Remark> readRemarks(const std::string &directory);

/// Makes the constants that passes computed known to a context, which has imported the model.
bool loadSnapshotWeights(const std::string &directory, mlir::MLIRContext &context, std::string &message);

/// Reads a program; null if that fails.
mlir::OwningOpRef<mlir::ModuleOp> readSnapshot(const std::string &file, mlir::MLIRContext &context);

} // namespace tenon::debug

#endif

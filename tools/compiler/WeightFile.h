//===- WeightFile.h - The bytes that a module in text form only names ----===//
//
// A module's text and bytecode hold names of large constants, not their bytes. These go to a weight file
// beside it: "model.tnw" beside "model.mlir", "weights.tnw" in a directory of dumps. Whoever reads the module
// finds them there.
//
// The file is a sequence of records: magic "TNWEIGHT", length of the name (8 bytes, little-endian), length of
// the data (8 bytes), name, data; name and data are padded to multiples of 64 bytes counted from the file's
// begin.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_TOOLS_COMPILER_WEIGHTFILE_H
#define TENON_TOOLS_COMPILER_WEIGHTFILE_H

#include "ir/WeightStore.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringSet.h"

namespace tenon {

/// Writes weight files.
class WeightFileWriter {
public:
  /// Writes `bytes` at `offset`; false if that fails.
  using Write = llvm::function_ref<bool(llvm::StringRef bytes, int64_t offset)>;

  /// Appends the sources of weights that the module names and that were not written before. Returns false
  /// when `write` does.
  bool add(mlir::ModuleOp module, Write write);
  bool isEmpty() const { return end == 0; }

private:
  llvm::StringSet<> written;
  int64_t end = 0;
};

/// The weight file that belongs to a module file, or "" if there is none: of its own name, else the
/// directory's.
std::string findWeightFile(llvm::StringRef modulePath);

/// Makes a weight file's sources known to the store, which keeps the file mapped. On failure `error` says
/// what is wrong with the file.
bool loadWeightFile(const std::string &path, WeightStore &store, std::string &error);

} // namespace tenon

#endif

//===- MemoryData.h - Buffers of the arena over time ---------------------===//
#ifndef TENON_TOOLS_REPORT_MEMORYDATA_H
#define TENON_TOOLS_REPORT_MEMORYDATA_H

#include "mlir/IR/BuiltinOps.h"
#include "tools/report/Names.h"

namespace tenon::report {

/// Bytes [begin, end) of the arena between two steps. What is written in place is a new buffer, and the old one ends
/// with the step before.
struct ArenaBuffer {
  int64_t begin = 0, end = 0;
  unsigned first = 0, last = 0; ///< the steps that write it, and last read it
  mlir::Type type;
  mlir::Location loc; ///< of the kernel that writes it
};

/// The buffers of a planned program in the order in which they are written.
std::vector<ArenaBuffer> findBuffers(mlir::ModuleOp planned);

/// Writes an object: sizes in bytes, and "buffers" as lists of begin, end, first and last step, node or -1, and type.
/// Nothing if the program is not planned.
void writeMemory(llvm::json::OStream &out, mlir::ModuleOp planned, Names &names);

} // namespace tenon::report

#endif

//===- GraphData.h - The imported graph, and which kernel computes what --===//
#ifndef TENON_TOOLS_REPORT_GRAPHDATA_H
#define TENON_TOOLS_REPORT_GRAPHDATA_H

#include "mlir/IR/BuiltinOps.h"
#include "tools/report/Names.h"

namespace tenon::report {

/// Writes an object: "vertices", one per operation, input and output of the imported program, and "edges" as pairs of
/// vertices in one list. A vertex is [kind, node or -1, kernel or -1, type of its first result], where kernels are
/// numbered in the order of execution in `last`, the last program that there is, and kinds and types are numbers in the
/// lists "kinds" and "types". Constants are no vertices.
void writeGraph(llvm::json::OStream &out, mlir::ModuleOp imported, mlir::ModuleOp last, Names &names);

} // namespace tenon::report

#endif

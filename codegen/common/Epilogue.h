//===- Epilogue.h - From an anchor's result in registers to memory -------===//
//
// Shared by the templates whose kernels have one expensive operation, the anchor, followed by elementwise operations
// and possibly a padding. The anchor's elements are in registers; the emitter computes from them what is yielded, and
// stores it. A yielded tn.pad writes its operand into the interior of a larger buffer; every work item also fills its
// share of the border's rows.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_CODEGEN_COMMON_EPILOGUE_H
#define TENON_CODEGEN_COMMON_EPILOGUE_H

#include "codegen/common/KernelTemplate.h"

namespace tenon::codegen {

/// Whether `op` may stand behind an anchor: elementwise, a reshape, a splat constant, or a yielded constant padding.
bool isEpilogueOp(mlir::Operation *op);

/// Whether all yielded values have one element per element of the anchor's result, paddings aside.
bool yieldsMatch(tn::KernelOp kernel, mlir::Value anchorResult);

/// Whether output `o` may be written in rows that lie further apart than they are long: borders are filled by rows.
bool storesPaddedRows(tn::KernelOp kernel, unsigned o);

/// Stores what the kernel yields for the element `value` of the anchor's result at `index`.
void emitEpilogue(KernelFunction &fn, ElementEmitter &e, mlir::Value anchorResult, llvm::ArrayRef<Index> index,
                  mlir::Value value);

/// Emits loops over the function's range: `body(item)` for every item, and the share of the yielded paddings' borders
/// that falls to the range, unless the function leaves them. `extent`: items of the kernel.
void emitItems(KernelFunction &fn, int64_t extent, llvm::function_ref<void(mlir::Value)> body);

/// The items that follow the rows of an anchor's result, with the padding that the kernel yields; nothing if it yields
/// something else.
std::optional<RowItems> withBorders(tn::KernelOp kernel, mlir::Value anchorResult, RowItems items);

/// Emits the borders of the padded rows [begin, end) of all images, as the function's range counts them.
void emitBorders(KernelFunction &fn);

} // namespace tenon::codegen

#endif

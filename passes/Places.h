//===- Places.h - Tensors that lie within other tensors ------------------===//
//
// What memory planning knows of where kernels' results lie relative to each other. A result owns a buffer, or it is a
// part of another one: an operand of a concatenation is a box of the joint tensor, a slice is a box of what it is cut
// from. Rows of an owner may lie a line further apart than they are long. From both follow the strides of every tensor
// of the program.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_PLACES_H
#define TENON_PASSES_PLACES_H

#include "passes/KernelModel.h"
#include "llvm/ADT/DenseSet.h"

namespace tenon {

/// Bytes by which rows are moved apart.
constexpr int64_t kLineBytes = 64;

/// The value whose memory `v` is: reshapes are other views of the same bytes.
mlir::Value rootOf(mlir::Value v);

/// First of the last dimensions that together have `length` elements; nothing if there are none.
std::optional<size_t> rowDimension(llvm::ArrayRef<int64_t> shape, int64_t length);

/// The strides under which a tensor of shape `from` with `strides` is seen as one of shape `to`, elements in row-major
/// order; nothing if there are none. Dimensions of size 1 get the stride that they would have in dense memory.
std::optional<llvm::SmallVector<int64_t>> reshapeStrides(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> strides,
                                                         llvm::ArrayRef<int64_t> to);

/// A part, seen as `type`, is the box of `whole`, seen as `wholeType`, that begins at `at`.
struct Place {
  mlir::Value whole;
  mlir::RankedTensorType wholeType, type;
  llvm::SmallVector<int64_t> at;
};

/// Where the elements of a tensor lie in its owner's memory, counted in elements.
struct Layout {
  int64_t offset = 0;
  llvm::SmallVector<int64_t> strides;
};

/// The places of the roots of a function: results of kernels, arguments and constants. Other values are views of them.
class Places {
public:
  explicit Places(const KernelLibrary &library) : library(library) {}

  void put(mlir::Value part, const Place &place);
  void remove(mlir::Value part);
  /// Where a root lies; null if it owns its memory.
  const Place *placeOf(mlir::Value root) const;
  /// The root that owns the memory of `v`.
  mlir::Value ownerOf(mlir::Value v) const;

  /// Kernels that do not run: their inputs and results are views of the same memory.
  llvm::DenseSet<mlir::Operation *> absorbed;

  /// Elements of an owner's rows that lie a line further apart than they are long; 0: its elements are dense.
  int64_t rowsOf(mlir::Value owner) const { return rows.lookup(owner); }
  void setRows(mlir::Value owner, int64_t length) { rows[owner] = length; }

  /// Nothing if `v` can't be seen where it lies.
  std::optional<Layout> layoutOf(mlir::Value v) const;
  /// The type of the buffer that `v`, which has a layout, becomes.
  mlir::MemRefType bufferType(mlir::Value v) const;
  /// Bytes of an owner's memory.
  int64_t bytesOf(mlir::Value owner) const;

  /// Why kernels can't write and read an owner and all its parts where they lie; empty if they can.
  std::string refusal(mlir::Value owner) const;
  /// Calls `visit` for an owner and for everything within it.
  void forMembers(mlir::Value owner, llvm::function_ref<void(mlir::Value)> visit) const;

private:
  std::string writerRefuses(mlir::Value member) const;
  std::string readersRefuse(mlir::Value v) const;

  const KernelLibrary &library;
  llvm::DenseMap<mlir::Value, Place> places;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value>> parts;
  llvm::DenseMap<mlir::Value, int64_t> rows;
};

} // namespace tenon

#endif

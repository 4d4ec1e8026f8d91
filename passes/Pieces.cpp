#include "passes/Pieces.h"

using namespace mlir;

namespace tenon {

namespace {

ArrayRef<int64_t> shapeOf(Value v) { return cast<RankedTensorType>(v.getType()).getShape(); }

/// Takes a body apart, from its result to the inputs.
class Walk {
public:
  /// Adds the pieces of a box of the result that is the box of `v` beginning at `box.from`; false if something else
  /// than movement computes it.
  bool visit(Value v, Piece box) {
    if (llvm::is_contained(box.size, 0))
      return true;
    if (auto argument = dyn_cast<BlockArgument>(v)) {
      box.source = argument;
      pieces.push_back(box);
      return pieces.size() <= kMostPieces;
    }
    Operation *op = v.getDefiningOp();
    if (auto concat = dyn_cast<tn::ConcatOp>(op))
      return visitConcat(concat, box);
    if (auto pad = dyn_cast<tn::PadOp>(op))
      return pad.getMode() == tn::PadMode::Constant && visitPad(pad, box);
    if (auto slice = dyn_cast<tn::SliceOp>(op))
      return visitSlice(slice, box);
    return false;
  }

  SmallVector<Piece> pieces;

private:
  static constexpr size_t kMostPieces = 256;

  /// The part of a box within the positions [low, high) of a dimension.
  static Piece narrow(Piece box, size_t d, int64_t low, int64_t high) {
    int64_t first = std::max(box.from[d], low), end = std::min(box.from[d] + box.size[d], high);
    box.at[d] += first - box.from[d];
    box.from[d] = first;
    box.size[d] = std::max<int64_t>(end - first, 0);
    return box;
  }

  bool visitConcat(tn::ConcatOp op, const Piece &box) {
    int64_t axis = op.getAxis(), start = 0;
    for (Value operand : op.getOperands()) {
      int64_t size = shapeOf(operand)[axis];
      Piece part = narrow(box, axis, start, start + size);
      part.from[axis] -= start;
      if (!visit(operand, part))
        return false;
      start += size;
    }
    return true;
  }

  bool visitSlice(tn::SliceOp op, Piece box) {
    for (auto [d, offset] : llvm::enumerate(op.getOffsets())) {
      if (op.getStrides()[d] != 1)
        return false;
      box.from[d] += offset;
    }
    return visit(op.getOperand(), box);
  }

  /// The border in slabs: those of a dimension reach as far as the interior of the dimensions before it.
  bool visitPad(tn::PadOp op, Piece box) {
    auto fill = [&](Piece slab) {
      if (llvm::is_contained(slab.size, 0))
        return;
      slab.value = op.getValue().convertToDouble();
      pieces.push_back(slab);
    };
    for (auto [d, size] : llvm::enumerate(shapeOf(op.getOperand()))) {
      int64_t low = op.getLow()[d];
      fill(narrow(box, d, INT64_MIN, low));
      fill(narrow(box, d, low + size, INT64_MAX));
      box = narrow(box, d, low, low + size);
      box.from[d] -= low;
    }
    return visit(op.getOperand(), box);
  }
};

} // namespace

std::optional<SmallVector<Piece>> piecesOf(tn::KernelOp kernel) {
  auto values = kernel.getYield().getValues();
  if (values.size() != 1)
    return std::nullopt;
  Piece all;
  all.size.assign(shapeOf(values[0]).begin(), shapeOf(values[0]).end());
  all.at.assign(all.size.size(), 0);
  all.from = all.at;
  Walk walk;
  if (!walk.visit(values[0], all))
    return std::nullopt;
  return walk.pieces;
}

} // namespace tenon

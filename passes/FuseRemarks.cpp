//===- FuseRemarks.cpp - Why operations did not become one kernel --------===//
//
// Looks at the finished groups and names, for neighbours in different ones, the rule of Fuse.cpp that kept them apart.
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"
#include "passes/FuseRules.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tenon {

static std::string nameOf(Operation *op) { return op->getName().getStringRef().str(); }

static std::string shapeText(Value v) {
  return "[" +
         llvm::join(llvm::map_range(cast<RankedTensorType>(v.getType()).getShape(),
                                    [](int64_t d) { return std::to_string(d); }),
                    ", ") +
         "]";
}

namespace {

class Neighbours {
public:
  explicit Neighbours(const FuseGroups &groups) : groups(groups) {}

  /// Why `reader` is not in the kernel that computes `value`, which it reads, through a reshape or not.
  std::string whyApart(Value value, Operation *reader, bool reshaped) const {
    Operation *producer = value.getDefiningOp(), *anchor = groups.anchorOf(producer);
    if (isContraction(reader) || isa<tn::LstmOp>(reader))
      return nameOf(reader) + " reads its operands from memory, each element several times";
    if (unsigned readers = countReaders(value); readers > 1)
      return "the result of " + nameOf(producer) + " has " + std::to_string(readers) +
             " readers, so it has to be written";
    if (reshaped)
      return "a reshape lies between them, and a kernel computes in one shape";
    if (isContraction(anchor) || isRowReduction(anchor))
      return whyNotBehind(value, anchor, reader);
    return whyNotBefore(value, producer, reader);
  }

private:
  static unsigned countReaders(Value value) {
    llvm::SmallPtrSet<Operation *, 4> readers(value.getUsers().begin(), value.getUsers().end());
    return readers.size();
  }

  /// Readers of an anchor's last result, in the order in which Grouping::nextReader looks at them.
  std::string whyNotBehind(Value last, Operation *anchor, Operation *reader) const {
    unsigned g = groups.groupOf.lookup(anchor);
    if (Operation *other = groups.anchorOf(reader); isContraction(other) && other != reader)
      return nameOf(reader) + " belongs to the kernel of " + nameOf(other);
    if (!isa<tn::ElementwiseOpInterface>(reader))
      return "only elementwise operations join the kernel of " + nameOf(anchor) + ", and " + nameOf(reader) +
             " is none";
    if (typeOf(reader->getResult(0)).getShape() != typeOf(last).getShape())
      return "results " + shapeText(last) + " and " + shapeText(reader->getResult(0)) +
             " differ in shape, so registers can't be passed on";
    for (Value operand : reader->getOperands())
      if (operand != last && groups.dependsOn(operand, g))
        return "another operand of " + nameOf(reader) + " is computed from the kernel's result";
    return nameOf(reader) + " had joined the kernel of " + nameOf(groups.anchorOf(reader));
  }

  /// Producers that a reader's group did not take in.
  std::string whyNotBefore(Value value, Operation *producer, Operation *reader) const {
    Operation *anchor = groups.anchorOf(reader);
    if (isContraction(anchor))
      return "the kernel of " + nameOf(anchor) + " takes operations behind it, not those that compute further operands";
    if (!isPointwise(reader) && !isRowReduction(reader))
      return nameOf(reader) + " may read elements several times, and would repeat the work of " + nameOf(producer);
    if (!isPointwise(producer))
      return nameOf(producer) + " does not compute its elements one by one";
    auto elementwise = dyn_cast<tn::ElementwiseOpInterface>(producer);
    if (elementwise && elementwise.isExpensive() && repeatsWork(reader, value))
      return nameOf(producer) + " is expensive, and would be computed again for each element that it is broadcast to";
    return nameOf(producer) + " had joined the kernel of " + nameOf(groups.anchorOf(producer));
  }

  static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

  const FuseGroups &groups;
};

} // namespace

void remarkApart(Block &block, const FuseGroups &groups) {
  if (!block.getParentOp()->getContext()->getRemarkEngine())
    return;
  Neighbours neighbours(groups);
  for (Operation &reader : block)
    for (Value operand : reader.getOperands()) {
      bool reshaped = false;
      for (; operand.getDefiningOp<tn::ReshapeOp>(); reshaped = true)
        operand = operand.getDefiningOp<tn::ReshapeOp>().getOperand();
      Operation *producer = operand.getDefiningOp();
      if (!producer || !groups.contains(producer) || !groups.contains(&reader) ||
          groups.groupOf.lookup(producer) == groups.groupOf.lookup(&reader))
        continue;
      Location loc = FusedLoc::get(reader.getContext(), {producer->getLoc(), reader.getLoc()});
      remark::missed(loc, remark::RemarkOpts::name("apart").category("tn-fuse"))
          << nameOf(producer) + " and " + nameOf(&reader) +
                 " are not one kernel: " + neighbours.whyApart(operand, &reader, reshaped);
    }
}

static std::string describeSource(Value v) {
  Operation *producer = v.getDefiningOp();
  if (!producer)
    return "an input of the model, whose order is given";
  if (isa<tn::ReshapeOp>(producer))
    return "a reshape that joins or splits dimensions, and ends the search for one order";
  if (isa<tn::LayoutOpInterface>(producer) || isContraction(producer))
    return nameOf(producer);
  return nameOf(producer) + ", which is computed in one order only";
}

static std::string describeReader(Operation *reader) {
  if (isa<func::ReturnOp>(reader))
    return "an output of the model, whose order is given";
  if (isa<tn::ReshapeOp>(reader))
    return "a reshape that joins or splits dimensions, and ends the search for one order";
  if (isa<tn::LayoutOpInterface>(reader) || isContraction(reader))
    return nameOf(reader);
  return nameOf(reader) + ", which is computed in one order only";
}

void remarkTransposes(Block &block) {
  if (!block.getParentOp()->getContext()->getRemarkEngine())
    return;
  for (auto transpose : block.getOps<tn::TransposeOp>()) {
    if (transpose.getOperand().getDefiningOp<tn::ConstantOp>())
      continue;
    SmallVector<std::string> readers;
    for (Operation *user : transpose->getUsers())
      if (std::string text = describeReader(user); !llvm::is_contained(readers, text))
        readers.push_back(text);
    remark::missed(transpose.getLoc(), remark::RemarkOpts::name("transpose").category("tn-layout"))
        << "a transpose of " + shapeText(transpose.getOperand()) + " stays: it lies between " +
               describeSource(transpose.getOperand()) + " and " + llvm::join(readers, "; ");
  }
}

} // namespace tenon

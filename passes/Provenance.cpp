#include "passes/Provenance.h"
#include "ir/Dialect.h"

using namespace mlir;

namespace tenon {

void collectNames(Location loc, llvm::SetVector<StringRef> &names) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    names.insert(name.getName().getValue());
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      collectNames(part, names);
  }
}

/// Parts of a location beyond which it does not grow.
static constexpr size_t kMaxParts = 256;

static ArrayRef<Location> partsOf(const Location &loc) {
  auto fused = dyn_cast<FusedLoc>(loc);
  return fused ? fused.getLocations() : ArrayRef<Location>(loc);
}

void inheritLocation(Operation *op, Location from) {
  Location own = op->getLoc();
  if (own == from || isa<UnknownLoc>(from) || partsOf(own).size() >= kMaxParts)
    return;
  SmallVector<Location> parts(partsOf(own));
  llvm::append_range(parts, partsOf(from));
  op->setLoc(FusedLoc::get(op->getContext(), parts));
}

void ProvenanceListener::notifyOperationReplaced(Operation *op, ValueRange replacement) {
  llvm::SmallSetVector<Operation *, 2> heirs;
  for (Value v : replacement)
    if (v && v.getDefiningOp())
      heirs.insert(v.getDefiningOp());
  // The users of `op` have not been changed yet, so a producer that only dying operations read is not read by an heir.
  llvm::SmallSetVector<Operation *, 8> dying;
  dying.insert(op);
  for (size_t i = 0; i < dying.size() && dying.size() < kMaxParts; ++i)
    for (Value operand : dying[i]->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if (producer && !heirs.contains(producer) && !isa<tn::ConstantOp>(producer) &&
          llvm::all_of(producer->getUsers(), [&](Operation *user) { return dying.contains(user); }))
        dying.insert(producer);
    }
  for (Operation *heir : heirs)
    for (Operation *lost : dying)
      inheritLocation(heir, lost->getLoc());
}

} // namespace tenon

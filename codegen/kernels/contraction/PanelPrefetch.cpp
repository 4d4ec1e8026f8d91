#include "codegen/kernels/contraction/PanelPrefetch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace tenon::codegen {

void prefetchLine(ElementEmitter &e, Value panels, const Index &at) {
  memref::PrefetchOp::create(e.builder(), e.getLoc(), panels, at.base, /*isWrite=*/false, /*localityHint=*/3,
                             /*isDataCache=*/true);
}

void PanelPrefetch::aim(const Index &distance, const Index &tile) {
  start = distance;
  if (rowTiles == 1)
    return;
  Index slice = tile;
  if (isPart || rowTiles * share() > lines) {
    Value slices = e.indexConstant(llvm::divideCeil(lines, share()));
    slice = {arith::RemUIOp::create(e.builder(), e.getLoc(), tile.base, slices), 0, {}};
  }
  start = e.add(distance, e.multiply(slice, share() * kLine));
}

void PanelPrefetch::emit(const Index &panelAt) {
  for (int64_t i = 0; i < share(); ++i)
    prefetchLine(e, panels, e.add(e.addConstant(panelAt, i * kLine), start));
}

} // namespace tenon::codegen

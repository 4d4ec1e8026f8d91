#include "codegen/kernels/bands/Chain.h"

using namespace mlir;

namespace tenon::codegen {

namespace {
/// What spansOf computes with when compiling.
struct PlainMath {
  using Number = int64_t;
  using Condition = bool;
  int64_t constant(int64_t value) { return value; }
  int64_t add(int64_t a, int64_t c) { return a + c; }
  int64_t subtract(int64_t a, int64_t b) { return a - b; }
  int64_t multiply(int64_t a, int64_t c) { return a * c; }
  int64_t divide(int64_t a, int64_t c) { return a / c; }
  int64_t ceilDivide(int64_t a, int64_t c) { return (a + c - 1) / c; }
  int64_t min(int64_t a, int64_t b) { return std::min(a, b); }
  int64_t max(int64_t a, int64_t b) { return std::max(a, b); }
  bool isZero(int64_t a) { return a == 0; }
  int64_t select(bool condition, int64_t yes, int64_t no) { return condition ? yes : no; }
};
} // namespace

SmallVector<tn::KernelOp> nestedKernels(tn::KernelOp kernel) {
  SmallVector<tn::KernelOp> nested;
  for (Operation &op : kernel.getBlock()->without_terminator()) {
    auto stage = dyn_cast<tn::KernelOp>(op);
    if (!stage || stage->getNumResults() != 1 || !stage->hasOneUse() || !stage.getTemplateName())
      return {};
    if (!nested.empty() && !llvm::is_contained(stage.getInputs(), nested.back().getResult(0)))
      return {};
    nested.push_back(stage);
  }
  ValueRange yielded = kernel.getYield().getValues();
  if (nested.size() < 2 || yielded.size() != 1 || yielded[0] != nested.back().getResult(0))
    return {};
  return nested;
}

unsigned linkOf(ArrayRef<tn::KernelOp> nested, size_t i) { return nested[i - 1]->use_begin()->getOperandNumber(); }

int64_t Chain::windowOffset(size_t stage) const {
  constexpr int64_t kAlignment = 64;
  int64_t offset = 0;
  for (const Stage &each : stages)
    offset = std::max(offset, each.model->scratchBytes(each.kernel, each.schedule));
  offset = llvm::alignTo(offset, kAlignment);
  for (const Stage &each : ArrayRef(stages).take_front(stage))
    offset += llvm::alignTo(each.windowRows * each.rowBytes, kAlignment);
  return offset;
}

/// Whether rows that stay in a window are computed one by one, and bands hold whole tiles of the last stage, which may
/// write over what it reads.
static bool tilesFit(const Chain &chain) {
  return chain.bandRows % chain.last().items.tileRows == 0 && llvm::all_of(chain.stages, [](const Stage &stage) {
           return stage.items.tileRows <= (stage.keeps ? 1 : stage.rows);
         });
}

/// Goes through the bands of an image, each with the one before and without.
static void countRows(Chain &chain) {
  PlainMath math;
  for (int64_t band = 0; band < chain.bandsPerImage(); ++band)
    for (bool fresh : {true, false}) {
      if (!fresh && band == 0)
        continue;
      auto spans = spansOf(chain, math, band, fresh);
      for (auto [stage, span] : llvm::zip(chain.stages, spans)) {
        if (&stage != &chain.last())
          stage.windowRows = std::max(stage.windowRows, span.end - span.base);
        if (!fresh || band == 0)
          stage.computedRows += (span.endTile - span.firstTile) * stage.items.tileRows;
      }
    }
}

std::optional<Chain> makeChain(tn::KernelOp kernel, int64_t rows, ArrayRef<DictionaryAttr> schedules) {
  Chain chain;
  chain.bandRows = rows;
  SmallVector<tn::KernelOp> nested = nestedKernels(kernel);
  if (nested.empty() || nested.size() != schedules.size() || rows < 1)
    return std::nullopt;
  for (auto [i, each] : llvm::enumerate(nested)) {
    Stage stage;
    stage.kernel = each;
    stage.model = findTemplate(*each.getTemplateName());
    stage.schedule = schedules[i];
    auto type = cast<RankedTensorType>(each.getResult(0).getType());
    std::optional<RowItems> items = stage.model ? stage.model->rowItems(each, schedules[i]) : std::nullopt;
    if (!items)
      return std::nullopt;
    stage.items = *items;
    stage.images = product(type.getShape().take_front(items->dim));
    stage.rows = type.getDimSize(items->dim) - items->low - items->high;
    stage.rowBytes = product(type.getShape().drop_front(items->dim + 1)) * elementBytes(type.getElementType());
    if (i > 0) {
      Stage &producer = chain.stages.back();
      if (items->input != linkOf(nested, i) || items->inputDim != producer.items.dim || producer.images != stage.images)
        return std::nullopt;
      producer.keeps = items->reach > items->stride;
    }
    chain.stages.push_back(stage);
  }
  if (rows > chain.last().rows || !tilesFit(chain) ||
      llvm::count_if(chain.stages, [](const Stage &stage) { return stage.keeps; }) > 1)
    return std::nullopt;
  countRows(chain);
  return chain;
}

} // namespace tenon::codegen

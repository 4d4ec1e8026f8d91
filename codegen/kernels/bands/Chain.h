//===- Chain.h - Kernels that take turns in bands of rows ----------------===//
#ifndef TENON_CODEGEN_KERNELS_BANDS_CHAIN_H
#define TENON_CODEGEN_KERNELS_BANDS_CHAIN_H

#include "codegen/common/KernelTemplate.h"

namespace tenon::codegen {

/// One kernel of a chain. Its result, images of rows, is read by the next one only.
struct Stage {
  tn::KernelOp kernel;
  const KernelTemplate *model = nullptr;
  mlir::DictionaryAttr schedule;
  RowItems items;
  int64_t images = 1;
  int64_t rows = 1;     ///< of the result, without padding
  int64_t rowBytes = 0; ///< of a row of the result, padding included
  /// Rows of the result that a band needs as well as the one before it stay in the window.
  bool keeps = false;
  int64_t windowRows = 0;   ///< rows, padding included, of the memory that holds the result of a band; 0 for the last
  int64_t computedRows = 0; ///< rows that the tiles of all bands of an image compute

  int64_t tiles() const { return llvm::divideCeil(rows, items.tileRows); }
  int64_t paddedRows() const { return items.low + rows + items.high; }
};

/// What a stage does in one band. `Number` is int64_t or the value of one.
template <typename Number> struct StageSpan {
  Number firstTile, endTile;
  /// Rows of the result, padding included, that become known; the window begins at row `base`.
  Number base, begin, end;
  Number kept; ///< position in the window of the band before of the row `base`, where the stage keeps rows
};

/// The stages of a kernel of the template `bands`, for one schedule.
struct Chain {
  llvm::SmallVector<Stage> stages;
  int64_t bandRows = 1; ///< rows of the last stage's result in a band

  const Stage &last() const { return stages.back(); }
  int64_t bandsPerImage() const { return llvm::divideCeil(last().rows, bandRows); }
  int64_t bands() const { return last().images * bandsPerImage(); }

  /// Where the window of a stage lies in scratch memory, behind the scratch memory of the stages; the number of stages
  /// gives the size of all of it.
  int64_t windowOffset(size_t stage) const;
  int64_t windowBytes() const { return windowOffset(stages.size()) - windowOffset(0); }
};

/// The nested kernels of a kernel whose body is a chain: each reads the result of the one before, which nothing else
/// does. Empty if the body is something else.
llvm::SmallVector<tn::KernelOp> nestedKernels(tn::KernelOp kernel);

/// The input of nested kernel `i` that is the result of the one before.
unsigned linkOf(llvm::ArrayRef<tn::KernelOp> nested, size_t i);

/// The chain by a schedule, with bands of `rows` rows and a schedule for each stage; nothing if the stages can't take
/// turns in such bands.
std::optional<Chain> makeChain(tn::KernelOp kernel, int64_t rows, llvm::ArrayRef<mlir::DictionaryAttr> schedules);

/// Computes what the stages do in band `band` of an image. `fresh`: the band before was another thread's, or another
/// image's. `Math` computes with `Number`: min, max, and with constants add, multiply, divide, ceilDivide; select.
template <typename Math>
llvm::SmallVector<StageSpan<typename Math::Number>> spansOf(const Chain &chain, Math &math, typename Math::Number band,
                                                            typename Math::Condition fresh) {
  using Number = typename Math::Number;
  using Rows = std::pair<Number, Number>;
  llvm::SmallVector<StageSpan<Number>> spans(chain.stages.size());
  auto ownRows = [&](Number number) -> Rows {
    Number begin = math.multiply(number, chain.bandRows);
    return {begin, math.min(math.add(begin, chain.bandRows), math.constant(chain.last().rows))};
  };
  // Rows that the tiles which hold `rows` compute.
  auto computed = [&](const Stage &stage, Rows rows) -> Rows {
    int64_t size = stage.items.tileRows;
    Number begin = math.multiply(math.divide(rows.first, size), size),
           end = math.multiply(math.ceilDivide(rows.second, size), size);
    return {math.min(begin, math.constant(stage.rows - size)), math.min(end, math.constant(stage.rows))};
  };
  // Rows of its input, padding included, that a stage reads to compute `rows`.
  auto read = [&](const Stage &stage, Rows rows) -> Rows {
    return {math.multiply(rows.first, stage.items.stride),
            math.add(math.multiply(math.add(rows.second, -1), stage.items.stride), stage.items.reach)};
  };
  auto withoutPadding = [&](const Stage &stage, Rows rows) -> Rows {
    auto inside = [&](Number row) {
      return math.min(math.max(math.add(row, -stage.items.low), math.constant(0)), math.constant(stage.rows));
    };
    return {inside(rows.first), inside(rows.second)};
  };
  // What a stage whose rows are kept had to have for the band before. No stage behind it keeps any.
  auto before = [&](size_t s) -> Rows {
    Rows rows = ownRows(math.add(band, -1));
    for (size_t i = chain.stages.size() - 1; i > s; --i) {
      rows = read(chain.stages[i], computed(chain.stages[i], rows));
      if (i - 1 > s)
        rows = withoutPadding(chain.stages[i - 1], rows);
    }
    return rows;
  };
  Rows rows = ownRows(band);
  StageSpan<Number> &last = spans.back();
  last.begin = math.select(math.isZero(rows.first), math.constant(0), math.add(rows.first, chain.last().items.low));
  last.end = math.select(math.isZero(math.add(rows.second, -chain.last().rows)),
                         math.constant(chain.last().paddedRows()), math.add(rows.second, chain.last().items.low));
  for (size_t s = chain.stages.size(); s-- > 0;) {
    const Stage &stage = chain.stages[s];
    StageSpan<Number> &span = spans[s];
    span.firstTile = math.divide(rows.first, stage.items.tileRows);
    span.endTile = math.ceilDivide(rows.second, stage.items.tileRows);
    Rows tiles = computed(stage, rows);
    // Tiles may compute more than the reader wants.
    if (s + 1 < chain.stages.size() && !stage.keeps) {
      span.base = math.min(span.base, math.add(tiles.first, stage.items.low));
      span.end = math.max(span.end, math.add(tiles.second, stage.items.low));
    }
    if (s == 0)
      break;
    const Stage &producer = chain.stages[s - 1];
    StageSpan<Number> &input = spans[s - 1];
    std::tie(input.begin, input.end) = read(stage, tiles);
    input.base = input.begin;
    if (producer.keeps) {
      Rows previous = before(s - 1);
      input.kept = math.subtract(input.begin, previous.first);
      input.begin = math.select(fresh, input.begin, math.max(input.begin, math.min(previous.second, input.end)));
    }
    rows = withoutPadding(producer, {input.begin, input.end});
  }
  return spans;
}

} // namespace tenon::codegen

#endif

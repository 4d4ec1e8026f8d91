#include "ir/ops/Gemm.h"
#include "mlir/IR/Threading.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

namespace tenon::tn {

namespace {

constexpr int64_t kTileRows = 4, kTileColumns = 8;
/// Rows and columns that a task works on; so many rows of A are converted at a time.
constexpr int64_t kRows = 32, kColumns = 256;

/// c[4][8] = a[4][sum] * b[sum][8]; `sum` is also a's stride, `stride` is b's.
inline __attribute__((always_inline)) void tile(const double *a, const double *b, int64_t sum, int64_t stride,
                                                double *c) {
  double acc[kTileRows][kTileColumns] = {};
  for (int64_t k = 0; k < sum; ++k)
    for (int64_t i = 0; i < kTileRows; ++i)
      for (int64_t j = 0; j < kTileColumns; ++j)
        acc[i][j] += a[i * sum + k] * b[k * stride + j];
  for (int64_t i = 0; i < kTileRows; ++i)
    std::copy_n(acc[i], kTileColumns, c + i * kColumns);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) void tileAvx2(const double *a, const double *b, int64_t sum, int64_t stride,
                                                  double *c) {
  tile(a, b, sum, stride, c);
}
const bool hasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif

void runTile(const double *a, const double *b, int64_t sum, int64_t stride, double *c) {
#if defined(__x86_64__)
  if (hasAvx2)
    return tileAvx2(a, b, sum, stride, c);
#endif
  tile(a, b, sum, stride, c);
}

/// The rows [begin, end) of a block of columns that has been read.
void multiplyRows(const GemmBlocks &g, const double *b, int64_t column, int64_t stride, int64_t begin, int64_t end) {
  int64_t count = std::min(kColumns, g.columns - column);
  std::vector<double> a(kRows * g.sum), c(kRows * kColumns);
  for (int64_t row = begin; row < end; row += kRows) {
    int64_t rows = std::min(kRows, end - row);
    g.readRows(row, rows, a.data());
    for (int64_t i = 0; i < rows; i += kTileRows)
      for (int64_t j = 0; j < count; j += kTileColumns)
        runTile(a.data() + i * g.sum, b + j, g.sum, stride, c.data() + i * kColumns + j);
    for (int64_t i = 0; i < rows; ++i)
      g.write(row + i, column, count, c.data() + i * kColumns);
  }
}

} // namespace

void multiply(mlir::MLIRContext *context, const GemmBlocks &g) {
  // Many rows share the columns that were read; with few rows every thread takes columns of its own.
  bool byRows = g.rows >= 4 * kRows;
  int64_t blocks = llvm::divideCeil(g.columns, kColumns);
  auto readBlock = [&](int64_t block, int64_t &stride) {
    int64_t count = std::min(kColumns, g.columns - block * kColumns);
    stride = llvm::alignTo(count, kTileColumns);
    std::vector<double> b(stride * g.sum);
    g.readColumns(block * kColumns, count, stride, b.data());
    return b;
  };
  if (!byRows)
    return mlir::parallelFor(context, 0, blocks, [&](size_t block) {
      int64_t stride;
      std::vector<double> b = readBlock(block, stride);
      multiplyRows(g, b.data(), block * kColumns, stride, 0, g.rows);
    });
  int64_t part = llvm::alignTo(llvm::divideCeil(g.rows, 16), kRows);
  for (int64_t block = 0; block < blocks; ++block) {
    int64_t stride;
    std::vector<double> b = readBlock(block, stride);
    mlir::parallelFor(context, 0, llvm::divideCeil(g.rows, part), [&](size_t i) {
      multiplyRows(g, b.data(), block * kColumns, stride, i * part, std::min<int64_t>(g.rows, (i + 1) * part));
    });
  }
}

} // namespace tenon::tn

#include "ir/Overlap.h"
#include "ir/Tensor.h"

using namespace mlir;

namespace tenon {

namespace {

/// The runs of bytes that a buffer consists of, in order.
class Runs {
public:
  Runs(MemRefType type, int64_t offset) : isEmpty(type.getNumElements() == 0) {
    int64_t bytes = elementBytes(type.getElementType()), own = 0;
    SmallVector<int64_t> strides;
    (void)type.getStridesAndOffset(strides, own);
    begin = offset + own * bytes;
    length = bytes;
    // The last dimensions are one run as long as they are dense.
    size_t d = strides.size();
    for (; d > 0 && (type.getDimSize(d - 1) == 1 || strides[d - 1] * bytes == length); --d)
      length *= type.getDimSize(d - 1);
    for (size_t i = 0; i < d; ++i) {
      sizes.push_back(type.getDimSize(i));
      steps.push_back(strides[i] * bytes);
    }
    index.assign(d, 0);
  }

  /// Bytes of the current run: [begin, begin + length).
  int64_t begin = 0, length = 0;
  bool isEmpty;

  /// Goes on to the next run, if there is one.
  bool next() {
    for (size_t d = sizes.size(); d-- > 0;) {
      begin += steps[d];
      if (++index[d] < sizes[d])
        return true;
      begin -= steps[d] * sizes[d];
      index[d] = 0;
    }
    return false;
  }

  int64_t end() const {
    int64_t last = begin + length;
    for (auto [size, step] : llvm::zip(sizes, steps))
      last += (size - 1) * step;
    return last;
  }

private:
  SmallVector<int64_t> sizes, steps, index;
};

} // namespace

bool shareBytes(MemRefType a, int64_t aOffset, MemRefType b, int64_t bOffset) {
  Runs x(a, aOffset), y(b, bOffset);
  if (x.isEmpty || y.isEmpty || x.end() <= y.begin || y.end() <= x.begin)
    return false;
  for (;;) {
    if (x.begin < y.begin + y.length && y.begin < x.begin + x.length)
      return true;
    if (!(x.begin < y.begin ? x : y).next())
      return false;
  }
}

} // namespace tenon

//===- Shapes.h - Kernels that networks are made of ----------------------===//
#ifndef TENON_BENCH_KERNELS_SHAPES_H
#define TENON_BENCH_KERNELS_SHAPES_H

#include <cstdint>
#include <string>
#include <vector>

namespace tenon::bench {

/// One kernel: what the benchmark times, the search over schedules tries and the lowering check reads.
struct KernelShape {
  std::string name;
  std::string function; ///< func.func @main of tn operations
};

/// About 90 kernels of ResNet-50, MobileNet, U-Net, BERT, GPT-2 and an LSTM tagger at batch 1.
std::vector<KernelShape> kernelShapes();

} // namespace tenon::bench

#endif

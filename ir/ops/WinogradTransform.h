//===- WinogradTransform.h - Matrices of Winograd's algorithm ------------===//
#ifndef TENON_IR_OPS_WINOGRADTRANSFORM_H
#define TENON_IR_OPS_WINOGRADTRANSFORM_H

#include <cstdint>
#include <vector>

namespace tenon {

/// F(tile x tile, 3 x 3): y = A^T [(G g G^T) * (B^T d B)] A, with `size` = tile + 2 points.
///
/// The points are 0, +-a.., infinity, in pairs of opposite sign: 0, +-1 for tiles of 2; 0, +-3/4, +-3/2 for tiles of 4,
/// which halve the error of the usual 0, +-1, +-2 (relative L2 error of a convolution below 1.5e-6 in f32, against 4e-7
/// for tiles of 2 and 8e-7 without the algorithm). All entries of A and B are exact in f32. Row j of B^T holds the
/// coefficients of the product of (x - p) over the other finite points p, its last row those of the product over all;
/// row j of G is (1, p, p^2) over the value of that product at p.
/// Source: Toom-Cook interpolation, as in Barabasz et al.: Error Analysis and Improving the Accuracy of Winograd
/// Convolution (2018).
struct WinogradTransform {
  explicit WinogradTransform(int64_t tile);

  int64_t tile, size;
  std::vector<std::vector<double>> input;  ///< B^T, size x size
  std::vector<std::vector<double>> filter; ///< G, size x 3
  std::vector<std::vector<double>> output; ///< A^T, tile x size
};

} // namespace tenon

#endif

#ifndef TENON_IR_OPS_WINOGRAD
#define TENON_IR_OPS_WINOGRAD

include "ir/ops/Base.td"

def Tn_WinogradFilterOp : Tn_PureOp<"winograd_filter"> {
  let summary = "Filter of a 3x3 convolution in the domain of Winograd's algorithm, packed in panels";
  let description = [{
    Of a filter `[F, C, 3, 3]` gives `[F / panel, (tile + 2)^2, C, panel]`, F rounded up with zeros: `G g G^T` for every
    pair of channel and filter, with the matrix G of `ir/ops/WinogradTransform.h` for output tiles of `tile` x `tile`.
    Constraint `winograd_c1`: f32, a filter of 3x3, tiles of 2 or 4, panels of 1 to 1024 columns.
    Source: Lavin, Gray: Fast Algorithms for Convolutional Neural Networks (2015).

    Example: `%u = tn.winograd_filter %w tile 4 panel 32 : tensor<64x16x3x3xf32> -> tensor<2x36x16x32xf32>`
  }];
  let arguments = (ins Tn_Tensor:$filter, I64Attr:$tile, I64Attr:$panel);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = "$filter `tile` $tile `panel` $panel attr-dict `:` type($filter) `->` type($result)";
}

def Tn_WinogradConvOp : Tn_PureOp<"winograd_conv", [DeclareOpInterfaceMethods<Tn_CostOpInterface>]> {
  let summary = "3x3 convolution of stride 1 by Winograd's algorithm";
  let description = [{
    Input `[N, H, W, C]`, which has its padding, filter as `tn.winograd_filter` makes it; the result is
    `[N, size[0], size[1], filters]`. Each tile of `tile` x `tile` outputs is `A^T [U * (B^T d B)] A` of the `tile + 2`
    x `tile + 2` inputs d at its place, where the products are summed over the channels. Rounding aside this is the
    convolution with the filter.
    Constraint `winograd_c2`: f32, the filter's panels have room for `filters`, its channels are the input's, and the
    input covers whole tiles: H >= tile * ceil(size[0] / tile) + 2, W likewise.

    Example: `%y = tn.winograd_conv %x, %u tile 4 size [8, 8] filters 64
    : tensor<1x10x10x16xf32>, tensor<2x36x16x32xf32> -> tensor<1x8x8x64xf32>`
  }];
  let arguments = (ins Tn_Tensor:$input, Tn_Tensor:$filter, I64Attr:$tile, DenseI64ArrayAttr:$size, I64Attr:$filters);
  let results = (outs Tn_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $filter `tile` $tile `size` $size `filters` $filters attr-dict
    `:` type($input) `,` type($filter) `->` type($result)
  }];
  let extraClassDeclaration = [{
    /// Tiles along height and width.
    int64_t getTilesHigh() { return (getSize()[0] + getTile() - 1) / static_cast<int64_t>(getTile()); }
    int64_t getTilesWide() { return (getSize()[1] + getTile() - 1) / static_cast<int64_t>(getTile()); }
  }];
}

#endif

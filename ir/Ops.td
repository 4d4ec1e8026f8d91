// All operations of the tn dialect, one file per family.
#ifndef TENON_IR_OPS
#define TENON_IR_OPS

include "ir/ops/Composite.td"
include "ir/ops/Contraction.td"
include "ir/ops/Elementwise.td"
include "ir/ops/Movement.td"
include "ir/ops/Program.td"
include "ir/ops/Reduction.td"
include "ir/ops/Winograd.td"

#endif

//===- Dialect.h - The tn dialect: types, attributes, operations ---------===//
#ifndef TENON_IR_DIALECT_H
#define TENON_IR_DIALECT_H

#include "ir/Tensor.h"
#include "ir/WeightStore.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "ir/ops/Elementwise.h"

#include "ir/Dialect.h.inc"
#include "ir/Enums.h.inc"
#include "ir/Interfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/Attributes.h.inc"

#define GET_OP_CLASSES
#include "ir/Ops.h.inc"

#endif

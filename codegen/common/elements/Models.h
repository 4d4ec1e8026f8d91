//===- Models.h - Implementations of IndexableOpInterface ----------------===//
#ifndef TENON_CODEGEN_COMMON_ELEMENTS_MODELS_H
#define TENON_CODEGEN_COMMON_ELEMENTS_MODELS_H

#include "codegen/common/ElementEmitter.h"

namespace tenon::codegen {

/// Base of a model: the external implementation of IndexableOpInterface for operation `Op`.
template <typename Model, typename Op> struct IndexableModel : IndexableOpInterface::ExternalModel<Model, Op> {
  using OpType = Op;
};

template <typename... Models> void attachModels(mlir::MLIRContext *context) {
  (Models::OpType::template attachInterface<Models>(*context), ...);
}

void attachMovementModels(mlir::MLIRContext *context);
void attachGatherModels(mlir::MLIRContext *context);
void attachReductionModels(mlir::MLIRContext *context);
void attachContractionModels(mlir::MLIRContext *context);

} // namespace tenon::codegen

#endif

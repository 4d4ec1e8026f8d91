//===- KernelTemplate.h - How a kind of kernel becomes code --------------===//
//
// Every tn.kernel is an instance of one template. A template recognises bodies it can lower (the fusion pass asks the
// same question before it forms a kernel), chooses a schedule for a target, and emits scf, vector and memref code for
// a range of the kernel's parallel space.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_CODEGEN_COMMON_KERNELTEMPLATE_H
#define TENON_CODEGEN_COMMON_KERNELTEMPLATE_H

#include "codegen/common/ElementEmitter.h"
#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/KernelModel.h"

namespace tenon::codegen {

/// A kernel function under construction: `void kernel(ptr buffers, i64 begin, i64 end, ptr scratch)`.
class KernelFunction {
public:
  /// Creates the function and its prologue. `body` is the block that the template lowers: its arguments stand for the
  /// inputs, its terminator yields the outputs; layouts come from the buffer types of `kernel`, or are row-major.
  KernelFunction(mlir::OpBuilder &b, mlir::ModuleOp module, llvm::StringRef name, tn::KernelOp kernel,
                 const Target &target);

  mlir::OpBuilder &builder() { return b; }
  mlir::Location getLoc() const { return loc; }
  const Target &getTarget() const { return target; }
  tn::KernelOp getKernel() const { return kernel; }
  mlir::func::FuncOp getFunction() const { return function; }
  mlir::Value getBegin() const { return begin; }
  mlir::Value getEnd() const { return end; }

  /// Memory of the i-th input or output.
  const Buffer &input(unsigned i) const { return inputs[i]; }
  const Buffer &output(unsigned i) const { return outputs[i]; }
  /// The part of the thread's scratch memory at a byte offset, as a one-dimensional memref.
  mlir::Value scratch(int64_t byteOffset, mlir::Type element);

  /// An emitter with all inputs bound.
  ElementEmitter emitter(int64_t lanes);

  /// Leaves the borders of padded results to emitBorders.
  void leaveBorders() { hasBorders = false; }
  bool fillsBorders() const { return hasBorders; }

private:
  Buffer makeBuffer(mlir::Value pointers, unsigned position, mlir::Type type);

  mlir::OpBuilder &b;
  mlir::Location loc;
  tn::KernelOp kernel;
  const Target &target;
  mlir::func::FuncOp function;
  mlir::Value begin, end, scratchPointer;
  llvm::SmallVector<Buffer> inputs, outputs;
  bool hasBorders = true;
};

/// A kernel model that can also be lowered.
class KernelTemplate : public KernelModel {
public:
  /// Emits the body of the function.
  virtual mlir::LogicalResult lower(KernelFunction &fn, mlir::DictionaryAttr schedule) const = 0;
};

/// All templates, most specific first.
llvm::ArrayRef<const KernelModel *> allTemplates();
/// The template of that name, or null.
const KernelTemplate *findTemplate(llvm::StringRef name);

/// The last of the schedules that cost least; there is one at least.
mlir::DictionaryAttr cheapest(llvm::ArrayRef<WeighedSchedule> weighed);
/// An integer entry of a schedule.
int64_t scheduled(mlir::DictionaryAttr schedule, llvm::StringRef name);
/// A schedule from names and integers.
mlir::DictionaryAttr makeSchedule(mlir::MLIRContext *context,
                                  llvm::ArrayRef<std::pair<llvm::StringRef, int64_t>> entries);

// One per folder of codegen/kernels.
const KernelTemplate &attentionTemplate();
const KernelTemplate &bandsTemplate();
const KernelTemplate &contractionTemplate();
const KernelTemplate &depthwiseTemplate();
const KernelTemplate &rowsTemplate();
const KernelTemplate &lstmTemplate();
const KernelTemplate &elementwiseTemplate();
const KernelTemplate &winogradTemplate();

} // namespace tenon::codegen

#endif

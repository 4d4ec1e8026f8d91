#include "codegen/common/KernelTemplate.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace tenon::codegen {

llvm::ArrayRef<const KernelModel *> allTemplates() {
  static const KernelModel *const templates[] = {&bandsTemplate(),    &depthwiseTemplate(),  &contractionTemplate(),
                                                 &winogradTemplate(), &attentionTemplate(),  &lstmTemplate(),
                                                 &rowsTemplate(),     &elementwiseTemplate()};
  return templates;
}

const KernelTemplate *findTemplate(llvm::StringRef name) {
  for (const KernelModel *t : allTemplates())
    if (t->getName() == name)
      return static_cast<const KernelTemplate *>(t);
  return nullptr;
}

DictionaryAttr cheapest(ArrayRef<WeighedSchedule> weighed) {
  const WeighedSchedule *best = &weighed.front();
  for (const WeighedSchedule &each : weighed)
    if (each.cost <= best->cost)
      best = &each;
  return best->schedule;
}

int64_t scheduled(DictionaryAttr schedule, llvm::StringRef name) { return schedule.getAs<IntegerAttr>(name).getInt(); }

DictionaryAttr makeSchedule(MLIRContext *context, llvm::ArrayRef<std::pair<llvm::StringRef, int64_t>> entries) {
  Builder b(context);
  SmallVector<NamedAttribute> attributes;
  for (auto &[name, value] : entries)
    attributes.push_back(b.getNamedAttr(name, b.getI64IntegerAttr(value)));
  return b.getDictionaryAttr(attributes);
}

//===----------------------------------------------------------------------===//
// KernelFunction
//===----------------------------------------------------------------------===//

/// A one-dimensional memref over a raw pointer. The length is not known to the code and never checked.
static Value memrefFromPointer(OpBuilder &b, Location loc, Value pointer, Type element) {
  auto type = MemRefType::get({ShapedType::kDynamic}, element);
  Type i64 = b.getI64Type();
  auto array = LLVM::LLVMArrayType::get(i64, 1);
  Type descriptor =
      LLVM::LLVMStructType::getLiteral(b.getContext(), {pointer.getType(), pointer.getType(), i64, array, array});
  Value value = LLVM::PoisonOp::create(b, loc, descriptor);
  Value zero = LLVM::ConstantOp::create(b, loc, i64, b.getI64IntegerAttr(0));
  Value one = LLVM::ConstantOp::create(b, loc, i64, b.getI64IntegerAttr(1));
  Value length = LLVM::ConstantOp::create(b, loc, i64, b.getI64IntegerAttr(INT64_MAX / 16));
  value = LLVM::InsertValueOp::create(b, loc, value, pointer, ArrayRef<int64_t>{0});
  value = LLVM::InsertValueOp::create(b, loc, value, pointer, ArrayRef<int64_t>{1});
  value = LLVM::InsertValueOp::create(b, loc, value, zero, ArrayRef<int64_t>{2});
  value = LLVM::InsertValueOp::create(b, loc, value, length, ArrayRef<int64_t>{3, 0});
  value = LLVM::InsertValueOp::create(b, loc, value, one, ArrayRef<int64_t>{4, 0});
  return UnrealizedConversionCastOp::create(b, loc, type, value).getResult(0);
}

Buffer KernelFunction::makeBuffer(Value pointers, unsigned position, Type type) {
  Type pointerType = LLVM::LLVMPointerType::get(b.getContext());
  Value slot = LLVM::GEPOp::create(b, loc, pointerType, pointerType, pointers,
                                   ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(position)});
  Value pointer = LLVM::LoadOp::create(b, loc, pointerType, slot);
  Buffer buffer;
  auto shaped = cast<ShapedType>(type);
  buffer.memref = memrefFromPointer(b, loc, pointer, storageType(shaped.getElementType()));
  // The pointer that the host passes already includes the view's offset.
  auto memref = dyn_cast<MemRefType>(type);
  buffer.strides = memref ? memref.getStridesAndOffset().first : rowMajorStrides(shaped.getShape());
  return buffer;
}

KernelFunction::KernelFunction(OpBuilder &b, ModuleOp module, llvm::StringRef name, tn::KernelOp kernel,
                               const Target &target)
    : b(b), loc(b.getUnknownLoc()), kernel(kernel), target(target) {
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  b.setInsertionPointToEnd(module.getBody());
  function =
      func::FuncOp::create(b, loc, name, b.getFunctionType({pointer, b.getI64Type(), b.getI64Type(), pointer}, {}));
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  begin = arith::IndexCastOp::create(b, loc, b.getIndexType(), entry->getArgument(1));
  end = arith::IndexCastOp::create(b, loc, b.getIndexType(), entry->getArgument(2));
  scratchPointer = entry->getArgument(3);
  Value pointers = entry->getArgument(0);
  for (auto [i, type] : llvm::enumerate(kernel.getInputs().getTypes()))
    inputs.push_back(makeBuffer(pointers, i, type));
  TypeRange outputTypes =
      kernel.isBufferForm() ? TypeRange(kernel.getOutputs().getTypes()) : TypeRange(kernel.getResultTypes());
  for (auto [i, type] : llvm::enumerate(outputTypes))
    outputs.push_back(makeBuffer(pointers, inputs.size() + i, type));
}

Value KernelFunction::scratch(int64_t byteOffset, Type element) {
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value at = LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), scratchPointer,
                                 ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(byteOffset)});
  return memrefFromPointer(b, loc, at, element);
}

ElementEmitter KernelFunction::emitter(int64_t lanes) {
  ElementEmitter e(b, loc, lanes);
  for (auto [i, argument] : llvm::enumerate(kernel.getBlock()->getArguments()))
    e.bind(argument, inputs[i]);
  return e;
}

} // namespace tenon::codegen

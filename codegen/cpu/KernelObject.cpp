#include "codegen/cpu/KernelObject.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/MemoryBufferRef.h"

using namespace mlir;

namespace tenon::codegen {

/// What every kernel is called until it is given its name, which counts the kernels of one program.
constexpr llvm::StringLiteral kSymbol("kernel");

/// Copies a kernel into an empty module, with no schedule but one target's: what is not in the copy can't decide its
/// code, so that the text of the copy is a key for the code.
static tn::KernelOp isolateKernel(ModuleOp module, tn::KernelOp kernel, const Target &target) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  auto function = func::FuncOp::create(b, kernel.getLoc(), kSymbol, b.getFunctionType(kernel->getOperandTypes(), {}));
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToEnd(entry);
  auto copy = cast<tn::KernelOp>(b.clone(*kernel));
  copy->setOperands(entry->getArguments());
  auto schedules = kernel.getSchedule();
  if (Attribute schedule = schedules ? schedules->get(target.name) : Attribute())
    copy.setScheduleAttr(b.getDictionaryAttr(b.getNamedAttr(target.name, schedule)));
  return copy;
}

/// Whether the body refers to bytes outside of it, which a key does not cover.
static bool hasWeights(tn::KernelOp kernel) {
  AttrTypeWalker walker;
  walker.addWalk([](tn::WeightAttr) { return WalkResult::interrupt(); });
  WalkResult result = kernel.getBody().walk([&](Operation *op) { return walker.walk(op->getAttrDictionary()); });
  return result.wasInterrupted();
}

/// Appends the object with its kernel's name.
static LogicalResult nameKernel(llvm::StringRef object, llvm::StringRef symbol, llvm::SmallVectorImpl<char> &out) {
  auto file = llvm::object::ObjectFile::createELFObjectFile(llvm::MemoryBufferRef(object, symbol));
  llvm::objcopy::ConfigManager config;
  config.Common.InputFilename = config.Common.OutputFilename = symbol;
  config.Common.SymbolsToRename[kSymbol] = symbol;
  llvm::raw_svector_ostream stream(out);
  llvm::Error error = file ? llvm::objcopy::executeObjcopyOnBinary(config, **file, stream) : file.takeError();
  bool failed = static_cast<bool>(error);
  llvm::consumeError(std::move(error));
  return failure(failed);
}

LogicalResult compileKernelObject(tn::KernelOp kernel, llvm::StringRef symbol, const Target &target, CodeLevel level,
                                  KernelCache *cache, llvm::SmallVectorImpl<char> &out) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(kernel.getContext()));
  tn::KernelOp copy = isolateKernel(*module, kernel, target);
  if (hasWeights(copy))
    cache = nullptr;
  auto key = cache ? KernelCache::keyOf(copy, target, level) : KernelCache::Key();
  llvm::SmallVector<char, 0> object;
  if (!cache || !cache->find(key, object)) {
    if (failed(compileKernel(copy, kSymbol, target, CodeForm::Object, object, level)))
      return failure();
    if (cache)
      cache->store(key, object);
  }
  return nameKernel(llvm::StringRef(object.data(), object.size()), symbol, out);
}

} // namespace tenon::codegen

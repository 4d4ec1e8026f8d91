//===- Descriptor.cpp - Host code and descriptor of a program ------------===//
//
// Writes, as LLVM IR, the structures of runtime/include/tenon/abi.h for one program, and per level a function that
// launches the steps in order. Field for field the same as the header.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Descriptor.h"
#include "codegen/cpu/CheckTables.h"
#include "runtime/include/tenon/abi.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace mlir;

namespace tenon::codegen {

uint16_t abiType(Type type) {
  if (type.isF64())
    return TN_F64;
  if (type.isF32())
    return TN_F32;
  if (type.isF16())
    return TN_F16;
  if (type.isBF16())
    return TN_BF16;
  if (type.isInteger(1))
    return TN_BOOL;
  if (isa<Float8E4M3FNType>(type))
    return TN_F8E4M3FN;
  if (isa<Float8E4M3FNUZType>(type))
    return TN_F8E4M3FNUZ;
  if (isa<Float8E5M2Type>(type))
    return TN_F8E5M2;
  if (isa<Float8E5M2FNUZType>(type))
    return TN_F8E5M2FNUZ;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return TN_INVALID;
  bool isU = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 8:
    return isU ? TN_U8 : TN_I8;
  case 16:
    return isU ? TN_U16 : TN_I16;
  case 32:
    return isU ? TN_U32 : TN_I32;
  case 64:
    return isU ? TN_U64 : TN_I64;
  default:
    return TN_INVALID;
  }
}

namespace {

class DescriptorWriter : ConstantTables {
public:
  DescriptorWriter(llvm::Module &module, const Program &program, const KernelLibrary &library)
      : ConstantTables(module), b(context), program(program), library(library), checks(*this, program) {}

  void write(llvm::StringRef querySymbol, bool linkedWeights, const std::array<uint8_t, 32> &hash) {
    llvm::Constant *desc = writeModel(querySymbol, linkedWeights, hash);
    auto *type = llvm::FunctionType::get(ptr, {b.getInt32Ty()}, false);
    auto *query = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, querySymbol, module);
    b.SetInsertPoint(llvm::BasicBlock::Create(context, "", query));
    llvm::Value *known = b.CreateICmpUGE(query->getArg(0), b.getInt32(TN_ABI_VERSION));
    b.CreateRet(b.CreateSelect(known, desc, null()));
    if (!linkedWeights) // the note is for what is loaded from a file of its own
      writeNote();
  }

private:
  llvm::Constant *tensors(llvm::ArrayRef<Program::Value> values) {
    llvm::SmallVector<llvm::Constant *> list;
    for (const Program::Value &value : values) {
      list.push_back(sized({i16(TN_TENSOR), i16(abiType(value.type.getElementType())), string(value.name),
                            i32(value.type.getRank()), i32(-1), numbers(value.type.getShape(), "dims")},
                           sizeof(tn_tensor_desc)));
    }
    return array(list, "tensors");
  }

  llvm::Constant *writeModel(llvm::StringRef querySymbol, bool linkedWeights, const std::array<uint8_t, 32> &hash) {
    llvm::SmallVector<llvm::Constant *> kernels;
    for (const Program::Kernel &kernel : program.kernels)
      kernels.push_back(sized({i32(0), string(kernel.name), string(*tn::KernelOp(kernel.op).getTemplateName())},
                              sizeof(tn_kernel_desc)));
    llvm::Constant *weights = null();
    if (linkedWeights && program.weightBytes > 0) {
      auto *symbol = new llvm::GlobalVariable(module, b.getInt8Ty(), true, llvm::GlobalValue::ExternalLinkage, nullptr,
                                              querySymbol + "_weights");
      symbol->setVisibility(llvm::GlobalValue::HiddenVisibility);
      weights = symbol;
    }
    llvm::Constant *entries = array({writeEntry()}, "entries");
    return global(sized({i32(TN_MODEL_MAGIC), i32(TN_ABI_VERSION), i32(1), string(program.name), string(producer()),
                         entries, i32(kernels.size()), i32(0), array(kernels, "kernels"), i64(program.weightBytes),
                         weights, llvm::ConstantDataArray::get(context, llvm::ArrayRef<uint8_t>(hash))},
                        sizeof(tn_model_desc)),
                  "model");
  }

  llvm::Constant *writeEntry() {
    llvm::SmallVector<llvm::Constant *> levels, steps;
    for (const Target *target : library.targets)
      levels.push_back(sized({i32(target->requiredFeatures), string(target->name), writeRun(*target),
                              i64(program.arenaBytes), i64(scratchBytes(*target)), null()},
                             sizeof(tn_level_entry)));
    for (const Program::Step &step : program.steps)
      steps.push_back(
          sized({i32(step.kernel), string(step.sources), i64(step.flops), i64(step.bytes)}, sizeof(tn_step_desc)));
    return sized({i32(program.inputs.size()), i32(program.outputs.size()), i32(0), i32(levels.size()),
                  i32(steps.size()), string("main"), tensors(program.inputs), tensors(program.outputs), null(),
                  array(levels, "levels"), array(steps, "steps"), i64(program.arenaLowerBound)},
                 sizeof(tn_entry_desc));
  }

  /// Who made the artifact, and what it checks.
  std::string producer() {
    std::string text = "tenon 0.1.0";
    if (program.checkValues)
      text += program.guardBytes ? ", checks values and bounds" : ", checks values";
    else if (program.guardBytes)
      text += ", checks bounds";
    return text;
  }

  const KernelModel &modelOf(tn::KernelOp kernel) { return *library.find(*kernel.getTemplateName()); }
  static DictionaryAttr scheduleOf(tn::KernelOp kernel, const Target &target) {
    return kernel.getSchedule()->getAs<DictionaryAttr>(target.name);
  }

  uint64_t scratchBytes(const Target &target) {
    uint64_t bytes = 0;
    for (const Program::Kernel &kernel : program.kernels)
      bytes = std::max<uint64_t>(bytes, modelOf(kernel.op).scratchBytes(kernel.op, scheduleOf(kernel.op, target)));
    return bytes;
  }

  /// i32 run(tn_invocation *): the steps in order.
  llvm::Constant *writeRun(const Target &target) {
    auto *type = llvm::FunctionType::get(b.getInt32Ty(), {ptr}, false);
    auto *run = llvm::Function::Create(type, llvm::GlobalValue::PrivateLinkage, "run_" + target.name, module);
    b.SetInsertPoint(llvm::BasicBlock::Create(context, "", run));
    llvm::Value *invocation = run->getArg(0);
    auto field = [&](size_t offset) {
      return b.CreateLoad(ptr, b.CreateConstGEP1_64(b.getInt8Ty(), invocation, offset));
    };
    llvm::Value *api = field(offsetof(tn_invocation, api));
    llvm::Value *parallel =
        b.CreateLoad(ptr, b.CreateConstGEP1_64(b.getInt8Ty(), api, offsetof(tn_host_api, parallel)));
    llvm::Value *arena = field(offsetof(tn_invocation, arena)), *weights = field(offsetof(tn_invocation, weights));
    llvm::Value *inputs = field(offsetof(tn_invocation, inputs)), *outputs = field(offsetof(tn_invocation, outputs));
    size_t most = 1;
    for (const Program::Step &step : program.steps)
      most = std::max(most, step.buffers.size());
    llvm::Value *buffers = b.CreateAlloca(ptr, i32(most));
    auto *callType = llvm::FunctionType::get(b.getVoidTy(), {ptr, b.getInt32Ty(), ptr, ptr, b.getInt64Ty()}, false);
    for (auto [s, step] : llvm::enumerate(program.steps)) {
      tn::KernelOp kernel = program.kernels[step.kernel].op;
      int64_t extent = modelOf(kernel).extent(kernel, scheduleOf(kernel, target));
      if (extent == 0)
        continue;
      for (auto [i, buffer] : llvm::enumerate(step.buffers)) {
        llvm::Value *base = buffer.kind == Program::Buffer::Arena ? arena : weights;
        if (buffer.kind == Program::Buffer::Input || buffer.kind == Program::Buffer::Output)
          base = b.CreateLoad(
              ptr, b.CreateConstGEP1_64(ptr, buffer.kind == Program::Buffer::Input ? inputs : outputs, buffer.index));
        b.CreateStore(b.CreateConstGEP1_64(b.getInt8Ty(), base, buffer.offset), b.CreateConstGEP1_64(ptr, buffers, i));
      }
      llvm::Value *seen = checked() ? checkBefore(s, buffers) : nullptr;
      b.CreateCall(callType, parallel,
                   {invocation, i32(s), kernelFunction(program.kernels[step.kernel], target), buffers, i64(extent)});
      if (checked())
        checkAfter(s, invocation, buffers, seen);
    }
    b.CreateRet(i32(0));
    return run;
  }

  bool checked() const { return program.checkValues || program.guardBytes; }

  /// One table for the code of all levels.
  llvm::Constant *checkStep(size_t s) {
    checkSteps.resize(program.steps.size());
    if (!checkSteps[s])
      checkSteps[s] = checks.step(s);
    return checkSteps[s];
  }

  llvm::Value *checkBefore(size_t s, llvm::Value *buffers) {
    auto *type = llvm::FunctionType::get(b.getInt32Ty(), {ptr, ptr}, false);
    return b.CreateCall(hiddenFunction("tn_check_before", type), {checkStep(s), buffers});
  }

  /// Returns the status of what was found.
  void checkAfter(size_t s, llvm::Value *invocation, llvm::Value *buffers, llvm::Value *seen) {
    auto *type = llvm::FunctionType::get(b.getInt32Ty(), {ptr, ptr, ptr, b.getInt32Ty()}, false);
    llvm::Value *status =
        b.CreateCall(hiddenFunction("tn_check_after", type), {invocation, checkStep(s), buffers, seen});
    llvm::Function *run = b.GetInsertBlock()->getParent();
    auto *found = llvm::BasicBlock::Create(context, "", run), *next = llvm::BasicBlock::Create(context, "", run);
    b.CreateCondBr(b.CreateICmpEQ(status, i32(0)), next, found);
    b.SetInsertPoint(found);
    b.CreateRet(status);
    b.SetInsertPoint(next);
  }

  llvm::Function *kernelFunction(const Program::Kernel &kernel, const Target &target) {
    return hiddenFunction(kernelSymbol(kernel, target),
                          llvm::FunctionType::get(b.getVoidTy(), {ptr, b.getInt64Ty(), b.getInt64Ty(), ptr}, false));
  }

  /// A function of another object of the artifact.
  llvm::Function *hiddenFunction(const std::string &name, llvm::FunctionType *type) {
    auto *function = llvm::cast<llvm::Function>(module.getOrInsertFunction(name, type).getCallee());
    function->setVisibility(llvm::GlobalValue::HiddenVisibility);
    return function;
  }

  void writeNote() {
    llvm::SmallVector<llvm::Constant *> features(8, i32(0));
    for (auto [i, target] : llvm::enumerate(library.targets))
      features[i] = i32(target->requiredFeatures);
    auto *list = llvm::ConstantArray::get(llvm::ArrayType::get(b.getInt32Ty(), 8), features);
    llvm::Constant *body = sized({i32(TN_MODEL_MAGIC), i32(TN_ABI_VERSION), i32(llvm::ELF::EM_X86_64),
                                  i32(library.targets.size()), list, i32(0), i64(program.weightBytes), i64(0), i64(0)},
                                 sizeof(tn_note));
    llvm::Constant *owner = llvm::ConstantDataArray::getString(context, llvm::StringRef("Tenon\0\0", 7));
    // Header and owner take 20 bytes; the descriptor follows without a gap.
    llvm::Constant *note =
        llvm::ConstantStruct::getAnon(context, {i32(6), i32(sizeof(tn_note)), i32(TN_NOTE_TYPE), owner, body},
                                      /*Packed=*/true);
    auto *variable =
        new llvm::GlobalVariable(module, note->getType(), true, llvm::GlobalValue::PrivateLinkage, note, "tenon_note");
    variable->setSection(".note.tenon");
    variable->setAlignment(llvm::Align(4));
    used(variable);
  }

  void used(llvm::GlobalVariable *variable) {
    auto *type = llvm::ArrayType::get(ptr, 1);
    auto *list = new llvm::GlobalVariable(module, type, false, llvm::GlobalValue::AppendingLinkage,
                                          llvm::ConstantArray::get(type, {variable}), "llvm.used");
    list->setSection("llvm.metadata");
  }

  llvm::IRBuilder<> b;
  const Program &program;
  const KernelLibrary &library;
  CheckTables checks;
  std::vector<llvm::Constant *> checkSteps; ///< by step; null until it is needed
};

} // namespace

std::string kernelSymbol(const Program::Kernel &kernel, const Target &target) {
  std::string level = target.name;
  std::replace(level.begin(), level.end(), '-', '_');
  return "tn_" + kernel.symbol + "_" + level;
}

void writeDescriptor(llvm::Module &module, const Program &program, const KernelLibrary &library,
                     llvm::StringRef querySymbol, bool linkedWeights, const std::array<uint8_t, 32> &weightsHash) {
  DescriptorWriter(module, program, library).write(querySymbol, linkedWeights, weightsHash);
}

} // namespace tenon::codegen

//===- ConstantTables.h - C structures as LLVM constants -----------------===//
#ifndef TENON_CODEGEN_CPU_CONSTANTTABLES_H
#define TENON_CODEGEN_CPU_CONSTANTTABLES_H

#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Module.h"

namespace tenon::codegen {

/// Makes constants of a module that have the layout of C structures. Sizes are checked against the headers'.
class ConstantTables {
public:
  explicit ConstantTables(llvm::Module &module)
      : module(module), context(module.getContext()), ptr(llvm::PointerType::get(context, 0)) {}

  llvm::Constant *i16(uint16_t v) { return llvm::ConstantInt::get(llvm::Type::getInt16Ty(context), v); }
  llvm::Constant *i32(uint32_t v) { return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), v); }
  llvm::Constant *i64(uint64_t v) { return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), v); }
  llvm::Constant *null() { return llvm::ConstantPointerNull::get(ptr); }

  llvm::Constant *global(llvm::Constant *value, const char *name) {
    return new llvm::GlobalVariable(module, value->getType(), true, llvm::GlobalValue::PrivateLinkage, value, name);
  }

  llvm::Constant *string(llvm::StringRef text) {
    auto *variable = llvm::cast<llvm::GlobalVariable>(global(llvm::ConstantDataArray::getString(context, text), "str"));
    variable->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
    return variable;
  }

  llvm::Constant *structure(llvm::ArrayRef<llvm::Constant *> fields, size_t expected) {
    llvm::Constant *made = llvm::ConstantStruct::getAnon(context, fields);
    assert(module.getDataLayout().getTypeAllocSize(made->getType()) == expected && "differs from the header");
    (void)expected;
    return made;
  }

  /// A structure whose first field is its own size.
  llvm::Constant *sized(llvm::ArrayRef<llvm::Constant *> fields, size_t expected) {
    llvm::SmallVector<llvm::Constant *> all = {i32(expected)};
    all.append(fields.begin(), fields.end());
    return structure(all, expected);
  }

  /// Null if there are no elements.
  llvm::Constant *array(llvm::ArrayRef<llvm::Constant *> elements, const char *name) {
    if (elements.empty())
      return null();
    auto *type = llvm::ArrayType::get(elements[0]->getType(), elements.size());
    return global(llvm::ConstantArray::get(type, elements), name);
  }

  llvm::Constant *numbers(llvm::ArrayRef<int64_t> values, const char *name) {
    llvm::SmallVector<llvm::Constant *> elements;
    for (int64_t v : values)
      elements.push_back(i64(v));
    return array(elements, name);
  }

  llvm::Module &module;
  llvm::LLVMContext &context;
  llvm::PointerType *const ptr;
};

} // namespace tenon::codegen

#endif

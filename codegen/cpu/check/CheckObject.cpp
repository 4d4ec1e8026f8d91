// The object of Check.c as bytes of the compiler.
#include "codegen/cpu/CheckTables.h"

__asm__(".section .rodata.tenon_check,\"a\",%progbits\n"
        ".balign 16\n"
        "tenon_check_begin: .incbin \"" TENON_CHECK_OBJECT "\"\n"
        "tenon_check_end:\n"
        ".text\n");

extern const char checkBegin[] __asm__("tenon_check_begin"), checkEnd[] __asm__("tenon_check_end");

llvm::ArrayRef<char> tenon::codegen::checkObject() { return {checkBegin, checkEnd}; }

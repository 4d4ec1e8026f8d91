//===- Header.h - The C header of a compiled object ----------------------===//
#ifndef TENON_TOOLS_COMPILER_HEADER_H
#define TENON_TOOLS_COMPILER_HEADER_H

#include "codegen/cpu/Program.h"
#include <string>

namespace tenon {

/// `name` as an identifier of C: what is no letter or digit becomes an underscore.
std::string makeIdentifier(llvm::StringRef name);

/// A C header that declares the object's query function and says what goes in and out.
std::string writeHeader(const codegen::Program &program, const std::string &name);

} // namespace tenon

#endif

//===- CompilerIdentity.h - Which compiler this is -----------------------===//
#ifndef TENON_CODEGEN_CPU_COMPILERIDENTITY_H
#define TENON_CODEGEN_CPU_COMPILERIDENTITY_H

#include <string>

namespace tenon::codegen {

/// Changes whenever any code of this process does: the build ids of the program and of the libraries that it has
/// loaded, LLVM's among them. Where a linker has left none, the hash of the file stands in. Empty if neither can be
/// had.
const std::string &compilerIdentity();

} // namespace tenon::codegen

#endif

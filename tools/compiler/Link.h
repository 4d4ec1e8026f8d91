//===- Link.h - Objects to a shared library with weights -----------------===//
#ifndef TENON_TOOLS_COMPILER_LINK_H
#define TENON_TOOLS_COMPILER_LINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <string>
#include <vector>

namespace tenon {

/// How lld is to join objects.
enum class LinkKind { SharedLibrary, Relocatable };

/// Links objects into one file; `export_` is the only symbol that stays visible. lld runs in a child process. On
/// failure `message` has what lld said.
bool linkObjects(llvm::ArrayRef<llvm::SmallVector<char, 0>> objects, LinkKind kind, const std::string &exported,
                 const std::string &output, std::string &message);

/// Room for the weight block made in a linked shared library: appends the section .tn.weights of `bytes` zeros, page
/// aligned, and returns its file offset; -1 on failure.
int64_t appendWeightsSection(const std::string &path, int64_t bytes, std::string &message);

} // namespace tenon

#endif

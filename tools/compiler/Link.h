//===- Link.h - Objects to one file with weights -------------------------===//
#ifndef TENON_TOOLS_COMPILER_LINK_H
#define TENON_TOOLS_COMPILER_LINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <string>

namespace tenon {

/// How lld is to join objects.
enum class LinkKind { SharedLibrary, Relocatable };

/// Links objects into one image; `exported` is the only symbol that others can see. lld runs in a child
/// process. On failure `message` has what lld said.
bool linkObjects(llvm::ArrayRef<llvm::SmallVector<char, 0>> objects, LinkKind kind, const std::string &exported,
                 std::string &image, std::string &message);

/// Where the weight block goes in the file of a linked image: the image, then the block at `offset`, then
/// `tail` at `tailOffset`, which is the end.
struct WeightsPlace {
  int64_t offset = 0;
  int64_t tailOffset = 0;
  std::string tail;
};

/// Plans the section .tn.weights of `bytes` behind a linked image, whose headers are changed for it. In a
/// shared library it is not loaded, but mapped by the runtime; in an object `symbol` is defined to be its
/// start. False, with a message, if the image is not what the linker writes.
bool placeWeights(std::string &image, LinkKind kind, int64_t bytes, const std::string &symbol, WeightsPlace &place,
                  std::string &message);

} // namespace tenon

#endif

#include "codegen/cpu/CompilerIdentity.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SHA256.h"
#include <cstring>
#include <link.h>

namespace tenon::codegen {

namespace {

/// The build id in a segment of notes, or nothing. Reads what the loader has mapped, not the file, which may have been
/// replaced since.
llvm::StringRef buildIdIn(llvm::StringRef notes) {
  ElfW(Nhdr) head;
  while (notes.size() >= sizeof head) {
    std::memcpy(&head, notes.data(), sizeof head);
    uint64_t name = sizeof head, value = name + llvm::alignTo(uint64_t(head.n_namesz), 4);
    if (value + head.n_descsz > notes.size())
      return {};
    if (head.n_type == NT_GNU_BUILD_ID && notes.substr(name, head.n_namesz) == llvm::StringRef("GNU", 4))
      return notes.substr(value, head.n_descsz);
    notes = notes.drop_front(std::min<uint64_t>(value + llvm::alignTo(uint64_t(head.n_descsz), 4), notes.size()));
  }
  return {};
}

std::string hashOfFile(const char *path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return {};
  llvm::SHA256 sha;
  sha.update((*file)->getBuffer());
  return llvm::toHex(sha.final());
}

struct Collected {
  std::string text;
  bool complete = true;
};

int addObject(dl_phdr_info *info, size_t, void *user) {
  auto &collected = *static_cast<Collected *>(user);
  llvm::StringRef path = info->dlpi_name;
  if (path.empty())
    path = "/proc/self/exe";
  if (!path.contains('/')) // the kernel's own object, which holds no code of the compiler
    return 0;
  std::string id;
  for (int i = 0; i < info->dlpi_phnum && id.empty(); ++i) {
    const ElfW(Phdr) &segment = info->dlpi_phdr[i];
    if (segment.p_type == PT_NOTE)
      id = llvm::toHex(
          buildIdIn({reinterpret_cast<const char *>(info->dlpi_addr + segment.p_vaddr), size_t(segment.p_memsz)}));
  }
  if (id.empty())
    id = hashOfFile(path.data());
  collected.complete &= !id.empty();
  collected.text += id + "\n";
  return 0;
}

} // namespace

const std::string &compilerIdentity() {
  static const std::string identity = [] {
    Collected collected;
    dl_iterate_phdr(addObject, &collected);
    return collected.complete ? collected.text : std::string();
  }();
  return identity;
}

} // namespace tenon::codegen

//===- EmitObject.cpp - Objects and archives with their header -----------===//
#include "codegen/cpu/Program.h"
#include "tools/compiler/Compiler.h"
#include "tools/compiler/Header.h"
#include "tools/compiler/Link.h"
#include "tools/compiler/OutputFile.h"
#include "tools/compiler/Phase.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace tenon {

/// Header of an archive's member: fixed-width text. Time and owner are zero, so that equal objects give equal
/// archives.
static std::string memberHeader(llvm::StringRef name, uint64_t bytes) {
  char text[61];
  std::snprintf(text, sizeof text, "%-16s%-12d%-6d%-6d%-8s%-10llu`\n", name.str().c_str(), 0, 0, 0, "100644",
                static_cast<unsigned long long>(bytes));
  return text;
}

/// What stands before the one object of an archive of `bytes`: magic, symbol table, member header. The
/// object's bytes can then be written to their place in the archive at once, however many they are.
static std::string archivePrefix(llvm::ArrayRef<std::string> symbols, uint64_t bytes) {
  std::string names;
  for (const std::string &symbol : symbols)
    names += symbol + '\0';
  // The object begins at a multiple of eight: 8 + 60 + table + 60.
  size_t tableBytes = llvm::alignTo(4 + 4 * symbols.size() + names.size(), 8);
  std::string table(tableBytes, '\0');
  uint32_t member = 8 + 60 + tableBytes;
  llvm::support::endian::write32be(table.data(), symbols.size());
  for (size_t i = 0; i < symbols.size(); ++i)
    llvm::support::endian::write32be(table.data() + 4 + 4 * i, member);
  table.replace(4 + 4 * symbols.size(), names.size(), names);
  return "!<arch>\n" + memberHeader("/", tableBytes) + table + memberHeader("model.o/", bytes);
}

bool Compiler::emitObject(const std::string &path, OutputKind kind, const std::string &givenName) {
  std::string name = makeIdentifier(givenName), query = name + "_query", image;
  llvm::SmallString<128> headerPath(path);
  llvm::sys::path::replace_extension(headerPath, ".h");
  OutputFile object(path), header(headerPath.str().str());
  for (OutputFile *file : {&object, &header})
    if (!file->open())
      return fail(ErrorKind::InputOutput, file->getError());
  codegen::Program program;
  if (!collect(program, name))
    return false;
  auto prefix = [&](uint64_t bytes) {
    return kind == OutputKind::Archive ? archivePrefix({query}, bytes) : std::string();
  };
  if (!compileAndLink(program, LinkKind::Relocatable, query, image) ||
      !writeArtifact(object, program, LinkKind::Relocatable, query, image, prefix))
    return false;
  std::string text = writeHeader(program, name);
  if (!header.write(text, 0) || !header.commit())
    return fail(ErrorKind::InputOutput, header.getError());
  return object.commit() || fail(ErrorKind::InputOutput, object.getError());
}

} // namespace tenon

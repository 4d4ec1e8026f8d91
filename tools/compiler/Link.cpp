#include "tools/compiler/Link.h"
#include "lld/Common/Driver.h"
#include "runtime/include/tenon/abi.h"
#include "tools/compiler/Supervisor.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <cstring>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

LLD_HAS_DRIVER(elf)

namespace tenon {

namespace {

/// A temporary directory that is gone when the object is.
struct ScratchDirectory {
  ScratchDirectory() {
    valid = !llvm::sys::fs::createUniqueDirectory("tenon", path);
    if (valid)
      registration = registerTemporary(path);
  }
  ~ScratchDirectory() {
    if (valid)
      llvm::sys::fs::remove_directories(path);
    unregisterTemporary(registration);
  }
  std::string file(const llvm::Twine &name) const { return (path + "/" + name).str(); }

  llvm::SmallString<128> path;
  bool valid;
  int registration = -1;
};

bool writeFile(const std::string &path, llvm::ArrayRef<char> bytes) {
  std::error_code code;
  llvm::raw_fd_ostream out(path, code);
  if (code)
    return false;
  out.write(bytes.data(), bytes.size());
  out.close();
  bool good = !out.has_error();
  out.clear_error();
  return good;
}

/// Runs lld in a child, because it may exit and keeps global state; its messages come back through a pipe.
bool runLinker(const std::vector<std::string> &arguments, std::string &message) {
  int pipes[2];
  if (pipe(pipes) != 0) {
    message = "cannot start the linker";
    return false;
  }
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(pipes[0]);
    std::string text;
    llvm::raw_string_ostream stream(text);
    std::vector<const char *> argv;
    for (const std::string &argument : arguments)
      argv.push_back(argument.c_str());
    lld::Result result = lld::lldMain(argv, stream, stream, {{lld::Gnu, &lld::elf::link}});
    ssize_t ignored = write(pipes[1], text.data(), text.size());
    (void)ignored;
    _exit(result.retCode == 0 ? 0 : 1);
  }
  close(pipes[1]);
  char buffer[4096];
  for (ssize_t n; child > 0 && (n = read(pipes[0], buffer, sizeof buffer)) > 0;)
    message.append(buffer, n);
  close(pipes[0]);
  int status = 1;
  if (child > 0)
    waitpid(child, &status, 0);
  return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::vector<std::string> linkerArguments(LinkKind kind, const std::string &exported, const ScratchDirectory &scratch) {
  std::vector<std::string> arguments = {"ld.lld", "--threads=1", "-o", scratch.file("linked")};
  if (kind == LinkKind::Relocatable) {
    arguments.push_back("-r");
    return arguments;
  }
  // Nothing may be left undefined: the model brings all it needs.
  std::string script = scratch.file("exports"), text = "{ global: " + exported + "; local: *; };";
  writeFile(script, llvm::ArrayRef<char>(text.data(), text.size()));
  for (const char *option : {"-shared", "--no-undefined", "--gc-sections", "-z", "relro", "-z", "now",
                             "--build-id=none", "--hash-style=gnu", "--strip-debug"})
    arguments.push_back(option);
  arguments.push_back("--version-script=" + script);
  arguments.push_back("--soname=" + exported);
  return arguments;
}

/// Makes hidden symbols local, so that two models can be linked into one program.
bool localizeHidden(std::string &image, std::string &message) {
  auto object = llvm::object::ObjectFile::createELFObjectFile(llvm::MemoryBufferRef(image, "linked"));
  llvm::objcopy::ConfigManager config;
  config.Common.OutputFilename = "linked";
  config.Common.InputFilename = "linked";
  config.ELF.LocalizeHidden = true;
  llvm::SmallVector<char, 0> result;
  llvm::raw_svector_ostream stream(result);
  llvm::Error error = object ? llvm::objcopy::executeObjcopyOnBinary(config, **object, stream) : object.takeError();
  if (error) {
    message = llvm::toString(std::move(error));
    return false;
  }
  image.assign(result.data(), result.size());
  return true;
}

/// An ELF image whose tables are changed in place.
struct ElfImage {
  using Header = llvm::ELF::Elf64_Ehdr;
  using Section = llvm::ELF::Elf64_Shdr;
  using Symbol = llvm::ELF::Elf64_Sym;

  explicit ElfImage(std::string &image) : image(image) {
    std::memcpy(&header, image.data(), sizeof header);
    sections.resize(header.e_shnum);
    std::memcpy(sections.data(), image.data() + header.e_shoff, sections.size() * sizeof(Section));
  }

  /// Defines an undefined symbol as the start of a section.
  bool define(llvm::StringRef name, size_t section, int64_t bytes) {
    for (const Section &table : sections) {
      if (table.sh_type != llvm::ELF::SHT_SYMTAB)
        continue;
      const char *names = image.data() + sections[table.sh_link].sh_offset;
      for (uint64_t at = 0; at < table.sh_size; at += sizeof(Symbol)) {
        auto *symbol = reinterpret_cast<Symbol *>(image.data() + table.sh_offset + at);
        if (names + symbol->st_name != name)
          continue;
        symbol->st_shndx = section;
        symbol->st_size = bytes;
        symbol->setType(llvm::ELF::STT_OBJECT);
        return true;
      }
    }
    return false;
  }

  std::string &image;
  Header header;
  std::vector<Section> sections;
};

} // namespace

bool linkObjects(llvm::ArrayRef<llvm::SmallVector<char, 0>> objects, LinkKind kind, const std::string &exported,
                 std::string &image, std::string &message) {
  ScratchDirectory scratch;
  if (!scratch.valid) {
    message = "cannot create a temporary directory";
    return false;
  }
  std::vector<std::string> arguments = linkerArguments(kind, exported, scratch);
  for (size_t i = 0; i < objects.size(); ++i) {
    std::string path = scratch.file(llvm::Twine(i) + ".o");
    if (!writeFile(path, objects[i])) {
      message = "cannot write a temporary file in " + scratch.path.str().str();
      return false;
    }
    arguments.push_back(path);
  }
  if (!runLinker(arguments, message))
    return false;
  auto linked = llvm::MemoryBuffer::getFile(scratch.file("linked"), /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!linked) {
    message = "cannot read the linked file";
    return false;
  }
  image = (*linked)->getBuffer().str();
  return kind == LinkKind::SharedLibrary || localizeHidden(image, message);
}

bool placeWeights(std::string &image, LinkKind kind, int64_t bytes, const std::string &symbol, WeightsPlace &place,
                  std::string &message) {
  using namespace llvm::ELF;
  ElfImage elf(image);
  if (elf.header.e_shnum == 0 || elf.header.e_shnum >= SHN_LORESERVE - 1) {
    message = "too many sections in the linked file";
    return false;
  }
  bool loaded = kind == LinkKind::Relocatable;
  Elf64_Shdr &strings = elf.sections[elf.header.e_shstrndx];
  place.tail = image.substr(strings.sh_offset, strings.sh_size);
  place.offset = llvm::alignTo(image.size(), 4096);
  place.tailOffset = place.offset + llvm::alignTo(bytes, 8);
  Elf64_Shdr weights = {};
  weights.sh_name = place.tail.size();
  weights.sh_type = SHT_PROGBITS;
  weights.sh_flags = loaded ? SHF_ALLOC : 0;
  weights.sh_offset = place.offset;
  weights.sh_size = bytes;
  weights.sh_addralign = loaded ? 64 : 4096;
  place.tail += TN_WEIGHTS_SECTION;
  place.tail.push_back('\0');
  strings.sh_offset = place.tailOffset;
  strings.sh_size = place.tail.size();
  place.tail.resize(llvm::alignTo(place.tail.size(), 8));
  if (loaded && !elf.define(symbol, elf.sections.size(), bytes)) {
    message = "the linked file does not refer to " + symbol;
    return false;
  }
  elf.sections.push_back(weights);
  elf.header.e_shoff = place.tailOffset + place.tail.size();
  elf.header.e_shnum = elf.sections.size();
  place.tail.append(reinterpret_cast<const char *>(elf.sections.data()), elf.sections.size() * sizeof(Elf64_Shdr));
  std::memcpy(image.data(), &elf.header, sizeof elf.header);
  return true;
}

} // namespace tenon

#include "tools/compiler/Link.h"
#include "runtime/include/tenon/abi.h"
#include "lld/Common/Driver.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

LLD_HAS_DRIVER(elf)

namespace tenon {

namespace {

/// A temporary directory that is gone when the object is.
struct ScratchDirectory {
  ScratchDirectory() { valid = !llvm::sys::fs::createUniqueDirectory("tenon", path); }
  ~ScratchDirectory() {
    if (valid)
      llvm::sys::fs::remove_directories(path);
  }
  llvm::SmallString<128> path;
  bool valid;
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

} // namespace

bool linkObjects(llvm::ArrayRef<llvm::SmallVector<char, 0>> objects, LinkKind kind, const std::string &exported,
                 const std::string &output, std::string &message) {
  ScratchDirectory scratch;
  if (!scratch.valid) {
    message = "cannot create a temporary directory";
    return false;
  }
  std::vector<std::string> arguments = {"ld.lld", "--threads=1", "-o", output};
  if (kind == LinkKind::SharedLibrary) {
    // Nothing may be left undefined: the model brings all it needs.
    std::string script = (scratch.path + "/exports").str();
    std::string text = "{ global: " + exported + "; local: *; };";
    writeFile(script, llvm::ArrayRef<char>(text.data(), text.size()));
    for (const char *option : {"-shared", "--no-undefined", "--gc-sections", "-z", "relro", "-z", "now", "--build-id=none",
                               "--hash-style=gnu", "--strip-debug"})
      arguments.push_back(option);
    arguments.push_back("--version-script=" + script);
    arguments.push_back("--soname=" + exported);
  } else {
    arguments.push_back("-r");
  }
  for (size_t i = 0; i < objects.size(); ++i) {
    std::string path = (scratch.path + "/" + llvm::Twine(i) + ".o").str();
    if (!writeFile(path, objects[i])) {
      message = "cannot write a temporary file in " + scratch.path.str().str();
      return false;
    }
    arguments.push_back(path);
  }
  return runLinker(arguments, message);
}

int64_t appendWeightsSection(const std::string &path, int64_t bytes, std::string &message) {
  using namespace llvm::ELF;
  auto read = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!read) {
    message = "cannot read the linked file";
    return -1;
  }
  llvm::StringRef image = (*read)->getBuffer();
  Elf64_Ehdr header;
  std::memcpy(&header, image.data(), sizeof header);
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  std::memcpy(sections.data(), image.data() + header.e_shoff, sections.size() * sizeof(Elf64_Shdr));
  Elf64_Shdr &strings = sections[header.e_shstrndx];
  std::string names = image.substr(strings.sh_offset, strings.sh_size).str();
  int64_t offset = llvm::alignTo(image.size(), 4096), end = offset + llvm::alignTo(bytes, 8);
  Elf64_Shdr weights = {};
  weights.sh_name = names.size();
  weights.sh_type = SHT_PROGBITS;
  weights.sh_offset = offset;
  weights.sh_size = bytes;
  weights.sh_addralign = 4096;
  names += TN_WEIGHTS_SECTION;
  names.push_back('\0');
  strings.sh_offset = end;
  strings.sh_size = names.size();
  sections.push_back(weights);
  header.e_shoff = llvm::alignTo(end + names.size(), 8);
  header.e_shnum = sections.size();
  int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  auto put = [&](const void *data, size_t size, int64_t at) { return pwrite(fd, data, size, at) == static_cast<ssize_t>(size); };
  bool good = fd >= 0 && put(&header, sizeof header, 0) && put(names.data(), names.size(), end) &&
              put(sections.data(), sections.size() * sizeof(Elf64_Shdr), header.e_shoff);
  if (fd >= 0)
    good &= close(fd) == 0;
  if (!good)
    message = std::string("cannot write the artifact: ") + std::strerror(errno);
  return good ? offset : -1;
}

} // namespace tenon

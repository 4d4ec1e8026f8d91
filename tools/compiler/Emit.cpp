//===- Emit.cpp - Artifacts of a planned program -------------------------===//
#include "codegen/cpu/Descriptor.h"
#include "codegen/cpu/ObjectCode.h"
#include "codegen/cpu/Program.h"
#include "runtime/include/tenon/tenon.h"
#include "tools/compiler/Compiler.h"
#include "tools/compiler/Link.h"
#include "tools/compiler/Weights.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mlir;

namespace tenon {

namespace {

/// A file that is written beside its destination and takes its place when complete.
class OutputFile {
public:
  explicit OutputFile(const std::string &path) : destination(path), temporary(path + ".tmp" + std::to_string(getpid())) {}
  ~OutputFile() {
    if (!committed)
      unlink(temporary.c_str());
  }
  const std::string &path() const { return temporary; }
  bool commit() { return committed = rename(temporary.c_str(), destination.c_str()) == 0; }

private:
  std::string destination, temporary;
  bool committed = false;
};

/// Stands for the hash of the weights until they are written; found again in the linked file by its value.
std::array<uint8_t, 32> hashPlaceholder() {
  llvm::SHA256 sha;
  sha.update(llvm::StringRef("place of the weights' hash in a linked artifact"));
  return sha.final();
}

std::string systemError(const std::string &what) { return what + ": " + std::strerror(errno); }

/// Writes the weights at `offset` of the file; fills in `hash`.
bool writeWeights(ModuleOp module, const std::string &path, int64_t offset, int64_t size,
                  std::array<uint8_t, 32> &hash, std::string &message) {
  int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    message = systemError("cannot write the artifact");
    return false;
  }
  bool good = streamWeights(
      module,
      [&](int64_t at, llvm::ArrayRef<char> bytes) {
        while (!bytes.empty()) {
          ssize_t written = pwrite(fd, bytes.data(), bytes.size(), offset + at);
          if (written <= 0) {
            message = systemError("cannot write the artifact");
            return false;
          }
          at += written;
          bytes = bytes.drop_front(written);
        }
        return true;
      },
      message);
  llvm::SHA256 sha;
  if (good && size > 0) {
    void *block = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, offset);
    good = block != MAP_FAILED;
    if (good) {
      sha.update(llvm::ArrayRef<uint8_t>(static_cast<uint8_t *>(block), size));
      munmap(block, size);
    }
  }
  close(fd);
  hash = sha.final();
  return good;
}

/// Puts the hash in the place of its placeholder, records the code's size, and seals the file.
bool sealArtifact(const std::string &path, int64_t codeBytes, const std::array<uint8_t, 32> &hash, std::string &message) {
  int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct stat info;
  if (fd < 0 || fstat(fd, &info) != 0) {
    message = systemError("cannot write the artifact");
    return false;
  }
  char *image = static_cast<char *>(mmap(nullptr, info.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  close(fd);
  if (image == MAP_FAILED) {
    message = systemError("cannot write the artifact");
    return false;
  }
  std::array<uint8_t, 32> placeholder = hashPlaceholder();
  if (void *place = memmem(image, codeBytes, placeholder.data(), placeholder.size()))
    std::memcpy(place, hash.data(), hash.size());
  uint32_t noteHead[] = {sizeof(tn_note), TN_MODEL_MAGIC, TN_ABI_VERSION};
  if (void *note = memmem(image, codeBytes, noteHead, sizeof noteHead)) {
    auto bytes = static_cast<uint64_t>(codeBytes);
    std::memcpy(static_cast<char *>(note) + offsetof(tn_note, code_bytes), &bytes, sizeof bytes);
  }
  tn_status status = tn_artifact_seal(image, info.st_size);
  munmap(image, info.st_size);
  if (status != TN_OK)
    message = tn_last_error();
  return status == TN_OK;
}

} // namespace

bool Compiler::emit(const std::string &path, OutputKind kind, const std::string &name) {
  switch (kind) {
  case OutputKind::SharedLibrary:
    return emitLibrary(path, name);
  case OutputKind::MLIR:
    return writeModule(path);
  case OutputKind::Object:
  case OutputKind::Archive:
    return emitObject(path, kind, name);
  case OutputKind::LLVMIR:
  case OutputKind::Assembly:
    return emitText(path, kind);
  }
  return false;
}

bool Compiler::emitLibrary(const std::string &path, const std::string &name) {
  codegen::Program program = codegen::collectProgram(*module, name);
  std::vector<llvm::SmallVector<char, 0>> objects;
  {
    auto start = std::chrono::steady_clock::now();
    if (options.progress)
      options.progress("kernel", 0, program.kernels.size());
    if (failed(codegen::compileProgram(*module, program, library, "tn_model_query", /*linkedWeights=*/false,
                                       hashPlaceholder(), objects)))
      return fail(ErrorKind::CannotCompile, "cannot compile a kernel");
    times.emplace_back("kernel", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  auto start = std::chrono::steady_clock::now();
  if (options.progress)
    options.progress("emit", 0, 1);
  OutputFile file(path);
  std::string message;
  if (!linkObjects(objects, LinkKind::SharedLibrary, "tn_model_query", file.path(), message))
    return fail(ErrorKind::InputOutput, "cannot link " + path + ": " + message);
  uint64_t codeBytes = 0;
  llvm::sys::fs::file_size(file.path(), codeBytes);
  std::array<uint8_t, 32> hash = {};
  int64_t offset = 0;
  if (program.weightBytes > 0) {
    offset = appendWeightsSection(file.path(), program.weightBytes, message);
    if (offset < 0)
      return fail(ErrorKind::InputOutput, message);
  }
  if (!writeWeights(*module, file.path(), offset, program.weightBytes, hash, message))
    return fail(ErrorKind::InputOutput, message);
  if (!sealArtifact(file.path(), codeBytes, hash, message))
    return fail(ErrorKind::InputOutput, message);
  if (!file.commit())
    return fail(ErrorKind::InputOutput, systemError("cannot write " + path));
  times.emplace_back("emit", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return true;
}

bool Compiler::emitText(const std::string &path, OutputKind kind) {
  codegen::Program program = codegen::collectProgram(*module, "model");
  auto form = kind == OutputKind::LLVMIR ? codegen::CodeForm::LLVMIR : codegen::CodeForm::Assembly;
  llvm::SmallVector<char, 0> text;
  for (const codegen::Program::Kernel &kernel : program.kernels)
    for (const Target *target : library.targets)
      if (failed(codegen::compileKernel(kernel.op, codegen::kernelSymbol(kernel.name, *target), *target, form, text)))
        return fail(ErrorKind::CannotCompile, "cannot compile a kernel");
  OutputFile file(path);
  std::error_code code;
  llvm::raw_fd_ostream out(file.path(), code);
  if (!code) {
    out.write(text.data(), text.size());
    out.close();
    code = out.error();
    out.clear_error();
  }
  if (code || !file.commit())
    return fail(ErrorKind::InputOutput, "cannot write " + path);
  return true;
}

bool Compiler::emitObject(const std::string &path, OutputKind kind, const std::string &name) {
  return fail(ErrorKind::CannotCompile, "objects and archives are not emitted yet");
}

} // namespace tenon

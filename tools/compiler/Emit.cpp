//===- Emit.cpp - Shared libraries and text of a planned program ---------===//
#include "codegen/cpu/Descriptor.h"
#include "codegen/cpu/KernelCache.h"
#include "codegen/cpu/ObjectCode.h"
#include "codegen/cpu/Program.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "runtime/include/tenon/tenon.h"
#include "tools/compiler/Compiler.h"
#include "tools/compiler/FaultScopes.h"
#include "tools/compiler/Link.h"
#include "tools/compiler/OutputFile.h"
#include "tools/compiler/Phase.h"
#include "tools/compiler/WeightFile.h"
#include "tools/compiler/Weights.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"
#include <cerrno>
#include <cstring>
#include <optional>
#include <sys/mman.h>

using namespace mlir;

namespace tenon {

/// Stands for the hash of the weights until they are written; found again in the linked image by its value.
static std::array<uint8_t, 32> hashPlaceholder() {
  llvm::SHA256 sha;
  sha.update(llvm::StringRef("place of the weights' hash in a linked artifact"));
  return sha.final();
}

/// Puts the hash in the place of its placeholder and records the size of the code in the note, if there is
/// one.
static void completeImage(std::string &image, int64_t codeBytes, const std::array<uint8_t, 32> &hash) {
  std::array<uint8_t, 32> placeholder = hashPlaceholder();
  if (void *place = memmem(image.data(), image.size(), placeholder.data(), placeholder.size()))
    std::memcpy(place, hash.data(), hash.size());
  uint32_t noteHead[] = {sizeof(tn_note), TN_MODEL_MAGIC, TN_ABI_VERSION};
  if (void *note = memmem(image.data(), image.size(), noteHead, sizeof noteHead)) {
    auto bytes = static_cast<uint64_t>(codeBytes);
    std::memcpy(static_cast<char *>(note) + offsetof(tn_note, code_bytes), &bytes, sizeof bytes);
  }
}

/// Seals a shared library: the hash of its code goes into its note.
static bool seal(const OutputFile &file, int64_t bytes, std::string &message) {
  void *image = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor(), 0);
  if (image == MAP_FAILED) {
    message = std::string("cannot map the artifact: ") + std::strerror(errno);
    return false;
  }
  tn_status status = tn_artifact_seal(image, bytes);
  munmap(image, bytes);
  if (status != TN_OK)
    message = tn_last_error();
  return status == TN_OK;
}

bool Compiler::emit(const std::string &path, OutputKind kind, const std::string &name) {
  enterFaultScope("kernel");
  switch (kind) {
  case OutputKind::SharedLibrary:
    return emitLibrary(path, name);
  case OutputKind::Object:
  case OutputKind::Archive:
    return emitObject(path, kind, name);
  case OutputKind::MLIR:
  case OutputKind::Bytecode:
    return writeModule(path, kind);
  case OutputKind::LLVMIR:
  case OutputKind::Assembly:
    return emitText(path, kind);
  }
  return false;
}

bool Compiler::collect(codegen::Program &program, const std::string &name) {
  program = codegen::collectProgram(*module, name);
  program.checkValues = options.checkValues;
  if (options.checkBounds && !program.guardBytes)
    return fail(ErrorKind::CannotCompile, "this program's memory is planned without bands between buffers, so its "
                                          "bounds cannot be checked; start from a stage before 'memory'");
  return true;
}

bool Compiler::compileAndLink(const codegen::Program &program, LinkKind kind, const std::string &query,
                              std::string &image) {
  std::vector<llvm::SmallVector<char, 0>> objects;
  {
    Phase phase(*this, "kernel");
    auto progress = [&](size_t done, size_t total) {
      if (options.progress)
        options.progress("kernel", done, total);
    };
    std::optional<codegen::KernelCache> cache;
    if (!options.kernelCache.empty() && mayKeepKernels())
      cache.emplace(options.kernelCache, options.kernelCacheLimit);
    if (failed(codegen::compileProgram(*module, program, library, query, kind == LinkKind::Relocatable,
                                       hashPlaceholder(), static_cast<codegen::CodeLevel>(options.optimization),
                                       cache ? &*cache : nullptr, objects, progress)))
      return fail(ErrorKind::CannotCompile, "cannot compile a kernel");
    if (cache) {
      codegen::KernelCache::Counts counts = cache->getCounts();
      statistics.cacheHits = counts.hits;
      statistics.cacheMisses = counts.misses;
      statistics.cacheUnwritten = counts.unwritten;
    }
  }
  Phase phase(*this, "link");
  std::string message;
  return linkObjects(objects, kind, query, image, message) || fail(ErrorKind::InputOutput, "cannot link: " + message);
}

bool Compiler::writeArtifact(OutputFile &file, const codegen::Program &program, LinkKind kind, const std::string &query,
                             std::string &image, llvm::function_ref<std::string(uint64_t)> prefix) {
  Phase phase(*this, "emit");
  std::string message;
  WeightsPlace place;
  int64_t codeBytes = image.size(), bytes = program.weightBytes;
  if (bytes > 0 && !placeWeights(image, kind, bytes, query + "_weights", place, message))
    return fail(ErrorKind::Internal, message);
  int64_t total = bytes > 0 ? place.tailOffset + place.tail.size() : llvm::alignTo(image.size(), 2);
  std::string head = prefix(total);
  int64_t base = head.size();
  // All the room that is needed is taken first: a full disk is found before the work is done, not after.
  if (!file.reserve(base + total))
    return fail(ErrorKind::InputOutput, file.getError());
  auto sink = [&](int64_t offset, llvm::StringRef data) { return file.write(data, base + place.offset + offset); };
  if (!streamWeights(*module, sink, message))
    return fail(message.empty() ? ErrorKind::InputOutput : ErrorKind::CannotCompile,
                message.empty() ? file.getError() : message);
  std::array<uint8_t, 32> hash;
  if (!hashWeightsOf(context.get(), file.descriptor(), base + place.offset, bytes, hash))
    return fail(ErrorKind::InputOutput, "cannot read back the weights");
  completeImage(image, codeBytes, hash);
  if (!file.write(head, 0) || !file.write(image, base) || !file.write(place.tail, base + place.tailOffset))
    return fail(ErrorKind::InputOutput, file.getError());
  if (kind == LinkKind::SharedLibrary && !seal(file, total, message))
    return fail(ErrorKind::Internal, message);
  statistics.kernels = program.kernels.size();
  statistics.steps = program.steps.size();
  statistics.codeBytes = codeBytes;
  statistics.weightBytes = bytes;
  statistics.arenaBytes = program.arenaBytes;
  return true;
}

bool Compiler::emitLibrary(const std::string &path, const std::string &name) {
  const std::string query = "tn_model_query";
  OutputFile file(path);
  if (!file.open(
          /*executable=*/true)) // before the long part: a folder that can't be written is found at once
    return fail(ErrorKind::InputOutput, file.getError());
  codegen::Program program;
  std::string image;
  if (!collect(program, name) || !compileAndLink(program, LinkKind::SharedLibrary, query, image) ||
      !writeArtifact(file, program, LinkKind::SharedLibrary, query, image, [](uint64_t) { return std::string(); }))
    return false;
  return file.commit() || fail(ErrorKind::InputOutput, file.getError());
}

bool Compiler::emitText(const std::string &path, OutputKind kind) {
  Phase phase(*this, "kernel");
  codegen::Program program = codegen::collectProgram(*module, "model");
  auto form = kind == OutputKind::LLVMIR ? codegen::CodeForm::LLVMIR : codegen::CodeForm::Assembly;
  llvm::SmallVector<char, 0> text;
  size_t done = 0;
  for (const codegen::Program::Kernel &kernel : program.kernels) {
    for (const Target *target : library.targets)
      if (failed(codegen::compileKernel(kernel.op, codegen::kernelSymbol(kernel, *target), *target, form, text,
                                        static_cast<codegen::CodeLevel>(options.optimization))))
        return fail(ErrorKind::CannotCompile, "cannot compile kernel " + kernel.name);
    if (options.progress)
      options.progress("kernel", ++done, program.kernels.size());
  }
  return writeText(path, llvm::StringRef(text.data(), text.size()));
}

bool Compiler::writeText(const std::string &path, llvm::StringRef text) {
  if (path == "-") {
    llvm::outs() << text;
    llvm::outs().flush();
    bool written = !llvm::outs().has_error();
    llvm::outs().clear_error();
    return written || fail(ErrorKind::InputOutput, "cannot write to the standard output");
  }
  std::string message;
  return writeOutputFile(path, text, message) || fail(ErrorKind::InputOutput, message);
}

bool Compiler::writeModule(const std::string &path, OutputKind kind) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (kind == OutputKind::Bytecode) {
    if (failed(writeBytecodeToFile(*module, stream)))
      return fail(ErrorKind::Internal, "cannot write the module as bytecode");
  } else {
    module->print(stream, OpPrintingFlags().enableDebugInfo(/*enable=*/false));
  }
  return (path == "-" || writeWeights(path)) && writeText(path, text);
}

/// Writes the weight file beside a module's, if it names any weights.
bool Compiler::writeWeights(llvm::StringRef modulePath) {
  llvm::SmallString<128> path(modulePath);
  llvm::sys::path::replace_extension(path, "tnw");
  OutputFile file(path.str().str());
  auto write = [&](llvm::StringRef bytes, int64_t offset) { return file.write(bytes, offset); };
  WeightFileWriter weights;
  if (file.open() && weights.add(*module, write) && (weights.isEmpty() || file.commit()))
    return true;
  return fail(ErrorKind::InputOutput, file.getError());
}

} // namespace tenon

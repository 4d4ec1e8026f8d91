#include "codegen/cpu/KernelCache.h"
#include "codegen/cpu/CompilerIdentity.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fs = llvm::sys::fs;

namespace tenon::codegen {

namespace {

constexpr llvm::StringLiteral kMagic("TNKOBJ1\n");
constexpr size_t kHashBytes = 32, kHeadBytes = kMagic.size() + 2 * kHashBytes;
/// Kernels are some kilobytes large.
constexpr off_t kMostBytes = 64 << 20;
/// llvm::pruneCache() knows the cache's files by this; temporary ones that a killed process left are among them.
constexpr llvm::StringLiteral kPrefix("llvmcache-");

llvm::StringRef bytesOf(const std::array<uint8_t, kHashBytes> &hash) {
  return {reinterpret_cast<const char *>(hash.data()), hash.size()};
}

std::array<uint8_t, kHashBytes> hashOf(llvm::StringRef key, llvm::StringRef object) {
  llvm::SHA256 sha;
  sha.update(key);
  sha.update(object);
  return sha.final();
}

struct Descriptor {
  ~Descriptor() {
    if (fd >= 0)
      close(fd);
  }
  int fd;
};

/// A file's bytes, if it is a regular one of this user's that no other can write, of a kernel's size. It is read, not
/// mapped, so that nothing changes under our hands.
std::unique_ptr<llvm::MemoryBuffer> readTrusted(const std::string &path) {
  Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  struct stat info;
  if (file.fd < 0 || fstat(file.fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
      (info.st_mode & (S_IWGRP | S_IWOTH)) || info.st_size > kMostBytes)
    return nullptr;
  auto buffer = llvm::MemoryBuffer::getOpenFile(file.fd, path, info.st_size, /*RequiresNullTerminator=*/false,
                                                /*IsVolatile=*/true);
  if (!buffer)
    return nullptr;
  futimens(file.fd, nullptr); // the time of the last use; file systems often don't note reads
  return std::move(*buffer);
}

} // namespace

KernelCache::KernelCache(std::string directory, uint64_t limitBytes)
    : directory(std::move(directory)), limitBytes(limitBytes) {}

KernelCache::Key KernelCache::keyOf(tn::KernelOp kernel, const Target &target, CodeLevel level) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << compilerIdentity() << target.name << '\n'
         << target.triple << '\n'
         << target.cpu << '\n'
         << target.features << '\n'
         << target.vectorBytes << ' ' << target.vectorRegisters << ' ' << static_cast<int>(level) << '\n';
  // The generic form leaves nothing out; locations name nodes of a graph and do not reach the code.
  kernel->print(stream, mlir::OpPrintingFlags().useLocalScope().printGenericOpForm().enableDebugInfo(false));
  return hashOf(text, "");
}

std::string KernelCache::pathOf(const Key &key) const {
  return directory + "/" + kPrefix.str() + llvm::toHex(key, /*LowerCase=*/true);
}

bool KernelCache::find(const Key &key, llvm::SmallVectorImpl<char> &out) {
  std::unique_ptr<llvm::MemoryBuffer> file = readTrusted(pathOf(key));
  llvm::StringRef bytes = file ? file->getBuffer() : llvm::StringRef();
  if (bytes.size() > kHeadBytes && bytes.consume_front(kMagic) && bytes.consume_front(bytesOf(key))) {
    llvm::StringRef hash = bytes.take_front(kHashBytes), object = bytes.drop_front(kHashBytes);
    if (hash == bytesOf(hashOf(bytesOf(key), object))) {
      out.append(object.begin(), object.end());
      ++hits;
      return true;
    }
  }
  ++misses;
  return false;
}

void KernelCache::store(const Key &key, llvm::ArrayRef<char> object) {
  if (compilerIdentity().empty() || !write(key, object))
    ++unwritten;
}

bool KernelCache::write(const Key &key, llvm::ArrayRef<char> object) const {
  if (fs::create_directories(directory, /*IgnoreExisting=*/true, fs::owner_all))
    return false;
  auto file = fs::TempFile::create(directory + "/" + kPrefix + "%%%%%%%%.tmp", fs::owner_read | fs::owner_write);
  if (!file) {
    llvm::consumeError(file.takeError());
    return false;
  }
  llvm::StringRef code(object.data(), object.size());
  llvm::raw_fd_ostream stream(file->FD, /*shouldClose=*/false);
  stream << kMagic << bytesOf(key) << bytesOf(hashOf(bytesOf(key), code)) << code;
  stream.flush();
  bool written = !stream.has_error();
  stream.clear_error();
  llvm::Error error = written ? file->keep(pathOf(key)) : file->discard();
  bool ended = !error;
  llvm::consumeError(std::move(error));
  return written && ended;
}

void KernelCache::prune() const {
  if (!fs::is_directory(directory))
    return;
  llvm::CachePruningPolicy policy;
  policy.Interval = std::chrono::minutes(1);
  policy.Expiration = std::chrono::seconds(0);
  policy.MaxSizeBytes = limitBytes;
  llvm::pruneCache(directory, policy);
}

} // namespace tenon::codegen

#include "frontend/onnx/MappedFile.h"

#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tenon::onnx {

FileDescriptor &FileDescriptor::operator=(FileDescriptor &&other) noexcept {
  std::swap(fd, other.fd);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd >= 0)
    ::close(fd);
}

static std::string errnoMessage() { return std::generic_category().message(errno); }

static const char *describeIrregular(mode_t mode) {
  if (S_ISDIR(mode))
    return "it is a directory";
  if (S_ISFIFO(mode))
    return "it is a FIFO, not a regular file";
  if (S_ISCHR(mode) || S_ISBLK(mode))
    return "it is a device, not a regular file";
  return "it is not a regular file";
}

std::shared_ptr<const MappedFile> MappedFile::map(const FileDescriptor &fd, std::string &error) {
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) {
    error = errnoMessage();
    return nullptr;
  }
  if (!S_ISREG(info.st_mode)) {
    error = describeIrregular(info.st_mode);
    return nullptr;
  }
  std::shared_ptr<MappedFile> file(new MappedFile);
  if (info.st_size == 0)
    return file;
  if (static_cast<uint64_t>(info.st_size) > std::numeric_limits<size_t>::max()) {
    error = "it is larger than the address space";
    return nullptr;
  }
  file->size = static_cast<size_t>(info.st_size);
  void *address = ::mmap(nullptr, file->size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (address == MAP_FAILED) {
    error = errnoMessage();
    return nullptr;
  }
  file->address = address;
  return file;
}

std::shared_ptr<const MappedFile> MappedFile::open(const std::string &path, std::string &error) {
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) {
    error = errnoMessage();
    return nullptr;
  }
  return map(fd, error);
}

MappedFile::~MappedFile() {
  if (address)
    ::munmap(address, size);
}

} // namespace tenon::onnx

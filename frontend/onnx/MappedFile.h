// Read-only memory-mapped regular files.

#ifndef TENON_FRONTEND_ONNX_MAPPEDFILE_H
#define TENON_FRONTEND_ONNX_MAPPEDFILE_H

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace tenon::onnx {

/// A file descriptor that closes itself. -1: none.
class FileDescriptor {
public:
  explicit FileDescriptor(int fd = -1) : fd(fd) {}
  FileDescriptor(FileDescriptor &&other) noexcept : fd(other.fd) { other.fd = -1; }
  FileDescriptor &operator=(FileDescriptor &&other) noexcept;
  ~FileDescriptor();

  int get() const { return fd; }
  explicit operator bool() const { return fd >= 0; }

private:
  int fd;
};

/// The bytes of a regular file, mapped until this object goes. They must not be truncated meanwhile.
class MappedFile {
public:
  /// Maps the open file. On failure returns null and says in `error` why ("is a directory", "is a FIFO",
  /// ...). An empty file gives empty bytes.
  static std::shared_ptr<const MappedFile> map(const FileDescriptor &fd, std::string &error);
  /// Opens (never blocking on a FIFO or a device) and maps.
  static std::shared_ptr<const MappedFile> open(const std::string &path, std::string &error);

  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;
  ~MappedFile();

  std::string_view bytes() const { return {static_cast<const char *>(address), size}; }

private:
  MappedFile() = default;

  void *address = nullptr;
  size_t size = 0;
};

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_MAPPEDFILE_H

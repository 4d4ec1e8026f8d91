#include "tools/compiler/OutputFile.h"
#include "tools/compiler/Supervisor.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace tenon {

OutputFile::OutputFile(std::string destination) : destination(std::move(destination)) {
  temporary = this->destination + ".tmp" + std::to_string(getpid());
}

OutputFile::~OutputFile() {
  if (fd >= 0) {
    close(fd);
    unlink(temporary.c_str());
  }
  unregisterTemporary(registration);
}

bool OutputFile::fail(int code) {
  error = "cannot write " + destination + ": " + std::strerror(code);
  return false;
}

bool OutputFile::open(bool executable) {
  struct stat info;
  if (stat(destination.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    error = "cannot write " + destination + ": it exists and is not a regular file";
    return false;
  }
  registration = registerTemporary(temporary);
  fd = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, executable ? 0777 : 0666);
  return fd >= 0 || fail(errno);
}

bool OutputFile::reserve(int64_t bytes) {
  // Linux keeps a file in pages as large as the pieces that it was first written in.
  constexpr int64_t kPiece = 8 << 20;
  std::vector<char> zeros(std::min(bytes, kPiece));
  for (int64_t at = 0; at < bytes; at += kPiece)
    if (!write({zeros.data(), static_cast<size_t>(std::min(kPiece, bytes - at))}, at))
      return false;
  return true;
}

bool OutputFile::write(llvm::StringRef bytes, int64_t offset) {
  while (!bytes.empty()) {
    ssize_t written = pwrite(fd, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return fail(written ? errno : ENOSPC);
    offset += written;
    bytes = bytes.drop_front(written);
  }
  return true;
}

bool OutputFile::commit() {
  int closed = close(fd);
  int code = errno;
  fd = -1;
  if (closed == 0) {
    if (rename(temporary.c_str(), destination.c_str()) == 0)
      return true;
    code = errno;
  }
  unlink(temporary.c_str());
  return fail(code);
}

bool writeOutputFile(const std::string &path, llvm::StringRef text, std::string &error) {
  OutputFile file(path);
  if (file.open() && file.write(text, 0) && file.commit())
    return true;
  error = file.getError();
  return false;
}

} // namespace tenon

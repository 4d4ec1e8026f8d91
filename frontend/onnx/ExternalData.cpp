#include "frontend/onnx/ExternalData.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif

namespace tenon::onnx {

static constexpr int openFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

const ExternalData::File &ExternalData::open(const std::string &location) {
  auto [entry, isNew] = files.try_emplace(location);
  if (isNew)
    openUncached(location, entry->second);
  return entry->second;
}

/// Whether the path, read without looking at links, climbs above where it starts.
static bool climbsOut(const std::string &location) {
  int depth = 0;
  for (size_t start = 0; start <= location.size();) {
    size_t end = std::min(location.find('/', start), location.size());
    std::string_view part(location.data() + start, end - start);
    if (part == "..")
      --depth;
    else if (!part.empty() && part != ".")
      ++depth;
    if (depth < 0)
      return true;
    start = end + 1;
  }
  return false;
}

void ExternalData::openUncached(const std::string &location, File &file) {
  auto refuse = [&](Status failure, std::string error) {
    file.failure = failure;
    file.error = std::move(error);
  };
  file.path = directory == "." ? location : directory + "/" + location;
  if (directory.empty())
    return refuse(Status::Malformed, "a model in memory has no directory to look in");
  if (location.empty() || location.find('\0') != std::string::npos)
    return refuse(Status::Malformed, "it is no valid file name");
  if (location.front() == '/')
    return refuse(Status::Malformed, "the path is absolute; it must be relative to the model's directory");
  if (climbsOut(location))
    return refuse(Status::Malformed, "it leads out of the model's directory");
  if (!directoryFd)
    directoryFd = FileDescriptor(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  FileDescriptor fd = directoryFd ? openBeneath(location) : FileDescriptor();
  if (!fd) {
    if (errno == EXDEV || errno == ELOOP)
      return refuse(Status::Malformed, "a symbolic link leads out of the model's directory");
    return refuse(Status::IoError, std::generic_category().message(errno));
  }
  file.mapping = MappedFile::map(fd, file.error);
  if (!file.mapping)
    file.failure = Status::IoError;
}

FileDescriptor ExternalData::openBeneath(const std::string &location) {
#ifdef RESOLVE_BENEATH
  open_how how = {};
  how.flags = openFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: something was renamed while the kernel followed a "..".
  for (int attempt = 0; useOpenat2 && attempt < 8; ++attempt) {
    long fd = ::syscall(SYS_openat2, directoryFd.get(), location.c_str(), &how, sizeof(how));
    if (fd >= 0)
      return FileDescriptor(static_cast<int>(fd));
    if (errno == ENOSYS || errno == EPERM || errno == EINVAL)
      useOpenat2 = false; // old kernel, or a sandbox that doesn't know the call
    else if (errno != EAGAIN)
      return FileDescriptor();
  }
#endif
  return openWithoutLinks(location);
}

static bool isLink(const FileDescriptor &directory, const std::string &name) {
  struct stat info;
  bool link = ::fstatat(directory.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode);
  errno = ENOTDIR;
  return link;
}

FileDescriptor ExternalData::openWithoutLinks(const std::string &location) {
  FileDescriptor current(::openat(directoryFd.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (size_t start = 0; current && start < location.size();) {
    size_t end = std::min(location.find('/', start), location.size());
    std::string part = location.substr(start, end - start);
    bool isLast = location.find_first_not_of('/', end) == std::string::npos;
    start = end + 1;
    if (part.empty() || part == ".")
      continue;
    // No component is a link, so ".." is the directory that climbsOut counted.
    int flags = isLast ? openFlags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
    FileDescriptor next(::openat(current.get(), part.c_str(), flags));
    if (!next && errno == ENOTDIR && isLink(current, part))
      errno = ELOOP; // with O_DIRECTORY a link is reported as "not a directory"
    if (!next)
      return next;
    current = std::move(next);
    if (isLast)
      break;
  }
  return current;
}

} // namespace tenon::onnx

// Reading an artifact's file: everything that has to hold before the dynamic loader may touch it.
#ifndef TENON_RUNTIME_ARTIFACT_H
#define TENON_RUNTIME_ARTIFACT_H

#include "tenon/tenon.h"

#include <string.h>

namespace tn {

/// The bytes of a file. Nothing in it is trusted: every access is checked here.
struct FileView {
  const char *data;
  uint64_t size;

  bool contains(uint64_t offset, uint64_t bytes) const { return offset <= size && bytes <= size - offset; }

  /// Copies, because nothing is known about alignment.
  template <typename T> bool read(uint64_t offset, T &out) const {
    if (!contains(offset, sizeof(T)))
      return false;
    memcpy(&out, data + offset, sizeof(T));
    return true;
  }
};

/// An open, mapped file; closed with the object.
class MappedFile {
public:
  MappedFile() = default;
  MappedFile(const MappedFile &) = delete;
  ~MappedFile();
  tn_status open(const char *path);
  const FileView &view() const { return bytes; }
  int descriptor() const { return fd; }

private:
  int fd = -1;
  FileView bytes = {nullptr, 0};
};

/// What the file says, checked against the file alone.
struct Artifact {
  tn_note note;
  uint64_t noteOffset;  ///< of the tn_note in the file
  uint64_t noteAddress; ///< the same in memory, relative to the load address
  uint16_t machine;
  uint64_t weightsOffset; ///< of the weight block in the file; 0 when there is none
};

/// Checks headers, segments and note, and finds the weight block. `path` is for messages.
tn_status parseArtifact(const FileView &file, const char *path, Artifact &artifact);
/// Whether this runtime on this machine can run it; `features` are those the machine has.
tn_status checkHost(const Artifact &artifact, const char *path, uint32_t features);
/// Whether what the loader will map is what the compiler wrote.
tn_status checkCodeHash(const FileView &file, const char *path, const Artifact &artifact);

} // namespace tn

#endif

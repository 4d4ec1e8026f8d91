// Opens the external data files of one model, confined to the model's directory.

#ifndef TENON_FRONTEND_ONNX_EXTERNALDATA_H
#define TENON_FRONTEND_ONNX_EXTERNALDATA_H

#include "frontend/onnx/Diagnostics.h"
#include "frontend/onnx/MappedFile.h"

#include <map>
#include <memory>
#include <string>

namespace tenon::onnx {

/// Maps each file once. A location must name a regular file below the directory: absolute paths, ".." that
/// climbs out and symbolic links that lead out are refused, by the kernel (openat2, RESOLVE_BENEATH) where it
/// can, otherwise by following no symbolic link at all.
class ExternalData {
public:
  struct File {
    std::shared_ptr<const MappedFile> mapping; ///< null when it can't be used
    std::string path;                          ///< directory + location, as the user would write it
    Status failure = Status::Ok;
    std::string error; ///< why not, a clause without subject: "it leads out of the model's directory"
  };

  /// `directory` empty: there is none (a model in memory), every location is refused.
  explicit ExternalData(std::string directory) : directory(std::move(directory)) {}

  /// The file at `location`. The reference stays valid as long as this object.
  const File &open(const std::string &location);

  /// For tests: behave as on a kernel without openat2.
  void avoidOpenat2() { useOpenat2 = false; }

private:
  void openUncached(const std::string &location, File &file);
  FileDescriptor openBeneath(const std::string &location);
  FileDescriptor openWithoutLinks(const std::string &location);

  std::string directory;
  FileDescriptor directoryFd;
  bool useOpenat2 = true;
  std::map<std::string, File> files;
};

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_EXTERNALDATA_H

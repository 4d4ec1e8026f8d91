// The file behind a trace: JSON that is complete after every run.
#ifndef TENON_RUNTIME_TRACEFILE_H
#define TENON_RUNTIME_TRACEFILE_H

#include "Trace.h"

#include <sys/types.h>

namespace tn {

/// Appends to an open JSON document. A commit ends it; the next batch begins over that end. A batch that can't be
/// written leaves the file as it was.
class TraceFile {
public:
  tn_status open(const char *path);
  void close();
  bool isOpen() const { return descriptor >= 0; }

  void put(char c);
  void put(const char *text);
  void put(uint64_t number);
  /// A string with quotes, escaped as JSON wants it; what is not UTF-8 becomes "?". Ends at `end` or at a zero byte.
  void putString(const char *text, const char *end = nullptr);
  /// Nanoseconds as microseconds, the unit of the format.
  void putTime(uint64_t ns);

  /// Ends the document. False if this batch could not be written: errno says why, and the file is as before it.
  bool commit();
  uint64_t bytes() const { return static_cast<uint64_t>(committed); }

private:
  void drain();
  void write(const char *data, size_t bytes);

  int descriptor;
  off_t committed; ///< where the next batch begins
  off_t position;
  int error; ///< errno of the first write of this batch that failed
  size_t fill;
  char buffer[16384];
};

} // namespace tn

#endif

#include "TraceFile.h"

#include "Status.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tn;

static constexpr char kHead[] = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n"
                                "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":";
static constexpr char kTail[] = "\n]}\n";

tn_status TraceFile::open(const char *path) {
  // Without O_NONBLOCK a pipe that nobody reads would hold the caller up.
  descriptor = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666);
  if (descriptor < 0)
    return fail(TN_ERROR_IO, "cannot write the trace %s: %s", path, strerror(errno));
  struct stat info;
  if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    close();
    return fail(TN_ERROR_IO, "cannot write the trace %s: it is not a regular file", path);
  }
  put(kHead);
  put(static_cast<uint64_t>(getpid()));
  put(",\"args\":{\"name\":\"Tenon " TENON_VERSION "\"}}");
  if (commit())
    return TN_OK;
  tn_status status = fail(TN_ERROR_IO, "cannot write the trace %s: %s", path, strerror(errno));
  close();
  return status;
}

void TraceFile::close() {
  if (descriptor >= 0)
    ::close(descriptor);
  descriptor = -1;
}

void TraceFile::put(char c) {
  if (fill == sizeof buffer)
    drain();
  buffer[fill++] = c;
}

void TraceFile::put(const char *text) {
  while (*text)
    put(*text++);
}

void TraceFile::put(uint64_t number) {
  char digits[20];
  int count = 0;
  do
    digits[count++] = static_cast<char>('0' + number % 10);
  while (number /= 10);
  while (count)
    put(digits[--count]);
}

void TraceFile::putTime(uint64_t ns) {
  put(ns / 1000);
  put('.');
  for (uint64_t unit = 100; unit; unit /= 10)
    put(static_cast<char>('0' + ns / unit % 10));
}

/// Bytes of the UTF-8 sequence at `s`, 0 if there is none. Reads no further than the first byte that does not fit.
static int sequenceLength(const unsigned char *s) {
  if (*s < 0x80)
    return 1;
  int length = *s >= 0xC2 && *s < 0xE0 ? 2 : (*s & 0xF0) == 0xE0 ? 3 : *s >= 0xF0 && *s < 0xF5 ? 4 : 0;
  for (int i = 1; i < length; ++i)
    if ((s[i] & 0xC0) != 0x80)
      return 0;
  bool overlong = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
  bool invalid = (s[0] == 0xED && s[1] >= 0xA0) || (s[0] == 0xF4 && s[1] >= 0x90);
  return overlong || invalid ? 0 : length;
}

void TraceFile::putString(const char *text, const char *end) {
  put('"');
  while (*text && text != end) {
    auto c = static_cast<unsigned char>(*text);
    if (int length = sequenceLength(reinterpret_cast<const unsigned char *>(text)); length == 0) {
      put('?');
      ++text;
    } else if (c < 0x20) {
      put("\\u00");
      put("0123456789abcdef"[c >> 4]);
      put("0123456789abcdef"[c & 15]);
      ++text;
    } else {
      if (c == '"' || c == '\\')
        put('\\');
      for (; length; --length)
        put(*text++);
    }
  }
  put('"');
}

void TraceFile::write(const char *data, size_t bytes) {
  while (bytes && !error) {
    ssize_t done = pwrite(descriptor, data, bytes, position);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0) {
      error = done ? errno : ENOSPC;
      return;
    }
    position += done;
    data += done;
    bytes -= static_cast<size_t>(done);
  }
}

void TraceFile::drain() {
  write(buffer, fill);
  fill = 0;
}

bool TraceFile::commit() {
  drain();
  off_t end = position;
  write(kTail, sizeof kTail - 1);
  if (!error) {
    committed = position = end;
    return true;
  }
  int reason = error;
  error = 0;
  position = committed;
  if (ftruncate(descriptor, committed) == 0 && committed)
    write(kTail, sizeof kTail - 1); // over the place of the end before: there is room
  position = committed;
  error = 0;
  errno = reason;
  return false;
}

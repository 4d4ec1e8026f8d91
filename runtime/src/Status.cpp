#include "Status.h"

#include <stdarg.h>
#include <stdio.h>

static thread_local char lastError[tn::kMessageBytes];

tn_status tn::fail(tn_status code, const char *format, ...) {
  // Formatted aside first: an argument may be the previous message itself.
  char message[kMessageBytes];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  __builtin_memcpy(lastError, message, sizeof message);
  return code;
}

const char *tn_last_error(void) { return lastError; }

const char *tn_version(void) { return TENON_VERSION; }

const char *tn_status_name(tn_status status) {
  static const char *const names[] = {"ok",
                                      "invalid argument",
                                      "not found",
                                      "input/output error",
                                      "not a valid Tenon artifact",
                                      "version mismatch",
                                      "unsupported CPU",
                                      "shape mismatch",
                                      "type mismatch",
                                      "out of memory",
                                      "unsupported",
                                      "model error",
                                      "internal error"};
  unsigned index = static_cast<unsigned>(status);
  return index < sizeof names / sizeof *names ? names[index] : "unknown status";
}

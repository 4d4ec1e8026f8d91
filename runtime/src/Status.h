// Recording of errors: a code that is returned and a message that tn_last_error gives out.
#ifndef TENON_RUNTIME_STATUS_H
#define TENON_RUNTIME_STATUS_H

#include "tenon/tenon.h"

namespace tn {

/// Longest message kept, terminator included.
constexpr size_t kMessageBytes = 512;

/// Records the message for this thread and returns `code`, so that callers write `return fail(...)`.
[[gnu::format(printf, 2, 3)]] tn_status fail(tn_status code, const char *format, ...);

/// Returns the status of `expr` from the enclosing function unless it is TN_OK.
#define TN_TRY(expr)                                                                                                   \
  do {                                                                                                                 \
    if (tn_status tryStatus = (expr))                                                                                  \
      return tryStatus;                                                                                                \
  } while (0)

} // namespace tn

#endif

//===- ReduceTiming.h - Whether a model is slow --------------------------===//
#ifndef TENON_TOOLS_TENON_REDUCETIMING_H
#define TENON_TOOLS_TENON_REDUCETIMING_H

#include "tools/tenon/Roofline.h"
#include "tools/tenon/Session.h"

namespace tenon::cli {

// Each prints what it found and returns 5 if the ratio is `factor` or more, 0 if it is less, or the code of an error.
// Times are the best of several, and a ratio has to hold twice: the load of the machine makes programs slower, never
// faster.

/// Compares the times of two models with bound inputs, taken in turns.
int timeAgainst(Session &session, Session &other, double factor);

/// Compares each kernel with the time that its operations and bytes take at the machine's rates, and a few
/// microseconds for handing it to the threads.
int timeAgainstBound(Session &session, const Roofline &roofline, double factor);

} // namespace tenon::cli

#endif

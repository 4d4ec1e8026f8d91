//===- StepTimes.h - What each step of a model takes ---------------------===//
#ifndef TENON_TOOLS_TENON_STEPTIMES_H
#define TENON_TOOLS_TENON_STEPTIMES_H

#include "tools/tenon/Session.h"

namespace tenon::cli {

/// Gives 0 threads the number that the runtime would use. Returns an exit code.
int countThreads(unsigned &threads);

/// Runs a model whose inputs are bound `rounds` times, after a run that warms up, and gives the mean time of each step
/// in seconds. Makes the session's context anew. Returns an exit code.
int measureSteps(Session &session, unsigned threads, unsigned rounds, std::vector<double> &seconds);

/// The same for a model file or artifact, on random inputs and enough rounds for a report.
int measureModel(const std::string &path, const ModelOptions &model, unsigned threads, std::vector<double> &seconds);

} // namespace tenon::cli

#endif

//===- Output.h - What the commands print --------------------------------===//
//
// Data goes to the standard output, everything else to the standard error.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_TOOLS_TENON_OUTPUT_H
#define TENON_TOOLS_TENON_OUTPUT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"
#include <string>

namespace tenon::cli {

/// Exit codes, as in tools/compiler/Compiler.h.
enum {
  kOk = 0,
  kCannotCompile = 1,
  kUsage = 2,
  kMalformed = 3,
  kInputOutput = 4,
  kDiffers = 5,
  kLimit = 6,
  kInternal = 70
};

/// Prints "error: message", in colour on a terminal. A message that begins so already is left as it is.
void printError(llvm::StringRef message);
void printWarning(llvm::StringRef message);
/// Prints a line to the standard error.
void printNote(llvm::StringRef message);

/// Prints a JSON value to the standard output. Returns false if that failed.
bool printJson(llvm::json::Value value);

/// "13.9 MB", "812 bytes".
std::string formatBytes(double bytes);
/// "3.2 G", for flops and the like.
std::string formatCount(double count);

/// The first of node names, one per line, and how many more there are.
std::string shortSources(llvm::StringRef sources);

/// Shows on a terminal what is being done, in one line that goes away.
class Progress {
public:
  /// Nothing is ever shown if `wanted` is false or the standard error is no terminal.
  explicit Progress(bool wanted);
  ~Progress();
  void update(llvm::StringRef phase, unsigned done, unsigned total);

private:
  bool shown;
  double start, phaseStart = 0;
  std::string phase;
};

} // namespace tenon::cli

#endif

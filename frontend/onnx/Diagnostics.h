// Diagnostics of the ONNX loading layer: what is wrong, at which node, and what kind of failure that is.

#ifndef TENON_FRONTEND_ONNX_DIAGNOSTICS_H
#define TENON_FRONTEND_ONNX_DIAGNOSTICS_H

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::onnx {

enum class Severity { Warning, Error };

/// The kind of a failure. The values are the exit codes of the tools.
enum class Status {
  Ok = 0,
  Unsupported = 1,   ///< a valid model that needs something Tenon does not have (IR version, opset)
  Malformed = 3,     ///< not an ONNX model, or one that breaks the rules of the format
  IoError = 4,       ///< a file is missing, unreadable or not a regular file
  LimitExceeded = 6, ///< one of LoadOptions' limits, or memory
};

struct Diagnostic {
  Severity severity = Severity::Error;
  /// Status::Ok for a warning.
  Status kind = Status::Malformed;
  std::string message;
  /// Display name of the node, or empty when it is not about one node.
  std::string node;
  std::vector<std::string> notes;

  /// "error: node 'Add#3': message", one line, and one "  note: ..." line per note; no trailing newline.
  std::string str() const;
};

/// Collects diagnostics in the order in which they are found, keeps the first `maxKept` of each severity and
/// counts the rest, so that a hostile file can't make the list large.
class Diagnostics {
public:
  explicit Diagnostics(size_t maxKept = 50) : maxKept(maxKept) {}

  /// Adds an error. The reference stays valid until the next call, to append notes.
  Diagnostic &error(Status kind, std::string message, std::string_view node = {});
  Diagnostic &warning(std::string message, std::string_view node = {});

  const std::vector<Diagnostic> &list() const { return kept; }
  size_t errorCount() const { return errors; }
  size_t warningCount() const { return warnings; }
  /// The kind of the first error, or Status::Ok.
  Status status() const { return firstError; }
  /// All kept diagnostics, one per line, and "... and 12 more errors" when some were dropped.
  std::string str() const;

private:
  Diagnostic &add(Diagnostic diagnostic, size_t &count);

  size_t maxKept;
  size_t errors = 0;
  size_t warnings = 0;
  Status firstError = Status::Ok;
  std::vector<Diagnostic> kept;
  Diagnostic dropped;
};

/// `name` in single quotes, control characters escaped, cut in the middle when longer than about 120 bytes.
std::string quoted(std::string_view name);

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_DIAGNOSTICS_H

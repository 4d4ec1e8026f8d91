#include "frontend/onnx/Diagnostics.h"

#include <fmt/format.h>

namespace tenon::onnx {

std::string Diagnostic::str() const {
  std::string text = severity == Severity::Error ? "error: " : "warning: ";
  if (!node.empty())
    text += fmt::format("node {}: ", quoted(node));
  text += message;
  for (const std::string &note : notes)
    text += "\n  note: " + note;
  return text;
}

Diagnostic &Diagnostics::add(Diagnostic diagnostic, size_t &count) {
  Diagnostic *place = &dropped;
  if (count++ < maxKept)
    place = &kept.emplace_back();
  *place = std::move(diagnostic);
  return *place;
}

Diagnostic &Diagnostics::error(Status kind, std::string message, std::string_view node) {
  if (firstError == Status::Ok)
    firstError = kind;
  return add({Severity::Error, kind, std::move(message), std::string(node), {}}, errors);
}

Diagnostic &Diagnostics::warning(std::string message, std::string_view node) {
  return add({Severity::Warning, Status::Ok, std::move(message), std::string(node), {}}, warnings);
}

std::string Diagnostics::str() const {
  std::string text;
  for (const Diagnostic &diagnostic : kept) {
    text += diagnostic.str();
    text += '\n';
  }
  if (errors > maxKept)
    text += fmt::format("... and {} more errors\n", errors - maxKept);
  if (warnings > maxKept)
    text += fmt::format("... and {} more warnings\n", warnings - maxKept);
  return text;
}

std::string quoted(std::string_view name) {
  constexpr size_t maxLength = 120, keptEnd = 40;
  std::string text = "'";
  for (size_t i = 0; i < name.size(); ++i) {
    if (name.size() > maxLength && i == maxLength - keptEnd) {
      text += "...";
      i = name.size() - keptEnd;
    }
    unsigned char c = static_cast<unsigned char>(name[i]);
    if (c < 0x20 || c == 0x7f)
      text += fmt::format("\\x{:02x}", c);
    else
      text += static_cast<char>(c);
  }
  return text + "'";
}

} // namespace tenon::onnx

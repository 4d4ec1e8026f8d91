#include "tools/report/SnapshotData.h"
#include "ir/Dialect.h"
#include "tools/report/ProgramText.h"

using namespace mlir;

namespace tenon::report {

/// Nodes that a line refers to at most; kernels of many have them in their own section.
static constexpr size_t kNodesPerLine = 8;

unsigned SnapshotData::lineNumber(const std::string &text, Location loc) {
  std::vector<unsigned> of = names.numbers(loc, kNodesPerLine);
  std::string key = text;
  key += '\0';
  key.append(reinterpret_cast<const char *>(of.data()), of.size() * sizeof(unsigned));
  auto [it, isNew] = known.try_emplace(key, lines.size());
  if (isNew) {
    lines.push_back(it->getKey().take_front(text.size()));
    nodes.push_back(std::move(of));
    bytes += text.size();
  }
  return it->second;
}

void SnapshotData::add(ModuleOp module) {
  Program program;
  size_t room = mostBytes / 4;
  bool bodies = bytes + room < mostBytes, whole = bytes < mostBytes;
  module->walk([&](Operation *) { ++program.operations; });
  if (!whole)
    program.note = "This program is left out: the text of those before it is as much as a report holds.";
  else if (!bodies)
    program.note = "The bodies of kernels are left out, so that the report does not grow too large.";
  if (whole)
    ProgramText::print(module, bodies, [&](const std::string &text, Location loc) {
      unsigned number = lineNumber(text, loc);
      if (!program.runs.empty() && program.runs.end()[-2] + program.runs.back() == number)
        ++program.runs.back();
      else
        program.runs.insert(program.runs.end(), {number, 1});
      ++program.count;
    });
  programs.push_back(std::move(program));
}

void SnapshotData::addImport(ModuleOp module) {
  debug::Snapshot import;
  import.position = {"import", "", 0};
  import.changed = import.succeeded = true;
  add(module);
  passes.push_back({import, 0});
}

void SnapshotData::addPass(const debug::Snapshot &pass, ModuleOp module) {
  if (module)
    add(module);
  passes.push_back({pass, static_cast<unsigned>(programs.size() - 1)});
}

void SnapshotData::write(llvm::json::OStream &out) const {
  out.attributeArray("passes", [&] {
    for (const Pass &pass : passes)
      out.object([&] {
        const debug::Snapshot &ran = pass.ran;
        out.attribute("stage", ran.position.stage);
        out.attribute("name", ran.position.name);
        out.attribute("number", ran.position.number);
        out.attribute("summary", ran.position.summary);
        out.attribute("changed", ran.changed);
        out.attribute("succeeded", ran.succeeded);
        out.attribute("seconds", ran.seconds);
        out.attribute("snapshot", pass.program);
      });
  });
  out.attributeArray("lines", [&] {
    for (llvm::StringRef line : lines)
      out.value(validText(line));
  });
  out.attributeArray("nodes", [&] {
    for (const std::vector<unsigned> &of : nodes)
      out.value(of.empty() ? llvm::json::Value(-1) : of.size() == 1 ? llvm::json::Value(of[0]) : llvm::json::Array(of));
  });
  out.attributeArray("snapshots", [&] {
    for (const Program &program : programs)
      out.object([&] {
        out.attribute("operations", program.operations);
        out.attribute("count", program.count);
        out.attribute("note", program.note);
        writeNumbers(out, "runs", program.runs);
      });
  });
}

} // namespace tenon::report

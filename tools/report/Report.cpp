#include "tools/report/Report.h"
#include "tools/compiler/OutputFile.h"
#include "tools/debug/Snapshots.h"
#include "tools/report/GraphData.h"
#include "tools/report/MemoryData.h"
#include "tools/report/Page.h"
#include "tools/report/SnapshotData.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace tenon::report {

namespace {

/// The JSON of one section; `fill` writes the attributes of an object.
Section makeSection(llvm::StringRef name, llvm::function_ref<void(llvm::json::OStream &)> fill) {
  Section section{name.str(), ""};
  llvm::raw_string_ostream stream(section.json);
  llvm::json::OStream out(stream);
  out.object([&] { fill(out); });
  return section;
}

/// The passes as they ran. One that crashed or did not end has left nothing, and belongs to them all the same.
std::vector<debug::Snapshot> passesOf(const Source &source) {
  std::vector<debug::Snapshot> passes = debug::readSnapshots(source.directory);
  if (!source.findings || !source.findings->finding)
    return passes;
  const std::string &where = source.findings->finding->where;
  std::optional<PassPosition> position = PassPosition::parse(where);
  auto isWhere = [&](const debug::Snapshot &pass) { return pass.position.str() == where; };
  if (position && llvm::none_of(passes, isWhere)) {
    debug::Snapshot ended;
    ended.position = *position;
    passes.push_back(ended);
  }
  return passes;
}

void writeSummary(llvm::json::OStream &out, const Source &source, Compiler &compiler) {
  out.attribute("model", validText(llvm::sys::path::filename(source.model)));
  out.attribute("command", validText(source.command));
  std::vector<std::string> targets;
  for (const Target *target : compiler.getLibrary().targets)
    targets.push_back(target->name);
  out.attribute("targets", llvm::json::Array(targets));
}

void writeRemarks(llvm::json::OStream &out, const std::vector<Remark> &remarks, Names &names) {
  out.attributeArray("list", [&] {
    for (const Remark &remark : remarks)
      out.object([&] {
        std::vector<unsigned> nodes;
        for (const std::string &node : remark.nodes)
          nodes.push_back(names.number(node));
        out.attribute("kind", llvm::StringRef(remark.kind).lower());
        out.attribute("pass", remark.pass);
        out.attribute("name", remark.name);
        out.attribute("message", validText(remark.message));
        writeNumbers(out, "nodes", nodes);
      });
  });
}

} // namespace

int writeReport(const Source &source, const std::string &path, std::string &message) {
  auto &compiler = *new Compiler(source.compiler); // never destroyed: the process ends with it
  if (!compiler.load(source.model)) {
    message = compiler.getError().message;
    return static_cast<int>(compiler.getError().kind);
  }
  if (!debug::loadSnapshotWeights(source.directory, compiler.getContext(), message))
    return static_cast<int>(ErrorKind::InputOutput);
  Names names;
  SnapshotData snapshots(names);
  ModuleOp imported = compiler.getModule();
  OwningOpRef<ModuleOp> last;
  snapshots.addImport(imported);
  for (const debug::Snapshot &pass : passesOf(source)) {
    if (pass.changed)
      last = debug::readSnapshot(pass.file, compiler.getContext());
    snapshots.addPass(pass, pass.changed && last ? *last : ModuleOp());
  }
  ModuleOp end = last ? *last : imported;
  using Out = llvm::json::OStream;
  std::vector<Section> sections;
  sections.push_back(makeSection("summary", [&](Out &out) { writeSummary(out, source, compiler); }));
  sections.push_back(makeSection("findings", [&](Out &out) {
    if (source.findings)
      out.attribute("report", source.findings->toJson());
  }));
  sections.push_back(makeSection("graph", [&](Out &out) { writeGraph(out, imported, end, names); }));
  sections.push_back(makeSection("memory", [&](Out &out) { writeMemory(out, end, names); }));
  sections.push_back(
      makeSection("kernels", [&](Out &out) { writeKernels(out, end, source.measured, source.whyNotMeasured, names); }));
  std::vector<Remark> remarks = debug::readRemarks(source.directory);
  sections.push_back(makeSection("remarks", [&](Out &out) { writeRemarks(out, remarks, names); }));
  sections.push_back(makeSection("snapshots", [&](Out &out) { snapshots.write(out); }));
  sections.push_back(makeSection("names", [&](Out &out) { names.write(out); })); // when all have been numbered
  std::string title = validText(llvm::sys::path::filename(source.model)) + " - Tenon";
  return writeOutputFile(path, makePage(title, sections), message) ? 0 : static_cast<int>(ErrorKind::InputOutput);
}

} // namespace tenon::report

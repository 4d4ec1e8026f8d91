#include "tools/debug/Debugger.h"
#include "tools/compiler/OutputFile.h"
#include "tools/debug/Analysis.h"
#include "tools/debug/Snapshots.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <chrono>
#include <fmt/core.h>

namespace tenon::debug {

namespace {

/// Seconds that a compilation may take before it is taken to hang.
constexpr double kHangSeconds = 600;

/// The folder of one session.
class Folder {
public:
  explicit Folder(std::string given) : path(std::move(given)), isOwn(path.empty()) {}
  ~Folder() {
    if (isOwn && !path.empty())
      llvm::sys::fs::remove_directories(path);
  }
  bool create(std::string &message) {
    llvm::SmallString<128> made;
    std::error_code code =
        isOwn ? llvm::sys::fs::createUniqueDirectory("tenon-debug", made) : llvm::sys::fs::create_directories(path);
    if (code) {
      message = "cannot create a folder" + (isOwn ? "" : " " + path) + ": " + code.message();
      return false;
    }
    if (isOwn)
      path = made.str().str();
    // Lines are appended to these.
    for (const char *name : {"passes.json", "remarks.json", "weights.tnw", "error.txt", "report.json"})
      llvm::sys::fs::remove(file(name));
    return true;
  }
  const std::string &str() const { return path; }
  std::string file(llvm::StringRef name) const { return path + "/" + name.str(); }
  std::string read(llvm::StringRef name) const {
    auto buffer = llvm::MemoryBuffer::getFile(file(name));
    return buffer ? (*buffer)->getBuffer().str() : "";
  }

private:
  std::string path;
  bool isOwn;
};

class Session {
public:
  Session(const DebugOptions &options, Folder &folder, Report &report, std::string &message)
      : options(options), folder(folder), report(report), message(message) {}

  int run() {
    ProcessLimits limits = options.limits;
    limits.seconds = limits.seconds > 0 ? limits.seconds : kHangSeconds;
    ProcessOutcome outcome = supervise(limits, [this] { return compile(); });
    if (outcome.exitCode == 130 || outcome.exitCode == 143)
      return message = outcome.message, outcome.exitCode;
    std::string error = folder.read("error.txt");
    if (outcome.exitCode == 0)
      return analyse([&](Analysis &analysis) { return analysis.run(folder.file("model.so"), message); });
    bool hang = outcome.message.find("time limit") == 0, crash = outcome.crashSignal != 0;
    const char *kind = hang ? "hang" : crash ? "crash" : "diagnostic";
    std::string text = hang || crash ? outcome.message : error;
    std::optional<PassPosition> position = PassPosition::parse(outcome.phase);
    // What the model's author has to mend is no fault of the compiler.
    if (!hang && !crash && !position && outcome.phase != "kernel")
      return message = error.empty() ? outcome.message : error, outcome.exitCode;
    if (position)
      return analyse([&](Analysis &analysis) { return analysis.runFailing(*position, kind, text, message); });
    if (outcome.phase == "kernel")
      return analyse([&](Analysis &analysis) { return analysis.runFailingKernels(kind, text, message); });
    report.finding = Finding{kind, outcome.phase, text, {}};
    return static_cast<int>(ErrorKind::Differs);
  }

private:
  /// In a process of its own.
  int compile() {
    CompilerOptions own = options.compiler;
    SnapshotWriter writer(folder.str());
    Compiler *running = nullptr;
    own.watcher = writeSnapshots(writer, [&]() -> Compiler & { return *running; }, /*announce=*/true);
    auto &compiler = *new Compiler(own); // never destroyed: the process ends with it
    running = &compiler;
    bool good = compiler.load(options.model) && writer.begin(compiler.getModule()) && runStages(compiler) &&
                compiler.emit(folder.file("model.so"), OutputKind::SharedLibrary, "model");
    std::string ignored, text = compiler.getError().message;
    auto code = static_cast<int>(compiler.getError().kind);
    if (!writer.getError().empty()) {
      text = writer.getError();
      code = static_cast<int>(ErrorKind::InputOutput);
    } else if (!good && code == 0) {
      code = static_cast<int>(ErrorKind::Internal);
    }
    writeOutputFile(folder.file("error.txt"), text, ignored);
    return code;
  }

  /// Phases are announced per pass, and not per stage: a stage that fails ends in its bad pass.
  static bool runStages(Compiler &compiler) { return compiler.runUntil(Stage::Memory); }

  /// Runs an analysis in a process of its own, and takes over its report.
  int analyse(llvm::function_ref<int(Analysis &)> work) {
    ProcessLimits limits = options.limits;
    limits.seconds = 0; // the compiler is known not to hang, and kernels have a limit of their own
    ProcessOutcome outcome = supervise(limits, [&] {
      Report own;
      auto save = [&] {
        std::string ignored, text;
        llvm::raw_string_ostream(text) << llvm::json::Value(own.toJson());
        writeOutputFile(folder.file("report.json"), text, ignored);
      };
      auto &analysis = *new Analysis(options, folder.str(), own, save);
      int code = work(analysis);
      std::string ignored;
      writeOutputFile(folder.file("error.txt"), message, ignored);
      return code;
    });
    message = folder.read("error.txt");
    auto saved = llvm::json::parse(folder.read("report.json"));
    if (!saved)
      llvm::consumeError(saved.takeError());
    else if (auto read = Report::fromJson(*saved))
      report = *read;
    if (outcome.exitCode == 0 || outcome.exitCode == static_cast<int>(ErrorKind::Differs))
      return outcome.exitCode;
    if (report.finding && (outcome.crashSignal || outcome.exitCode == static_cast<int>(ErrorKind::Limit))) {
      report.finding->kind = outcome.crashSignal ? "crash" : "hang";
      report.notes.push_back("note: the analysis ended there: " + outcome.message);
      return static_cast<int>(ErrorKind::Differs);
    }
    if (message.empty())
      message = outcome.message;
    return outcome.exitCode;
  }

  const DebugOptions &options;
  Folder &folder;
  Report &report;
  std::string &message;
};

} // namespace

int debugModel(const DebugOptions &options, Report &report, std::string &message) {
  auto start = std::chrono::steady_clock::now();
  Folder folder(options.directory);
  if (!folder.create(message))
    return static_cast<int>(ErrorKind::InputOutput);
  int code = Session(options, folder, report, message).run();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (options.finish)
    options.finish(folder.str(), report, code);
  return code;
}

} // namespace tenon::debug

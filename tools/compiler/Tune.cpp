//===- Tune.cpp - Schedules by measurement -------------------------------===//
#include "codegen/cpu/KernelTimer.h"
#include "tools/compiler/Compiler.h"
#include "tools/compiler/OutputFile.h"
#include "tools/compiler/Phase.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace tenon {

bool Compiler::readSchedules() {
  constexpr uint64_t kMostBytes = 64 << 20;
  if (options.schedules.empty())
    return true;
  auto file = llvm::MemoryBuffer::getFile(options.schedules, /*IsText=*/true);
  if (!file)
    return fail(ErrorKind::InputOutput, options.schedules + ": " + file.getError().message());
  if ((*file)->getBufferSize() > kMostBytes)
    return fail(ErrorKind::Malformed, options.schedules + ": too large for a schedule file");
  auto book = ScheduleBook::parse((*file)->getBuffer());
  if (!book)
    return fail(ErrorKind::Malformed, options.schedules + ": " + llvm::toString(book.takeError()));
  schedules = std::move(*book);
  library.schedules = &schedules;
  return true;
}

/// The names of the graph's nodes in a kernel's location, joined by commas.
static std::string sourcesOf(tn::KernelOp kernel) {
  std::string text;
  kernel.getLoc()->walk([&](Location location) {
    if (auto name = dyn_cast<NameLoc>(location))
      text += (text.empty() ? "" : ", ") + name.getName().str();
    return WalkResult::advance();
  });
  return text;
}

bool Compiler::tune(const std::string &path) {
  // What is not clearly faster is left to the model, whose choice is the same on every machine.
  constexpr double kLeastGain = 1.02;
  const Target *target = hostTarget();
  if (!target || !llvm::is_contained(library.targets, target))
    return fail(ErrorKind::Usage, "--tune: this machine's level is not one of those to compile for");
  llvm::MapVector<llvm::StringRef, SmallVector<tn::KernelOp>> distinct;
  std::map<std::string, std::string> keys;
  Builder b(context.get());
  for (tn::KernelOp kernel : module->lookupSymbol<func::FuncOp>("main").getOps<tn::KernelOp>())
    if (library.find(*kernel.getTemplateName())->candidates(kernel, *target).size() > 1)
      distinct[keys.try_emplace(kernelKey(kernel)).first->first].push_back(kernel);
  Phase phase(*this, "tune");
  unsigned done = 0;
  for (auto &[key, kernels] : distinct) {
    if (options.progress)
      options.progress("tune", done++, distinct.size());
    tn::KernelOp kernel = kernels.front();
    auto trials = codegen::timeCandidates(kernel, *target);
    if (!trials)
      return fail(ErrorKind::Internal, "cannot tune a kernel: " + llvm::toString(trials.takeError()));
    auto now = kernel.getSchedule()->getAs<DictionaryAttr>(target->name);
    auto chosen = llvm::find_if(*trials, [&](const codegen::Trial &trial) { return trial.schedule == now; });
    if (chosen == trials->end() || chosen->seconds < kLeastGain * trials->front().seconds)
      continue;
    DictionaryAttr best = trials->front().schedule;
    schedules.add(key, *target, best, sourcesOf(kernel), chosen->seconds / trials->front().seconds);
    for (tn::KernelOp same : kernels) {
      NamedAttrList list(*same.getSchedule());
      list.set(target->name, best);
      same.setScheduleAttr(list.getDictionary(context.get()));
    }
  }
  std::string message;
  return writeOutputFile(path, schedules.toJson(), message) || fail(ErrorKind::InputOutput, message);
}

} // namespace tenon

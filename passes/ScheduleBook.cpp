#include "passes/ScheduleBook.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace tenon {

constexpr int64_t kVersion = 1;

std::string kernelKey(tn::KernelOp kernel) {
  // In a module of its own, so that values are numbered from 0.
  OpBuilder b(kernel.getContext());
  OwningOpRef<ModuleOp> module(ModuleOp::create(b.getUnknownLoc()));
  auto type = b.getFunctionType(kernel.getBlock()->getArgumentTypes(), {});
  auto function = func::FuncOp::create(b.getUnknownLoc(), "key", type);
  module->push_back(function);
  IRMapping mapping;
  kernel.getBody().cloneInto(&function.getBody(), mapping);
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << kernel.getTemplateName().value_or("") << "\n";
  function->print(stream, OpPrintingFlags().printGenericOpForm().assumeVerified());
  return llvm::formatv("{0:x-16}", llvm::xxh3_64bits(text)).str();
}

std::string describeSchedule(DictionaryAttr schedule) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (NamedAttribute entry : schedule) {
    stream << (text.empty() ? "" : " ") << entry.getName().getValue() << "=";
    if (auto number = dyn_cast<IntegerAttr>(entry.getValue()))
      stream << number.getInt();
    else
      entry.getValue().print(stream);
  }
  return text;
}

static llvm::Error malformed(const llvm::Twine &what) {
  return llvm::createStringError("not a schedule file: " + what);
}

llvm::Expected<ScheduleBook> ScheduleBook::parse(llvm::StringRef text) {
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(text);
  if (!value)
    return malformed(llvm::toString(value.takeError()));
  const llvm::json::Object *root = value->getAsObject();
  if (!root || root->getInteger("version") != kVersion)
    return malformed("its version is not " + llvm::Twine(kVersion));
  const llvm::json::Array *list = root->getArray("schedules");
  if (!list)
    return malformed("it has no list 'schedules'");
  ScheduleBook book;
  for (auto [i, item] : llvm::enumerate(*list)) {
    const llvm::json::Object *object = item.getAsObject();
    auto key = object ? object->getString("kernel") : std::nullopt;
    auto target = object ? object->getString("target") : std::nullopt;
    const llvm::json::Object *schedule = object ? object->getObject("schedule") : nullptr;
    if (!key || !target || !schedule)
      return malformed("entry " + llvm::Twine(i) + " lacks 'kernel', 'target' or 'schedule'");
    Record record;
    for (auto &[name, number] : *schedule) {
      std::optional<int64_t> integer = number.getAsInteger();
      if (!integer)
        return malformed("entry " + llvm::Twine(i) + ": '" + llvm::StringRef(name) + "' is not an integer");
      record.entries[name.str()] = *integer;
    }
    record.sources = object->getString("sources").value_or("").str();
    record.speedup = object->getNumber("speedup").value_or(1);
    book.records[{key->str(), target->str()}] = record;
  }
  return book;
}

std::string ScheduleBook::toJson() const {
  llvm::json::Array list;
  for (auto &[name, record] : records) {
    llvm::json::Object schedule;
    for (auto &[entry, value] : record.entries)
      schedule[entry] = value;
    list.push_back(llvm::json::Object{{"kernel", name.first},
                                      {"target", name.second},
                                      {"schedule", std::move(schedule)},
                                      {"sources", llvm::json::fixUTF8(record.sources)},
                                      {"speedup", record.speedup}});
  }
  llvm::json::Value root = llvm::json::Object{{"version", kVersion}, {"schedules", std::move(list)}};
  return llvm::formatv("{0:2}\n", root).str();
}

void ScheduleBook::add(llvm::StringRef key, const Target &target, DictionaryAttr schedule, llvm::StringRef sources,
                       double speedup) {
  Record &record = records[{key.str(), target.name}];
  record.entries.clear();
  for (NamedAttribute entry : schedule)
    record.entries[entry.getName().str()] = cast<IntegerAttr>(entry.getValue()).getInt();
  record.sources = sources.str();
  record.speedup = speedup;
}

DictionaryAttr ScheduleBook::find(tn::KernelOp kernel, const Target &target) const {
  auto it = records.find({kernelKey(kernel), target.name});
  if (it == records.end())
    return nullptr;
  Builder b(kernel.getContext());
  SmallVector<NamedAttribute> entries;
  for (auto &[name, value] : it->second.entries)
    entries.push_back(b.getNamedAttr(name, b.getI64IntegerAttr(value)));
  return b.getDictionaryAttr(entries);
}

} // namespace tenon

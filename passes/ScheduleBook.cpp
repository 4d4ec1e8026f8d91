#include "passes/ScheduleBook.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
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
    if (auto number = dyn_cast<IntegerAttr>(entry.getValue())) {
      stream << number.getInt();
    } else {
      auto inner = llvm::map_range(cast<ArrayAttr>(entry.getValue()).getAsRange<DictionaryAttr>(), describeSchedule);
      stream << "[" << llvm::join(inner, "; ") << "]";
    }
  }
  return text;
}

//===----------------------------------------------------------------------===//
// Schedules as JSON: integers, and lists of schedules
//===----------------------------------------------------------------------===//

static llvm::json::Object jsonOf(DictionaryAttr schedule) {
  llvm::json::Object object;
  for (NamedAttribute entry : schedule) {
    llvm::json::Value &value = object[entry.getName().getValue()];
    if (auto number = dyn_cast<IntegerAttr>(entry.getValue())) {
      value = number.getInt();
      continue;
    }
    llvm::json::Array list;
    for (auto inner : cast<ArrayAttr>(entry.getValue()).getAsRange<DictionaryAttr>())
      list.push_back(jsonOf(inner));
    value = std::move(list);
  }
  return object;
}

static DictionaryAttr scheduleOf(const llvm::json::Object &object, Builder &b) {
  SmallVector<NamedAttribute> entries;
  for (auto &[name, value] : object) {
    if (std::optional<int64_t> number = value.getAsInteger()) {
      entries.push_back(b.getNamedAttr(StringRef(name), b.getI64IntegerAttr(*number)));
      continue;
    }
    SmallVector<Attribute> list;
    for (const llvm::json::Value &inner : *value.getAsArray())
      list.push_back(scheduleOf(*inner.getAsObject(), b));
    entries.push_back(b.getNamedAttr(StringRef(name), b.getArrayAttr(list)));
  }
  return b.getDictionaryAttr(entries);
}

/// The name of an entry that is neither an integer nor a list of schedules; empty if there is none.
static std::string badEntry(const llvm::json::Object &object) {
  for (auto &[name, value] : object) {
    if (value.getAsInteger())
      continue;
    const llvm::json::Array *list = value.getAsArray();
    if (!list)
      return StringRef(name).str();
    for (const llvm::json::Value &inner : *list) {
      std::string bad = inner.getAsObject() ? badEntry(*inner.getAsObject()) : StringRef(name).str();
      if (!bad.empty())
        return bad;
    }
  }
  return "";
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
    if (std::string bad = badEntry(*schedule); !bad.empty())
      return malformed("entry " + llvm::Twine(i) + ": '" + bad + "' is not an integer");
    record.schedule = *schedule;
    record.sources = object->getString("sources").value_or("").str();
    record.speedup = object->getNumber("speedup").value_or(1);
    book.records[{key->str(), target->str()}] = record;
  }
  return book;
}

std::string ScheduleBook::toJson() const {
  llvm::json::Array list;
  for (auto &[name, record] : records) {
    list.push_back(llvm::json::Object{{"kernel", name.first},
                                      {"target", name.second},
                                      {"schedule", llvm::json::Object(record.schedule)},
                                      {"sources", llvm::json::fixUTF8(record.sources)},
                                      {"speedup", record.speedup}});
  }
  llvm::json::Value root = llvm::json::Object{{"version", kVersion}, {"schedules", std::move(list)}};
  return llvm::formatv("{0:2}\n", root).str();
}

void ScheduleBook::add(llvm::StringRef key, const Target &target, DictionaryAttr schedule, llvm::StringRef sources,
                       double speedup) {
  Record &record = records[{key.str(), target.name}];
  record.schedule = jsonOf(schedule);
  record.sources = sources.str();
  record.speedup = speedup;
}

DictionaryAttr ScheduleBook::find(tn::KernelOp kernel, const Target &target) const {
  auto it = records.find({kernelKey(kernel), target.name});
  if (it == records.end())
    return nullptr;
  Builder b(kernel.getContext());
  return scheduleOf(it->second.schedule, b);
}

} // namespace tenon

//===- ScheduleBook.h - Schedules that were measured ---------------------===//
//
// What `--tune` writes and `--schedules` reads: for kernels and targets the schedule that ran fastest. Kernels are
// named by what they compute, so that an entry serves every model that has the kernel.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_SCHEDULEBOOK_H
#define TENON_PASSES_SCHEDULEBOOK_H

#include "ir/Dialect.h"
#include "passes/Target.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <map>
#include <string>

namespace tenon {

/// A name for what a kernel computes and by which template, the same in every process: locations, the schedule and
/// the place of its buffers do not count. 16 hexadecimal digits.
std::string kernelKey(tn::KernelOp kernel);

/// A schedule for a reader: "rows=14 vectors=2", schedules within it in brackets.
std::string describeSchedule(mlir::DictionaryAttr schedule);

class ScheduleBook {
public:
  /// Reads a schedule file; any text gives a book or an error that says what is wrong with it.
  static llvm::Expected<ScheduleBook> parse(llvm::StringRef json);
  std::string toJson() const;

  void add(llvm::StringRef key, const Target &target, mlir::DictionaryAttr schedule, llvm::StringRef sources,
           double speedup);
  /// The schedule for a kernel, or null.
  mlir::DictionaryAttr find(tn::KernelOp kernel, const Target &target) const;
  size_t size() const { return records.size(); }

private:
  struct Record {
    llvm::json::Object schedule;
    std::string sources; ///< the graph's nodes, for the reader
    double speedup = 1;  ///< over the schedule that the model chose, when it was measured
  };
  std::map<std::pair<std::string, std::string>, Record> records; ///< by key and target
};

} // namespace tenon

#endif

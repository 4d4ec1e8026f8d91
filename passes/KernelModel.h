//===- KernelModel.h - What planning asks of kernel templates ------------===//
//
// Fusion, scheduling and memory planning work on kernels without knowing how they are lowered. Code generation's
// kernel templates implement this interface, and the drivers hand the library of them to the passes, so that a region
// is only formed if it can be lowered.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_KERNELMODEL_H
#define TENON_PASSES_KERNELMODEL_H

#include "ir/Dialect.h"
#include "passes/Target.h"
#include <optional>

namespace tenon {

/// A schedule and what a template's cost model estimates for it.
struct WeighedSchedule {
  mlir::DictionaryAttr schedule;
  double cost;
};

/// How the work items of a kernel follow the rows of its result, which count along dimension `dim`; the dimensions
/// before are images. Items count planes, images, tiles of rows and parts of a tile, from the outermost to the
/// innermost. A last tile that does not fit may begin earlier.
struct RowItems {
  unsigned dim = 1;
  int64_t planes = 1, tileRows = 1, parts = 1;
  /// Row r of an image reads the rows [r * stride, r * stride + reach) of the same image of this input, and nothing
  /// else of it.
  unsigned input = 0, inputDim = 1;
  int64_t stride = 1, reach = 1;
  /// Padding that the result has before its first row and behind its last one.
  int64_t low = 0, high = 0;
};

class KernelModel {
public:
  virtual ~KernelModel() = default;
  virtual llvm::StringRef getName() const = 0;

  /// Whether the template can lower this kernel's body.
  virtual bool match(tn::KernelOp kernel) const = 0;
  /// Rewrites operands into the form that the template wants, by operations in front of the kernel and their inverse
  /// inside (a packed right operand, for one). The meaning stays.
  virtual void prepare(tn::KernelOp kernel) const {}
  /// Parameters for a target. Everything that depends on the target is decided here.
  virtual mlir::DictionaryAttr schedule(tn::KernelOp kernel, const Target &target) const = 0;
  /// The schedules among which a cost model chose, with their costs in a unit of the template; none where the schedule
  /// follows from the kernel's shape.
  virtual llvm::SmallVector<WeighedSchedule> weigh(tn::KernelOp kernel, const Target &target) const { return {}; }
  virtual llvm::StringRef getCostUnit() const { return ""; }
  /// The schedules that tuning tries.
  virtual llvm::SmallVector<mlir::DictionaryAttr> candidates(tn::KernelOp kernel, const Target &target) const {
    return {schedule(kernel, target)};
  }
  /// Whether the kernel can be lowered by a schedule that came from outside.
  virtual bool accepts(tn::KernelOp kernel, const Target &target, mlir::DictionaryAttr schedule) const {
    return llvm::is_contained(candidates(kernel, target), schedule);
  }
  /// Number of work items of the parallel space.
  virtual int64_t extent(tn::KernelOp kernel, mlir::DictionaryAttr schedule) const = 0;
  /// Scratch memory per thread in bytes.
  virtual int64_t scratchBytes(tn::KernelOp kernel, mlir::DictionaryAttr schedule) const { return 0; }
  /// How the items follow the rows of the only result; nothing where they don't.
  virtual std::optional<RowItems> rowItems(tn::KernelOp kernel, mlir::DictionaryAttr schedule) const {
    return std::nullopt;
  }
  /// Whether output `o` may share memory with input `i`: each element of the input is read, for the last time,
  /// before or together with the write of the output's element at the same position.
  virtual bool allowsInPlace(tn::KernelOp kernel, unsigned i, unsigned o) const { return false; }
  /// Whether the kernel can read input `i`, or write output `o`, in rows (of the last dimension, or of several that
  /// follow each other in memory) that lie further apart than they are long.
  virtual bool readsPaddedRows(tn::KernelOp kernel, unsigned i) const { return false; }
  virtual bool writesPaddedRows(tn::KernelOp kernel, unsigned o) const { return false; }
  /// Whether input `i` is read in several rows at a time, which a distance of a multiple of 1 kB brings into the same
  /// few sets of the first-level cache.
  virtual bool wantsPaddedRows(tn::KernelOp kernel, unsigned i) const { return false; }
};

class ScheduleBook;

/// All templates, most specific first, and the targets to compile for.
struct KernelLibrary {
  llvm::ArrayRef<const KernelModel *> models;
  llvm::SmallVector<const Target *> targets;
  /// Measured schedules that replace the models' choice; may be null.
  const ScheduleBook *schedules = nullptr;

  /// The first template that matches, or null.
  const KernelModel *match(tn::KernelOp kernel) const {
    for (const KernelModel *model : models)
      if (model->match(kernel))
        return model;
    return nullptr;
  }
  /// The template of that name, or null.
  const KernelModel *find(llvm::StringRef name) const {
    for (const KernelModel *model : models)
      if (model->getName() == name)
        return model;
    return nullptr;
  }
};

} // namespace tenon

#endif

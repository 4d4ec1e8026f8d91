#include "passes/SetSchedules.h"
#include "passes/ScheduleBook.h"
#include "passes/ScheduleRemarks.h"

using namespace mlir;

namespace tenon {

LogicalResult setSchedules(tn::KernelOp kernel, const KernelLibrary &library) {
  const KernelModel *model = library.find(*kernel.getTemplateName());
  Builder b(kernel.getContext());
  SmallVector<NamedAttribute> schedules;
  for (const Target *target : library.targets) {
    DictionaryAttr measured = library.schedules ? library.schedules->find(kernel, *target) : nullptr;
    if (measured && !model->accepts(kernel, *target, measured))
      return kernel.emitError("the schedule file's schedule for kernel ")
             << kernelKey(kernel) << " on " << target->name << " is not one of template '" << model->getName()
             << "': " << measured << "; write the file again by --tune";
    DictionaryAttr chosen = measured ? measured : model->schedule(kernel, *target);
    remarkSchedule(kernel, *model, *target, chosen, static_cast<bool>(measured));
    schedules.push_back(b.getNamedAttr(target->name, chosen));
  }
  kernel.setScheduleAttr(b.getDictionaryAttr(schedules));
  return success();
}

} // namespace tenon

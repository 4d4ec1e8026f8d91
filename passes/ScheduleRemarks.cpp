#include "passes/ScheduleRemarks.h"
#include "mlir/IR/Remarks.h"
#include "passes/ScheduleBook.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace tenon {

/// Schedules that a remark names beside the chosen one.
static constexpr size_t kShown = 4;

/// The entries of a schedule in which it is not the chosen one.
static std::string describeDifference(DictionaryAttr schedule, DictionaryAttr chosen) {
  SmallVector<NamedAttribute> entries;
  for (NamedAttribute entry : schedule)
    if (chosen.get(entry.getName()) != entry.getValue())
      entries.push_back(entry);
  return describeSchedule(DictionaryAttr::get(schedule.getContext(), entries));
}

static std::string describeLoss(const WeighedSchedule &other, DictionaryAttr chosen, double cost) {
  double loss = cost > 0 ? 100 * (other.cost / cost - 1) : 0;
  return llvm::formatv("{0} {1}{2:f1}%", describeDifference(other.schedule, chosen), loss < 0 ? "" : "+", loss);
}

static std::string describeLosers(ArrayRef<WeighedSchedule> others, DictionaryAttr chosen, double cost) {
  std::string text;
  for (const WeighedSchedule &other : others.take_front(kShown))
    text += (text.empty() ? "" : ", ") + describeLoss(other, chosen, cost);
  if (others.size() > kShown)
    text +=
        " and " + std::to_string(others.size() - kShown) + " more up to " + describeLoss(others.back(), chosen, cost);
  return text;
}

void remarkSchedule(tn::KernelOp kernel, const KernelModel &model, const Target &target, DictionaryAttr chosen,
                    bool measured) {
  if (!kernel.getContext()->getRemarkEngine())
    return;
  SmallVector<WeighedSchedule> weighed = model.weigh(kernel, target);
  auto own = llvm::find_if(weighed, [&](const WeighedSchedule &each) { return each.schedule == chosen; });
  if (weighed.empty() && !measured)
    return; // it follows from the kernel's shape
  std::string text = target.name + ": " + describeSchedule(chosen);
  if (measured)
    text += ", as the schedule file says";
  if (own != weighed.end()) {
    double cost = own->cost;
    weighed.erase(own);
    llvm::sort(weighed, [](auto &a, auto &b) { return a.cost < b.cost; });
    text += llvm::formatv(", estimated at {0:f1} {1}", cost, model.getCostUnit());
    if (!weighed.empty())
      text += "; others: " + describeLosers(weighed, chosen, cost);
  } else if (!weighed.empty()) {
    text += "; the model would take " + describeDifference(model.schedule(kernel, target), chosen);
  }
  text += "; kernel " + kernelKey(kernel);
  remark::passed(kernel.getLoc(), remark::RemarkOpts::name(measured ? "measured" : "chosen").category("tn-schedule"))
      << text;
}

} // namespace tenon

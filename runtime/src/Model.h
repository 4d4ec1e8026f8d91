// A loaded model: descriptor, weights, the code level chosen for each entry point.
#ifndef TENON_RUNTIME_MODEL_H
#define TENON_RUNTIME_MODEL_H

#include "Allocator.h"
#include "Descriptor.h"

#include <atomic>
#include <pthread.h>

struct tn_model {
  tn::Allocator allocator;
  std::atomic<uint32_t> references;
  tn_log_fn log;
  void *logUser;

  const tn_model_desc *desc;
  const char *weights;
  uint32_t *levels; ///< per entry, index into its levels

  void *library;       ///< from dlopen; NULL for a linked model
  void *mapping;       ///< of the weight section
  size_t mappingBytes; ///< whole pages
  tn::Block copy;      ///< of the weights, with TN_MODEL_COPY_WEIGHTS

  pthread_mutex_t poolLock;
  tn_pool *pool; ///< shared by the contexts that name none; made by the first

  const tn_entry_desc &entry(uint32_t index) const { return tn::at(desc->entries, index); }
  const tn_level_entry &level(uint32_t entryIndex) const {
    return tn::at(entry(entryIndex).levels, levels[entryIndex]);
  }
  void say(tn_log_level level, const char *message) const {
    if (log)
      log(logUser, level, message);
  }
};

namespace tn {

void retain(tn_model *model);
/// The pool over all CPUs that contexts of this model share.
tn_status sharedPool(tn_model *model, tn_pool **pool);
/// NOT_FOUND with a message unless the model has such an entry point.
tn_status checkEntryIndex(const tn_model *model, uint32_t entry);

} // namespace tn

#endif

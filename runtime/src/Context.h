// The state of runs: what is bound, the arena, the scratch of each thread.
#ifndef TENON_RUNTIME_CONTEXT_H
#define TENON_RUNTIME_CONTEXT_H

#include "Model.h"
#include "Status.h"
#include "Trace.h"

namespace tn {

/// One input or output of an entry point.
struct Binding {
  const tn_tensor_desc *desc;
  int64_t *dims;   ///< actual shape, of the bound input or of the last run's output
  int64_t *wanted; ///< outputs: shape of the caller's buffer
  void *data;      ///< caller's buffer, NULL: none
  size_t bytes;    ///< its capacity
  bool bound;      ///< the caller gave a buffer
  bool anyShape;   ///< outputs: only the capacity of the caller's buffer counts
  Block own;       ///< outputs: storage of the context

  tn_dtype dtype() const { return static_cast<tn_dtype>(desc->dtype); }
};

struct EntryState {
  Binding *inputs, *outputs;
  void **inputData, **outputData; ///< what the model sees
  int64_t *symbols;
  bool changed; ///< bindings differ from what was resolved last
  bool ran;     ///< the outputs are those of a run with these bindings
};

/// How messages name a tensor: "input 'x' of entry point 'main'".
class TensorName {
public:
  TensorName(const tn_entry_desc &entry, const Binding &binding, bool isOutput);
  const char *c_str() const { return text; }

private:
  char text[160];
};

} // namespace tn

struct tn_context {
  tn_model *model;
  tn_pool *pool; ///< NULL: everything on the calling thread
  uint32_t threads;
  tn_profile_fn profile;
  void *profileUser;
  tn::Recorder *recorder; ///< NULL: no trace

  tn::EntryState *entries;
  tn::Block storage; ///< of the entry states and all that they point to
  tn::Block arena;
  tn::Block scratch;
  size_t scratchStride;
  /// A line for each thread behind all scratch: how much has been taken of the end of its part of a kernel.
  char *tails() const { return scratch.data + threads * scratchStride; }
  char message[tn::kMessageBytes];

  const tn::Allocator &allocator() const { return model->allocator; }
  /// Remembers the message of a failure; wraps the result of every call on a context.
  tn_status record(tn_status status);
};

namespace tn {

/// Derives symbols, output shapes and arena size from the bindings and allocates what is missing.
tn_status resolve(tn_context &context, uint32_t entry);
/// Storage for output `index` in the shape dims: the caller's buffer, the aliased input, or the context's
/// own.
tn_status placeOutput(tn_context &context, uint32_t entry, uint32_t index, const int64_t *dims);

} // namespace tn

#endif

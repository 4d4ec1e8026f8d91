#include "Model.h"

#include "Artifact.h"
#include "Cpu.h"
#include "Sha256.h"
#include "Status.h"
#include "ThreadPool.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace tn;

// ---- Weights ----

static tn_status copyWeights(tn_model &model, int fd, uint64_t offset, uint64_t bytes) {
  if (!model.copy.grow(model.allocator, bytes))
    return fail(TN_ERROR_OUT_OF_MEMORY, "no memory for %llu bytes of weights", (unsigned long long)bytes);
  for (uint64_t done = 0; done < bytes;) {
    ssize_t got = pread(fd, model.copy.data + done, bytes - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return fail(TN_ERROR_IO, "cannot read the weights: %s", got ? strerror(errno) : "the file became shorter");
    done += static_cast<uint64_t>(got);
  }
  model.weights = model.copy.data;
  return TN_OK;
}

static tn_status loadWeights(tn_model &model, const MappedFile &file, const Artifact &artifact, uint32_t flags) {
  uint64_t bytes = artifact.note.weights_bytes, offset = artifact.weightsOffset;
  if (bytes == 0)
    return TN_OK;
  // A tool that rewrote the file may have lost the alignment that kernels rely on; then a mapping is no use.
  if ((flags & TN_MODEL_COPY_WEIGHTS) || offset % kAlignment)
    return copyWeights(model, file.descriptor(), offset, bytes);
  uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE)), lead = offset % page;
  void *memory =
      mmap(nullptr, bytes + lead, PROT_READ, MAP_PRIVATE, file.descriptor(), static_cast<off_t>(offset - lead));
  if (memory == MAP_FAILED)
    return fail(TN_ERROR_IO, "cannot map %llu bytes of weights: %s", (unsigned long long)bytes, strerror(errno));
  madvise(memory, bytes + lead, MADV_HUGEPAGE); // a wish: few file systems can
  model.mapping = memory;
  model.mappingBytes = bytes + lead;
  model.weights = static_cast<char *>(memory) + lead;
  return TN_OK;
}

// ---- Code ----

namespace {
struct LoadedNote {
  ElfW(Addr) base;
  uint64_t address, bytes;
  const char *found;
};
} // namespace

static int findLoadedNote(struct dl_phdr_info *info, size_t, void *argument) {
  auto *note = static_cast<LoadedNote *>(argument);
  if (info->dlpi_addr != note->base)
    return 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr) &s = info->dlpi_phdr[i];
    if (s.p_type == PT_LOAD && note->address >= s.p_vaddr && note->address - s.p_vaddr <= s.p_memsz &&
        note->bytes <= s.p_memsz - (note->address - s.p_vaddr))
      note->found = reinterpret_cast<const char *>(note->base + note->address);
  }
  return 1;
}

/// The loader returns what it already has under a name, even when the file has been replaced since. Old code
/// with new weights would compute nonsense, so the note in memory has to be the one in the file.
static tn_status checkSameFile(void *library, const char *path, const FileView &file, const Artifact &artifact) {
  struct link_map *map = nullptr;
  if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0)
    return fail(TN_ERROR_INTERNAL, "%s: dlinfo failed", path);
  uint64_t bytes = artifact.note.size;
  LoadedNote note = {map->l_addr, artifact.noteAddress, bytes, nullptr};
  dl_iterate_phdr(findLoadedNote, &note);
  if (!note.found || memcmp(note.found, file.data + artifact.noteOffset, bytes) != 0)
    return fail(TN_ERROR_FORMAT, "%s: another version of this file is loaded in this process; unload it first", path);
  return TN_OK;
}

static tn_status openLibrary(tn_model &model, const char *path, const FileView &file, const Artifact &artifact) {
  // The resolved path: it has a slash, so there is no search, and a link that moved names another file.
  char resolved[PATH_MAX];
  if (!realpath(path, resolved))
    return fail(TN_ERROR_IO, "%s: %s", path, strerror(errno));
  model.library = dlopen(resolved, RTLD_NOW | RTLD_LOCAL);
  if (!model.library) {
    const char *reason = dlerror();
    return fail(TN_ERROR_FORMAT, "%s: the system cannot load it: %s", path, reason ? reason : "unknown reason");
  }
  TN_TRY(checkSameFile(model.library, path, file, artifact));
  auto query = reinterpret_cast<tn_query_fn>(dlsym(model.library, "tn_model_query"));
  if (!query)
    return fail(TN_ERROR_FORMAT, "%s: the symbol tn_model_query is missing", path);
  model.desc = query(TN_ABI_VERSION);
  TN_TRY(checkDescriptor(model.desc));
  if (model.desc->weights_bytes != artifact.note.weights_bytes)
    return fail(TN_ERROR_FORMAT, "%s: note and code disagree on the size of the weights", path);
  return TN_OK;
}

// ---- Construction ----

static tn_status chooseLevels(tn_model &model, uint32_t features) {
  uint32_t count = model.desc->n_entries;
  model.levels = static_cast<uint32_t *>(model.allocator.allocate(count * sizeof(uint32_t)));
  if (!model.levels)
    return fail(TN_ERROR_OUT_OF_MEMORY, "no memory for a model");
  for (uint32_t e = 0; e < count; ++e) {
    const tn_entry_desc &entry = model.entry(e);
    uint32_t best = ~0u, chosen = entry.n_levels;
    for (uint32_t i = 0; i < entry.n_levels && chosen == entry.n_levels; ++i) {
      uint32_t wanted = at(entry.levels, i).features;
      uint32_t missing = wanted & ~features;
      if (!missing)
        missing = claimFeatures(wanted);
      if (!missing)
        chosen = i;
      else if (__builtin_popcount(missing) <= __builtin_popcount(best))
        best = missing;
    }
    char text[kFeatureNamesBytes];
    if (chosen == entry.n_levels)
      return fail(TN_ERROR_UNSUPPORTED_CPU,
                  "entry point '%s': none of its %u code levels fits this CPU, which lacks %s", entry.name,
                  entry.n_levels, featureNames(best, text));
    model.levels[e] = chosen;
  }
  return TN_OK;
}

static tn_status finish(tn_model &model, uint32_t features) {
  TN_TRY(chooseLevels(model, features));
  char message[kMessageBytes];
  snprintf(message, sizeof message, "model '%s' (%s): level %s, %llu bytes of weights", model.desc->name,
           model.desc->producer, model.level(0).name, (unsigned long long)model.desc->weights_bytes);
  model.say(TN_LOG_INFO, message);
  return TN_OK;
}

/// An empty model, or NULL after an error.
static tn_model *createModel(const tn_model_options &options) {
  Allocator allocator = {};
  if (options.allocator)
    allocator.host = *options.allocator;
  tn_model *model = allocator.create<tn_model>();
  if (!model) {
    fail(TN_ERROR_OUT_OF_MEMORY, "no memory for a model");
    return nullptr;
  }
  model->allocator = allocator;
  model->references.store(1);
  model->log = options.log;
  model->logUser = options.log_user;
  pthread_mutex_init(&model->poolLock, nullptr);
  return model;
}

static tn_status readOptions(const tn_model_options *given, tn_model_options &options) {
  options = {};
  if (!given)
    return TN_OK;
  if (given->size < sizeof options)
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_model_options.size is not set");
  options = *given;
  if (options.allocator && (!options.allocator->alloc || !options.allocator->free))
    return fail(TN_ERROR_INVALID_ARGUMENT, "an allocator needs both alloc and free");
  return TN_OK;
}

static tn_status load(tn_model &model, const char *path, const tn_model_options &options) {
  MappedFile file;
  TN_TRY(file.open(path));
  Artifact artifact;
  uint32_t features = tn_cpu_features() & ~options.cpu_exclude;
  TN_TRY(parseArtifact(file.view(), path, artifact));
  TN_TRY(checkHost(artifact, path, features));
  TN_TRY(checkCodeHash(file.view(), path, artifact));
  TN_TRY(loadWeights(model, file, artifact, options.flags));
  TN_TRY(openLibrary(model, path, file.view(), artifact));
  return finish(model, features);
}

static tn_status fromDesc(tn_model &model, const tn_model_desc *desc, const tn_model_options &options) {
  TN_TRY(checkDescriptor(desc));
  if (desc->weights_bytes && (!desc->weights || reinterpret_cast<uintptr_t>(desc->weights) % kAlignment))
    return fail(TN_ERROR_FORMAT, "model descriptor: a linked model needs its weights, %zu-byte aligned", kAlignment);
  model.desc = desc;
  model.weights = desc->weights;
  return finish(model, tn_cpu_features() & ~options.cpu_exclude);
}

template <typename Source>
static tn_status construct(const tn_model_options *given, tn_model **out, const char *function, const Source &source,
                           tn_status (*fill)(tn_model &, Source, const tn_model_options &)) {
  if (out)
    *out = nullptr;
  if (!source || !out)
    return fail(TN_ERROR_INVALID_ARGUMENT, "%s: NULL argument", function);
  tn_model_options options;
  TN_TRY(readOptions(given, options));
  tn_model *model = createModel(options);
  if (!model)
    return TN_ERROR_OUT_OF_MEMORY;
  tn_status status = fill(*model, source, options);
  if (status)
    tn_model_destroy(model);
  else
    *out = model;
  return status;
}

tn_status tn_model_load(const char *path, const tn_model_options *options, tn_model **model) {
  return construct<const char *>(options, model, "tn_model_load", path, load);
}

tn_status tn_model_from_desc(const tn_model_desc *desc, const tn_model_options *options, tn_model **model) {
  return construct<const tn_model_desc *>(options, model, "tn_model_from_desc", desc, fromDesc);
}

// ---- Sharing and destruction ----

void tn::retain(tn_model *model) { model->references.fetch_add(1, std::memory_order_relaxed); }

void tn_model_destroy(tn_model *model) {
  if (!model || model->references.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  Allocator allocator = model->allocator;
  tn_pool_destroy(model->pool);
  pthread_mutex_destroy(&model->poolLock);
  if (model->levels) // before the library goes, and the descriptor with it
    allocator.release(model->levels, model->desc->n_entries * sizeof(uint32_t));
  if (model->library)
    dlclose(model->library);
  if (model->mapping)
    munmap(model->mapping, model->mappingBytes);
  model->copy.release(allocator);
  allocator.release(model, sizeof *model);
}

tn_status tn::sharedPool(tn_model *model, tn_pool **pool) {
  pthread_mutex_lock(&model->poolLock);
  tn_status status = model->pool ? TN_OK : createPool(0, model->allocator, &model->pool);
  if (!status) {
    retain(model->pool);
    *pool = model->pool;
  }
  pthread_mutex_unlock(&model->poolLock);
  return status;
}

tn_status tn_model_verify(const tn_model *model) {
  if (!model)
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_model_verify: NULL argument");
  uint8_t digest[Sha256::kDigestBytes];
  hashWeights(model->weights, model->desc->weights_bytes, digest);
  if (memcmp(digest, model->desc->weights_hash, sizeof digest) != 0)
    return fail(TN_ERROR_FORMAT, "model '%s': the weights are damaged (SHA-256 differs)", model->desc->name);
  return TN_OK;
}

#include "Artifact.h"

#include "Cpu.h"
#include "Status.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tn;

/// More program headers than any linker writes for a model; bounds the work on hostile files.
static constexpr uint16_t kMaxSegments = 64;
static constexpr uint64_t kPage = 4096;

MappedFile::~MappedFile() {
  if (bytes.data)
    munmap(const_cast<char *>(bytes.data), bytes.size);
  if (fd >= 0)
    close(fd);
}

tn_status MappedFile::open(const char *path) {
  fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return fail(errno == ENOENT ? TN_ERROR_NOT_FOUND : TN_ERROR_IO, "%s: %s", path, strerror(errno));
  struct stat info;
  if (fstat(fd, &info) != 0)
    return fail(TN_ERROR_IO, "%s: %s", path, strerror(errno));
  if (!S_ISREG(info.st_mode))
    return fail(TN_ERROR_IO, "%s: not a regular file", path);
  if (info.st_size == 0)
    return fail(TN_ERROR_FORMAT, "%s: the file is empty", path);
  void *memory = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
  if (memory == MAP_FAILED)
    return fail(TN_ERROR_IO, "%s: cannot map the file: %s", path, strerror(errno));
  bytes = {static_cast<const char *>(memory), static_cast<uint64_t>(info.st_size)};
  return TN_OK;
}

namespace {

/// One pass over one file; the methods are called in the order of `run`.
class Parser {
public:
  Parser(const FileView &file, const char *path, Artifact &out) : file(file), path(path), out(out) {}

  tn_status run() {
    out = {};
    TN_TRY(readHeader());
    TN_TRY(readSegments());
    TN_TRY(findNote());
    TN_TRY(checkNote());
    return findWeights();
  }

private:
  tn_status truncated(const char *what, uint64_t offset, uint64_t bytes) {
    return fail(TN_ERROR_FORMAT,
                "%s: the file is truncated or damaged: %s at %#llx, %llu bytes, in a file of %llu bytes", path, what,
                (unsigned long long)offset, (unsigned long long)bytes, (unsigned long long)file.size);
  }
  tn_status damaged(const char *what) { return fail(TN_ERROR_FORMAT, "%s: the file is damaged: %s", path, what); }

  tn_status readHeader();
  tn_status readSegments();
  tn_status checkLoad(const Elf64_Phdr &segment, uint64_t &fileEnd, uint64_t &memoryEnd);
  bool segment(uint16_t index, Elf64_Phdr &phdr) const {
    return file.read(header.e_phoff + uint64_t(index) * sizeof(Elf64_Phdr), phdr);
  }
  bool section(uint16_t index, Elf64_Shdr &shdr) const {
    return file.read(header.e_shoff + uint64_t(index) * sizeof(Elf64_Shdr), shdr);
  }
  bool insideLoad(const Elf64_Phdr &inner) const;
  tn_status findNote();
  bool searchNotes(uint64_t begin, uint64_t bytes, uint64_t align);
  tn_status checkNote();
  tn_status findWeights();
  bool nameIs(uint64_t offset, const char *name, const Elf64_Shdr &names) const;

  const FileView &file;
  const char *path;
  Artifact &out;
  Elf64_Ehdr header;
};

tn_status Parser::readHeader() {
  if (file.size < SELFMAG || memcmp(file.data, ELFMAG, SELFMAG) != 0)
    return fail(TN_ERROR_FORMAT, "%s: not a compiled model (not an ELF file); `tenon compile` makes one", path);
  if (!file.read(0, header))
    return truncated("ELF header", 0, sizeof header);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
    return fail(TN_ERROR_FORMAT, "%s: not a 64-bit little-endian ELF file", path);
  if (header.e_ident[EI_VERSION] != EV_CURRENT || header.e_version != EV_CURRENT)
    return damaged("unknown ELF version");
  if (header.e_type != ET_DYN)
    return fail(TN_ERROR_FORMAT, "%s: not a shared library (ELF type %u); objects are linked, not loaded", path,
                unsigned(header.e_type));
  if (header.e_ehsize != sizeof(Elf64_Ehdr) || header.e_phentsize != sizeof(Elf64_Phdr))
    return damaged("sizes in the ELF header");
  out.machine = header.e_machine;
  return TN_OK;
}

/// The dynamic loader maps what a PT_LOAD says without further questions, so all of it is checked here.
tn_status Parser::checkLoad(const Elf64_Phdr &s, uint64_t &fileEnd, uint64_t &memoryEnd) {
  if (!file.contains(s.p_offset, s.p_filesz))
    return truncated("a loaded segment", s.p_offset, s.p_filesz);
  constexpr uint64_t addressLimit = uint64_t(1) << 46;
  bool sane = s.p_filesz <= s.p_memsz && s.p_vaddr < addressLimit && s.p_memsz < addressLimit && s.p_align >= kPage &&
              (s.p_align & (s.p_align - 1)) == 0 && s.p_align <= addressLimit &&
              (s.p_vaddr - s.p_offset) % s.p_align == 0;
  // Ascending and disjoint, in the file as well: what linkers write, and it bounds the work on hostile files.
  if (!sane || s.p_vaddr < memoryEnd || s.p_offset < fileEnd)
    return damaged("a loaded segment is misplaced");
  memoryEnd = s.p_vaddr + s.p_memsz;
  fileEnd = s.p_offset + s.p_filesz;
  return TN_OK;
}

bool Parser::insideLoad(const Elf64_Phdr &inner) const {
  Elf64_Phdr load;
  for (uint16_t i = 0; i < header.e_phnum && segment(i, load); ++i)
    if (load.p_type == PT_LOAD && inner.p_offset >= load.p_offset && inner.p_vaddr >= load.p_vaddr &&
        inner.p_offset - load.p_offset == inner.p_vaddr - load.p_vaddr && inner.p_filesz <= load.p_filesz &&
        inner.p_offset - load.p_offset <= load.p_filesz - inner.p_filesz)
      return true;
  return false;
}

tn_status Parser::readSegments() {
  uint64_t tableBytes = uint64_t(header.e_phnum) * sizeof(Elf64_Phdr);
  if (!file.contains(header.e_phoff, tableBytes))
    return truncated("program headers", header.e_phoff, tableBytes);
  if (header.e_phnum == 0 || header.e_phnum > kMaxSegments)
    return damaged("number of program headers");
  uint64_t fileEnd = 0, memoryEnd = 0;
  bool dynamic = false;
  for (uint16_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr s;
    segment(i, s);
    if (s.p_type == PT_LOAD)
      TN_TRY(checkLoad(s, fileEnd, memoryEnd));
    if (s.p_type == PT_DYNAMIC && !insideLoad(s))
      return damaged("the dynamic section lies outside the loaded segments");
    dynamic |= s.p_type == PT_DYNAMIC;
  }
  return dynamic && memoryEnd ? TN_OK : damaged("nothing to load");
}

tn_status Parser::findNote() {
  for (uint16_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr s;
    segment(i, s);
    if (s.p_type != PT_NOTE || !searchNotes(s.p_offset, s.p_filesz, s.p_align))
      continue;
    out.noteAddress = s.p_vaddr + (out.noteOffset - s.p_offset);
    // Compared in memory after loading, so it has to be loaded.
    return insideLoad(s) ? TN_OK : damaged("the Tenon note is not loaded");
  }
  return fail(TN_ERROR_FORMAT, "%s: not a compiled model (no Tenon note); `tenon compile` makes one", path);
}

/// Notes: three words (name size, descriptor size, type), then name and descriptor, each padded.
bool Parser::searchNotes(uint64_t begin, uint64_t bytes, uint64_t align) {
  if (!file.contains(begin, bytes))
    return false;
  uint64_t padding = align == 8 ? 8 : 4, end = begin + bytes;
  while (end - begin >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr note;
    file.read(begin, note);
    uint64_t name = begin + sizeof note;
    // 32-bit sizes in 64-bit arithmetic, on offsets inside a file: no overflow.
    uint64_t descriptor = begin + ((sizeof note + note.n_namesz + padding - 1) & ~(padding - 1));
    uint64_t next = descriptor + ((note.n_descsz + padding - 1) & ~(padding - 1));
    if (descriptor > end || note.n_descsz > end - descriptor)
      return false;
    if (note.n_type == TN_NOTE_TYPE && note.n_namesz == sizeof TN_NOTE_OWNER &&
        memcmp(file.data + name, TN_NOTE_OWNER, sizeof TN_NOTE_OWNER) == 0) {
      uint64_t known = note.n_descsz < sizeof(tn_note) ? note.n_descsz : sizeof(tn_note);
      memcpy(&out.note, file.data + descriptor, known);
      if (out.note.size < known) // written by an older compiler; what follows is not part of it
        memset(reinterpret_cast<char *>(&out.note) + out.note.size, 0, known - out.note.size);
      if (out.note.size > note.n_descsz)
        out.note.size = 0; // refused by checkNote
      out.noteOffset = descriptor;
      return true;
    }
    if (next > end)
      return false;
    begin = next;
  }
  return false;
}

tn_status Parser::checkNote() {
  const tn_note &note = out.note;
  if (note.size < offsetof(tn_note, code_hash) || note.magic != TN_MODEL_MAGIC)
    return damaged("the Tenon note");
  if (note.abi_version != TN_ABI_VERSION)
    return fail(TN_ERROR_VERSION, "%s: compiled for ABI version %u, this runtime (%s) speaks version %u", path,
                note.abi_version, tn_version(), TN_ABI_VERSION);
  if (note.machine != out.machine)
    return damaged("the Tenon note and the ELF header name different machines");
  if (note.n_levels == 0 || note.n_levels > sizeof note.features / sizeof *note.features)
    return damaged("number of code levels in the Tenon note");
  return TN_OK;
}

bool Parser::nameIs(uint64_t offset, const char *name, const Elf64_Shdr &names) const {
  uint64_t length = strlen(name) + 1;
  return offset <= names.sh_size && length <= names.sh_size - offset && file.contains(names.sh_offset, names.sh_size) &&
         memcmp(file.data + names.sh_offset + offset, name, length) == 0;
}

/// Through the section table and not by an offset in the note, because `strip` moves the block.
tn_status Parser::findWeights() {
  uint64_t tableBytes = uint64_t(header.e_shnum) * sizeof(Elf64_Shdr);
  if (!file.contains(header.e_shoff, tableBytes))
    return truncated("section table", header.e_shoff, tableBytes);
  if (out.note.weights_bytes == 0)
    return TN_OK;
  Elf64_Shdr names;
  if (header.e_shnum == 0 || header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shstrndx >= header.e_shnum ||
      !section(header.e_shstrndx, names))
    return damaged("it has weights but no section table");
  for (uint16_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr s;
    section(i, s);
    if (!nameIs(s.sh_name, TN_WEIGHTS_SECTION, names))
      continue;
    if (s.sh_type != SHT_PROGBITS || (s.sh_flags & (SHF_COMPRESSED | SHF_ALLOC)))
      return damaged("type of the weight section");
    if (!file.contains(s.sh_offset, s.sh_size))
      return truncated("the weights", s.sh_offset, s.sh_size);
    if (s.sh_size != out.note.weights_bytes)
      return fail(TN_ERROR_FORMAT, "%s: the file is damaged: %llu bytes of weights where the code expects %llu", path,
                  (unsigned long long)s.sh_size, (unsigned long long)out.note.weights_bytes);
    out.weightsOffset = s.sh_offset;
    return TN_OK;
  }
  return damaged("the weights (section " TN_WEIGHTS_SECTION
                 ") are missing; llvm-strip keeps them with --strip-unneeded");
}

// ---- Hash of what the loader maps ----

/// Four independent lanes of xor, odd multiply, rotate: every step is a bijection of its lane, so no change
/// of a single word is lost, and the lanes hide the multiplier's latency. Guards against damage, not against
/// attackers.
class CodeHash {
public:
  void update(const char *data, uint64_t bytes) {
    for (; bytes >= sizeof lanes; data += sizeof lanes, bytes -= sizeof lanes)
      mix(data);
    char tail[sizeof lanes] = {};
    memcpy(tail, data, bytes);
    mix(tail);
    total += 1;
  }
  void skip() { total = rotate(total) ^ kMultiplier; }
  uint64_t value() const {
    uint64_t result = total;
    for (uint64_t lane : lanes)
      result = (rotate(result) ^ lane) * kMultiplier;
    result ^= result >> 32;
    return result ? result : 1; // 0 says "not sealed"
  }

private:
  static constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15u;
  static uint64_t rotate(uint64_t x) { return x << 29 | x >> 35; }
  void mix(const char *data) {
    for (int i = 0; i < 4; ++i) {
      uint64_t word;
      memcpy(&word, data + 8 * i, sizeof word);
      lanes[i] = rotate((lanes[i] ^ word) * kMultiplier);
    }
  }
  uint64_t lanes[4] = {1, 2, 3, 4};
  uint64_t total = 0;
};

} // namespace

tn_status tn::parseArtifact(const FileView &file, const char *path, Artifact &artifact) {
  return Parser(file, path, artifact).run();
}

tn_status tn::checkHost(const Artifact &artifact, const char *path, uint32_t features) {
  const tn_note &note = artifact.note;
  if (artifact.machine != hostMachine())
    return fail(TN_ERROR_UNSUPPORTED_CPU, "%s: compiled for %s (ELF machine %u), this machine is %s", path,
                machineName(artifact.machine), unsigned(artifact.machine), machineName(hostMachine()));
  uint32_t best = ~0u;
  for (uint32_t i = 0; i < note.n_levels; ++i) {
    uint32_t missing = note.features[i] & ~features;
    if (!missing)
      return TN_OK;
    // The level that is nearest to fitting makes the most useful message; among equals the more modest one.
    if (__builtin_popcount(missing) <= __builtin_popcount(best))
      best = missing;
  }
  char text[kFeatureNamesBytes];
  return fail(TN_ERROR_UNSUPPORTED_CPU, "%s: none of its %u code levels fits this CPU, which lacks %s", path,
              note.n_levels, featureNames(best, text));
}

/// Hashes [begin, end) of the file without the hash itself.
static void hashRange(CodeHash &hash, const FileView &file, uint64_t begin, uint64_t end, uint64_t hashField) {
  uint64_t fieldEnd = hashField + sizeof(tn_note::code_hash);
  if (begin <= hashField && fieldEnd <= end) {
    hash.update(file.data + begin, hashField - begin);
    hash.skip();
    begin = fieldEnd;
  }
  hash.update(file.data + begin, end - begin);
}

static uint64_t codeHash(const FileView &file, const Artifact &artifact) {
  CodeHash hash;
  Elf64_Ehdr header;
  file.read(0, header);
  // These change with sections that are not loaded.
  header.e_shoff = 0;
  header.e_shnum = header.e_shstrndx = header.e_shentsize = 0;
  hash.update(reinterpret_cast<const char *>(&header), sizeof header);
  hash.update(file.data + header.e_phoff, uint64_t(header.e_phnum) * sizeof(Elf64_Phdr));
  uint64_t hashField = artifact.noteOffset + offsetof(tn_note, code_hash);
  for (uint16_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr s;
    file.read(header.e_phoff + i * sizeof s, s);
    uint64_t begin = s.p_offset < sizeof header ? sizeof header : s.p_offset, end = s.p_offset + s.p_filesz;
    if (s.p_type == PT_LOAD && begin < end)
      hashRange(hash, file, begin, end, hashField);
  }
  return hash.value();
}

tn_status tn::checkCodeHash(const FileView &file, const char *path, const Artifact &artifact) {
  if (artifact.note.code_hash == 0 || artifact.note.code_hash == codeHash(file, artifact))
    return TN_OK;
  return fail(TN_ERROR_FORMAT, "%s: the file is damaged: its code is not what the compiler wrote (hash differs)", path);
}

tn_status tn_artifact_read(const char *path, tn_note *note) {
  if (!path || !note)
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_artifact_read: NULL argument");
  MappedFile file;
  TN_TRY(file.open(path));
  Artifact artifact;
  TN_TRY(parseArtifact(file.view(), path, artifact));
  *note = artifact.note;
  return TN_OK;
}

tn_status tn_artifact_seal(void *image, size_t bytes) {
  if (!image)
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_artifact_seal: NULL argument");
  FileView file = {static_cast<const char *>(image), bytes};
  Artifact artifact;
  TN_TRY(parseArtifact(file, "artifact", artifact));
  if (artifact.note.size < sizeof(tn_note))
    return fail(TN_ERROR_INVALID_ARGUMENT, "tn_artifact_seal: the note has no room for a hash");
  uint64_t hash = codeHash(file, artifact);
  memcpy(static_cast<char *>(image) + artifact.noteOffset + offsetof(tn_note, code_hash), &hash, sizeof hash);
  return TN_OK;
}

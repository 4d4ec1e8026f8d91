// Damaged files: every one of them is an error with a message, none reaches the dynamic loader.

#include "Artifact.h"
#include "Support.h"

#include <catch2/catch.hpp>
#include <elf.h>
#include <random>
#include <string.h>

static tn::FileView viewOf(const std::string &bytes) { return {bytes.data(), bytes.size()}; }

static tn_status parse(const std::string &bytes) {
  // A heap copy of exactly this size: a sanitizer sees every read beyond it.
  std::unique_ptr<char[]> exact(new char[bytes.size()]);
  memcpy(exact.get(), bytes.data(), bytes.size());
  tn::Artifact artifact;
  tn::FileView view = {exact.get(), bytes.size()};
  if (tn_status status = tn::parseArtifact(view, "file", artifact))
    return status;
  return tn::checkCodeHash(view, "file", artifact);
}

static std::string sealedFixture() {
  std::string bytes = readFile(fixture());
  REQUIRE(tn_artifact_seal(&bytes[0], bytes.size()) == TN_OK);
  return bytes;
}

static tn_status load(const std::string &path) {
  tn_model *model = nullptr;
  tn_status status = tn_model_load(path.c_str(), nullptr, &model);
  REQUIRE((model != nullptr) == (status == TN_OK));
  tn_model_destroy(model);
  return status;
}

static Elf64_Ehdr headerOf(const std::string &bytes) {
  Elf64_Ehdr header;
  memcpy(&header, bytes.data(), sizeof header);
  return header;
}

TEST_CASE("an intact artifact parses") {
  std::string bytes = readFile(fixture());
  tn::Artifact artifact;
  REQUIRE(tn::parseArtifact(viewOf(bytes), "file", artifact) == TN_OK);
  CHECK(artifact.note.weights_bytes == FIXTURE_WEIGHTS_BYTES);
  CHECK(artifact.weightsOffset % 4096 == 0);
  float first;
  memcpy(&first, &bytes[artifact.weightsOffset], sizeof first);
  CHECK(first == 2.0f);
}

TEST_CASE("a file cut anywhere is refused") {
  std::string bytes = sealedFixture();
  for (size_t length = 0; length < bytes.size(); ++length)
    if (parse(bytes.substr(0, length)) == TN_OK)
      FAIL("accepted with " << length << " of " << bytes.size() << " bytes");
  TemporaryFile file;
  for (size_t length : {size_t(0), size_t(3), size_t(63), size_t(64), bytes.size() / 2, bytes.size() - 1}) {
    file.write(bytes.substr(0, length));
    CHECK(load(file.path) == TN_ERROR_FORMAT);
    CHECK(std::string(tn_last_error()).find(file.path) == 0);
  }
}

TEST_CASE("no flipped bit of a sealed artifact's loaded part is overlooked") {
  const std::string bytes = sealedFixture();
  tn::Artifact artifact;
  REQUIRE(tn::parseArtifact(viewOf(bytes), "file", artifact) == TN_OK);
  Elf64_Ehdr header = headerOf(bytes);
  std::string damaged = bytes;
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    memcpy(&segment, &bytes[header.e_phoff + i * sizeof segment], sizeof segment);
    if (segment.p_type != PT_LOAD)
      continue;
    for (uint64_t at = segment.p_offset; at < segment.p_offset + segment.p_filesz; ++at) {
      bool sectionField = (at >= offsetof(Elf64_Ehdr, e_shoff) && at < offsetof(Elf64_Ehdr, e_flags)) ||
                          (at >= offsetof(Elf64_Ehdr, e_shentsize) && at < sizeof(Elf64_Ehdr));
      if (sectionField)
        continue;
      damaged[at] = static_cast<char>(bytes[at] ^ 1 << at % 8);
      if (parse(damaged) == TN_OK)
        FAIL("accepted with bit " << at % 8 << " of byte " << at << " flipped");
      damaged[at] = bytes[at];
    }
  }
}

TEST_CASE("random damage is refused or harmless") {
  const std::string bytes = sealedFixture();
  Elf64_Ehdr header = headerOf(bytes);
  std::mt19937 random(1);
  TemporaryFile file;
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = bytes;
    for (unsigned flips = 1 + random() % 4; flips; --flips) {
      // Half of the flips where the structure is: headers, notes and the section table.
      size_t table = header.e_shoff, at = random() % damaged.size();
      if (random() % 2)
        at = random() % 2 ? random() % 1024 : table + random() % (bytes.size() - table);
      damaged[at] = static_cast<char>(damaged[at] ^ 1 << random() % 8);
    }
    if (parse(damaged) != TN_OK || round % 16)
      continue;
    // What is accepted has to load: only sections that nobody reads can differ.
    file.write(damaged);
    CHECK(load(file.path) == TN_OK);
  }
}

TEST_CASE("random header values are survived") {
  const std::string bytes = readFile(fixture());
  std::mt19937_64 random(2);
  static const uint64_t extremes[] = {0, 1, ~0ull, ~0ull >> 1, 1ull << 63, 0xffffffff, 64, 4095};
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = bytes;
    size_t table = headerOf(bytes).e_shoff;
    for (int changes = 0; changes < 3; ++changes) {
      size_t width = size_t(1) << random() % 4;
      uint64_t value = random() % 4 ? extremes[random() % 8] : random();
      size_t at = (random() % 2 ? random() % 1024 : table + random() % (bytes.size() - table)) / width * width;
      if (at + width <= damaged.size())
        memcpy(&damaged[at], &value, width);
    }
    parse(damaged);
  }
}

TEST_CASE("what is not an artifact is told apart") {
  TemporaryFile text("model weights, honestly");
  CHECK(load(text.path) == TN_ERROR_FORMAT);
  CHECK_THAT(tn_last_error(), Catch::Contains("not an ELF file"));
  CHECK(load(fixture("fixture-no-note")) == TN_ERROR_FORMAT);
  CHECK_THAT(tn_last_error(), Catch::Contains("no Tenon note"));
  CHECK(load("/nonexistent/model.so") == TN_ERROR_NOT_FOUND);
  CHECK(load("/tmp") == TN_ERROR_IO);
}

TEST_CASE("an artifact for another machine is refused") {
  std::string bytes = readFile(fixture());
  tn::Artifact artifact;
  REQUIRE(tn::parseArtifact(viewOf(bytes), "file", artifact) == TN_OK);
  uint32_t other = artifact.machine == EM_X86_64 ? EM_AARCH64 : EM_X86_64;
  memcpy(&bytes[offsetof(Elf64_Ehdr, e_machine)], &other, 2);
  CHECK(parse(bytes) == TN_ERROR_FORMAT); // the note disagrees
  memcpy(&bytes[artifact.noteOffset + offsetof(tn_note, machine)], &other, 4);
  TemporaryFile file(bytes);
  CHECK(load(file.path) == TN_ERROR_UNSUPPORTED_CPU);
  CHECK_THAT(tn_last_error(), Catch::Contains("compiled for"));
  tn_note note;
  CHECK(tn_artifact_read(file.path.c_str(), &note) == TN_OK);
  CHECK(note.machine == other);
}

TEST_CASE("a sealed artifact survives strip") {
  for (const char *tool : {"strip", "strip --strip-unneeded", "llvm-strip-22 --strip-unneeded"}) {
    TemporaryFile file(sealedFixture());
    if (system((std::string(tool) + " " + file.path + " 2>/dev/null").c_str()) != 0)
      continue; // the tool is not there
    INFO(tool);
    CHECK(load(file.path) == TN_OK);
    INFO(tn_last_error());
    tn_note note;
    REQUIRE(tn_artifact_read(file.path.c_str(), &note) == TN_OK);
    CHECK(note.code_hash != 0);
  }
}

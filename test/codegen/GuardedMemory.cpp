#include "GuardedMemory.h"
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <sys/mman.h>

namespace tenon::test {

static constexpr int64_t kPage = 4096;
static constexpr unsigned char kPattern = 0xA7;

GuardedMemory::GuardedMemory(int64_t bytes, Edge edge, int64_t alignment) : bytes(bytes) {
  int64_t used = (bytes + kPage - 1) / kPage * kPage;
  mapped = used + 2 * kPage;
  void *memory = mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    throw std::runtime_error("no memory");
  mapping = static_cast<char *>(memory);
  if (used > 0)
    mprotect(mapping + kPage, used, PROT_READ | PROT_WRITE);
  start = mapping + kPage;
  if (edge == Edge::End)
    start += (used - bytes) / alignment * alignment;
  std::memset(mapping + kPage, kPattern, used);
}

GuardedMemory::GuardedMemory(GuardedMemory &&other)
    : mapping(other.mapping), start(other.start), bytes(other.bytes), mapped(other.mapped) {
  other.mapping = nullptr;
}

GuardedMemory::~GuardedMemory() {
  if (mapping)
    munmap(mapping, mapped);
}

void GuardedMemory::fill(unsigned char byte) { std::memset(start, byte, bytes); }

void GuardedMemory::protect() {
  if (mapped > 2 * kPage)
    mprotect(mapping + kPage, mapped - 2 * kPage, PROT_READ);
}

bool GuardedMemory::isIntact() const {
  const char *end = mapping + mapped - kPage;
  for (const char *p = mapping + kPage; p < end; ++p)
    if ((p < start || p >= start + bytes) && static_cast<unsigned char>(*p) != kPattern)
      return false;
  return true;
}

static thread_local sigjmp_buf returnPoint;

static void onFault(int) { siglongjmp(returnPoint, 1); }

bool runsWithoutFault(const std::function<void()> &body) {
  struct sigaction action = {}, oldSegv, oldBus;
  action.sa_handler = onFault;
  action.sa_flags = SA_NODEFER;
  sigaction(SIGSEGV, &action, &oldSegv);
  sigaction(SIGBUS, &action, &oldBus);
  bool good = sigsetjmp(returnPoint, 1) == 0;
  if (good)
    body();
  sigaction(SIGSEGV, &oldSegv, nullptr);
  sigaction(SIGBUS, &oldBus, nullptr);
  return good;
}

} // namespace tenon::test

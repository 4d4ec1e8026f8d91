// SHA-256 (FIPS 180-4), for checking weights on request.
#ifndef TENON_RUNTIME_SHA256_H
#define TENON_RUNTIME_SHA256_H

#include <stddef.h>
#include <stdint.h>

namespace tn {

class Sha256 {
public:
  static constexpr size_t kDigestBytes = 32;

  void update(const void *data, uint64_t bytes);
  void finish(uint8_t (&digest)[kDigestBytes]);

private:
  static constexpr size_t kBlockBytes = 64;
  void compress(const uint8_t *block);

  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint8_t pending[kBlockBytes];
  uint64_t total = 0;
};

} // namespace tn

#endif

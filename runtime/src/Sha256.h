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
  void compress(const uint8_t *blocks, uint64_t count);
  void compressBlock(const uint8_t *block);

  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint8_t pending[kBlockBytes];
  uint64_t total = 0;
};

/// The hash of a weight block is that of the digests of its pieces of this many bytes (the last may be shorter), one
/// after the other: pieces can be hashed in parallel.
constexpr uint64_t kHashPieceBytes = uint64_t(1) << 20;

void hashPiece(const void *data, uint64_t bytes, uint8_t (&digest)[Sha256::kDigestBytes]);
void hashWeights(const void *data, uint64_t bytes, uint8_t (&digest)[Sha256::kDigestBytes]);

} // namespace tn

#endif

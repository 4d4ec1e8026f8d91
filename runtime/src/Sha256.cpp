#include "Sha256.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

using namespace tn;

static const uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

void Sha256::compressBlock(const uint8_t *block) {
  uint32_t w[64];
  for (int i = 0; i < 16; ++i) {
    memcpy(&w[i], block + 4 * i, 4);
    w[i] = __builtin_bswap32(w[i]);
  }
  for (int i = 16; i < 64; ++i) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
  }
  uint32_t s[8];
  memcpy(s, state, sizeof s);
  for (int i = 0; i < 64; ++i) {
    uint32_t e = s[4], a = s[0];
    uint32_t choice = (e & s[5]) ^ (~e & s[6]), majority = (a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]);
    uint32_t t1 = s[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + kRound[i] + w[i];
    uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority;
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (int i = 0; i < 8; ++i)
    state[i] += s[i];
}

#if defined(__x86_64__)
static bool hasShaInstructions() {
  static const bool has = [] {
    unsigned a, b = 0, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29));
  }();
  return has;
}

/// The same by the SHA extensions, which hold the state as (A, B, E, F) and (C, D, G, H).
__attribute__((target("sha,sse4.1"))) static void compressBySha(uint32_t (&state)[8], const uint8_t *blocks,
                                                                uint64_t count) {
  const __m128i bigEndian = _mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll);
  auto *words = reinterpret_cast<__m128i *>(state);
  __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xB1);
  __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1B);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
  for (; count; --count, blocks += 64) {
    __m128i startAbef = abef, startCdgh = cdgh, w[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      if (i < 4)
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i *>(blocks) + i), bigEndian);
      else
        w[i] = _mm_sha256msg2_epu32(
            _mm_add_epi32(_mm_sha256msg1_epu32(w[i - 4], w[i - 3]), _mm_alignr_epi8(w[i - 1], w[i - 2], 4)), w[i - 1]);
      __m128i sum = _mm_add_epi32(w[i], _mm_loadu_si128(reinterpret_cast<const __m128i *>(kRound) + i));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
    }
    abef = _mm_add_epi32(abef, startAbef);
    cdgh = _mm_add_epi32(cdgh, startCdgh);
  }
  __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
  _mm_storeu_si128(words, _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128(words + 1, _mm_alignr_epi8(dchg, feba, 8));
}
#endif

void Sha256::compress(const uint8_t *blocks, uint64_t count) {
#if defined(__x86_64__)
  if (hasShaInstructions())
    return compressBySha(state, blocks, count);
#endif
  for (; count; --count, blocks += kBlockBytes)
    compressBlock(blocks);
}

void Sha256::update(const void *data, uint64_t bytes) {
  auto *next = static_cast<const uint8_t *>(data);
  size_t fill = total % kBlockBytes;
  total += bytes;
  if (fill) {
    size_t part = bytes < kBlockBytes - fill ? bytes : kBlockBytes - fill;
    memcpy(pending + fill, next, part);
    next += part;
    bytes -= part;
    if (fill + part < kBlockBytes)
      return;
    compress(pending, 1);
  }
  compress(next, bytes / kBlockBytes);
  next += bytes - bytes % kBlockBytes;
  bytes %= kBlockBytes;
  if (bytes)
    memcpy(pending, next, bytes);
}

void Sha256::finish(uint8_t (&digest)[kDigestBytes]) {
  uint64_t bits = __builtin_bswap64(total * 8);
  uint8_t padding[kBlockBytes + 8] = {0x80};
  size_t fill = total % kBlockBytes;
  update(padding, (fill < 56 ? 56 : 120) - fill);
  update(&bits, sizeof bits);
  for (int i = 0; i < 8; ++i) {
    uint32_t word = __builtin_bswap32(state[i]);
    memcpy(digest + 4 * i, &word, 4);
  }
}

void tn::hashPiece(const void *data, uint64_t bytes, uint8_t (&digest)[Sha256::kDigestBytes]) {
  Sha256 hash;
  hash.update(data, bytes);
  hash.finish(digest);
}

void tn::hashWeights(const void *data, uint64_t bytes, uint8_t (&digest)[Sha256::kDigestBytes]) {
  Sha256 all;
  for (uint64_t at = 0; at < bytes; at += kHashPieceBytes) {
    hashPiece(static_cast<const char *>(data) + at, bytes - at < kHashPieceBytes ? bytes - at : kHashPieceBytes,
              digest);
    all.update(digest, sizeof digest);
  }
  all.finish(digest);
}

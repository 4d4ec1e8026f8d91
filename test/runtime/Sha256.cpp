#include "Sha256.h"

#include <catch2/catch.hpp>
#include <string>

static std::string hexDigest(const std::string &text, size_t piece) {
  tn::Sha256 hash;
  for (size_t at = 0; at < text.size(); at += piece)
    hash.update(text.data() + at, std::min(piece, text.size() - at));
  uint8_t digest[tn::Sha256::kDigestBytes];
  hash.finish(digest);
  std::string hex;
  for (uint8_t byte : digest)
    for (int nibble : {byte >> 4, byte & 15})
      hex += "0123456789abcdef"[nibble];
  return hex;
}

TEST_CASE("SHA-256 gives the digests of FIPS 180") {
  CHECK(hexDigest("", 1) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hexDigest("abc", 3) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const std::string two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  const std::string million(1000000, 'a');
  for (size_t piece : {1, 7, 55, 64, 65, 1000000}) {
    CHECK(hexDigest(two, piece) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(hexDigest(million, piece) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
}

// sntrup761 with the public key h = 3 (NTRU Prime, round 3; Streamlined, p = 761, q = 4591).
//
// A server picks a polynomial r with coefficients -1, 0 and 1 and sends h·r, each coefficient
// rounded to a multiple of 3. With h = 3 that is 3·r itself.

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <vector>

#include "keys/openssl_ptr.h"
#include "worker/probe/ssh_hybrid.h"

namespace hark::ssh {
namespace {

constexpr size_t kP = 761;
constexpr uint32_t kQ = 4591;
constexpr uint32_t kHalfQ = (kQ - 1) / 2;      // coefficients are written with this added
constexpr uint32_t kRounded = (kQ + 2) / 3;    // how many multiples of 3 there are
constexpr uint32_t kRoundedZero = kHalfQ / 3;  // the one that is zero
constexpr size_t kConfirm = 32;

// NTRU Prime's code for sequences of numbers below given bounds: two numbers become one below the
// product of their bounds, whose low bytes are written out while the bound is 2^14 or more.
constexpr uint32_t kLimit = 16384;

using Numbers = std::vector<uint32_t>;

// The bounds of the next round, with how many low bytes each pair gives.
struct Round {
  Numbers bounds;
  std::vector<int> bytes;
};

Round NextRound(const Numbers& bounds) {
  Round next;
  for (size_t i = 0; i + 1 < bounds.size(); i += 2) {
    uint32_t bound = bounds[i] * bounds[i + 1];
    int bytes = 0;
    for (; bound >= kLimit; ++bytes) bound = (bound + 255) >> 8;
    next.bounds.push_back(bound);
    next.bytes.push_back(bytes);
  }
  if (bounds.size() % 2 == 1) next.bounds.push_back(bounds.back());
  return next;
}

std::string Encode(Numbers numbers, Numbers bounds) {
  std::string out;
  const auto write = [&](uint32_t& n) {
    out.push_back(static_cast<char>(n));
    n >>= 8;
  };
  while (numbers.size() > 1) {
    Round next = NextRound(bounds);
    Numbers pairs;
    for (size_t i = 0; i + 1 < numbers.size(); i += 2) {
      uint32_t pair = numbers[i] + numbers[i + 1] * bounds[i];
      for (int b = 0; b < next.bytes[i / 2]; ++b) write(pair);
      pairs.push_back(pair);
    }
    if (numbers.size() % 2 == 1) pairs.push_back(numbers.back());
    numbers = std::move(pairs);
    bounds = std::move(next.bounds);
  }
  for (uint32_t bound = bounds[0]; bound > 1; bound = (bound + 255) >> 8) write(numbers[0]);
  return out;
}

// `in` has exactly as many bytes as Encode gives for these bounds. Any bytes decode to something
// below the bounds.
Numbers Decode(std::string_view in, const Numbers& bounds) {
  const auto read = [&](int bytes) {
    uint32_t n = 0;
    for (int i = 0; i < bytes; ++i) n |= uint32_t{static_cast<uint8_t>(in[i])} << (8 * i);
    in.remove_prefix(static_cast<size_t>(bytes));
    return n;
  };
  if (bounds.size() == 1) {
    const uint32_t n = read(bounds[0] > 256 ? 2 : 1);
    return {n % bounds[0]};
  }
  const Round next = NextRound(bounds);
  Numbers low;
  for (int bytes : next.bytes) low.push_back(read(bytes));
  const Numbers pairs = Decode(in, next.bounds);  // ten levels for 761 numbers
  Numbers out;
  for (size_t i = 0; i < low.size(); ++i) {
    const uint32_t pair = low[i] + (pairs[i] << (8 * next.bytes[i]));
    out.push_back(pair % bounds[2 * i]);
    out.push_back(pair / bounds[2 * i] % bounds[2 * i + 1]);
  }
  if (bounds.size() % 2 == 1) out.push_back(pairs.back());
  return out;
}

// SHA-512 cut in half, of a byte that names its purpose and the input.
std::string Hash(char purpose, std::string_view input) {
  const std::string bytes = std::string(1, purpose).append(input);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha512(), nullptr);
  return {reinterpret_cast<const char*>(digest.data()), 32};
}

}  // namespace

std::string Sntrup761PublicKey() {
  Numbers h(kP, kHalfQ);
  h[0] += 3;
  return Encode(std::move(h), Numbers(kP, kQ));
}

std::optional<std::string> Sntrup761Secret(std::string_view ciphertext) {
  if (ciphertext.size() != kSntrup761Ciphertext) return std::nullopt;
  const Numbers rounded =
      Decode(ciphertext.substr(0, ciphertext.size() - kConfirm), Numbers(kP, kRounded));
  std::string r((kP + 3) / 4, '\0');  // two bits a coefficient, 0 to 2
  for (size_t i = 0; i < kP; ++i) {
    const uint32_t coefficient = rounded[i] + 1 - kRoundedZero;
    if (coefficient > 2) return std::nullopt;  // not 3·r of any r
    r[i / 4] = static_cast<char>(r[i / 4] | static_cast<int>(coefficient) << (2 * (i % 4)));
  }
  return Hash(1, Hash(3, r).append(ciphertext));
}

}  // namespace hark::ssh

// Encapsulating to our trivial keys, by hand. That servers agree is for tests/integration.

#include "worker/probe/ssh_hybrid.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "keys/openssl_ptr.h"

namespace hark::ssh {
namespace {

std::string Hash(const char* name, std::string_view bytes) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), AsUnsigned(digest.data()), &size,
             EVP_get_digestbyname(name), nullptr);
  digest.resize(size);
  return digest;
}

std::string RandomBytes(Random& random, size_t size) {
  std::string out;
  while (out.size() < size) out.push_back(static_cast<char>(random.Below(256)));
  return out;
}

TEST(MlKem768, ReadsTheMessageOffTheCiphertextWhateverTheNoise) {
  Random random(1);
  for (int round = 0; round < 20; ++round) {
    const std::string message = RandomBytes(random, 32);
    std::string ciphertext = RandomBytes(random, 960);
    for (size_t byte = 0; byte < 128; ++byte) {
      int pair = 0;
      for (size_t half = 0; half < 2; ++half) {
        const size_t i = 2 * byte + half;
        const int bit = static_cast<uint8_t>(message[i / 8]) >> (i % 8) & 1;
        const int noise = static_cast<int>(random.Below(3)) - 1;
        pair |= ((8 * bit + noise) & 15) << (4 * half);
      }
      ciphertext.push_back(static_cast<char>(pair));
    }
    const std::string key_hash = Hash("SHA3-256", std::string(1184, '\0'));
    EXPECT_EQ(MlKem768Secret(ciphertext), Hash("SHA3-512", message + key_hash).substr(0, 32));
  }
}

TEST(MlKem768, HasCiphertextsOfOneSize) {
  EXPECT_EQ(MlKem768PublicKey().size(), kMlKem768PublicKey);
  EXPECT_TRUE(MlKem768Secret(std::string(kMlKem768Ciphertext, 'x')));
  EXPECT_FALSE(MlKem768Secret(std::string(kMlKem768Ciphertext - 1, 'x')));
  EXPECT_FALSE(MlKem768Secret(std::string(kMlKem768Ciphertext + 1, 'x')));
  EXPECT_FALSE(MlKem768Secret(""));
}

// NTRU Prime's Encode, recursive as its specification has it.
std::string Encode(const std::vector<uint32_t>& numbers, const std::vector<uint32_t>& bounds) {
  std::string out;
  if (numbers.size() == 1) {
    uint32_t n = numbers[0];
    for (uint32_t m = bounds[0]; m > 1; m = (m + 255) / 256, n /= 256) {
      out.push_back(static_cast<char>(n));
    }
    return out;
  }
  std::vector<uint32_t> numbers2, bounds2;
  size_t i = 0;
  for (; i + 1 < numbers.size(); i += 2) {
    uint32_t n = numbers[i] + numbers[i + 1] * bounds[i];
    uint32_t m = bounds[i] * bounds[i + 1];
    for (; m >= 16384; m = (m + 255) / 256, n /= 256) out.push_back(static_cast<char>(n));
    numbers2.push_back(n);
    bounds2.push_back(m);
  }
  if (i < numbers.size()) {
    numbers2.push_back(numbers[i]);
    bounds2.push_back(bounds[i]);
  }
  return out + Encode(numbers2, bounds2);
}

TEST(Sntrup761, ReadsTheServersPolynomialOffTheCiphertext) {
  Random random(2);
  for (int round = 0; round < 20; ++round) {
    std::vector<uint32_t> rounded;
    std::string r(191, '\0');
    for (size_t i = 0; i < 761; ++i) {
      const auto coefficient = static_cast<uint32_t>(random.Below(3));  // r + 1
      r[i / 4] = static_cast<char>(r[i / 4] | static_cast<int>(coefficient << (2 * (i % 4))));
      rounded.push_back(765 - 1 + coefficient);  // (3r + 2295) / 3
    }
    const std::string ciphertext =
        Encode(rounded, std::vector<uint32_t>(761, 1531)) + std::string(32, 'c');
    ASSERT_EQ(ciphertext.size(), kSntrup761Ciphertext);
    const std::string inner = Hash("SHA512", "\3" + r).substr(0, 32);
    EXPECT_EQ(Sntrup761Secret(ciphertext), Hash("SHA512", "\1" + inner + ciphertext).substr(0, 32));
  }
}

TEST(Sntrup761, RefusesWhatIsNoCiphertextForOurKey) {
  EXPECT_EQ(Sntrup761PublicKey().size(), kSntrup761PublicKey);
  EXPECT_FALSE(Sntrup761Secret(""));
  EXPECT_FALSE(Sntrup761Secret(std::string(kSntrup761Ciphertext, '\0')));
  EXPECT_FALSE(Sntrup761Secret(std::string(kSntrup761Ciphertext, '\xff')));
  EXPECT_FALSE(Sntrup761Secret(std::string(kSntrup761Ciphertext - 1, '\0')));
}

TEST(Hybrids, TakeValuesOfTheirSizeOnly) {
  for (const auto make : {NewSntrup761X25519, NewMlKem768X25519}) {
    const auto agreement = make();
    for (size_t size : {0u, 31u, 32u, 1039u, 1070u, 1072u, 1088u, 1119u, 1121u}) {
      EXPECT_FALSE(agreement->Derive(std::string(size, '\x09'))) << size;
    }
  }
  const auto agreement = NewMlKem768X25519();
  EXPECT_EQ(agreement->Derive(std::string(1120, '\x09'))->size(), 32u);
  EXPECT_FALSE(agreement->Derive(std::string(1120, '\0'))) << "X25519's part is of small order";
}

}  // namespace
}  // namespace hark::ssh

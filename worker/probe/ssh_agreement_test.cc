// What a peer's public value may be, and what it may not.

#include "worker/probe/ssh_agreement.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/obj_mac.h>

#include "base/strings.h"
#include "keys/openssl_ptr.h"
#include "worker/probe/limits.h"

namespace hark::ssh {
namespace {

std::string Bytes(std::string_view hex) {
  return HexDecode(hex).value();
}

std::string Magnitude(const BIGNUM* number) {
  std::string out(static_cast<size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, AsUnsigned(out.data()));
  return out;
}

TEST(Agreements, GiveBothSidesOneSecret) {
  const auto both = [](auto make) {
    const auto one = make();
    const auto other = make();
    const auto secret = one->Derive(other->our_value());
    return secret && secret == other->Derive(one->our_value());
  };
  EXPECT_TRUE(both([] { return NewX25519(); }));
  for (int nid : {NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1}) {
    EXPECT_TRUE(both([&] { return NewEcdh(nid); })) << nid;
  }
  for (int number : {1, 14, 16, 18}) {
    EXPECT_TRUE(both([&] { return NewNamedGroup(number); })) << number;
  }
}

// RFC 7748 §6.1's private keys would have to be fed in; its §5.2 points of small order need none.
TEST(X25519Values, OfSmallOrderAreRefused) {
  const std::string zeros(32, '\0');
  const std::string points[] = {
      zeros,                                                                      // 0
      "\1" + zeros.substr(1),                                                     // 1
      Bytes("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),  // order 8
      Bytes("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),  // order 8
      Bytes("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),  // p - 1
      Bytes("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),  // p
      Bytes("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),  // p + 1
  };
  const auto agreement = NewX25519();
  for (const std::string& point : points) {
    EXPECT_FALSE(agreement->Derive(point)) << HexEncode(point);
    std::string high_bit = point;  // RFC 7748 §5: ignored, so the same points again
    high_bit.back() = static_cast<char>(high_bit.back() | '\x80');
    EXPECT_FALSE(agreement->Derive(high_bit)) << HexEncode(high_bit);
  }
}

TEST(X25519Values, HaveThirtyTwoBytes) {
  const auto agreement = NewX25519();
  const std::string nine = "\x09" + std::string(31, '\0');
  EXPECT_TRUE(agreement->Derive(nine));
  for (size_t size : {0u, 1u, 31u}) EXPECT_FALSE(agreement->Derive(nine.substr(0, size))) << size;
  EXPECT_FALSE(agreement->Derive(nine + '\0'));
}

class EcdhValues : public ::testing::TestWithParam<int> {};

TEST_P(EcdhValues, AreOnTheCurveAndNotItsZero) {
  const auto agreement = NewEcdh(GetParam());
  const std::string good = NewEcdh(GetParam())->our_value();
  ASSERT_TRUE(agreement->Derive(good));
  std::string off_curve = good;
  off_curve.back() = static_cast<char>(off_curve.back() ^ 1);
  EXPECT_FALSE(agreement->Derive(off_curve));
  EXPECT_FALSE(agreement->Derive(std::string(1, '\0'))) << "infinity";
  EXPECT_FALSE(agreement->Derive("\x04" + std::string(good.size() - 1, '\0')));
  EXPECT_FALSE(agreement->Derive("\x04" + std::string(good.size() - 1, '\xff')));
  EXPECT_FALSE(agreement->Derive(std::string(good.size(), '\x05')));
  EXPECT_FALSE(agreement->Derive(good + "x"));
  EXPECT_FALSE(agreement->Derive(""));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(agreement->Derive(std::string_view(good).substr(0, size))) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(OnEveryCurve, EcdhValues,
                         ::testing::Values(NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1));

TEST(GroupValues, LieBetweenOneAndTheLastButOne) {
  const BignumPtr p(BN_get_rfc2409_prime_1024(nullptr));
  const auto agreement = NewNamedGroup(1);
  const auto with = [&](int difference) {  // the mpint of p + difference
    BN_ULONG step = static_cast<BN_ULONG>(difference < 0 ? -difference : difference);
    const BignumPtr value(BN_dup(p.get()));
    if (difference < 0) BN_sub_word(value.get(), step);
    if (difference > 0) BN_add_word(value.get(), step);
    return std::string(1, '\0') + Magnitude(value.get());
  };
  EXPECT_TRUE(agreement->Derive("\x02"));
  EXPECT_TRUE(agreement->Derive(with(-2)));
  for (int difference : {-1, 0, 1}) EXPECT_FALSE(agreement->Derive(with(difference)));
  EXPECT_FALSE(agreement->Derive(""));
  EXPECT_FALSE(agreement->Derive(std::string(1, '\0')));
  EXPECT_FALSE(agreement->Derive("\x01"));
  EXPECT_FALSE(agreement->Derive("\xff")) << "negative";
  EXPECT_FALSE(agreement->Derive("\x7f" + std::string(kMaxSshNumber, 'x'))) << "huge";
}

std::string OddOfBits(int bits) {
  std::string out(static_cast<size_t>(bits / 8), '\xff');
  return out;
}

TEST(Groups, OfAServersChoiceHaveASizeBothSidesCanBear) {
  EXPECT_TRUE(NewGroup(OddOfBits(kMinDhBits), "\x02"));
  EXPECT_TRUE(NewGroup(OddOfBits(kMaxDhBits), "\x02"));
  EXPECT_FALSE(NewGroup(OddOfBits(kMinDhBits - 8), "\x02"));
  EXPECT_FALSE(NewGroup("\x01" + OddOfBits(kMaxDhBits), "\x02"));
  EXPECT_FALSE(NewGroup(OddOfBits(65536), "\x02"));
  EXPECT_FALSE(NewGroup("", "\x02"));
  EXPECT_FALSE(NewGroup("\x01", "\x02"));
}

TEST(Groups, OfAServersChoiceAreOddAndTheirGeneratorIsInside) {
  std::string even = OddOfBits(2048);
  even.back() = '\xfe';
  EXPECT_FALSE(NewGroup(even, "\x02"));
  const std::string prime = OddOfBits(2048);
  EXPECT_FALSE(NewGroup(prime, ""));
  EXPECT_FALSE(NewGroup(prime, "\x01"));
  EXPECT_FALSE(NewGroup(prime, prime));
  EXPECT_FALSE(NewGroup(prime, even)) << "p - 1";
  EXPECT_FALSE(NewGroup(prime, prime + "x"));
}

}  // namespace
}  // namespace hark::ssh

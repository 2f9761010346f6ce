#include "analysis/key_kinds.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "analysis/facts_fixture.h"
#include "analysis/facts_tables.h"
#include "base/bytes.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

class KeyKindsTest : public ::testing::Test {
 protected:
  // An SSH port with RSA keys of these moduli.
  void ShowSsh(uint32_t host, const std::vector<std::string>& moduli) {
    proto::PortRow& row = run_.reader().AddPort(FactsFixture::HostAt(host), 22, {});
    for (const std::string& modulus : moduli) {
      ByteWriter blob;
      blob.String32("ssh-rsa");
      blob.String32(std::string("\x01\x00\x01", 3));
      blob.String32(modulus);
      row.add_keys(std::string(ReadSshKey(blob.str()).id.bytes()));
      row.mutable_observation()->mutable_ssh()->add_keys()->set_blob(blob.Take());
    }
  }

  FactsFixture run_;
  const std::string rsa1024_ = '\0' + std::string(128, '\xff');
  const std::string rsa2048_ = '\0' + std::string(256, '\xff');
  const std::string own1024_ = '\0' + std::string(128, '\xfe');
};

TEST_F(KeyKindsTest, AreCountedForTlsAndSsh) {
  const TestCertificate shared = run_.root().Issue({{"a.example"}});
  for (uint32_t host = 1; host <= 3; ++host) {
    run_.AddHost(host);
    run_.Show(host, 443, shared);
    run_.Show(host, 993, shared);
  }
  ShowSsh(1, {rsa1024_});
  ShowSsh(2, {rsa1024_, rsa2048_});
  ShowSsh(3, {own1024_});
  const KeyKindCounts kinds = run_.Read().key_kinds;
  const size_t p256 = KeyKindRow({KeyAlgorithm::kEcdsa, static_cast<uint16_t>(KeyCurve::kP256)});
  EXPECT_EQ(kinds.tls[p256], (KindCount{1, 6}));
  EXPECT_EQ(kinds.ssh[KeyKindRow({KeyAlgorithm::kRsa, 1024})], (KindCount{2, 3}));
  EXPECT_EQ(kinds.ssh[KeyKindRow({KeyAlgorithm::kRsa, 2048})], (KindCount{1, 1}));
}

TEST_F(KeyKindsTest, HarkOfAKindAsksWhetherOneOfTheseKeysIsReused) {
  const TestCertificate shared = run_.root().Issue({{"a.example"}});
  for (uint32_t host = 1; host <= 4; ++host) run_.AddHost(host);
  // Host 1 shows RSA keys by SSH and a re-used ECDSA key by TLS, and host 3 an ECDSA key of its
  // own.
  ShowSsh(1, {rsa2048_, own1024_});
  ShowSsh(2, {rsa2048_});
  ShowSsh(4, {rsa1024_});
  run_.Show(1, 443, shared);
  run_.Show(1, 993, shared);
  run_.Show(2, 443, shared);
  run_.Show(3, 443, run_.root().Issue({{"b.example"}}));
  const KindReuse reuse = run_.Read().kind_reuse;
  const auto kind = [&](KeyKind of) {
    const ReuseCount& count = reuse.kinds[KeyKindRow(of)];
    return std::pair(count.hosts, count.reusing);
  };
  EXPECT_EQ(kind({KeyAlgorithm::kRsa, 1024}), std::pair(2UL, 0UL));
  EXPECT_EQ(kind({KeyAlgorithm::kRsa, 2048}), std::pair(2UL, 2UL));
  EXPECT_EQ(kind({KeyAlgorithm::kEcdsa, static_cast<uint16_t>(KeyCurve::kP256)}),
            std::pair(3UL, 2UL));
  EXPECT_STREQ(kKeyFamilies[0].name, "RSA");
  EXPECT_EQ(reuse.families[0].hosts, 3U) << "host 1 has keys of two lengths, and is one host";
  EXPECT_EQ(reuse.families[0].reusing, 2U);
  const Table table = HarkKindsTable(run_.Read());
  ASSERT_EQ(table.rows.size(), 5U);
  EXPECT_EQ(table.rows[0][3].plain, "66.67");
  EXPECT_EQ(table.rows[1][0].plain, "  RSA 1024");
  EXPECT_EQ(table.rows[3][0].plain, "ECDSA");
}

TEST(KeyKindRows, EachIsOfTheAlgorithmItsNameBeginsWith) {
  for (const KeyFamily& family : kKeyFamilies) {
    for (size_t row = family.begin; row < family.end; ++row) {
      EXPECT_EQ(std::string(kKeyKindNames[row]).find(family.name), 0U) << kKeyKindNames[row];
    }
  }
}

TEST(KeyKindRows, EverySizeHasOne) {
  const auto name = [](uint16_t bits) {
    return std::string(kKeyKindNames[KeyKindRow({KeyAlgorithm::kRsa, bits})]);
  };
  EXPECT_EQ(name(384), "RSA under 512");
  EXPECT_EQ(name(512), "RSA 512");
  EXPECT_EQ(name(1000), "RSA 769 to 1023");
  EXPECT_EQ(name(1024), "RSA 1024");
  EXPECT_EQ(name(2047), "RSA 1025 to 2047");
  EXPECT_EQ(name(2048), "RSA 2048");
  EXPECT_EQ(name(4096), "RSA 4096");
  EXPECT_EQ(name(8192), "RSA 8192");
  EXPECT_EQ(name(16384), "RSA over 8192");
  EXPECT_EQ(name(0), "other or unreadable");
  EXPECT_STREQ(kKeyKindNames[KeyKindRow({KeyAlgorithm::kDsa, 1024})], "DSA 1024");
  EXPECT_STREQ(kKeyKindNames[KeyKindRow({KeyAlgorithm::kEd25519, 0})], "Ed25519");
  EXPECT_STREQ(kKeyKindNames[KeyKindRow({KeyAlgorithm::kEd448, 0})], "Ed448");
  EXPECT_STREQ(kKeyKindNames[KeyKindRow({KeyAlgorithm::kEcdsa, 0})], "ECDSA other curve");
  EXPECT_STREQ(kKeyKindNames[KeyKindRow({KeyAlgorithm::kSecurityKey, 0})], "FIDO security key");
}

}  // namespace
}  // namespace hark

#include "tests/lab/key_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"

namespace hark::lab {
namespace {

class KeyStoreTest : public ::testing::Test {
 protected:
  KeyStoreTest() : directory_(StrCat(::testing::TempDir(), "/lab-keys-", ::getpid())) {
    Service web;
    web.protocol = Protocol::kHttps;
    web.keys = {"web"};
    Service ssh;
    ssh.protocol = Protocol::kSsh;
    ssh.keys = {"ssh"};
    scenario_.hosts.push_back({Address::V4(1), 1, "XX", {web, ssh}});
    Complete(scenario_);
  }
  ~KeyStoreTest() override { std::filesystem::remove_all(directory_); }

  std::string Spki(const KeyStore& store) {
    return store.Find("web", KeyType::kEcdsaP256)->spki_der +
           store.Find("ssh", KeyType::kEd25519)->spki_der;
  }

  std::string directory_;
  Scenario scenario_;
};

TEST_F(KeyStoreTest, GivesTheSameKeysAtTheNextStart) {
  KeyStore first(directory_);
  ASSERT_TRUE(first.Prepare(scenario_).ok());
  EXPECT_EQ(first.made(), 2U);
  KeyStore second(directory_);
  ASSERT_TRUE(second.Prepare(scenario_).ok());
  EXPECT_EQ(second.made(), 0U);
  EXPECT_EQ(Spki(first), Spki(second));
}

TEST_F(KeyStoreTest, MakesCertificatesOnlyWhereTlsIs) {
  KeyStore store("");
  ASSERT_TRUE(store.Prepare(scenario_).ok());
  EXPECT_NE(store.Find("web", KeyType::kEcdsaP256)->certificate_der, "");
  EXPECT_EQ(store.Find("ssh", KeyType::kEd25519)->certificate_der, "");
}

TEST_F(KeyStoreTest, CertifiesTheKeyItself) {
  KeyStore store("");
  ASSERT_TRUE(store.Prepare(scenario_).ok());
  const KeyStore::Key& key = *store.Find("web", KeyType::kEcdsaP256);
  EXPECT_EQ(SpkiDer(X509_get0_pubkey(key.certificate())), key.spki_der);
  EXPECT_EQ(X509_verify(key.certificate(), key.pkey()), 1);
  EXPECT_EQ(SpkiDer(ParsePrivateDer(key.private_der).get()), key.spki_der);
}

TEST_F(KeyStoreTest, StartsAnewFromADamagedFile) {
  KeyStore first(directory_);
  ASSERT_TRUE(first.Prepare(scenario_).ok());
  const std::string file = directory_ + "/keys-v1";
  const std::string good = *ReadFile(file);
  SetLogSink([](LogLevel, std::string_view) {});
  for (const std::string& bad : {good.substr(0, good.size() - 1), "x" + good, std::string()}) {
    ASSERT_TRUE(WriteFileAtomically(file, bad).ok());
    KeyStore again(directory_);
    ASSERT_TRUE(again.Prepare(scenario_).ok());
    EXPECT_EQ(again.made(), 2U);
    EXPECT_NE(Spki(again), Spki(first));
  }
  SetLogSink(nullptr);
}

}  // namespace
}  // namespace hark::lab

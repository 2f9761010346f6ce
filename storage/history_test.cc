#include "storage/history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "base/bytes.h"
#include "base/strings.h"
#include "base/testing/temp_directory.h"
#include "keys/certificate.h"
#include "keys/digests.h"
#include "keys/ssh_key.h"
#include "keys/testing/key_workshop.h"
#include "storage/remember.h"
#include "storage/store.h"

namespace hark {
namespace {

std::string Ed25519Blob(char fill) {
  ByteWriter blob;
  blob.String32("ssh-ed25519");
  blob.String32(std::string(32, fill));
  return blob.Take();
}

HostId Named(std::string_view text) {
  return HostId::Parse(text).value();
}

class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest() : store_(std::move(Store::OpenInMemory()).value()) {}

  void Put(const Sighting& sighting) {
    const auto write = store_->NewWrite();
    write->PutSighting(sighting);
    ASSERT_TRUE(store_->Commit(*write, false).ok());
  }

  std::vector<std::string> UsesOf(const Fact& fact) {
    std::vector<std::string> uses;
    EXPECT_TRUE(store_->ReadHistory()
                    ->ForEachUse(fact,
                                 [&](const FactUse& use) {
                                   uses.push_back(StrCat(use.host.ToString(), " ", use.port));
                                   return Status::Ok();
                                 })
                    .ok());
    return uses;
  }

  std::unique_ptr<Store> store_;
};

TEST_F(HistoryTest, AKeyIsFoundByEveryFingerprintWithAllItsPlaces) {
  const std::string blob = Ed25519Blob('k');
  const SightedFact key = KeyFactOfBlob(blob);
  Put({Named("192.0.2.1"), 22, 100, {key, BannerFact("SSH-2.0-a")}});
  Put({Named("2001:DB8:0:0::1"), 2222, 300, {key}});
  Put({Named("ABCDEF.onion"), 22, 200, {key}});
  const auto history = store_->ReadHistory();
  const std::vector<Fact> one{key.fact};
  EXPECT_EQ(*history->KeysByMd5(Md5(blob)), one);
  EXPECT_EQ(*history->KeysBySshSha256(Sha256(blob)), one);
  EXPECT_EQ(*history->KeysById(ReadSshKey(blob).id.bytes()), one);
  EXPECT_EQ(history->Key(key.fact)->ssh_blob, blob);
  EXPECT_EQ(history->Key(key.fact)->spki, ReadSshKey(blob).spki);
  EXPECT_EQ(UsesOf(key.fact),
            (std::vector<std::string>{"192.0.2.1 22", "2001:db8::1 2222", "abcdef.onion 22"}));
  EXPECT_TRUE(history->KeysByMd5(Md5("other"))->empty());
  EXPECT_TRUE(history->KeysBySshSha256(Sha256("other"))->empty());
  EXPECT_TRUE(history->KeysById(Sha256("other"))->empty());
}

TEST_F(HistoryTest, APlaceHasAllItsPortsAndNoOthers) {
  Put({Named("192.0.2.1"), 22, 100, {OutcomeFact(0, 7)}});
  Put({Named("192.0.2.1"), 443, 100, {OutcomeFact(0, 7)}});
  Put({Named("192.0.2.10"), 22, 100, {OutcomeFact(0, 7)}});
  Put({Named("foo"), 22, 100, {OutcomeFact(0, 7)}});
  Put({Named("foobar"), 22, 100, {OutcomeFact(0, 7)}});
  const auto history = store_->ReadHistory();
  EXPECT_EQ(history->Host(Named("192.0.2.1"))->size(), 2u);
  EXPECT_EQ(history->Host(Named("FOO."))->size(), 1u);
  EXPECT_TRUE(history->Host(Named("192.0.2.2"))->empty());
  EXPECT_EQ(history->Port({Named("192.0.2.3"), 22}).status().code(), StatusCode::kNotFound);
}

TEST_F(HistoryTest, HostsOfAFactCountOnceWhateverTheirPorts) {
  const SightedFact banner = BannerFact("SSH-2.0-a");
  for (const uint16_t port : {22, 2222}) Put({Named("192.0.2.1"), port, 100, {banner}});
  Put({Named("192.0.2.2"), 22, 100, {banner}});
  Put({Named("192.0.2.2"), 22, 200, {BannerFact("SSH-2.0-b")}});
  std::map<std::string, uint64_t> counts;
  const auto history = store_->ReadHistory();
  EXPECT_TRUE(history
                  ->ForEachFact(FactKind::kBanner,
                                [&](const Fact& fact, uint64_t hosts) {
                                  counts[*history->Banner(fact)] = hosts;
                                  return Status::Ok();
                                })
                  .ok());
  EXPECT_EQ(counts, (std::map<std::string, uint64_t>{{"SSH-2.0-a", 2}, {"SSH-2.0-b", 1}}));
}

TEST_F(HistoryTest, UsesOfAKindAndFingerprintsBehindOneComeInOrder) {
  std::map<std::string, std::string> blob_of;  // by MD5
  std::set<std::pair<std::string, std::string>> uses;
  const auto history = [&] { return store_->ReadHistory(); };
  for (const char fill : {'a', 'b', 'c', 'd', 'e'}) {
    const std::string blob = Ed25519Blob(fill);
    const SightedFact key = KeyFactOfBlob(blob);
    blob_of[Md5(blob)] = blob;
    for (const std::string_view host : {"192.0.2.1", "x.onion"}) {
      Put({Named(host), 22, 100, {key, BannerFact("SSH-2.0-a")}});
      uses.emplace(key.fact.value, host);
    }
    EXPECT_EQ(*history()->SshBlob(key.fact), blob);
  }
  std::vector<std::pair<std::string, std::string>> seen;
  ASSERT_TRUE(history()
                  ->ForEachUseOf(FactKind::kKey,
                                 [&](const Fact& key, const FactUse& use) {
                                   seen.emplace_back(key.value, use.host.ToString());
                                   return Status::Ok();
                                 })
                  .ok());
  EXPECT_TRUE(std::equal(seen.begin(), seen.end(), uses.begin(), uses.end()));
  for (const bool reverse : {false, true}) {
    for (const auto& [after, blob] : blob_of) {
      std::vector<std::string> expected, behind;
      for (const auto& [md5, other] : blob_of) {
        if (reverse ? md5 < after : md5 > after) expected.push_back(md5);
      }
      if (reverse) std::reverse(expected.begin(), expected.end());
      const auto visit = [&](std::string_view md5, const Fact&) {
        behind.emplace_back(md5);
        return Status::Ok();
      };
      ASSERT_TRUE(history()->ForEachMd5Behind(after, reverse, visit).ok());
      EXPECT_EQ(behind, expected);
    }
  }
}

TEST_F(HistoryTest, AlgorithmListsAreFoundByBothFormulas) {
  proto::AlgorithmsRow row;
  row.mutable_lists()->set_kex_algorithms("curve25519-sha256");
  row.set_hassh(std::string(32, 'a'));
  row.set_passive_ssh_hassh(std::string(32, 'b'));
  const SightedFact fact = AlgorithmsFact(row);
  Put({Named("192.0.2.1"), 22, 100, {fact}});
  const auto history = store_->ReadHistory();
  EXPECT_EQ(*history->AlgorithmsByHassh(std::string(32, 'A')), std::vector<Fact>{fact.fact});
  EXPECT_EQ(*history->AlgorithmsByPassiveSshHassh(std::string(32, 'b')),
            std::vector<Fact>{fact.fact});
  EXPECT_TRUE(history->AlgorithmsByHassh(std::string(32, 'b'))->empty());
  EXPECT_TRUE(history->AlgorithmsByHassh("not hex")->empty());
  EXPECT_EQ(history->Algorithms(fact.fact)->lists().kex_algorithms(), "curve25519-sha256");
}

TEST_F(HistoryTest, ACertificateIsFoundByItsNamesIssuerHashAndKey) {
  KeyWorkshop shop;
  shop.Run(
      "openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -outform der -out c.der -days 30 "
      "-subj /CN=Example -addext subjectAltName=DNS:www.example.org,DNS:example.org");
  const std::string der = shop.Read("c.der");
  const auto facts = ReadCertificate(der);
  ASSERT_TRUE(facts);
  const std::string hash = Sha256(der);
  // As a run remembers it: body in the store, only hashes in the row.
  proto::PortRow row;
  row.mutable_observation()->mutable_tls()->set_version(0x0303);
  row.mutable_observation()->mutable_tls()->add_chain_sha256(hash);
  row.add_keys(std::string(facts->key.bytes()));
  const auto write = store_->NewWrite();
  write->PutCertificate(hash, der);
  ASSERT_TRUE(store_->Commit(*write, false).ok());
  Put({Named("192.0.2.1"), 443, 100, FactsOfRow(row)});
  const auto history = store_->ReadHistory();
  const std::vector<Fact> one{CertificateFact(der).fact};
  EXPECT_EQ(*history->CertificatesBySha256(hash), one);
  EXPECT_EQ(*history->CertificatesByName("www.example.org", 10), one);
  EXPECT_EQ(*history->CertificatesByName("example.org", 10), one);
  EXPECT_EQ(*history->CertificatesByName(".example.org", 10), one);
  EXPECT_EQ(*history->CertificatesByName("example", 10), one);
  EXPECT_TRUE(history->CertificatesByName("ample.org", 10)->empty());
  EXPECT_EQ(*history->CertificatesByIssuer(facts->issuer, 10), one);
  EXPECT_EQ(*history->Certificate(one[0]), der);
  const auto keys = history->KeysById(facts->key.bytes());
  ASSERT_EQ(keys->size(), 1u);
  const auto key = history->Key(keys->front());
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(Sha256(key->spki), facts->key.bytes());
  EXPECT_EQ(*history->KeysByMd5(Md5(key->ssh_blob)), *keys);
  EXPECT_EQ(UsesOf(keys->front()), std::vector<std::string>{"192.0.2.1 443"});
}

TEST_F(HistoryTest, ACertificateKnownByItsHashAloneGetsItsBodyLater) {
  KeyWorkshop shop;
  shop.Run(
      "openssl req -x509 -newkey ed25519 -nodes -keyout k.pem -outform der -out c.der -subj /CN=a");
  const std::string der = shop.Read("c.der");
  Put({Named("192.0.2.1"), 443, 100, {CertificateFactOfHash(Sha256(der))}});
  const Fact fact = CertificateFact(der).fact;
  EXPECT_EQ(store_->ReadHistory()->Certificate(fact).status().code(), StatusCode::kNotFound);
  Put({Named("192.0.2.1"), 443, 100, {CertificateFact(der)}});
  EXPECT_EQ(*store_->ReadHistory()->Certificate(fact), der);
  EXPECT_EQ(store_->ReadHistory()->CertificatesByName("a", 10)->size(), 1u);
}

TEST_F(HistoryTest, AForgottenHostIsNowhere) {
  const SightedFact key = KeyFactOfBlob(Ed25519Blob('k'));
  Put({Named("192.0.2.1"), 22, 100, {key}});
  Put({Named("192.0.2.1"), 2222, 100, {key}});
  Put({Named("192.0.2.2"), 22, 100, {key}});
  const auto write = store_->NewWrite();
  write->PutSighting({Named("192.0.2.1"), 2022, 100, {key}});
  write->ForgetHost(Named("192.0.2.1"));
  ASSERT_TRUE(store_->Commit(*write, false).ok());
  EXPECT_TRUE(store_->ReadHistory()->Host(Named("192.0.2.1"))->empty());
  EXPECT_EQ(UsesOf(key.fact), std::vector<std::string>{"192.0.2.2 22"});
}

TEST_F(HistoryTest, AReaderSeesWhatWasThereWhenItWasMade) {
  const auto before = store_->ReadHistory();
  Put({Named("192.0.2.1"), 22, 100, {OutcomeFact(0, 7)}});
  EXPECT_TRUE(before->Host(Named("192.0.2.1"))->empty());
  EXPECT_FALSE(store_->ReadHistory()->Host(Named("192.0.2.1"))->empty());
}

// Every index of the history is what the visits say, whatever the order they come in.
TEST_F(HistoryTest, RandomSightingsGiveTheSameStoreInAnyOrder) {
  std::mt19937 random(7);
  std::vector<Sighting> all;
  std::map<Fact, std::set<std::string>> expected;
  for (int i = 0; i < 600; ++i) {
    const auto pick = [&](uint32_t end) { return random() % end; };
    Sighting sighting{Named(StrCat("192.0.2.", pick(20))),
                      static_cast<uint16_t>(22 + pick(2)),
                      static_cast<int64_t>(1000 * pick(50)),
                      {}};
    for (uint32_t n = pick(4); n > 0; --n) {
      sighting.facts.push_back(KeyFactOfBlob(Ed25519Blob(static_cast<char>('a' + pick(12)))));
    }
    for (const SightedFact& fact : sighting.facts) {
      expected[fact.fact].insert(StrCat(sighting.host.ToString(), " ", sighting.port));
    }
    all.push_back(std::move(sighting));
  }
  const auto fill = [](Store& store, const std::vector<Sighting>& sightings, bool bulk) {
    for (size_t i = 0; i < sightings.size();) {
      const auto write = store.NewWrite();
      for (size_t end = std::min(i + 7, sightings.size()); i < end; ++i) {
        write->PutSighting(sightings[i]);
      }
      const Status done = bulk ? store.CommitBulk(*write) : store.Commit(*write, false);
      ASSERT_TRUE(done.ok()) << done.message();
    }
  };
  const auto content = [](const Store& store) {
    std::map<FactUse, std::string> rows;
    EXPECT_TRUE(store.ReadHistory()
                    ->ForEachPort({},
                                  [&](const FactUse& place, const Timeline& timeline) {
                                    rows[place] = timeline.Encode();
                                    return Status::Ok();
                                  })
                    .ok());
    return rows;
  };
  fill(*store_, all, false);
  for (const auto& [fact, places] : expected) {
    const std::vector<std::string> uses = UsesOf(fact);
    EXPECT_EQ(std::set<std::string>(uses.begin(), uses.end()), places);
    EXPECT_EQ(uses.size(), places.size());
  }
  const auto other = std::move(Store::OpenInMemory()).value();
  std::shuffle(all.begin(), all.end(), random);
  fill(*other, all, false);
  fill(*other, all, false);  // duplicates
  EXPECT_EQ(content(*other), content(*store_));
  TempDirectory dir;
  const auto bulk = std::move(Store::Open(dir.path(), Store::Mode::kReadWrite)).value();
  std::shuffle(all.begin(), all.end(), random);
  fill(*bulk, all, true);
  EXPECT_EQ(content(*bulk), content(*store_));
}

class RememberTest : public HistoryTest {
 protected:
  proto::RunRow MakeRun(uint32_t id, int hosts, int64_t unix_ms) {
    proto::RunRow run;
    run.set_id(id);
    run.set_name(StrCat("XX-", id));
    run.set_state(proto::RunRow::DONE);
    const auto write = store_->NewWrite();
    write->PutRun(run);
    for (int i = 0; i < hosts; ++i) {
      const Address address = Address::V4(0xc0000200U + static_cast<uint32_t>(i));
      proto::HostRow host;
      host.set_started_unix_ms(unix_ms);
      write->PutHost(id, address, host);
      proto::PortRow row;
      row.mutable_observation()->set_port(22);
      row.mutable_observation()->mutable_ssh()->set_identification("SSH-2.0-x");
      write->PutPort(id, address, 22, row);
    }
    EXPECT_TRUE(store_->Commit(*write, false).ok());
    return run;
  }
};

TEST_F(RememberTest, EveryRecordOfARunIsInTheHistoryOnce) {
  const proto::RunRow first = MakeRun(1, 20, 1'000'500), second = MakeRun(2, 10, 9'000'000);
  const auto on = [](uint64_t) { return true; };
  EXPECT_EQ(NotRemembered(*store_)->size(), 2u);
  for (const proto::RunRow& run : {second, first, second}) {
    EXPECT_TRUE(*RememberRun(*store_, run, on));
  }
  EXPECT_TRUE(NotRemembered(*store_)->empty());
  const auto ports = store_->ReadHistory()->Host(Address::V4(0xc0000203U));
  ASSERT_EQ(ports->size(), 1u);
  const auto span = ports->front().timeline.Span(BannerFact("SSH-2.0-x").fact);
  ASSERT_TRUE(span);
  EXPECT_EQ(span->first_unix_s, 1000);
  EXPECT_EQ(span->last_unix_s, 9000);
  EXPECT_EQ(span->sightings, 2u);
  EXPECT_EQ(UsesOf(BannerFact("SSH-2.0-x").fact).size(), 20u);
}

TEST_F(RememberTest, AStoppedFoldGoesOnWhereItWas) {
  const proto::RunRow run = MakeRun(1, 10'000, 1'000'000);
  uint64_t asked = 0;
  EXPECT_FALSE(*RememberRun(*store_, run, [&](uint64_t) { return ++asked < 2; }));
  const size_t half = UsesOf(BannerFact("SSH-2.0-x").fact).size();
  EXPECT_GT(half, 0u);
  EXPECT_LT(half, 10'000u);
  EXPECT_FALSE(*IsRemembered(*store_, 1));
  uint64_t again = 0;
  EXPECT_TRUE(*RememberRun(*store_, run, [&](uint64_t hosts) { return again = hosts, true; }));
  EXPECT_LT(again, 10'000u - half + 4096);
  EXPECT_EQ(UsesOf(BannerFact("SSH-2.0-x").fact).size(), 10'000u);
}

TEST(HistoryOnDisk, ABulkIsThereAsAWholeWithAllThatWasChangedInIt) {
  TempDirectory dir;
  const SightedFact key = KeyFactOfBlob(Ed25519Blob('k'));
  {
    const auto store = std::move(Store::Open(dir.path(), Store::Mode::kReadWrite)).value();
    const auto first = store->NewWrite();
    first->PutSighting({Named("192.0.2.1"), 22, 100, {key}});
    first->PutSighting({Named("192.0.2.2"), 22, 100, {key}});
    ASSERT_TRUE(store->CommitBulk(*first).ok());
    const auto second = store->NewWrite();
    second->PutSighting({Named("192.0.2.1"), 22, 200, {key}});
    second->PutSighting({Named("192.0.2.1"), 22, 300, {key}});
    second->ForgetHost(Named("192.0.2.2"));
    second->PutSighting({Named("192.0.2.2"), 22, 400, {BannerFact("SSH-2.0-new")}});
    second->PutMeta("import/x", "1");
    second->PutMeta("import/x", "2");
    ASSERT_TRUE(store->CommitBulk(*second).ok());
  }
  std::ofstream(dir.path() + "/bulk-history.sst") << "of a process that was killed";
  const auto store = std::move(Store::Open(dir.path(), Store::Mode::kReadWrite)).value();
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/bulk-history.sst"));
  const auto history = store->ReadHistory();
  EXPECT_EQ(history->Host(Named("192.0.2.1"))->front().timeline.visit_count(), 3u);
  const auto forgotten = history->Host(Named("192.0.2.2"));
  ASSERT_EQ(forgotten->size(), 1u);
  EXPECT_EQ(forgotten->front().timeline.visit_count(), 1u);
  EXPECT_FALSE(forgotten->front().timeline.Has(key.fact));
  EXPECT_EQ(store->Meta("import/x")->value(), "2");
}

TEST(HistoryOnDisk, IsThereAfterReopeningAndForReadersBeside) {
  TempDirectory dir;
  const SightedFact key = KeyFactOfBlob(Ed25519Blob('k'));
  {
    const auto store = std::move(Store::Open(dir.path(), Store::Mode::kReadWrite)).value();
    for (const int64_t when : {300, 100, 200}) {
      const auto write = store->NewWrite();
      write->PutSighting({Named("192.0.2.1"), 22, when, {key}});
      ASSERT_TRUE(store->Commit(*write, true).ok());
    }
    const auto beside = std::move(Store::Open(dir.path(), Store::Mode::kReadOnly)).value();
    EXPECT_EQ(beside->ReadHistory()->Host(Named("192.0.2.1"))->front().timeline.visit_count(), 3u);
  }
  const auto store = std::move(Store::Open(dir.path(), Store::Mode::kReadOnly)).value();
  const auto span = store->ReadHistory()->Host(Named("192.0.2.1"))->front().timeline.Span(key.fact);
  ASSERT_TRUE(span);
  EXPECT_EQ(span->first_unix_s, 100);
  EXPECT_EQ(span->last_unix_s, 300);
}

}  // namespace
}  // namespace hark

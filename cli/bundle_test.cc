// Bundles as they are handed over: files on disk, searched for everything they must not say.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include "analysis/bundle_build.h"
#include "analysis/bundle_fixture.h"
#include "base/file.h"
#include "base/random.h"
#include "base/testing/temp_directory.h"
#include "cli/bundle_folder.h"
#include "cli/bundle_graph.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

namespace fs = std::filesystem;

const BundleLetter kLetter{"mailto:research@survey.test", "2026-11-22"};

// A bundle made of a run, with its check, as the command makes them.
struct Made {
  HostTable hosts;
  BundleFacts facts;
  std::optional<BundleCheck> check;
  std::vector<BundleFile> files;

  Made(const RunReader& run, const BundleOwner& owner, const std::string& secret) {
    const BundlePseudonyms pseudonyms(secret);
    hosts = *HostTable::Read(run);
    const Clustering clustering = *FindClusters(run, hosts);
    facts = *ReadBundleFacts(run, hosts, clustering, owner);
    check.emplace(MakeBundleCheck(facts, hosts, pseudonyms));
    const Bundle bundle = BuildBundle(facts, run.run(), owner, pseudonyms, *check);
    for (const BundleFile& file :
         BundleFiles(BundleOfNobody(bundle), kLetter, PaintBundleCluster)) {
      check->names.Excuse(file.content);
    }
    files = BundleFiles(bundle, kLetter, PaintBundleCluster);
  }

  bool Contain(std::string_view text) const {
    return std::any_of(files.begin(), files.end(), [&](const BundleFile& file) {
      return file.content.find(text) != std::string::npos ||
             file.path.find(text) != std::string::npos;
    });
  }
};

class BundleTest : public ::testing::Test {
 protected:
  std::string out() const { return directory_ / "out"; }
  size_t EntriesBeside() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(directory_.path()), fs::directory_iterator()));
  }

  TempDirectory directory_;
};

const std::string kSecret(BundlePseudonyms::kSecretSize, 's');

TEST_F(BundleTest, NoAddressOfTheAsWithThreeHostsRemains) {
  const auto run = ThreeAsRun();
  const Made made(*run, BundleOwner::OfAsn(1), kSecret);
  for (const char* others : {"203.0.113.5", "203.0.113.6", "2001:db8:2", "198.51.100", "192.0.2",
                             "foreign", "buildbox", "both.example", "BUILDBOX", "Foreign"}) {
    EXPECT_FALSE(made.Contain(others)) << others;
  }
  for (const char* key : {"shared", "second", "both tls", "own tls", "other tls"}) {
    EXPECT_FALSE(made.Contain(KeyNamed(key).ToHex().substr(0, 8))) << key;
  }
  for (const char* own : {"10.1.0.1", "10.1.0.2", "10.1.0.3", "2001:db8:1::1", "www.own.example"}) {
    EXPECT_TRUE(made.Contain(own)) << own;
  }
  const Status status = HandOverBundle(made.files, *made.check, out());
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(EntriesBeside(), 1U);
  for (const BundleFile& file : made.files) {
    EXPECT_EQ(*ReadFile(out() + "/" + file.path), file.content);
  }
}

// Whatever is planted, wherever: nothing is handed over, and what was found is not repeated.
TEST_F(BundleTest, FailsWhenAnythingForeignIsPlantedInAnyFile) {
  const auto run = ThreeAsRun();
  const Made made(*run, BundleOwner::OfAsn(1), kSecret);
  const std::string blob = BundleRun::BlobNamed("shared");
  const std::vector<std::string> plants = {
      "203.0.113.5",
      "203.0.113.0/28",
      "203.0.113.1-203.0.113.9",
      "cb007105",
      "0xcb007105",
      "5.113.0.203.in-addr.arpa",
      "5.113.0.203",
      "203-0-113-6",
      "198.51.100.99",
      "192.0.2.3",
      "2001:db8:2::7",
      "2001:0db8:0002:0000:0000:0000:0000:0007",
      "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
      "mx1.foreign.example",
      "BuildBox17",
      "panel.foreign.example",
      "customers.foreign.example",
      "Foreign Hosting, Inc",
      "api.both.example",
      KeyNamed("shared").ToHex(),
      SshSha256Fingerprint(blob),
      SshMd5Fingerprint(blob),
      HexEncode(Sha256(run->certificates().begin()->second)),
      HexEncode(kSecret)};
  ASSERT_GE(made.files.size(), 8U);
  for (size_t i = 0; i < made.files.size(); ++i) {
    for (const std::string& plant : plants) {
      std::vector<BundleFile> files = made.files;
      std::string& content = files[i].content;
      content.insert(content.find('\n', content.size() / 2) + 1, "<!-- " + plant + " -->\n");
      const Status status = HandOverBundle(files, *made.check, out());
      ASSERT_EQ(status.code(), StatusCode::kInternal) << files[i].path << " with " << plant;
      EXPECT_NE(status.message().find(files[i].path + ":"), std::string::npos) << status.message();
      EXPECT_EQ(status.message().find(plant), std::string::npos);
      EXPECT_EQ(EntriesBeside(), 0U);
    }
  }
}

TEST_F(BundleTest, FailsWhenTheNameOfAFileTellsAnAddress) {
  const auto run = ThreeAsRun();
  const Made made(*run, BundleOwner::OfAsn(1), kSecret);
  std::vector<BundleFile> files = made.files;
  files[0].path = "graphs/203.0.113.5.svg";
  EXPECT_EQ(HandOverBundle(files, *made.check, out()).message(),
            "the bundle was not handed over, something in it is not the holder's: the name of a "
            "file has an address of others (in decimal parts)");
  EXPECT_EQ(EntriesBeside(), 0U);
}

// Addresses, names and keys of one width each, so that none is a part of another.
std::unique_ptr<BundleRun> RandomRun(Random& random) {
  auto run = std::make_unique<BundleRun>();
  const uint64_t hosts = 2 + random.Below(40);
  for (uint64_t i = 0; i < hosts; ++i) {
    const std::string address = i % 5 == 4
                                    ? StrCat("2001:db8::", 1000 + i)
                                    : StrCat(100 + random.Below(50), ".", 100 + random.Below(99),
                                             ".", 100 + i, ".", 100 + random.Below(99));
    std::vector<std::string> keys;
    for (uint64_t n = random.Below(3); n-- > 0;) keys.push_back(StrCat("k", random.Below(20)));
    run->AddSsh(address, static_cast<uint32_t>(random.Below(4)), keys);
    run->AddGreeting(address, StrCat("220 n", 1000 + random.Below(60), ".example ESMTP\r\n"));
    proto::HostRow& row = run->AddHost(*Address::Parse(address), 0);
    row.set_asn(static_cast<uint32_t>(random.Below(4)));
    if (random.Below(3) == 0) row.add_names(StrCat("t", 1000 + random.Below(60), ".example"));
  }
  return run;
}

TEST_F(BundleTest, OfRandomRunsSaysNothingOfAnybodyElse) {
  Random random(20261122);
  int bundles = 0;
  for (int round = 0; round < 200; ++round) {
    const std::unique_ptr<BundleRun> run = RandomRun(random);
    const Made made(*run, BundleOwner::OfAsn(1), SecureBytes(BundlePseudonyms::kSecretSize));
    if (made.facts.clusters.empty()) continue;
    ++bundles;
    for (const BundleFile& file : made.files) {
      const auto offence = made.check->Look(file.content);
      ASSERT_FALSE(offence) << round << " " << file.path << " " << offence->what;
    }
    for (const BundleClusterFacts& cluster : made.facts.clusters) {
      EXPECT_FALSE(made.Contain(cluster.id));
      for (const BundleMemberFacts& member : cluster.members) {
        EXPECT_EQ(member.own, member.asn == 1);
        EXPECT_EQ(made.Contain(member.address.ToString()), member.own);
        for (const std::string& name : member.shown.names) {
          EXPECT_FALSE(!member.own && made.Contain(name)) << round << " " << name;
        }
        for (const BundlePortFacts& port : member.ports) {
          for (const KeyId& key : port.keys) {
            EXPECT_FALSE(made.Contain(key.ToHex().substr(0, 12)));
          }
        }
      }
    }
  }
  EXPECT_GT(bundles, 100);
}

// The words of letters and digits in it that are nobody's: no pseudonyms, no names.
std::set<std::string> WordsOf(const std::string& text) {
  std::set<std::string> out;
  std::string word;
  for (const char c : text + "\n") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_') {
      word += c;
      continue;
    }
    const bool pseudonym =
        word.size() == 17 && word.find_first_not_of("0123456789abcdef", 1) == std::string::npos;
    if (word.size() > 1 && !pseudonym) out.insert(word);
    word.clear();
  }
  return out;
}

TEST_F(BundleTest, AHostOfOthersThatIsCalledLikeAWordOfHarksOwnStopsNothing) {
  const auto run = ThreeAsRun();
  for (int i = 0; i < 120; ++i) {
    run->AddSsh("10.1.0.1", 1, {StrCat("k", i)});
    run->AddSsh("203.0.113.5", 2, {StrCat("k", i)});
  }
  const Made before(*run, BundleOwner::OfAsn(1), kSecret);
  proto::HostRow& row = run->AddHost(*Address::Parse("203.0.113.5"), 2);
  for (const BundleFile& file : before.files) {
    for (const std::string& word : WordsOf(file.content)) row.add_names(word);
  }
  ASSERT_GT(row.names_size(), 200);
  const Made made(*run, BundleOwner::OfAsn(1), kSecret);
  for (const BundleFile& file : made.files) {
    const auto offence = made.check->Look(file.content);
    EXPECT_FALSE(offence) << file.path << ":" << offence->line << " " << offence->what;
  }
}

// As large as the largest clusters of the paper, with a certificate of many names on a third of it.
TEST_F(BundleTest, OfAClusterOfThreeThousandHostsIsCheckedWhole) {
  BundleRun run;
  std::string sans = "DNS:panel.example";
  for (int i = 0; i < 1500; ++i) sans += StrCat(",DNS:customer", i, ".panel.example");
  const std::string der = BundleCertificate("/CN=panel.example", sans);
  for (uint32_t i = 0; i < 3000; ++i) {
    const std::string address = Address::V4(0x0a000000 + 7 * i).ToString();
    run.AddSsh(address, 1 + i % 3, {"shared", StrCat("k", i / 2)});
    run.AddGreeting(address, StrCat("220 h", i, ".as", 1 + i % 3, ".example ESMTP\r\n"));
    if (i % 3 == 1) run.AddTls(address, "panel", der);
  }
  const Made made(run, BundleOwner::OfAsn(1), kSecret);
  ASSERT_TRUE(HandOverBundle(made.files, *made.check, out()).ok());
  EXPECT_TRUE(made.Contain("h2997.as1.example"));
  std::vector<BundleFile> files = made.files;
  files.back().content += Address::V4(0x0a000000 + 7 * 2999).ToString();
  EXPECT_FALSE(HandOverBundle(files, *made.check, out() + "2").ok());
}

// The nodes of a picture's DOT are h0, h1 … and k0, k1 …, and the entries of its legend l0, l1 ….
TEST_F(BundleTest, AHostOfOthersThatIsCalledLikeTheNumberOfAHostInAPictureStopsNothing) {
  BundleRun run;
  for (uint32_t i = 0; i < 300; ++i) {
    const std::string address = Address::V4(0x0a000000 + 7 * i).ToString();
    run.AddSsh(address, 1 + i % 90, {"shared", StrCat("k", i / 2)});
    if (i % 90 == 5) {
      for (const char* name : {"h299", "h120", "k140", "l80"}) {
        run.AddHost(*Address::Parse(address), 1 + i % 90).add_names(name);
      }
    }
  }
  const Made made(run, BundleOwner::OfAsn(1), kSecret);
  const Status status = HandOverBundle(made.files, *made.check, out());
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_TRUE(made.Contain("h299 -- k"));
}

}  // namespace
}  // namespace hark

// Bundles as they are handed over: files on disk, searched for everything they must not say.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "analysis/bundle_build.h"
#include "analysis/bundle_fixture.h"
#include "base/file.h"
#include "base/random.h"
#include "base/testing/temp_directory.h"
#include "cli/bundle_command.h"
#include "cli/bundle_folder.h"
#include "cli/bundle_graph.h"
#include "cli/copy_run_fixture.h"
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

class BundleCommandTest : public BundleTest {
 protected:
  void SetUp() override {
    BundleTest::SetUp();
    const auto run = ThreeAsRun();
    const auto store = Store::Open(db(), Store::Mode::kReadWrite);
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE(CopyRun(*run, **store).ok());
    const std::unique_ptr<StoreWrite> write = (*store)->NewWrite();
    for (const auto& [sha256, der] : run->certificates()) write->PutCertificate(sha256, der);
    ASSERT_TRUE((*store)->Commit(*write, true).ok());
  }
  std::string db() const { return directory_ / "db"; }

  int Run(std::vector<std::string> args) {
    args.push_back("--db=" + db());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = RunClusterBundle(args);
    said_ = ::testing::internal::GetCapturedStdout();
    complaint_ = ::testing::internal::GetCapturedStderr();
    return code;
  }
  void ExpectWrong(const std::vector<std::string>& args, const std::string& words) {
    EXPECT_EQ(Run(args), 2) << words;
    EXPECT_NE(complaint_.find(words), std::string::npos) << complaint_;
    EXPECT_EQ(std::count(complaint_.begin(), complaint_.end(), '\n'), 1) << complaint_;
    EXPECT_EQ(complaint_.find("hark cluster bundle: "), 0U) << complaint_;
  }

  std::string said_;
  std::string complaint_;
};

TEST_F(BundleCommandTest, MakesABundleAndKeepsItsSecretBesideIt) {
  ASSERT_EQ(Run({"--asn=AS1", "--out=" + out() + "/"}), 0) << complaint_;
  const auto bundle = nlohmann::json::parse(*ReadFile(out() + "/bundle.json"));
  ASSERT_EQ(bundle["clusters"].size(), 1U);
  EXPECT_EQ(bundle["clusters"][0]["hosts"], 8);
  EXPECT_EQ(bundle["clusters"][0]["your_hosts"], 4);
  EXPECT_EQ(bundle["clusters"][0]["members"][0]["host"], "10.1.0.1");
  EXPECT_EQ(bundle["clusters"][0]["members"][1]["names_withheld"], 2);
  EXPECT_EQ(bundle["measured_from"], "2018-04-30");
  const std::string readme = *ReadFile(out() + "/README.md");
  EXPECT_NE(readme.find("mailto:research@survey.test"), std::string::npos);
  EXPECT_NE(readme.find("the hosts of AS1"), std::string::npos);
  const std::string label = bundle["clusters"][0]["cluster"];
  for (const char* kind : {".dot", ".svg"}) {
    EXPECT_TRUE(fs::exists(out() + "/graphs/" + label + kind));
  }
  EXPECT_NE(said_.find("1 clusters, 4 of 8 hosts"), std::string::npos) << said_;
  struct stat secret {};
  ASSERT_EQ(stat((out() + ".secret").c_str(), &secret), 0);
  EXPECT_EQ(secret.st_mode & 0777, 0600U);
  // The secret, and nothing else, tells who is who.
  const BundlePseudonyms pseudonyms(
      *HexDecode(ReadFile(out() + ".secret")->substr(0, 2 * BundlePseudonyms::kSecretSize)));
  EXPECT_NE(readme.size(), 0U);
  EXPECT_NE(
      ReadFile(out() + "/members.csv")->find(pseudonyms.OfHost(*Address::Parse("203.0.113.5"))),
      std::string::npos);
}

TEST_F(BundleCommandTest, TwoBundlesHaveNoPseudonymInCommon) {
  ASSERT_EQ(Run({"--asn=1", "--out=" + out()}), 0) << complaint_;
  ASSERT_EQ(Run({"--asn=1", "--out=" + out() + "2", "--forget_secret"}), 0) << complaint_;
  EXPECT_FALSE(fs::exists(out() + "2.secret"));
  const auto first = nlohmann::json::parse(*ReadFile(out() + "/bundle.json"))["clusters"][0];
  const auto second = nlohmann::json::parse(*ReadFile(out() + "2/bundle.json"))["clusters"][0];
  EXPECT_NE(first["cluster"], second["cluster"]);
  EXPECT_NE(first["keys"][0]["key"], second["keys"][0]["key"]);
  EXPECT_EQ(first["keys"][0]["hosts"], second["keys"][0]["hosts"]);
}

TEST_F(BundleCommandTest, TellsTheHolderByPrefixesOrNames) {
  ASSERT_TRUE(WriteFileAtomically(directory_ / "theirs", "203.0.113.0/29 # they\n").ok());
  ASSERT_EQ(Run({"--prefixes=" + (directory_ / "theirs"), "--out=" + out()}), 0) << complaint_;
  EXPECT_NE(said_.find("2 of 8 hosts"), std::string::npos) << said_;
  ASSERT_EQ(Run({"--names=(^|\\.)own\\.example$", "--out=" + out() + "2"}), 0) << complaint_;
  EXPECT_NE(said_.find("2 of 8 hosts"), std::string::npos) << said_;
}

TEST_F(BundleCommandTest, FailsAndLeavesNothingWhenTheContactTellsAnAddressOfOthers) {
  EXPECT_EQ(Run({"--asn=1", "--out=" + out(), "--contact=http://203.0.113.5/"}), 1);
  EXPECT_NE(complaint_.find("README.md:"), std::string::npos) << complaint_;
  EXPECT_EQ(complaint_.find("203.0.113.5"), std::string::npos) << complaint_;
  EXPECT_EQ(EntriesBeside(), 1U);  // the store
}

TEST_F(BundleCommandTest, SaysInOneLineWhatTheOperatorGotWrong) {
  const std::string to = "--out=" + out();
  ASSERT_TRUE(WriteFileAtomically(directory_ / "bad", "203.0.113.0/29\n10.0.0.0/33\n").ok());
  ASSERT_TRUE(WriteFileAtomically(directory_ / "none", "# nothing\n").ok());
  ExpectWrong({to}, "needs one of --asn, --prefixes and --names");
  ExpectWrong({to, "--asn=1", "--names=x"}, "needs one of --asn, --prefixes and --names");
  ExpectWrong({to, "--asn=0"}, "--asn: '0' is no AS number");
  ExpectWrong({to, "--asn=x1"}, "--asn: 'x1' is no AS number");
  ExpectWrong({to, "--asn=77"}, "no cluster of the run has a host of that holder (--asn)");
  ExpectWrong({to, "--names=nobody\\.example"}, "no cluster of the run has a host");
  ExpectWrong({to, "--names=(a"}, "--names: '(a' is not an extended regular expression");
  ExpectWrong({to, "--names=.*"}, "--names: '.*' matches every name");
  ExpectWrong({to, "--prefixes=" + (directory_ / "bad")}, "bad:2");
  ExpectWrong({to, "--prefixes=" + (directory_ / "none")}, "names no prefix");
  ExpectWrong({to, "--prefixes=" + (directory_ / "missing")}, "No such file");
  ExpectWrong({to, "--asn=1", "--run=r9"}, "no run 'r9'");
  ExpectWrong({"--asn=1"}, "--out");
  ExpectWrong({"--asn=1", "--out="}, "--out");
  ExpectWrong({"--asn=1", "--out=" + db()}, "is not empty; name a new folder");
  ExpectWrong({"--asn=1", "--out=" + (directory_ / "none")}, "is no folder");
  ExpectWrong({to, "--asn=1", "--secret=" + (directory_ / "none")}, "is there already");
  ExpectWrong({to, "--asn=1", "--secret=" + out() + "/s"}, "inside the bundle");
  ExpectWrong({to, "--asn=1", "--secret=s", "--forget_secret"}, "exclude each other");
  EXPECT_FALSE(fs::exists(out()));
  EXPECT_FALSE(fs::exists(out() + ".secret"));
}

TEST_F(BundleCommandTest, FillsAnEmptyFolderThatIsThere) {
  fs::create_directory(out());
  EXPECT_EQ(Run({"--asn=1", "--out=" + out()}), 0) << complaint_;
  EXPECT_TRUE(fs::exists(out() + "/README.md"));
}

TEST_F(BundleCommandTest, OfAPartOfTheRunSaysSoAndKnowsEverybodyOutsideOfIt) {
  const auto run = ThreeAsRun();
  run->mutable_run().set_id(2);
  run->mutable_run().set_name("of IE");
  for (const char* inside : {"10.1.0.1", "10.1.0.2"}) {
    run->AddHost(*Address::Parse(inside), 1).set_country("IE");
  }
  run->AddHost(*Address::Parse("203.0.113.6"), 2).set_country("IE");
  const auto store = Store::Open(db(), Store::Mode::kReadWrite);
  ASSERT_TRUE(CopyRun(*run, **store).ok());
  const std::vector<std::string> part = {"--run=of IE", "--asn=1", "--country=ie",
                                         "--until=2018-05-01", "--out=" + out()};
  ASSERT_EQ(Run(part), 0) << complaint_;
  EXPECT_NE(said_.find("2 of 3 hosts"), std::string::npos) << said_;
  const auto bundle = nlohmann::json::parse(*ReadFile(out() + "/bundle.json"));
  EXPECT_EQ(bundle["scope"], nlohmann::json({"in IE", "visited by 2018-04-30"}));
  EXPECT_NE(ReadFile(out() + "/README.md")->find("in IE; visited by 2018-04-30."),
            std::string::npos);
  std::vector<std::string> telling = part;
  telling.back() += "2";
  telling.push_back("--contact=http://203.0.113.5/");  // not in the part, and not in the bundle
  EXPECT_EQ(Run(telling), 1);
}

}  // namespace
}  // namespace hark

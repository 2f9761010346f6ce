// Random stores against a count by hand, and pages against the whole.

#include <map>
#include <random>
#include <set>

#include "api/passive_ssh_fixture.h"

namespace hark {
namespace {

class PassiveSshRandomTest : public PassiveSshFixture {
 protected:
  // Few keys and hosts, so that they meet; ports that speak SSH and one that does not.
  void Fill(std::mt19937& random) {
    for (int i = 0; i < 120; ++i) {
      const std::string blob = Ed25519Blob(StrCat("key ", random() % 40));
      const std::string banner = StrCat("SSH-2.0-software ", random() % 12);
      const std::string host = StrCat("192.0.2.", random() % 60);
      const auto port = static_cast<uint16_t>(random() % 2 ? 22 : 2222);
      const auto when = static_cast<int64_t>(1'700'000'000 + random() % 500);
      if (random() % 8 == 0) {
        Put({*HostId::Parse(host), 443, when, {KeyFactOfBlob(blob), CertificateFact("some")}});
        continue;
      }
      Import(Record(host, when, banner, {HostKey("ssh-ed25519", blob)}, port));
      hosts_of_[Md5Of(blob)].insert(host);
      hosts_of_banner_[banner].insert(host);
      seconds_of_[host].insert(when);
    }
  }

  // Every page of a table of counts, as one.
  std::string Pages(const std::string& target, size_t limit, const std::string& member) {
    Json all = Json::object();
    std::string cursor;
    do {
      const std::string more = cursor.empty() ? "" : "&cursor=" + cursor;
      const HttpResponse page = Ask(StrCat(target, "?limit=", limit, more));
      EXPECT_EQ(page.status, 200);
      const Json json = Json::parse(page.body);
      const Json& part = member.empty() ? json : json[member];
      EXPECT_LE(part.size(), limit);
      for (const auto& [name, count] : part.items()) {
        EXPECT_FALSE(all.contains(name)) << name;
        all[name] = count;
      }
      cursor = HeaderOf(page, "X-Next-Cursor");
      if (!member.empty()) {
        EXPECT_EQ(json["next_cursor"].is_null(), cursor.empty());
      }
    } while (!cursor.empty());
    return all.dump();
  }

  std::map<std::string, std::set<std::string>> hosts_of_, hosts_of_banner_;
  std::map<std::string, std::set<int64_t>> seconds_of_;
};

TEST_F(PassiveSshRandomTest, CountsAreWhatOneCountsByHand) {
  for (const uint32_t seed : {1U, 2U, 3U}) {
    std::mt19937 random(seed);
    Fill(random);
    const Json fingerprints = Get("/fingerprints");
    EXPECT_EQ(fingerprints.size(), hosts_of_.size());
    std::pair<uint64_t, std::string> last{UINT64_MAX, ""};
    for (const auto& [fingerprint, count] : fingerprints.items()) {
      EXPECT_EQ(count, hosts_of_[fingerprint].size());
      EXPECT_EQ(Get("/fingerprint/all/" + fingerprint)["hosts"].size(), count);
      const std::pair<uint64_t, std::string> now{count.get<uint64_t>(), fingerprint};
      EXPECT_LT(now, last);
      last = now;
    }
    const Json banners = Get("/banners")["banners"];
    EXPECT_EQ(banners.size(), hosts_of_banner_.size());
    for (const auto& [banner, hosts] : hosts_of_banner_) EXPECT_EQ(banners[banner], hosts.size());
    EXPECT_EQ(Get("/stats")["keys"]["ssh-ed25519"], hosts_of_.size());
    EXPECT_EQ(Get("/stats")["hosts"]["ip"], seconds_of_.size());
    EXPECT_EQ(Get("/hasshs").begin().value(), seconds_of_.size());
  }
}

TEST_F(PassiveSshRandomTest, PagesInARowAreTheWhole) {
  std::mt19937 random(4);
  Fill(random);
  for (const size_t limit : {size_t{1}, size_t{3}, size_t{7}, size_t{10'000}}) {
    EXPECT_EQ(Pages("/fingerprints", limit, ""), Get("/fingerprints").dump());
    EXPECT_EQ(Pages("/banners", limit, "banners"), Get("/banners")["banners"].dump());
    EXPECT_EQ(Pages("/hasshs", limit, ""), Get("/hasshs").dump());
  }
}

TEST_F(PassiveSshRandomTest, PagesOfHostsAndOfHistoryAreTheWhole) {
  std::mt19937 random(5);
  Fill(random);
  const std::string hassh = "/hassh/hosts/" + LegacyHassh(Lists());
  const Json whole = Get(hassh)["hosts"];
  Json hosts = Json::array();
  std::string cursor;
  do {
    const Json page = Get(StrCat(hassh, "?limit=7", cursor.empty() ? "" : "&cursor=" + cursor));
    for (const Json& host : page["hosts"]) hosts.push_back(host);
    cursor = page["next_cursor"].is_null() ? "" : page["next_cursor"].get<std::string>();
    EXPECT_TRUE(page.contains("kexs"));
  } while (!cursor.empty());
  EXPECT_EQ(hosts, whole);
  for (const auto& [host, seconds] : seconds_of_) {
    std::set<int64_t> seen;
    do {
      const Json page = Get(
          StrCat("/host/history/", host, "?limit=1", cursor.empty() ? "" : "&cursor=" + cursor));
      for (const auto& [second, keys] : page["history"].items()) seen.insert(std::stoll(second));
      cursor = page["next_cursor"].is_null() ? "" : page["next_cursor"].get<std::string>();
    } while (!cursor.empty());
    EXPECT_EQ(seen, seconds);
  }
}

TEST_F(PassiveSshRandomTest, LongListsAreStreamedInPiecesThatJoin) {
  const std::string blob = Ed25519Blob("everywhere");
  const auto write = store_->NewWrite();
  for (uint32_t i = 0; i < 2500; ++i) {
    write->PutSighting({HostId(Address::V4(0x0a000000 + i)),
                        22,
                        1'700'000'000 + i,
                        {KeyFactOfBlob(blob), BannerFact(StrCat("SSH-2.0-number ", i))}});
  }
  ASSERT_TRUE(store_->Commit(*write, false).ok());
  ++generation_;
  const Json key = Get("/fingerprint/all/" + Md5Of(blob));
  EXPECT_EQ(key["hosts"].size(), 2500u);
  EXPECT_EQ(key["hosts"][2499], "10.0.9.195");
  EXPECT_EQ(key["last_seen_epoch"], 1'700'002'499);
  EXPECT_EQ(Get("/banners")["banners"].size(), 2500u);
}

TEST_F(PassiveSshRandomTest, ABadLimitOrCursorIsTheAskersMistake) {
  for (const std::string_view query :
       {"limit=0", "limit=x", "limit=-1", "limit=99999999", "cursor=00", "limit=5&cursor=zz"}) {
    for (const std::string_view path : {"/fingerprints", "/banners", "/hasshs",
                                        "/banner/hosts/SSH-2.0-x", "/host/history/192.0.2.1"}) {
      EXPECT_EQ(Ask(StrCat(path, "?", query)).status, 400) << path << query;
    }
  }
}

}  // namespace
}  // namespace hark

#include "exchange/passive_ssh_redis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"
#include "exchange/foreign_fixture.h"
#include "exchange/passive_ssh_record.h"

namespace hark {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// A Redis with sets, sequences and fields, which hears every question.
class FakeRedis final : public RedisLink {
 public:
  std::map<std::string, std::set<std::string>> sets;
  std::map<std::string, std::vector<std::string>> sequences;
  std::map<std::pair<std::string, std::string>, std::string> fields;
  std::set<std::string> heard;  // first words
  std::set<std::string> of_another_kind;
  size_t page = 1000;
  uint64_t fails_after = UINT64_MAX;  // questions

  Result<std::vector<RedisAnswer>> Ask(const std::vector<RedisQuestion>& questions) override {
    std::vector<RedisAnswer> answers;
    for (const RedisQuestion& question : questions) {
      if (fails_after-- == 0) return IoError("redis: went away");
      heard.insert(RedisWords(question).front());
      answers.push_back(AnswerTo(question));
    }
    return answers;
  }

 private:
  RedisAnswer AnswerTo(const RedisQuestion& question) {
    RedisAnswer answer;
    if (of_another_kind.contains(question.key)) {
      answer.wrong_kind = true;
      return answer;
    }
    const std::set<std::string>& members = sets[question.key];
    switch (question.verb) {
      case RedisVerb::kInfo:
        answer.text = "# Server\r\nredis_version:7.0.15\r\nrun_id:0123abcd\r\n";
        break;
      case RedisVerb::kScanSet: {
        const std::vector<std::string> all(members.begin(), members.end());
        const size_t from = ParseUint(question.more).value_or(0);
        const size_t to = std::min(all.size(), from + page);
        for (size_t i = from; i < to; ++i) answer.items.push_back(all[i]);
        answer.text = std::to_string(to == all.size() ? 0 : to);
        break;
      }
      case RedisVerb::kMembers:
        answer.items.assign(members.begin(), members.end());
        break;
      case RedisVerb::kSequence:
        answer.items = sequences[question.key];
        break;
      case RedisVerb::kField:
        answer.text = fields[{question.key, question.more}];
        break;
    }
    return answer;
  }
};

constexpr const char* kLists =
    R"({"key":["ssh-ed25519"],"encrypt":["aes128-ctr"],"mac":["hmac-sha2-256"],)"
    R"("compress":["none"],"lang":[]})";

// A visit, as Passive SSH's ingester files it, and as the record of it.
struct Visit {
  std::string kind = "ip";
  std::string host = "192.0.2.10";
  std::string port = "22";
  std::string epoch = "1735689600";
  std::string date = "20250101";
  std::string banner = "SSH-2.0-OpenSSH_9.2p1";
  std::string hassh = "";
  std::vector<std::string> blobs = {Ed25519BlobOf(1)};

  std::string Record() const {
    std::vector<std::string> keys;
    for (const std::string& blob : blobs) {
      keys.push_back(HostKeyJson(ReadSshKey(blob).type, blob));
    }
    return StrCat(R"({"banner":")", banner, R"(","key_exchange":)", kLists, R"(,")",
                  kind == "ip" ? "ip" : "onion", R"(":")", host, R"(","port":)", port,
                  R"(,"epoch":)", epoch, R"(,"hassh":")", hassh, R"(","host_keys":[)",
                  Join(keys, ","), "]}");
  }
};

void Ingest(const Visit& visit, FakeRedis* redis) {
  const std::string& k = visit.kind;
  const std::string& h = visit.host;
  redis->sets["all:" + k].insert(h);
  redis->sets[StrCat(k, ":port:", h)].insert(visit.port);
  auto& first = redis->fields[{StrCat(k, "_metadata:", h), "first_seen"}];
  if (first.empty()) first = visit.date;
  redis->fields[{StrCat(k, "_metadata:", h), "last_seen"}] = visit.date;
  redis->sets[StrCat(k, ":banner:", h)].insert(visit.banner);
  if (!visit.hassh.empty()) {
    redis->sets[StrCat(k, ":hassh:kex:", h)].insert(visit.hassh);
    redis->sets["hassh:kex:" + visit.hassh].insert(kLists);
  }
  auto& history = redis->sequences[StrCat("fingerprint:history:", k, ":", h)];
  if (std::find(history.begin(), history.end(), visit.epoch) == history.end()) {
    history.push_back(visit.epoch);
  }
  for (const std::string& blob : visit.blobs) {
    const std::string type = ReadSshKey(blob).type;
    const std::string key = type + ";" + Md5Text(blob);
    redis->sets[StrCat(k, ":fingerprint:", h, ":", visit.epoch)].insert(key);
    redis->sets[StrCat(k, ":", h)].insert(key);
    redis->fields[{StrCat("key_metadata:", type, ":", Md5Text(blob)), "base64"}] = KeyText(blob);
  }
}

class CollectingSink final : public ImportSink {
 public:
  Status Add(ImportedHost host) override {
    for (ImportedPort& port : host.ports) {
      EXPECT_TRUE(port.only_facts);
      Timeline& timeline = seen[{host.host, static_cast<uint16_t>(port.observation.port())}];
      std::vector<Fact> facts;
      for (const SightedFact& fact : port.facts) {
        facts.push_back(fact.fact);
        bodies[fact.fact] = fact.body;
      }
      timeline.Add(host.unix_ms / 1000, facts);
    }
    return Status::Ok();
  }
  Status Reject(const RejectedLine& line) override {
    rejected.push_back(line.text + ": " + line.reason);
    return Status::Ok();
  }
  Status Reached(uint64_t line, uint64_t byte) override {
    reached.push_back({line - 1, byte});
    return Status::Ok();
  }

  std::map<std::pair<HostId, uint16_t>, Timeline> seen;
  std::map<Fact, std::string> bodies;
  std::vector<std::string> rejected;
  std::vector<PassiveSshRedis::Place> reached;
};

CollectingSink ReadAll(FakeRedis* redis) {
  CollectingSink sink;
  const Result<bool> read = PassiveSshRedis(*redis).Read({}, sink, [] { return true; });
  EXPECT_TRUE(read.ok() && *read);
  return sink;
}

CollectingSink ReadRecords(const std::vector<Visit>& visits) {
  CollectingSink sink;
  PassiveSshRecordReader reader;
  for (const Visit& visit : visits) {
    for (const Sighting& sighting : reader.Read(visit.Record()).sightings) {
      ImportedHost host;
      host.host = sighting.host;
      host.unix_ms = sighting.unix_s * 1000;
      ImportedPort& port = host.ports.emplace_back();
      port.observation.set_port(sighting.port);
      port.only_facts = true;
      port.facts = sighting.facts;
      EXPECT_TRUE(sink.Add(host).ok());
    }
  }
  return sink;
}

std::string HasshOfLists() {
  proto::AlgorithmsRow row;
  const auto fact = PassiveSshRecordReader().ReadLists(kLists, "");
  EXPECT_TRUE(fact && row.ParseFromString(fact->body));
  return row.passive_ssh_hassh();
}

const Timeline& At(const CollectingSink& sink, const std::string& host, uint16_t port = 22) {
  static const Timeline kNone;
  const auto found = sink.seen.find({*HostId::Parse(host), port});
  return found == sink.seen.end() ? kNone : found->second;
}

TEST(PassiveSshRedis, TellsWhatTheRecordsTold) {
  std::vector<Visit> visits;
  const std::string hassh = HasshOfLists();
  for (uint8_t host = 1; host <= 40; ++host) {
    for (int visit = 0; visit < 1 + host % 4; ++visit) {
      Visit& made = visits.emplace_back();
      made.host = StrCat("192.0.2.", static_cast<int>(host));
      if (host % 5 == 0) {
        made.kind = "onion";
        made.host = StrCat("host", static_cast<int>(host), ".onion");
      }
      made.port = host % 3 == 0 ? "2222" : "22";
      made.epoch = std::to_string(1735689600 + 86400 * visit + host);
      made.banner = StrCat("SSH-2.0-OpenSSH_9.", host % 7);
      made.hassh = hassh;
      made.blobs = {Ed25519BlobOf(static_cast<uint8_t>(host % 6 + visit / 2))};
      if (host % 2 == 0) made.blobs.push_back(RsaBlobOf(host));
    }
  }
  FakeRedis redis;
  redis.page = 7;
  for (const Visit& visit : visits) Ingest(visit, &redis);
  const CollectingSink told = ReadAll(&redis);
  const CollectingSink records = ReadRecords(visits);
  EXPECT_EQ(told.seen.size(), 40U);
  EXPECT_TRUE(told.seen == records.seen);
  EXPECT_EQ(told.bodies, records.bodies);
  EXPECT_THAT(told.rejected, IsEmpty());
}

TEST(PassiveSshRedis, AsksOnlyWhatChangesNothing) {
  FakeRedis redis;
  Ingest({}, &redis);
  EXPECT_EQ(*PassiveSshRedis(redis).Identity(), "0123abcd");
  ReadAll(&redis);
  EXPECT_THAT(redis.heard, UnorderedElementsAre("INFO", "SSCAN", "SMEMBERS", "ZRANGE", "HGET"));
}

TEST(PassiveSshRedis, FilesSeveralBannersAtTheBoundsTheyWereSeenIn) {
  FakeRedis redis;
  for (const char* epoch : {"100", "200", "300"}) {
    Visit visit;
    visit.epoch = epoch;
    visit.banner = StrCat("SSH-2.0-", epoch);
    Ingest(visit, &redis);
  }
  const CollectingSink sink = ReadAll(&redis);
  const Timeline& timeline = At(sink, "192.0.2.10");
  ASSERT_EQ(timeline.visit_count(), 3U);
  EXPECT_EQ(timeline.Visits()[0].facts.size(), 4U);
  EXPECT_EQ(timeline.Visits()[1].facts.size(), 1U) << "the key, which is dated";
  EXPECT_EQ(timeline.Visits()[2].facts.size(), 4U);
}

TEST(PassiveSshRedis, FilesKeysOfSeveralPortsOnOneAndTheOthersAtTheirBounds) {
  FakeRedis redis;
  for (const char* port : {"2222", "22", "99999"}) {
    Visit visit;
    visit.port = port;
    Ingest(visit, &redis);
  }
  const CollectingSink sink = ReadAll(&redis);
  EXPECT_EQ(At(sink, "192.0.2.10", 22).facts().size(), 2U);
  EXPECT_EQ(At(sink, "192.0.2.10", 2222).visit_count(), 1U);
  EXPECT_THAT(At(sink, "192.0.2.10", 2222).facts(), IsEmpty());
  EXPECT_THAT(sink.rejected, ElementsAre("192.0.2.10: port: no port"));
}

TEST(PassiveSshRedis, ReadsVisitsAtFractionsOfASecond) {
  FakeRedis redis;
  Visit visit;
  visit.epoch = "1735689602.5";
  Ingest(visit, &redis);
  const CollectingSink sink = ReadAll(&redis);
  EXPECT_EQ(At(sink, "192.0.2.10").first_unix_s(), 1735689602);
  EXPECT_EQ(At(sink, "192.0.2.10").facts().size(), 2U);
  // And where the set of that visit is empty, the keys are known without their date.
  redis.sets["ip:fingerprint:192.0.2.10:1735689602.5"].clear();
  const CollectingSink again = ReadAll(&redis);
  EXPECT_TRUE(again.seen == sink.seen);
}

TEST(PassiveSshRedis, DatesAHostWithoutVisitsByItsTwoDays) {
  FakeRedis redis;
  Visit visit;
  visit.blobs.clear();
  Ingest(visit, &redis);
  redis.fields[{"ip_metadata:192.0.2.10", "last_seen"}] = "20250103";
  redis.sequences.clear();
  const CollectingSink sink = ReadAll(&redis);
  ASSERT_EQ(At(sink, "192.0.2.10").visit_count(), 2U);
  EXPECT_EQ(At(sink, "192.0.2.10").first_unix_s(), 1735689600);
  EXPECT_EQ(At(sink, "192.0.2.10").last_unix_s(), 1735689600 + 2 * 86400);
  redis.fields.clear();
  EXPECT_THAT(ReadAll(&redis).rejected, ElementsAre("192.0.2.10: no visit and no date"));
}

TEST(PassiveSshRedis, RejectsBadKeysAndKeepsTheirHost) {
  FakeRedis redis;
  Visit visit;
  visit.blobs = {Ed25519BlobOf(1), Ed25519BlobOf(2), Ed25519BlobOf(3)};
  Ingest(visit, &redis);
  const std::string prefix = "key_metadata:ssh-ed25519:";
  redis.fields[{prefix + Md5Text(Ed25519BlobOf(1)), "base64"}] = KeyText(Ed25519BlobOf(9));
  redis.fields.erase({prefix + Md5Text(Ed25519BlobOf(2)), "base64"});
  const CollectingSink sink = ReadAll(&redis);
  EXPECT_EQ(At(sink, "192.0.2.10").facts().size(), 2U);
  EXPECT_THAT(sink.rejected, ElementsAre("192.0.2.10: host key: another fingerprint; "
                                         "host key: no base64"));
}

TEST(PassiveSshRedis, RejectsNamesThatAreNoneAndKeysOfAnotherKind) {
  FakeRedis redis;
  Visit visit;
  visit.host = "two words";
  Ingest(visit, &redis);
  visit.host = "port:x";  // its set of keys would be the ports of x
  Ingest(visit, &redis);
  redis.of_another_kind.insert("ip:port:x");
  const CollectingSink sink = ReadAll(&redis);
  EXPECT_THAT(sink.rejected, UnorderedElementsAre("two words: host: neither an address nor a name",
                                                  "port:x: a key of its name is another host's"));
  EXPECT_EQ(sink.seen.size(), 1U);
}

TEST(PassiveSshRedis, GoesOnWhereItStoppedAndDoublesNothing) {
  FakeRedis redis;
  redis.page = 3;
  for (int i = 0; i < 20; ++i) {
    Visit visit;
    visit.host = StrCat("192.0.2.", i);
    visit.kind = i % 2 == 0 ? "ip" : "onion";
    Ingest(visit, &redis);
  }
  const CollectingSink whole = ReadAll(&redis);
  CollectingSink parts;
  PassiveSshRedis::Place place;
  for (int stops = 0; place.kind < 2; ++stops) {
    ASSERT_LT(stops, 10);
    ASSERT_TRUE(PassiveSshRedis(redis).Read(place, parts, [] { return false; }).ok());
    place = parts.reached.back();
  }
  EXPECT_TRUE(parts.seen == whole.seen);
  EXPECT_EQ(parts.reached, whole.reached);
}

TEST(PassiveSshRedis, ReportsAServerThatGoesAwayWhereverItIs) {
  FakeRedis redis;
  Ingest({}, &redis);
  uint64_t questions = 0;
  for (bool done = false; !done; ++questions) {
    ASSERT_LT(questions, 100U);
    redis.fails_after = questions;
    CollectingSink sink;
    const Result<bool> read = PassiveSshRedis(redis).Read({}, sink, [] { return true; });
    done = read.ok();
    EXPECT_TRUE(done || read.status().code() == StatusCode::kIo);
  }
  EXPECT_EQ(questions, 12U) << "the last try needs eleven answers";
}

TEST(PassiveSshRedis, SurvivesADatabaseFullOfNonsense) {
  Random random(5);
  const auto nonsense = [&] {
    std::string text;
    for (uint64_t n = random.Below(20); n > 0; --n) text += static_cast<char>(random.Next());
    return text;
  };
  FakeRedis redis;
  for (int i = 0; i < 200; ++i) {
    Visit visit;
    visit.host = random.Below(2) == 0 ? nonsense() : StrCat("192.0.2.", i);
    visit.port = nonsense();
    visit.epoch = random.Below(2) == 0 ? nonsense() : "5";
    visit.date = nonsense();
    visit.banner = nonsense();
    visit.hassh = nonsense();
    Ingest(visit, &redis);
    redis.sets["hassh:kex:" + visit.hassh] = {nonsense()};
    redis.sets[StrCat("ip:", visit.host)].insert(nonsense());
  }
  const CollectingSink sink = ReadAll(&redis);
  for (const auto& [place, timeline] : sink.seen) EXPECT_NE(place.second, 0);
}

}  // namespace
}  // namespace hark

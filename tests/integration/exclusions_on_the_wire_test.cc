// Random exclusions, and what leaves by the wire in spite of them: nothing. Each set of exclusions
// goes the product's way (words parsed, plan made, jobs cut, job runner, desk, raw SYNs through a
// veth pair), the other network hears every packet, and a checker that shares no code with the
// product compares: no packet inside the exclusions or outside the plan, one to each other target.
//
// HARK_EXCLUSION_SETS says how many sets; ctest runs 2,000 (some 4 s), 100,000 take minutes.

#include <gtest/gtest.h>
#include <linux/filter.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/log.h"
#include "base/random.h"
#include "base/special_ranges.h"
#include "base/strings.h"
#include "coordinator/plan.h"
#include "worker/engine/engine_loop.h"
#include "worker/engine/raw_ring.h"
#include "worker/engine/raw_syn_channel.h"
#include "worker/engine/raw_test_network.h"
#include "worker/engine/syn_cookie.h"
#include "worker/job_runner.h"
#include "worker/syn_desk.h"

namespace hark {
namespace {

constexpr uint16_t kPort = 25;
constexpr uint32_t kFar = 0x0a100000;  // 10.16.0.0/12, a /20 of it for each set of a round
constexpr uint32_t kPerSet = 4096;
constexpr uint32_t kSetsPerRound = 256;
constexpr uint32_t kMostTargets = 2000;
// A bucket of 10 ms of it is what one turn of the desk may send: less than the ring has room for.
constexpr double kRate = 1'000'000;
// As SynThread's, shorter: the cooldown is 1 ms.
constexpr Duration kLook = std::chrono::milliseconds(1);
// Packets the machine lost on the way are no proof of anything: the round is done again.
constexpr int kAttempts = 10;

// What a checker needs: two numbers, compared one after the other.
struct Span {
  uint32_t first;
  uint32_t last;
};

bool IsIn(const std::vector<Span>& spans, uint32_t address) {
  for (const Span& span : spans) {
    if (address >= span.first && address <= span.last) return true;
  }
  return false;
}

std::string Dotted(uint32_t address) {
  return StrCat(address >> 24, ".", address >> 16 & 255, ".", address >> 8 & 255, ".",
                address & 255);
}

// Where the product is to stop a packet.
enum class Stop {
  kPlan,       // exclusions and opt-outs are known when the plan is made
  kLastCheck,  // the plan's targets were not cleaned: only the check before the packet is left
  kOptOut,     // they come after the job, of all jobs
};

struct ExclusionCase {
  uint32_t base = 0;
  Stop stop = Stop::kPlan;
  std::vector<Span> sources;
  std::vector<Span> excluded;
  std::vector<std::string> source_words;
  std::vector<std::string> excluded_words;
};

uint32_t Below(Random& random, uint32_t n) {
  return static_cast<uint32_t>(random.Next() % n);
}

// Mostly small, now and then as large as may be.
uint32_t Size(Random& random, uint32_t most) {
  return 1 + Below(random, 1 + Below(random, most));
}

void AddAddress(Random& random, ExclusionCase* one) {
  const uint32_t address = one->base + Below(random, kPerSet);
  one->excluded.push_back({address, address});
  one->excluded_words.push_back(Dotted(address));
}

void AddPrefix(Random& random, ExclusionCase* one) {
  const uint32_t host_bits = Below(random, 12);  // a /21 to a /32
  const uint32_t mask = (uint32_t{1} << host_bits) - 1;
  const uint32_t first = (one->base + Below(random, kPerSet)) & ~mask;
  one->excluded.push_back({first, first | mask});
  one->excluded_words.push_back(StrCat(Dotted(first), "/", 32 - host_bits));
}

// May begin before the set's /20 and end behind it.
void AddRange(Random& random, ExclusionCase* one) {
  const uint32_t first = one->base + Below(random, kPerSet + 64) - 64;
  const uint32_t last = first + Size(random, 700) - 1;
  one->excluded.push_back({first, last});
  one->excluded_words.push_back(StrCat(Dotted(first), "-", Dotted(last)));
}

ExclusionCase MakeCase(Random& random, uint32_t base) {
  ExclusionCase one;
  one.base = base;
  one.stop = static_cast<Stop>(Below(random, 3));
  for (uint32_t left = 50 + Size(random, kMostTargets - 50); left > 0;) {
    const uint32_t size = std::min(left, Size(random, 600));
    const uint32_t first = base + Below(random, kPerSet - size);
    one.sources.push_back({first, first + size - 1});
    one.source_words.push_back(StrCat(Dotted(first), "-", Dotted(first + size - 1)));
    left -= size;
  }
  for (uint32_t n = 1 + Below(random, 12); n > 0; --n) {
    switch (Below(random, 3)) {
      case 0:
        AddAddress(random, &one);
        break;
      case 1:
        AddPrefix(random, &one);
        break;
      default:
        AddRange(random, &one);
        break;
    }
  }
  return one;
}

// ---- the product's way

AddressSet Parsed(const std::vector<std::string>& words) {
  std::vector<AddressSpan> spans;
  for (const std::string& word : words) {
    const auto span = ParseSpan(word);
    HARK_CHECK(span.ok());
    spans.push_back(*span);
  }
  return AddressSet(spans);
}

struct PlannedCase {
  proto::RunRow run;
  std::shared_ptr<const RangeSet> targets;
};

// nullopt: nothing is left to scan.
std::optional<PlannedCase> PlanOf(const ExclusionCase& one, uint64_t seed) {
  PlanOptions options;
  options.sources = Parsed(one.source_words).v4();
  static const RangeSet kSpecial = *SpecialExclusions(RangeSet({*ParseRange("10.0.0.0/8")}));
  options.special = kSpecial;
  options.exclusions = kSpecial;
  const AddressSet excluded = Parsed(one.excluded_words);
  if (one.stop != Stop::kOptOut) {
    // Half of them by the operator, half by their owners: both ways lead to the plan.
    AddressSet& way = seed % 2 == 0 ? options.exclusions : options.opt_outs;
    way = way.Union(excluded);
  }
  options.gate_port = kPort;
  options.seed = seed;
  auto plan = MakePlan(options);
  if (!plan.ok()) return std::nullopt;
  HARK_CHECK(CheckTargets(plan->run, plan->targets, {}).ok());
  RangeSet targets = one.stop == Stop::kLastCheck ? options.sources : plan->targets;
  plan->run.set_planned(targets.size());
  return PlannedCase{plan->run, std::make_shared<const RangeSet>(std::move(targets))};
}

proto::Job JobOf(const PlannedCase& planned, const proto::JobRow& row, uint32_t id) {
  proto::Job job;
  job.set_run(1);
  job.set_job(id);
  job.set_kind(proto::Job::SWEEP);
  job.set_target_set(planned.run.target_set());
  job.set_target_set_size(planned.targets->size());
  job.set_seed(PermutationKey(planned.run));
  job.set_cursor(row.base());
  job.set_end(row.end());
  job.set_gate_port(planned.run.gate_port());
  job.mutable_policy()->set_connect_timeout_ms(1);  // nobody answers
  *job.mutable_exclusions() = planned.run.exclusions();
  return job;
}

// ---- the wire

// SYNs to the port, in the network that they come to.
Result<RawRing> OpenCapture() {
  return RawRing::Open({
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 40),
      BPF_STMT(BPF_RET | BPF_K, 0),
  });
}

class Wire {
 public:
  Wire() {
    // Dropped where they come in, unanswered.
    ok_ = network_.ok() && network_.RunFar(
                               "ip route del local 10.16.0.0/12 dev lo && "
                               "ip route add blackhole 10.16.0.0/12");
    if (!ok_) return;
    auto ring = network_.InFar([] { return OpenCapture(); });
    auto channel = OpenSynChannel({.key = SecureBytes(SynCookies::kKeySize)});
    ok_ = ring.ok() && channel.ok();
    if (!ok_) return;
    ring_.emplace(std::move(*ring));
    channel_ = std::move(*channel);
  }

  // False: not permitted here.
  bool ok() const { return ok_; }
  SynChannel& channel() { return *channel_; }
  // All that came.
  void Hear(std::map<uint32_t, uint32_t>* contacts) {
    for (auto packet = ring_->Next(); !packet.empty(); packet = ring_->Next()) {
      ByteReader in(packet.substr(16));
      ++(*contacts)[in.U32()];
      ring_->Release();
    }
  }

 private:
  RawTestNetwork network_;
  std::optional<RawRing> ring_;
  std::unique_ptr<SynChannel> channel_;
  bool ok_ = false;
};

class Rounds {
 public:
  explicit Rounds(Wire& wire)
      : wire_(wire),
        engine_(*MakeEngineLoop({}, 1, clock_)),
        desk_(wire.channel(), engine_->budget()) {
    engine_->budget()->SetRate(kRate, clock_.Now());
  }

  // Contacts by address, of all sets together.
  std::map<uint32_t, uint32_t> Run(const std::vector<ExclusionCase>& cases, uint64_t seed) {
    RunnerOptions options;
    options.syn = &desk_;
    JobRunner runner(options, *engine_, nullptr, clock_);
    runner.SetRate(kRate);
    size_t open = Start(cases, seed, runner);
    std::map<uint32_t, uint32_t> contacts;
    // Known to the worker before anything has left.
    runner.Exclude(OptOutsOf(cases));
    while (open > 0) {
      const MonoTime next = desk_.Turn(clock_.Now());
      wire_.Hear(&contacts);
      for (const proto::Batch& batch : runner.TakeBatches(clock_.Now())) {
        open -= batch.final() ? 1 : 0;
      }
      engine_->RunOnce(std::clamp(next - clock_.Now(), Duration(0), kLook));
    }
    wire_.Hear(&contacts);
    return contacts;
  }
  uint64_t sent() const { return desk_.stats().sent; }

 private:
  static size_t Start(const std::vector<ExclusionCase>& cases, uint64_t seed, JobRunner& runner) {
    uint32_t jobs = 0;
    for (const ExclusionCase& one : cases) {
      const auto planned = PlanOf(one, ++seed);
      if (!planned) continue;
      for (const proto::JobRow& row : FirstJobs(planned->run)) {
        const proto::Job job = JobOf(*planned, row, ++jobs);
        HARK_CHECK(runner.StartJob(job, job.cursor(), job.end(), planned->targets).ok());
      }
    }
    return jobs;
  }
  static std::shared_ptr<const ExclusionFilter> OptOutsOf(const std::vector<ExclusionCase>& cases) {
    AddressSet all;
    for (const ExclusionCase& one : cases) {
      if (one.stop == Stop::kOptOut) all = all.Union(Parsed(one.excluded_words));
    }
    return std::make_shared<const ExclusionFilter>(*ExclusionFilter::Parse(all.Encode()));
  }

  Wire& wire_;
  SystemClock clock_;
  std::unique_ptr<EngineLoop> engine_;
  SynDesk desk_;
};

// ---- the checker

// What the round should have contacted, one look at a time.
std::vector<uint32_t> WantedOf(const std::vector<ExclusionCase>& cases) {
  std::vector<Span> opted_out;  // of all jobs, whoever's set it was
  for (const ExclusionCase& one : cases) {
    if (one.stop == Stop::kOptOut) {
      opted_out.insert(opted_out.end(), one.excluded.begin(), one.excluded.end());
    }
  }
  std::vector<uint32_t> wanted;
  for (const ExclusionCase& one : cases) {
    std::vector<Span> near;  // that reach into its /20
    for (const Span& span : opted_out) {
      if (span.last >= one.base && span.first < one.base + kPerSet) near.push_back(span);
    }
    for (uint32_t at = one.base; at < one.base + kPerSet; ++at) {
      if (!IsIn(one.sources, at) || IsIn(one.excluded, at) || IsIn(near, at)) continue;
      wanted.push_back(at);
    }
  }
  return wanted;
}

struct Difference {
  std::vector<uint32_t> forbidden;
  size_t twice = 0;
  size_t missing = 0;
};

Difference Compare(const std::vector<uint32_t>& wanted,
                   const std::map<uint32_t, uint32_t>& contacts) {
  Difference found;
  size_t hit = 0;
  for (const auto& [address, times] : contacts) {
    const bool is_wanted = std::binary_search(wanted.begin(), wanted.end(), address);
    if (!is_wanted) found.forbidden.push_back(address);
    hit += is_wanted ? 1 : 0;
    found.twice += times > 1 ? 1 : 0;
  }
  found.missing = wanted.size() - hit;
  return found;
}

uint32_t SetsWanted() {
  const char* const text = std::getenv("HARK_EXCLUSION_SETS");
  return static_cast<uint32_t>(ParseUint(text == nullptr ? "" : text).value_or(2000));
}

TEST(RandomExclusions, AreNeverContactedAndEverybodyElseIs) {
  Wire wire;
  if (!wire.ok()) GTEST_SKIP() << "no raw sockets or no networks of our own here";
  const uint64_t seed = SecureU64();
  SCOPED_TRACE(StrCat("seed ", seed));
  Random random(seed);
  Rounds rounds(wire);
  uint64_t contacted = 0;
  int repeated = 0;
  for (uint32_t done = 0; done < SetsWanted(); done += kSetsPerRound) {
    std::vector<ExclusionCase> cases;
    for (uint32_t i = 0; i < std::min(kSetsPerRound, SetsWanted() - done); ++i) {
      cases.push_back(MakeCase(random, kFar + i * kPerSet));
    }
    const std::vector<uint32_t> wanted = WantedOf(cases);
    Difference found;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      found = Compare(wanted, rounds.Run(cases, random.Next()));
      ASSERT_TRUE(found.forbidden.empty())
          << Dotted(found.forbidden.front()) << " and " << found.forbidden.size() - 1 << " more";
      ASSERT_EQ(found.twice, 0U);
      if (found.missing == 0) break;
      ++repeated;
    }
    ASSERT_EQ(found.missing, 0U) << "of " << wanted.size();
    contacted += wanted.size();
  }
  ASSERT_GE(rounds.sent(), contacted);
  RecordProperty("packets", StrCat(rounds.sent()));
  RecordProperty("rounds_repeated", repeated);
  std::printf("%u sets, %s packets, %d rounds done again\n", SetsWanted(),
              StrCat(rounds.sent()).c_str(), repeated);
}

// The checker's own proof: it sees a contact when there is one.
TEST(RandomExclusions, AContactInsideWouldBeSeen) {
  ExclusionCase one;
  one.base = kFar;
  one.sources = {{kFar + 10, kFar + 20}};
  one.excluded = {{kFar + 12, kFar + 14}};
  const std::vector<uint32_t> wanted = WantedOf({one});
  EXPECT_EQ(wanted.size(), 8U);
  std::map<uint32_t, uint32_t> contacts;
  for (const uint32_t address : wanted) contacts[address] = 1;
  EXPECT_EQ(Compare(wanted, contacts).missing, 0U);
  contacts[kFar + 13] = 1;
  contacts[kFar + 30] = 2;
  const Difference found = Compare(wanted, contacts);
  EXPECT_EQ(found.forbidden, (std::vector<uint32_t>{kFar + 13, kFar + 30}));
  EXPECT_EQ(found.twice, 1U);
}

}  // namespace
}  // namespace hark

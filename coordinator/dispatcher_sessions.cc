#include <algorithm>

#include "base/log.h"
#include "base/mutation.h"
#include "base/strings.h"
#include "coordinator/dispatcher.h"

// Sessions: who is there, and what becomes of what it holds.

namespace hark {
namespace {

constexpr uint32_t kProtocol = 1;
constexpr int kSilentHeartbeats = 3;  // until a session is given up
constexpr uint32_t kMaxBatchBytes = 256 << 10;
constexpr uint32_t kVersionRetryMillis = 60'000;
// A restarted worker has a boot_id nobody has seen. One that comes back after another was there is
// a second machine with the same key, or a HELLO that lay in a dead connection, which is rare.
constexpr int kMaxReturns = 3;
constexpr Duration kReturnsWindow = std::chrono::minutes(1);
constexpr size_t kRememberedBoots = 8;
constexpr size_t kMaxNameBytes = 64;

bool SameToken(const proto::Token& a, const proto::Token& b) {
  return a.epoch() == b.epoch() && a.counter() == b.counter();
}

std::string Shown(const std::string& text) {
  return EscapeForDisplay(text.substr(0, kMaxNameBytes));
}

bool Knows(const std::vector<uint64_t>& boots, uint64_t boot_id) {
  return std::find(boots.begin(), boots.end(), boot_id) != boots.end();
}

}  // namespace

Dispatcher::Session* Dispatcher::SessionOf(const std::string& key) {
  return const_cast<Session*>(std::as_const(*this).SessionOf(key));
}

const Dispatcher::Session* Dispatcher::SessionOf(const std::string& key) const {
  const auto route = route_of_key_.find(key);
  if (route == route_of_key_.end()) return nullptr;
  const auto session = sessions_.find(route->second);
  return session == sessions_.end() ? nullptr : &session->second;
}

void Dispatcher::EndSession(const std::string& route, bool keeps_probing, MonoTime now) {
  const auto it = sessions_.find(route);
  if (it == sessions_.end()) return;
  const Session& session = it->second;
  if (Broken(Rule::kGhostsCount)) keeps_probing = false;
  if (const auto newest = route_of_key_.find(session.key);
      newest != route_of_key_.end() && newest->second == route) {
    route_of_key_.erase(newest);
    TakeBackUnsent(session.key);
    shares_.Leave(session.key, keeps_probing ? now + options_.lease : now, now);
  }
  orders_due_.erase(route);
  sessions_.erase(it);
  connected_fresh_ = false;
}

void Dispatcher::EndSilentSessions(MonoTime now) {
  std::vector<std::string> silent;
  for (const auto& [route, session] : sessions_) {
    if (now - session.last_heard > options_.heartbeat * kSilentHeartbeats) silent.push_back(route);
  }
  for (const std::string& route : silent) EndSession(route, true, now);
}

void Dispatcher::OnHello(const std::string& route, const std::string& key,
                         const proto::Envelope& envelope, MonoTime now, int64_t unix_ms) {
  const proto::Hello& hello = envelope.hello();
  if (hello.proto_min() > kProtocol || hello.proto_max() < kProtocol) {
    proto::Reject& reject = *Say(route, 0).mutable_reject();
    reject.set_code(proto::Reject::VERSION);
    reject.set_retry_after_ms(kVersionRetryMillis);
    reject.set_text(StrCat("this coordinator speaks protocol ", kProtocol));
    return;
  }
  Record& record = RecordOf(key);
  // An id seen before is a late word of a process that may be gone or not.
  const bool restarted = record.greeted && !Knows(record.boots, hello.boot_id());
  if (RunsTwice(record, hello.boot_id(), now)) {
    record.strikes = kMaxStrikes;
    const std::string why =
        StrCat("the key of worker ", Shown(hello.name()),
               " is in use by two processes at once and stays out: ", HexEncode(key));
    LogError("coordinator", why);
    quarantined_.emplace_back(key, "in use by two processes at once");
    last_error_ = {why, unix_ms};
    return OnMessage(route, key, proto::Envelope(), now, unix_ms);  // says so
  }
  Session* known = SessionOf(key);
  if (known != nullptr && known->hello_id == hello.hello_id() && known->route == route) {
    known->last_heard = now;
    return RepeatWelcome(*known, now);  // the answer was lost or is late
  }
  Session& session = StartSession(route, key, envelope, restarted, now);
  record.greeted = true;
  Welcome(session, hello, restarted, now, unix_ms);
}

Dispatcher::Session& Dispatcher::StartSession(const std::string& route, const std::string& key,
                                              const proto::Envelope& envelope, bool restarted,
                                              MonoTime now) {
  const proto::Hello& hello = envelope.hello();
  // It goes on at its old rates until it hears of the new ones.
  const RateShares::Shares applies = AppliedAtHello(key, envelope, restarted, now);
  // What one that held no lease says of before our restart, nobody kept for it.
  const bool lent = records_.at(key).greeted || shares_.Reserves(key);
  if (const Session* known = SessionOf(key); known != nullptr) {
    EndSession(std::string(known->route), false, now);
  }
  EndSession(route, true, now);  // of another key, if any
  Session& session = sessions_[route];
  session.route = route;
  session.key = key;
  session.name = Shown(hello.name());
  session.software = Shown(hello.software());
  session.region = Shown(hello.region());
  session.provider = Shown(hello.provider());
  session.id = options_.epoch << 32 | next_session_++;
  session.hello_id = hello.hello_id();
  session.minor = envelope.minor();
  session.capabilities = hello.capabilities();
  session.max_pps = hello.max_pps() > 0 ? hello.max_pps() : kUnlimited;
  session.last_heard = now;
  route_of_key_[key] = route;
  RecordOf(key).name = session.name;
  connected_fresh_ = false;
  if (!session.knows_orders()) PickOnlyRun(session);
  shares_.Join(key, TermsOf(session), applies, lent);
  DivideIfDue(now);
  return session;
}

void Dispatcher::Welcome(Session& session, const proto::Hello& hello, bool restarted, MonoTime now,
                         int64_t unix_ms) {
  proto::Envelope envelope;
  envelope.set_major(kProtocol);
  envelope.set_minor(kOrdersMinor);
  envelope.set_session(session.id);
  proto::Welcome& welcome = *envelope.mutable_welcome();
  welcome.set_hello_id(hello.hello_id());
  welcome.set_session(session.id);
  welcome.set_proto(kProtocol);
  welcome.set_coordinator_unix_ms(unix_ms);
  welcome.set_coordinator_epoch(options_.epoch);
  welcome.set_features(proto::FEATURE_SWEEPS_APART);
  welcome.set_max_batch_bytes(kMaxBatchBytes);
  // What is on its way to the disk returns its credit to this session: it has only the rest.
  session.credit = pressure_.empty() ? CreditLimit() : 0;
  const uint64_t unacked = RecordOf(session.key).unacked;
  welcome.set_credit_bytes(session.credit - std::min(session.credit, unacked));
  session.credit = std::max(session.credit, unacked);
  welcome.set_heartbeat_ms(static_cast<uint32_t>(ToMillis(options_.heartbeat)));
  welcome.set_lease_ms(static_cast<uint32_t>(ToMillis(options_.lease)));

  std::set<std::pair<uint32_t, uint32_t>> kept, listed;
  for (const proto::HeldJob& held : hello.held()) {
    listed.emplace(held.run(), held.job());
    proto::Verdict verdict = Judge(session.key, held, now);
    const LiveJob* job = HeldBy(session.key, held.run(), held.job(), held.token());
    if (restarted && job != nullptr && DiedEmptyHanded(held, *job)) {
      verdict.set_kind(proto::Verdict::ABANDON);  // and released below: it may be what killed it
    }
    if (verdict.kind() == proto::Verdict::KEEP) kept.emplace(held.run(), held.job());
    *welcome.add_held() = std::move(verdict);
  }
  session.welcome = std::move(envelope);
  RepeatWelcome(session, now);
  TakeBackUnlisted(session, kept, listed);
}

// The orders in it are those in force now.
void Dispatcher::RepeatWelcome(Session& session, MonoTime now) {
  proto::Envelope& out = Say(session.route, session.id);
  out = session.welcome;
  proto::Welcome& welcome = *out.mutable_welcome();
  session.welcomed = true;
  if (session.knows_orders()) {
    FillOrders(session, true, now, welcome.mutable_orders());
  } else {
    TellOld(session);
  }
  welcome.set_probes_per_second(session.knows_orders() ? GrantedPps(session.key)
                                                       : session.told_pps);
}

// What it does not list it does not have: a restarted worker without its spool. Of a lease of
// before our restart it may never have heard.
void Dispatcher::TakeBackUnlisted(const Session& session,
                                  const std::set<std::pair<uint32_t, uint32_t>>& kept,
                                  const std::set<std::pair<uint32_t, uint32_t>>& listed) {
  for (auto& [id, run] : runs_) {
    const std::vector<LiveJob*> held = run.LeasedTo(session.key);
    const Blame blame = held.size() == 1 ? Blame::kAlone : Blame::kShared;
    for (LiveJob* job : held) {
      trimming_.erase({id, job->row.id()});  // a TRIM on its way went with the old session
      if (kept.contains({id, job->row.id()})) continue;
      const bool unheard = job->row.token().epoch() < options_.epoch && job->row.next_seq() == 0 &&
                           !listed.contains({id, job->row.id()});
      ReleaseLease(run, *job, unheard ? Blame::kNone : blame);
    }
    CommitDirty(run);
  }
}

proto::Verdict Dispatcher::Judge(const std::string& key, const proto::HeldJob& held, MonoTime now) {
  proto::Verdict verdict;
  verdict.set_run(held.run());
  verdict.set_job(held.job());
  *verdict.mutable_token() = held.token();
  LiveJob* job = HeldBy(key, held.run(), held.job(), held.token());
  if (job != nullptr) verdict.set_durable_next_seq(job->durable_next_seq);
  const bool leased = job != nullptr &&
                      (job->row.state() == proto::JobRow::LEASED || Broken(Rule::kReleasedIsOver));
  const Session* session = SessionOf(key);
  if (leased && session != nullptr && MustGiveBack(*session, held.run(), *job)) {
    ReleaseLease(*MutableRun(held.run()), *job, Blame::kNone);
  } else if (leased) {
    verdict.set_kind(proto::Verdict::KEEP);
    if (!Broken(Rule::kKeepRenews)) job->deadline = now + options_.lease;
  } else if (job != nullptr && job->durable_next_seq < job->row.next_seq()) {
    verdict.set_kind(proto::Verdict::KEEP);  // done, its last batches are on their way to the disk
  }
  return verdict;
}

// The run's limits leave the worker out by now, and it has heard so: the job would wait for it for
// ever. Or it knows no orders, and there are opt-outs its job was made without.
bool Dispatcher::MustGiveBack(const Session& session, uint32_t run_id, const LiveJob& job) const {
  const bool unaware = !session.knows_orders() && job.exclusions_version < exclusions_version_;
  if (unaware && !Broken(Rule::kOldLeasesLackOptOuts)) return true;
  return !MayServe(session, runs_.at(run_id)) && !shares_.Taken(session.key).contains(run_id) &&
         !Broken(Rule::kLeftOutGivesBack);
}

// The process that held this lease is gone and its spool has nothing we do not have: keeping the
// lease would save nothing, and a target that kills its prober would do so for ever. A job that is
// done, but whose last batches wait for the disk, may only be kept by who still has all of them:
// made again they would have other ends, which after a power cut would not fit what was durable.
bool Dispatcher::DiedEmptyHanded(const proto::HeldJob& held, const LiveJob& job) const {
  const bool done = job.row.state() == proto::JobRow::DONE;
  if (done) return held.next_seq() < job.row.next_seq();
  return held.next_seq() <= job.row.next_seq() && !Broken(Rule::kEmptyHandedIsReleased);
}

LiveJob* Dispatcher::HeldBy(const std::string& key, uint32_t run_id, uint32_t job_id,
                            const proto::Token& token) {
  RunState* run = MutableRun(run_id);
  LiveJob* job = run == nullptr ? nullptr : run->Find(job_id);
  if (job == nullptr) return nullptr;
  if (Broken(Rule::kReleasedIsOver) && SameToken(job->row.token(), token)) return job;
  if (Broken(Rule::kPresentToken) && job->row.worker() == key) return job;
  if (unsent_.Has({run_id, job_id})) return nullptr;  // nobody knows of it
  const bool held =
      job->row.state() == proto::JobRow::LEASED || job->row.state() == proto::JobRow::DONE;
  return held && job->row.worker() == key && SameToken(job->row.token(), token) ? job : nullptr;
}

bool Dispatcher::RunsTwice(Record& record, uint64_t boot_id, MonoTime now) {
  const auto seen = std::find(record.boots.begin(), record.boots.end(), boot_id);
  const bool new_one = seen == record.boots.end();
  const bool latest = !new_one && record.boots.back() == boot_id;
  if (latest) return false;
  if (!new_one) record.boots.erase(seen);
  record.boots.push_back(boot_id);
  if (record.boots.size() > kRememberedBoots) record.boots.erase(record.boots.begin());
  if (new_one) return false;
  if (record.returns_until <= now) {
    record.returns_until = now + kReturnsWindow;
    record.returns = 0;
  }
  return ++record.returns >= kMaxReturns;
}

}  // namespace hark

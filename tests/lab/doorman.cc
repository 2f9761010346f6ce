#include "tests/lab/doorman.h"

#include <algorithm>

#include "base/strings.h"
#include "tests/lab/socket_name.h"

namespace hark::lab {
namespace {

class Guarded final : public Conversation {
 public:
  Guarded(const Service& service, const Visit& visit, Doorman& doorman,
          std::unique_ptr<Conversation> inner)
      : service_(service), visit_(visit), doorman_(doorman), inner_(std::move(inner)) {}
  ~Guarded() override {
    if (inside_) doorman_.Leave(service_, visit_, departure_);
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  Turn Start() override {
    inside_ = doorman_.Enter(service_, visit_);
    if (!inside_) {
      const bool old = service_.behaviour == Behaviour::kMaxStartups && service_.old_refusal;
      return Turn::Finish(old ? "Exceeded MaxStartups\r\n" : "Not allowed at this time\r\n");
    }
    Turn turn = inner_->Start();
    turn.wake_after = service_.login_grace;
    return turn;
  }

  Turn OnBytes(std::string_view bytes) override {
    return inside_ ? inner_->OnBytes(bytes) : Turn();
  }

  Turn OnTimer() override {
    departure_ = Doorman::Departure::kOvertime;
    return Turn::Finish();
  }

 private:
  const Service& service_;
  Visit visit_;
  Doorman& doorman_;
  std::unique_ptr<Conversation> inner_;
  bool inside_ = false;
  Doorman::Departure departure_ = Doorman::Departure::kNoAuth;
};

}  // namespace

bool Doorman::Enter(const Service& service, const Visit& visit) {
  const MonoTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  if (service.behaviour == Behaviour::kPenalty) {
    if (!Punished(visit, now)) return true;
    ++counters_.refused_penalty;
    Note("refused", visit, penalties_.at(visit).end - now);
    return false;
  }
  uint32_t& inside = inside_[{visit.host, visit.port}];
  if (inside < service.startups) {
    ++inside;
    return true;
  }
  ++counters_.refused_startups;
  Note("full", visit, Duration(0));
  return false;
}

void Doorman::Leave(const Service& service, const Visit& visit, Departure departure) {
  const MonoTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  if (service.behaviour == Behaviour::kPenalty) {
    Punish(service, visit, departure, now);
  } else {
    --inside_[{visit.host, visit.port}];
  }
}

// Only an active penalty refuses; what has run down is forgotten.
bool Doorman::Punished(const Visit& visit, MonoTime now) {
  const auto it = penalties_.find(visit);
  if (it == penalties_.end()) return false;
  if (it->second.end > now) return it->second.active;
  penalties_.erase(it);
  return false;
}

void Doorman::Punish(const Service& service, const Visit& visit, Departure departure,
                     MonoTime now) {
  const bool overtime = departure == Departure::kOvertime;
  Penalty& penalty = penalties_[visit];
  if (penalty.end <= now) penalty = {now, false};
  penalty.end =
      std::min(penalty.end + (overtime ? service.overtime : service.noauth), now + service.most);
  const Duration outstanding = penalty.end - now;
  ++(overtime ? counters_.penalties_overtime : counters_.penalties_noauth);
  Note(overtime ? "overtime" : "noauth", visit, outstanding);
  if (outstanding <= service.threshold || penalty.active) return;
  penalty.active = true;
  ++counters_.penalties_active;
  Note("active", visit, outstanding);
}

void Doorman::Note(std::string_view event, const Visit& visit, Duration outstanding) {
  if (!log_) return;
  log_(StrCat(clock_.UnixMillis(), ' ', event, ' ', HostPort(visit.host, visit.port), ' ',
              visit.source.ToString(), " outstanding_ms=", ToMillis(outstanding)));
}

std::unique_ptr<Conversation> BehindDoor(const Service& service, const Visit& visit,
                                         Doorman& doorman, std::unique_ptr<Conversation> inner) {
  return std::make_unique<Guarded>(service, visit, doorman, std::move(inner));
}

}  // namespace hark::lab

#pragma once

// SYNs that stand aside because their prefix or AS has had enough for now, a line for each place.
// A place is asked again when it said so, and for its first only.

#include <cstdint>
#include <deque>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/time.h"
#include "worker/engine/run_pacer.h"

namespace hark {

class SynStretch;

// One SYN that is to leave.
struct SynShot {
  SynStretch* stretch = nullptr;
  uint32_t offset = 0;   // of the target in the stretch
  uint32_t address = 0;  // IPv4, host byte order
};

class SynAside {
 public:
  size_t size() const { return size_; }
  // kNever when nobody stands here.
  MonoTime WhenDue() const { return due_.empty() ? kNever : due_.begin()->first; }

  void Put(const SynShot& shot, const RunPacer::Answer& answer) {
    ++size_;
    Line& line = lines_[answer.place];
    line.shots.push_back(shot);
    if (line.shots.size() == 1) SetDue(answer.place, line, answer.when);
  }

  // Asks the places that are due: the first shot that may go, paid for; false: none.
  bool Take(RunPacer& pacer, MonoTime now, SynShot* out) {
    while (WhenDue() <= now) {
      const RunPacer::Place place = due_.begin()->second;
      Line& line = lines_[place];
      const SynShot shot = line.shots.front();
      const auto answer = pacer.TakePlaces(Address::V4(shot.address), now);
      const bool go = answer.kind == RunPacer::Answer::Kind::kGo;
      if (!go && answer.place == place) {
        SetDue(place, line, answer.when);
        continue;
      }
      Pop(place, line, pacer, now);
      if (go) {
        *out = shot;
        return true;
      }
      Put(shot, answer);  // another place of its has had enough
    }
    return false;
  }

  // The ceilings have changed: all are worth another look.
  void LookAgain(MonoTime now) {
    for (auto& [place, line] : lines_) SetDue(place, line, now);
  }

 private:
  struct Line {
    std::deque<SynShot> shots;  // never empty
    MonoTime due{};
  };

  void SetDue(RunPacer::Place place, Line& line, MonoTime due) {
    due_.erase({line.due, place});
    line.due = due;
    due_.emplace(due, place);
  }
  void Pop(RunPacer::Place place, Line& line, const RunPacer& pacer, MonoTime now) {
    --size_;
    line.shots.pop_front();
    if (!line.shots.empty()) {
      SetDue(place, line, pacer.WhenPlace(place, now));
      return;
    }
    due_.erase({line.due, place});
    lines_.erase(place);
  }

  std::unordered_map<RunPacer::Place, Line> lines_;
  std::set<std::pair<MonoTime, RunPacer::Place>> due_;
  size_t size_ = 0;
};

}  // namespace hark

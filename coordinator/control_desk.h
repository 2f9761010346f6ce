#pragma once

// Where an operator's program asks a running coordinator (proto/control.proto): reads each request
// as something hostile, has it done, answers once.
//
//   request --parsed, checked--> GET_STATUS: answered at once
//                                SET_FLEET_RATE: to the dispatcher; answered when the clerk has
//                                written it
//                                CHANGE_RUN: to the dispatcher; answered when its row is in the
//                                store CREATE_RUN, ADD_OPT_OUTS: written by the clerk, then to the
//                                dispatcher, then answered
//                                BACK_UP: begun on a thread of its own, or asked after
//
// An answer says what is durable, and the version of the orders that has it; which workers obey
// that version is in GET_STATUS. What was answered with an error has changed nothing, except where
// the text says so.
//
// Threads: one; the clerk has its own.

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "coordinator/backup_desk.h"
#include "coordinator/clerk.h"
#include "coordinator/dispatcher.h"
#include "coordinator/geo.h"
#include "coordinator/run_registry.h"
#include "storage/store.h"

namespace hark {

struct ControlDeskOptions {
  std::string db;          // whose inbox new plans lie in
  bool takes_runs = true;  // false: it works on the runs it has and no other (hark scan)
  double started_rate =
      0;  // the ceiling the coordinator was started with (coordinator/fleet_rate.h)
};

class ControlDesk {
 public:
  // What a status tells beyond the dispatcher's knowledge.
  using OwnFacts = std::function<void(proto::FleetStatus&)>;
  // Begins to purge what the opt-outs say, after everything accepted so far; and how that went.
  struct Purger {
    std::function<void()> begin;
    std::function<std::vector<Result<uint64_t>>()> take;
  };
  // Hands a new run to committer and dispatcher.
  using RunAdder = std::function<void(LoadedRun)>;

  // All outlive it.
  ControlDesk(ControlDeskOptions options, Store& store, const GeoTable& geo, Dispatcher& dispatcher,
              const Clock& clock);
  void SetOwnFacts(OwnFacts facts) { own_facts_ = std::move(facts); }
  // That the dispatcher has at the start.
  void SetOptOutsVersion(uint64_t version) { opt_outs_version_ = version; }
  void SetRunAdder(RunAdder adder) { add_run_ = std::move(adder); }
  void SetPurger(Purger purger) { purger_ = std::move(purger); }

  // bytes: of Envelope.control.
  void OnControl(const std::string& route, std::string_view bytes);
  // Answers what the clerk has done and the store has. Call at least every heartbeat.
  void Tick();
  std::vector<Dispatcher::Outgoing> TakeOutgoing() { return std::exchange(outgoing_, {}); }

 private:
  // Who asked what.
  struct Asked {
    std::string route;
    uint64_t id = 0;
  };

  // A changed run whose row the committer has yet to write.
  struct Unwritten {
    Asked asked;
    uint32_t run = 0;
    MonoTime until{};
  };

  void AnswerWritten();
  void AnswerPurged();
  void OnCreate(const Asked& asked, const proto::CreateRun& create);
  void OnChange(const Asked& asked, const proto::ChangeRun& change);
  void OnOptOuts(const Asked& asked, const proto::AddOptOuts& added);
  void OnFleetRate(const Asked& asked, const proto::SetFleetRate& rate);
  void OnStatus(const Asked& asked, const proto::GetStatus& what);
  void OnBackUp(const Asked& asked, const proto::BackUp& request);
  Status CheckGeo(const proto::RunRow& run) const;
  void Do(const Asked& asked, Clerk::Task task);
  void Fail(const Asked& asked, const Status& status);
  void Say(const Asked& asked, proto::ControlReply reply);
  // The run's row if the dispatcher has it and it is not done.
  Result<proto::RunRow> OpenRunNamed(const std::string& name) const;

  const ControlDeskOptions options_;
  Store& store_;
  const GeoTable& geo_;
  Dispatcher& dispatcher_;
  const Clock& clock_;
  OwnFacts own_facts_;
  RunAdder add_run_;
  Purger purger_;
  std::deque<Asked> purging_;      // in the order they began
  uint64_t opt_outs_version_ = 0;  // that the dispatcher has
  std::vector<Dispatcher::Outgoing> outgoing_;
  std::vector<Unwritten> unwritten_;
  BackupDesk backups_;
  Clerk clerk_;  // the last: its task uses the others
};

}  // namespace hark

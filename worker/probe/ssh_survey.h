#pragma once

// All SSH conversations with one host: the first learns what it lists and one key, then one for
// every further key family it lists, a random pause apart.
//
// A host that turns us away, in words or by hanging up before a word, gets no further connection:
// Outcome::kThrottled, with everything learnt until then. A connection that fails after one that
// spoke SSH is taken for the same.

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/random.h"
#include "worker/probe/ssh_algorithms.h"
#include "worker/probe/ssh_probe.h"

namespace hark {

class SshSurvey final : public PortSurvey {
 public:
  // `options` is shared with the survey's factory.
  SshSurvey(uint16_t port, std::shared_ptr<const ProbeOptions> options, uint64_t seed);

  Probe* Next() override;
  void OnConnectFailed(Outcome outcome, MonoTime now) override;
  void OnProbeDone(MonoTime now) override;
  Duration PauseBeforeNext() const override { return pause_; }
  PortObservation Finish() override;

 private:
  void OnFirstDone(const Verdict& verdict, bool spoke_ssh);
  void OnFurtherDone(const Verdict& verdict, bool spoke_ssh);
  static void Fingerprint(SshFacts& facts);
  void PlanFurther();
  void Throttled(Stage stage, std::string_view how);
  void DrawPause();
  // Nothing more is asked of this host.
  void Stop() { to_ask_.clear(); }
  void Note(const std::string& what);

  std::shared_ptr<const ProbeOptions> options_;
  Random random_;
  Duration pause_{0};
  PortObservation observation_;
  std::deque<SshKeyFamily> to_ask_;
  std::optional<SshKeyFamily> asking_;
  std::unique_ptr<SshProbe> probe_;
  bool first_over_ = false;
};

}  // namespace hark

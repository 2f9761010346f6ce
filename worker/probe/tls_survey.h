#pragma once

// All TLS conversations with one port: the modern pass, and the legacy one if that may learn more.

#include <memory>

#include "worker/probe/tls_probe.h"

namespace hark {

// What surveys of a run share.
struct SurveyShared {
  ProbeOptions options;
  TlsContexts contexts;
};

class TlsSurvey final : public PortSurvey {
 public:
  TlsSurvey(uint16_t port, Protocol protocol, std::shared_ptr<const SurveyShared> shared);

  Probe* Next() override;
  void OnConnectFailed(Outcome outcome, MonoTime now) override;
  void OnProbeDone(MonoTime now) override;
  PortObservation Finish() override;

 private:
  enum class Step { kModern, kLegacy, kOver };

  void TakeModern();
  void TakeMail();
  void TakeLegacy();

  std::shared_ptr<const SurveyShared> shared_;
  Step step_ = Step::kModern;
  std::unique_ptr<TlsProbe> probe_;
  PortObservation observation_;
};

}  // namespace hark

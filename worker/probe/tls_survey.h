#pragma once

// All TLS conversations with one port.
//
//  step   | on                                     | next
//  modern | refused as too new, hung up on         | legacy
//  modern | certificate learnt                     | other leaf, if one is likely
//  legacy | refused again                          | raw
//  legacy | certificate learnt                     | other leaf, if one is likely
//  raw    |                                        | over
//  other leaf |                                    | over
//  any    | no connection, any other end           | over
//
// A second leaf is likely behind one that is not RSA: our offer names ECDSA first, so a server with
// both shows its ECDSA certificate, and one that shows RSA mostly has nothing else. Those that go
// by an order of their own are found with ProbeOptions::all_leaves.

#include <memory>
#include <string>

#include "worker/probe/tls_probe.h"

namespace hark {

// What surveys of a run share.
struct SurveyShared {
  ProbeOptions options;
  TlsContexts contexts;
};

class TlsSurvey final : public PortSurvey {
 public:
  // `host`: as SurveyFactory::Make.
  TlsSurvey(uint16_t port, Protocol protocol, std::string host,
            std::shared_ptr<const SurveyShared> shared);

  Probe* Next() override;
  void OnConnectFailed(Outcome outcome, MonoTime now) override;
  void OnProbeDone(MonoTime now) override;
  PortObservation Finish() override;

 private:
  enum class Step { kModern, kLegacy, kRaw, kOtherLeaf, kOver };

  TlsWish WishOf(Step step) const;
  Step StepAfterPass();
  LeafFamily LikelyOther() const;
  void TakeModern();
  void TakeMail();
  void TakeOlder();
  void TakeOtherLeaf();
  void AddDetail(const std::string& words);

  std::shared_ptr<const SurveyShared> shared_;
  std::string host_;
  Step step_ = Step::kModern;
  TlsPass pass_ = TlsPass::kModern;       // of the step, or of the leaf that has a sibling
  TlsPass seen_in_ = TlsPass::kModern;    // whose facts the observation holds
  LeafFamily family_ = LeafFamily::kAny;  // of the other leaf asked for
  std::unique_ptr<TlsProbe> probe_;
  PortObservation observation_;
};

}  // namespace hark

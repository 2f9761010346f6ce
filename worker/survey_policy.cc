#include "worker/survey_policy.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/random.h"
#include "worker/own_name.h"
#include "worker/probe/probe.h"

namespace hark {
namespace {

// The SSH identification has 255 bytes for all (RFC 4253 §4.2), a domain as many (RFC 5321 §4.5.3).
constexpr size_t kMaxContact = 100;
constexpr size_t kMaxEhloName = 255;

// What goes into protocols verbatim must not be able to end a line there.
std::string Printable(const std::string& text, size_t most) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out),
               [](char c) { return c > ' ' && c < 0x7f; });
  return out.substr(0, most);
}

void SetIfGiven(uint32_t ms, Duration* value) {
  if (ms > 0) *value = std::chrono::milliseconds(ms);
}

}  // namespace

ProbeOptions ProbeOptionsOf(const WorkerConfig& config, const proto::ProbePolicy& policy) {
  ProbeOptions options;
  SetIfGiven(policy.greeting_timeout_ms(), &options.greeting_timeout);
  SetIfGiven(policy.conversation_timeout_ms(), &options.conversation_timeout);
  // A pause of 0 is a wish too: the lab has no one to spare.
  options.pause_min = std::chrono::milliseconds(policy.host_pause_min_ms());
  options.pause_max =
      std::chrono::milliseconds(std::max(policy.host_pause_min_ms(), policy.host_pause_max_ms()));
  options.contact =
      Printable(policy.contact().empty() ? config.contact : policy.contact(), kMaxContact);
  options.ehlo_name =
      Printable(policy.ehlo_name().empty() ? config.ehlo_name : policy.ehlo_name(), kMaxEhloName);
  options.software = "hark/" HARK_VERSION;
  options.handshake = policy.handshake() == static_cast<uint32_t>(Handshake::kCertificate)
                          ? Handshake::kCertificate
                          : Handshake::kFull;
  options.all_leaves = policy.all_leaves();
  options.force_starttls = policy.force_starttls();
  options.http_get = policy.http_get();
  return options;
}

PerThreadSurveys::PerThreadSurveys(ProbeOptions options) : options_(std::move(options)) {}

std::unique_ptr<PortSurvey> PerThreadSurveys::Make(uint16_t port, Protocol protocol,
                                                   const Address& host) {
  return Mine().Make(port, protocol, host.ToString());
}

SurveyFactory& PerThreadSurveys::Mine() {
  const std::lock_guard lock(mutex_);
  auto& mine = factories_[std::this_thread::get_id()];
  if (mine == nullptr) {
    options_.seed = SecureU64();
    mine = std::make_unique<SurveyFactory>(options_);
  }
  return *mine;
}

SurveyMakerFactory MakeSurveyMakers(const WorkerConfig& config) {
  WorkerConfig own = config;
  own.ehlo_name = EhloNameOf(config);
  // All jobs of a run have one policy, and its TLS contexts are dear: the newest is kept.
  return [own, known = std::string(), surveys = std::shared_ptr<PerThreadSurveys>()](
             const proto::ProbePolicy& policy) mutable -> SurveyMaker {
    std::string wanted = policy.SerializeAsString();
    if (surveys == nullptr || wanted != known) {
      surveys = std::make_shared<PerThreadSurveys>(ProbeOptionsOf(own, policy));
      known = std::move(wanted);
    }
    return [mine = surveys](uint16_t port, const Address& host) {
      return mine->Make(port, ProtocolOfPort(port), host);
    };
  };
}

}  // namespace hark

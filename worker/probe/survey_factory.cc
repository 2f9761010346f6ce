#include "base/random.h"
#include "worker/probe/probe.h"
#include "worker/probe/ssh_survey.h"
#include "worker/probe/tls_survey.h"

namespace hark {

SurveyFactory::SurveyFactory(ProbeOptions options)
    : shared_(std::make_shared<SurveyShared>(SurveyShared{std::move(options), {}})) {}

SurveyFactory::~SurveyFactory() = default;

std::unique_ptr<PortSurvey> SurveyFactory::Make(uint16_t port) {
  return Make(port, ProtocolOfPort(port));
}

std::unique_ptr<PortSurvey> SurveyFactory::Make(uint16_t port, Protocol protocol,
                                                const std::string& host) {
  if (protocol != Protocol::kSsh) return std::make_unique<TlsSurvey>(port, protocol, host, shared_);
  const uint64_t seed = Mix64(shared_->options.seed ^ Mix64(++made_));
  const std::shared_ptr<const ProbeOptions> options(shared_, &shared_->options);
  return std::make_unique<SshSurvey>(port, options, seed);
}

}  // namespace hark

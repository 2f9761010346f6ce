#include "worker/survey_policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

#include "base/random.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "worker/probe/probe.h"

namespace hark {
namespace {

// The address this machine would probe from, as an EHLO literal (RFC 5321 §4.1.3). connect() on a
// datagram socket only asks the routing table, nothing is sent.
std::string LocalAddressLiteral() {
  const UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(9);
  where.sin_addr.s_addr = htonl(0xc0000201);  // TEST-NET-1
  socklen_t size = sizeof where;
  auto* const generic = reinterpret_cast<sockaddr*>(&where);
  if (!fd.valid() || connect(fd.get(), generic, size) != 0 ||
      getsockname(fd.get(), generic, &size) != 0) {
    return "[127.0.0.1]";
  }
  return StrCat("[", Address::V4(ntohl(where.sin_addr.s_addr)).ToString(), "]");
}

// What goes into protocols verbatim must not be able to end a line there.
std::string Printable(const std::string& text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out),
               [](char c) { return c > ' ' && c < 0x7f; });
  return out.substr(0, 100);
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
  options.contact = Printable(policy.contact().empty() ? config.contact : policy.contact());
  options.ehlo_name = Printable(policy.ehlo_name().empty() ? config.ehlo_name : policy.ehlo_name());
  if (options.ehlo_name.empty()) options.ehlo_name = LocalAddressLiteral();
  options.handshake = policy.handshake() == static_cast<uint32_t>(Handshake::kCertificate)
                          ? Handshake::kCertificate
                          : Handshake::kFull;
  options.all_leaves = policy.all_leaves();
  options.force_starttls = policy.force_starttls();
  options.http_get = policy.http_get();
  options.seed = SecureU64();
  return options;
}

SurveyMakerFactory MakeSurveyMakers(const WorkerConfig& config) {
  WorkerConfig own = config;
  if (own.ehlo_name.empty()) own.ehlo_name = LocalAddressLiteral();
  return [own](const proto::ProbePolicy& policy) -> SurveyMaker {
    auto factory = std::make_shared<SurveyFactory>(ProbeOptionsOf(own, policy));
    return [factory](uint16_t port) { return factory->Make(port); };
  };
}

}  // namespace hark

#include "worker/survey_policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

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

// A SurveyFactory is one thread's; each thread that asks gets one of its own.
class PerThreadSurveys {
 public:
  explicit PerThreadSurveys(ProbeOptions options) : options_(std::move(options)) {}

  std::unique_ptr<PortSurvey> Make(uint16_t port) { return Mine().Make(port); }

 private:
  SurveyFactory& Mine() {
    const std::lock_guard lock(mutex_);
    auto& mine = factories_[std::this_thread::get_id()];
    if (mine == nullptr) {
      options_.seed = SecureU64();
      mine = std::make_unique<SurveyFactory>(options_);
    }
    return *mine;
  }

  std::mutex mutex_;
  ProbeOptions options_;
  std::map<std::thread::id, std::unique_ptr<SurveyFactory>> factories_;
};

void SetIfGiven(uint32_t ms, Duration* value) {
  if (ms > 0) *value = std::chrono::milliseconds(ms);
}

}  // namespace

SurveyMakerFactory MakeSurveyMakers(const WorkerConfig& config) {
  const std::string ehlo = config.ehlo_name.empty() ? LocalAddressLiteral() : config.ehlo_name;
  return [contact = config.contact, ehlo](const proto::ProbePolicy& policy) -> SurveyMaker {
    ProbeOptions options;
    SetIfGiven(policy.greeting_timeout_ms(), &options.greeting_timeout);
    SetIfGiven(policy.conversation_timeout_ms(), &options.conversation_timeout);
    // A pause of 0 is a wish too: the lab has no one to spare.
    options.pause_min = std::chrono::milliseconds(policy.host_pause_min_ms());
    options.pause_max =
        std::chrono::milliseconds(std::max(policy.host_pause_min_ms(), policy.host_pause_max_ms()));
    options.contact = Printable(policy.contact().empty() ? contact : policy.contact());
    options.ehlo_name = Printable(policy.ehlo_name().empty() ? ehlo : policy.ehlo_name());
    options.handshake = policy.handshake() == static_cast<uint32_t>(Handshake::kCertificate)
                            ? Handshake::kCertificate
                            : Handshake::kFull;
    options.all_leaves = policy.all_leaves();
    options.force_starttls = policy.force_starttls();
    options.http_get = policy.http_get();
    auto surveys = std::make_shared<PerThreadSurveys>(std::move(options));
    return [surveys](uint16_t port) { return surveys->Make(port); };
  };
}

}  // namespace hark

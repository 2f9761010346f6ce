#include "cli/control_client.h"

#include <poll.h>

#include <cstdio>
#include <thread>

#include "base/random.h"
#include "base/strings.h"
#include "bus/curve.h"
#include "cli/control_file.h"
#include "cli/key_file.h"

namespace hark {
namespace {

constexpr uint32_t kMajor = 1;
constexpr uint32_t kMinor = 2;
// A new run of a country: its target set is written and read.
constexpr Duration kAnswerPatience = std::chrono::seconds(30);
constexpr int kLookMillis = 20;
constexpr Duration kAskAgain = std::chrono::milliseconds(50);
constexpr size_t kNamesTold = 8;

StatusCode CodeOf(uint32_t code) {
  return code <= static_cast<uint32_t>(StatusCode::kInternal) ? static_cast<StatusCode>(code)
                                                              : StatusCode::kInternal;
}

std::string NameOf(const proto::WorkerStatus& worker) {
  if (!worker.name().empty()) return EscapeForDisplay(worker.name());
  return worker.key().size() == 32 ? CurveKeyText(worker.key()) : "?";
}

}  // namespace

Result<std::unique_ptr<ControlClient>> ControlClient::Connect(const std::string& db) {
  HARK_ASSIGN_OR_RETURN(const CoordinatorPlace place, FindCoordinator(db));
  if (!place.runs) return std::unique_ptr<ControlClient>();
  if (place.endpoint.empty()) {
    return Unavailable(StrCat("a coordinator has the store, but cannot be asked now: ",
                              EscapeForDisplay(place.waits_for)));
  }
  HARK_ASSIGN_OR_RETURN(const KeyPair own, LoadKeyPair(OperatorKeyPath(db)));
  HARK_ASSIGN_OR_RETURN(const KeyPair server, LoadKeyPair(CoordinatorKeyPath(db)));
  DealerOptions options;
  options.endpoint = place.endpoint;
  options.server_public_key = server.public_key;
  options.public_key = own.public_key;
  options.secret_key = own.secret_key;
  HARK_ASSIGN_OR_RETURN(std::unique_ptr<Dealer> dealer, Dealer::Connect(options));
  return std::unique_ptr<ControlClient>(new ControlClient(std::move(dealer)));
}

Result<proto::ControlReply> ControlClient::Ask(proto::ControlRequest request) {
  request.set_id(SecureU64());
  proto::Envelope envelope;
  envelope.set_major(kMajor);
  envelope.set_minor(kMinor);
  request.SerializeToString(envelope.mutable_control());
  if (!dealer_->Send(envelope)) return Unavailable("the coordinator refuses to be asked");
  HARK_ASSIGN_OR_RETURN(proto::ControlReply reply, Answer(request.id()));
  if (reply.code() != 0) return Status(CodeOf(reply.code()), reply.text());
  return reply;
}

Result<proto::ControlReply> ControlClient::Answer(uint64_t id) {
  const SystemClock clock;
  for (const MonoTime until = clock.Now() + kAnswerPatience; clock.Now() < until;) {
    while (const std::optional<proto::Envelope> in = dealer_->Receive()) {
      if (in->has_reject()) return Unavailable(EscapeForDisplay(in->reject().text()));
      proto::ControlReply reply;
      if (reply.ParseFromString(in->control_reply()) && reply.id() == id) return reply;
    }
    if (dealer_->refused()) return Unavailable("the coordinator does not know DB/operator.key");
    pollfd wake{dealer_->wake_fd(), POLLIN, 0};
    poll(&wake, 1, kLookMillis);
  }
  return Unavailable("the coordinator does not answer");
}

Result<proto::FleetStatus> ControlClient::GetStatus(const std::string& run, uint32_t max_jobs) {
  proto::ControlRequest request;
  request.mutable_get_status()->set_run(run);
  request.mutable_get_status()->set_max_jobs(max_jobs);
  HARK_ASSIGN_OR_RETURN(proto::ControlReply reply, Ask(std::move(request)));
  return std::move(*reply.mutable_status());
}

Result<Obedience> AwaitObedience(ControlClient& client, uint64_t orders_version,
                                 uint64_t exclusions_version, Duration patience) {
  const SystemClock clock;
  const MonoTime begun = clock.Now();
  for (;;) {
    HARK_ASSIGN_OR_RETURN(const proto::FleetStatus status, client.GetStatus("", 0));
    Obedience now;
    now.took = clock.Now() - begun;
    for (const proto::WorkerStatus& worker : status.workers()) {
      if (!worker.connected() || worker.quarantined()) continue;
      ++now.workers;
      const bool obeys = worker.orders_version() >= orders_version &&
                         worker.exclusions_version() >= exclusions_version;
      if (!obeys) now.not_yet.push_back(NameOf(worker));
    }
    if (now.not_yet.empty() || now.took >= patience) return now;
    std::this_thread::sleep_for(kAskAgain);
  }
}

std::string ObedienceText(const Obedience& o) {
  if (o.workers == 0) return "no worker is connected; those that come will obey it";
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.1f s", static_cast<double>(ToMillis(o.took)) / 1000);
  std::string text = StrCat("applied by ", o.workers - o.not_yet.size(), " of ", o.workers,
                            o.workers == 1 ? " worker in " : " workers in ", seconds);
  if (o.not_yet.empty()) return text;
  std::vector<std::string> names(
      o.not_yet.begin(),
      o.not_yet.begin() + static_cast<ptrdiff_t>(std::min(kNamesTold, o.not_yet.size())));
  text += "; not yet by " + Join(names, ", ");
  if (names.size() < o.not_yet.size()) {
    text += StrCat(" and ", o.not_yet.size() - names.size(), " more");
  }
  return text;
}

}  // namespace hark

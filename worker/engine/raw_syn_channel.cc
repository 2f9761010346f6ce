#include "worker/engine/raw_syn_channel.h"

#include <net/if.h>

#include <cstring>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/time.h"
#include "worker/engine/raw_ports.h"
#include "worker/engine/raw_privileges.h"
#include "worker/engine/raw_ring.h"
#include "worker/engine/raw_routes.h"
#include "worker/engine/raw_sender.h"
#include "worker/engine/source.h"
#include "worker/engine/syn_cookie.h"
#include "worker/engine/syn_filter.h"
#include "worker/engine/syn_packet.h"

namespace hark {
namespace {

constexpr std::string_view kWhere = "engine/syn";
// Of one Receive: some 200 µs.
constexpr size_t kReceiveAtOnce = 2048;
// An interface may come back, a packet filter be reloaded.
constexpr auto kFailsForGood = std::chrono::seconds(5);

class RawSynChannel final : public SynChannel {
 public:
  RawSynChannel(HeldPorts ports, SynCookies cookies, RawRing ring, RawRoutes routes,
                RawSender sender)
      : ports_(std::move(ports)),
        cookies_(std::move(cookies)),
        ring_(std::move(ring)),
        routes_(std::move(routes)),
        sender_(std::move(sender)),
        ids_(SecureU64()) {}

  size_t Send(std::span<const SynTarget> targets) override;
  bool Receive(std::vector<SynReply>* replies) override;
  int receive_fd() const override { return ring_.fd(); }
  Counts counts() const override { return counts_; }
  Status failure() const override { return failure_; }

 private:
  size_t Fill(std::span<const SynTarget> targets);
  void Note(const RawSender::Flushed& flushed, MonoTime now);
  void Judge(std::string_view packet, std::vector<SynReply>* replies);

  HeldPorts ports_;
  SynCookies cookies_;
  RawRing ring_;
  RawRoutes routes_;
  RawSender sender_;
  Random ids_;
  SystemClock clock_;
  Counts counts_;
  Status failure_;
  std::optional<MonoTime> failing_since_;
};

size_t RawSynChannel::Send(std::span<const SynTarget> targets) {
  const MonoTime now = clock_.Now();
  routes_.Refresh(now);
  size_t done = 0;
  while (done < targets.size()) {
    const size_t filled = Fill(targets.subspan(done));
    if (filled == 0) break;  // its gateway is being asked
    const RawSender::Flushed flushed = sender_.Flush();
    Note(flushed, now);
    done += flushed.sent + flushed.failed;
    if (flushed.full) break;
  }
  return done;
}

// As many as go out together.
size_t RawSynChannel::Fill(std::span<const SynTarget> targets) {
  size_t filled = 0;
  for (const SynTarget& target : targets) {
    const NextHop& hop = routes_.To(target.address);
    if (hop.way == NextHop::Way::kWait || !sender_.Accepts(hop)) break;
    const SynCookie cookie = cookies_.Of(hop.source, target.address, target.port);
    sender_.Add(hop, {.source = hop.source,
                      .target = target.address,
                      .source_port = cookie.source_port,
                      .target_port = target.port,
                      .sequence = cookie.sequence,
                      .timestamp = cookie.timestamp,
                      .id = static_cast<uint16_t>(ids_.Next())});
    if (hop.way == NextHop::Way::kKernel) routes_.Took();
    ++filled;
  }
  return filled;
}

void RawSynChannel::Note(const RawSender::Flushed& flushed, MonoTime now) {
  counts_.sent += flushed.sent;
  counts_.send_failures += flushed.failed;
  if (flushed.sent > 0) failing_since_.reset();
  if (flushed.failed == 0) return;
  routes_.Doubt();
  if (flushed.sent > 0) return;
  if (!failing_since_) failing_since_ = now;
  if (failure_.ok() && now - *failing_since_ >= kFailsForGood) {
    failure_ = ErrnoStatus("no SYN leaves", flushed.error);
  }
}

bool RawSynChannel::Receive(std::vector<SynReply>* replies) {
  for (size_t i = 0; i < kReceiveAtOnce; ++i) {
    const std::string_view packet = ring_.Next();
    if (packet.empty()) {
      counts_.kernel_drops = ring_.Drops();
      return false;
    }
    Judge(packet, replies);
    ring_.Release();
  }
  return true;
}

void RawSynChannel::Judge(std::string_view packet, std::vector<SynReply>* replies) {
  const auto evidence = ParseSynReply(packet);
  if (!evidence || !cookies_.Proves(*evidence)) {
    ++counts_.strays;
    return;
  }
  ++counts_.replies;
  replies->push_back(
      {.kind = evidence->kind, .address = evidence->target, .port = evidence->target_port});
}

Result<int> InterfaceOf(const SynOptions& options) {
  if (options.interface.empty()) return 0;
  const unsigned index = if_nametoindex(options.interface.c_str());
  if (index == 0) return InvalidInput(StrCat("no interface is named ", options.interface));
  return static_cast<int>(index);
}

Result<uint32_t> SourceOf(const SynOptions& options) {
  if (!options.source) return uint32_t{0};
  if (!options.source->is_v4()) {
    return InvalidInput(
        StrCat("SYNs leave from IPv4 addresses, which ", options.source->ToString(), " is not"));
  }
  HARK_RETURN_IF_ERROR(CheckSource({.v4 = options.source}));
  return options.source->v4();
}

}  // namespace

Result<std::unique_ptr<SynChannel>> OpenSynChannel(const SynOptions& options) {
  if (!MayOpenRawSockets()) {
    return InvalidInput(
        "raw sockets are not permitted: give hark-worker CAP_NET_RAW "
        "(AmbientCapabilities=CAP_NET_RAW in its systemd unit, or setcap cap_net_raw+ep)");
  }
  if (options.key.size() != SynCookies::kKeySize) return Internal("a SYN key of the wrong size");
  HARK_ASSIGN_OR_RETURN(const int interface, InterfaceOf(options));
  HARK_ASSIGN_OR_RETURN(const uint32_t source, SourceOf(options));
  HARK_ASSIGN_OR_RETURN(HeldPorts ports, HoldPorts(options.first_port, options.last_port));
  LogInfo(kWhere, StrCat("SYNs leave from ports ", ports.first, '-', ports.last));
  SynCookies cookies(options.key, ports.first, ports.last);
  HARK_ASSIGN_OR_RETURN(RawRing ring, RawRing::Open(SynReplyFilter(ports.first, ports.last)));
  HARK_ASSIGN_OR_RETURN(RawRoutes routes, RawRoutes::Open(source, interface));
  HARK_ASSIGN_OR_RETURN(RawSender sender, RawSender::Open(source, options.interface));
  return std::unique_ptr<SynChannel>(std::make_unique<RawSynChannel>(
      std::move(ports), std::move(cookies), std::move(ring), std::move(routes), std::move(sender)));
}

}  // namespace hark

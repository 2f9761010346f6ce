#include "worker/preflight.h"

#include <algorithm>

#include "base/special_ranges.h"
#include "base/strings.h"

namespace hark {
namespace {

using Line = proto::Preflight;
using Check = proto::Capabilities;

constexpr uint64_t kMiB = uint64_t{1} << 20;
// Fewer are not worth starting for (engine/descriptors.h).
constexpr uint64_t kLeastSockets = 128;
// Descriptors beside the sockets: bus, spool files, logs.
constexpr uint64_t kOtherFiles = 256;
// The kernel remembers an unanswered SYN for so long (nf_conntrack_tcp_timeout_syn_sent).
constexpr uint64_t kSynSentSeconds = 120;
// Of a worker without a ceiling of its own.
constexpr uint64_t kUsualPps = 1000;
// What a conversation costs at most while it waits (measured: tests/bench/memory.py), and the rest
// of the process with its target sets.
constexpr uint64_t kBytesPerSocket = uint64_t{64} << 10;
constexpr uint64_t kBaseBytes = 64 * kMiB;
// One window of batches.
constexpr uint64_t kLeastSpool = 16 * kMiB;

class Judgement {
 public:
  explicit Judgement(proto::Capabilities* out) : out_(*out) {}

  void Say(const char* name, Line::Result result, const std::string& detail) {
    proto::Preflight* const line = out_.add_preflight();
    line->set_name(name);
    line->set_result(result);
    line->set_detail(detail.substr(0, kMaxPreflightDetail));
  }
  void Warn(const char* name, bool wrong, const std::string& fine, const std::string& mend) {
    Say(name, wrong ? Line::WARN : Line::PASS, wrong ? mend : fine);
  }

 private:
  proto::Capabilities& out_;
};

void JudgeOpenFiles(const MachineFacts& facts, const WorkerConfig& config, Judgement* out) {
  const std::string found =
      StrCat("the limit of ", facts.open_files, " leaves room for ", facts.max_sockets, " sockets");
  const std::string mend =
      StrCat(found, ", not ", config.max_parallel,
             ": ulimit -Hn, or LimitNOFILE=", config.max_parallel + kOtherFiles, " in the unit");
  if (facts.max_sockets < kLeastSockets) {
    out->Say("open files", Line::FAIL, mend);
  } else {
    out->Warn("open files", facts.max_sockets < config.max_parallel, found, mend);
  }
}

void JudgePorts(const MachineFacts& facts, const WorkerConfig& config, Judgement* out) {
  const char* const mend = config.source_ports.empty()
                               ? "; sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\""
                               : "; widen source_ports";
  out->Warn("source ports", facts.source_ports < config.max_parallel,
            StrCat(facts.source_ports, " ports"),
            StrCat(facts.source_ports, " ports for ", config.max_parallel, " sockets", mend));
}

void JudgeConntrack(const MachineFacts& facts, const WorkerConfig& config, Judgement* out) {
  if (!facts.conntrack_max) {
    out->Say("conntrack", Line::PASS, "connections are not tracked");
    return;
  }
  const uint64_t pps = config.max_pps > 0 ? config.max_pps : kUsualPps;
  const uint64_t wanted = pps * kSynSentSeconds + config.max_parallel;
  out->Warn("conntrack", *facts.conntrack_max < wanted,
            StrCat("room for ", *facts.conntrack_max, " connections"),
            StrCat("room for ", *facts.conntrack_max, " connections, ", pps,
                   " a second need: sysctl -w net.netfilter.nf_conntrack_max=", wanted));
}

void JudgeMemory(const MachineFacts& facts, const WorkerConfig& config, Judgement* out) {
  const uint64_t wanted = kBaseBytes + config.max_parallel * kBytesPerSocket;
  const std::string found = facts.memory_bytes == 0 ? std::string("not known")
                                                    : StrCat(facts.memory_bytes / kMiB, " MiB");
  out->Warn("memory", facts.memory_bytes != 0 && facts.memory_bytes < wanted, found,
            StrCat(found, ", ", config.max_parallel, " conversations may need ", wanted / kMiB,
                   " MiB: lower max_parallel"));
}

void JudgeSpool(const MachineFacts& facts, const WorkerConfig& config, Judgement* out) {
  const std::string found = StrCat(facts.disk_free_bytes / kMiB, " MiB free");
  const std::string mend = StrCat(found, " for a quota of ", config.spool_quota_mb,
                                  " MiB: free some, or lower spool_quota_mb");
  if (facts.disk_free_bytes < kLeastSpool) {
    out->Say("spool", Line::FAIL, mend);
  } else {
    out->Warn("spool", facts.disk_free_bytes / kMiB < config.spool_quota_mb, found, mend);
  }
}

void JudgeNetwork(const MachineFacts& facts, const WorkerConfig& config, Judgement* out) {
  out->Warn("ipv4", facts.ipv4 != Check::WORKS, "works", "neither a route nor an address");
  out->Say("ipv6", Line::PASS, facts.ipv6 == Check::WORKS ? "works" : "none");
  out->Say("raw sockets", Line::PASS,
           config.discover == "connect" ? "not wanted: listeners are looked for by connect()"
           : facts.raw_sockets == Check::WORKS
               ? "may be opened: listeners are looked for by SYN"
               : "not permitted: listeners are looked for by connect()");
  out->Warn(
      "outbound 25", facts.outbound_25 == Check::FAILS,
      facts.outbound_25 == Check::WORKS ? StrCat(config.check_25, " answers")
                                        : "not tested; check_25 = ADDRESS:25 tests it",
      StrCat(config.check_25, " cannot be reached: many providers filter port 25 until asked"));
}

// What strangers find when they look for who we are. docs/responsible-scanning.md
void JudgeIdentity(const MachineFacts& facts, const WorkerConfig& config, Judgement* out) {
  const std::string own = facts.own_address.ToString();
  const bool global = IsGlobalAddress(facts.own_address);
  out->Warn("reverse DNS", global && facts.reverse_name.empty(),
            global ? StrCat(own, " is ", facts.reverse_name)
                   : StrCat(own, " is not a public address: not asked for"),
            StrCat(own, " has no name that leads back to it: ask its owner for a PTR record"));
  const bool reachable = config.contact.find('@') != std::string::npos ||
                         config.contact.find("://") != std::string::npos;
  out->Warn("contact", !config.contact.empty() && !reachable,
            config.contact.empty() ? "none of its own; hosts are shown the run's" : config.contact,
            StrCat("'", config.contact, "' is neither a URL nor a mail address"));
  out->Warn("ehlo name", !facts.ehlo.warning.empty(), facts.ehlo.name, facts.ehlo.warning);
}

}  // namespace

proto::Capabilities Judge(const MachineFacts& facts, const WorkerConfig& config) {
  proto::Capabilities out;
  out.set_raw_sockets(facts.raw_sockets);
  out.set_ipv4(facts.ipv4);
  out.set_ipv6(facts.ipv6);
  out.set_outbound_25(facts.outbound_25);
  out.set_max_sockets(static_cast<uint32_t>(std::min<uint64_t>(facts.max_sockets, UINT32_MAX)));
  out.set_memory_bytes(facts.memory_bytes);
  out.set_spool_bytes(std::min(config.spool_quota_mb * kMiB, facts.disk_free_bytes));
  out.set_clock(facts.clock);
  Judgement judgement(&out);
  JudgeOpenFiles(facts, config, &judgement);
  JudgePorts(facts, config, &judgement);
  JudgeConntrack(facts, config, &judgement);
  judgement.Warn("clock", facts.clock == Check::FAILS,
                 facts.clock == Check::WORKS ? "synchronised" : "not known",
                 "the kernel says it is not synchronised: timedatectl set-ntp true");
  JudgeNetwork(facts, config, &judgement);
  JudgeIdentity(facts, config, &judgement);
  JudgeMemory(facts, config, &judgement);
  JudgeSpool(facts, config, &judgement);
  return out;
}

std::string PreflightLine(const proto::Preflight& line) {
  return StrCat(proto::Preflight::Result_Name(line.result()), " ", line.name(), ": ",
                line.detail());
}

bool IsFit(const proto::Capabilities& capabilities) {
  return std::none_of(capabilities.preflight().begin(), capabilities.preflight().end(),
                      [](const auto& line) { return line.result() == Line::FAIL; });
}

}  // namespace hark

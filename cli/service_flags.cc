#include "cli/service_flags.h"

#include "base/strings.h"
#include "coordinator/pressure.h"
#include "worker/worker_config.h"

namespace hark {
namespace {

constexpr uint32_t kMaxWorkers = 64;
constexpr uint32_t kMinLease = 5;  // below, a busy machine's pauses would cost leases
constexpr uint32_t kMaxLease = 3600;
constexpr uint64_t kMaxUnits = 1 << 20;  // a PiB, in the larger unit

}  // namespace

std::vector<Flag> ServiceFlags(ServiceOptions& o) {
  return AllFlags(
      {{{"db", Text(&o.db, "DIR"), "the store; made when missing", true},
        {"workers", Number(&o.workers, 0, kMaxWorkers, "N"), "local worker processes"},
        {"discover", Choice(&o.discover, {"syn", "connect", "auto"}),
         "how local workers look for listeners: by SYN, by connect(), or by SYN where raw sockets "
         "are permitted"},
        {"bandwidth", Text(&o.bandwidth, "N[KMG]"),
         "bits a second that local workers send at most, all together"},
        {"listen", Text(&o.listen, "tcp://ADDR:PORT"), "let remote workers join here"},
        {"allow_workers", Text(&o.allow_workers, "FILE"),
         "public keys of remote workers, one a line, besides those of hark fleet"},
        {"lease_seconds", Number(&o.lease_seconds, kMinLease, kMaxLease, "N"),
         "silence after which a worker's jobs go to others"},
        {"min_free_disk", Text(&o.min_free_disk, "N[MG%]"),
         "with less space free nothing more is given to workers; default 1G, or 2% of a smaller "
         "disk"},
        {"metrics", Text(&o.metrics, "ADDR:PORT"),
         "answer Prometheus here, on loopback; docs/metrics.md has the names"},
        {"log_format", Choice(&o.log_format, {"text", "json"}), "of the log on stderr"},
        {"log_level", Choice(&o.log_level, {"debug", "info", "warning", "error"}),
         "what is logged; info also tells the fleet's state once a minute"},
        {"worker_binary", Text(&o.worker_binary, "FILE"),
         "hark-worker; default beside this program"}},
       PaceFlags(o.pace)});
}

Status CheckService(const ServiceOptions& o) {
  if (o.workers == 0 && o.listen.empty()) {
    return InvalidInput("--workers=0 needs --listen for remote workers");
  }
  HARK_RETURN_IF_ERROR(ParseBandwidth(o.bandwidth).status().Prepend("--bandwidth"));
  return ParseMinFree(o.min_free_disk, 0).status();
}

LogLevel LogLevelOf(const std::string& word) {
  if (word == "debug") return LogLevel::kDebug;
  if (word == "info") return LogLevel::kInfo;
  return word == "error" ? LogLevel::kError : LogLevel::kWarning;
}

Result<uint64_t> ParseMinFree(const std::string& text, uint64_t disk_bytes) {
  if (text.empty()) return DefaultMinFree(disk_bytes);
  const auto number = ParseUint(std::string_view(text).substr(0, text.size() - 1));
  const char unit = text.back();
  if (number && unit == 'M' && *number <= kMaxUnits * 1024) return *number << 20;
  if (number && unit == 'G' && *number <= kMaxUnits) return *number << 30;
  if (number && unit == '%' && *number < 100) return disk_bytes / 100 * *number;
  return InvalidInput("--min_free_disk: give a number and M, G or %; for example 512M or 2%");
}

}  // namespace hark

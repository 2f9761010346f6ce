#include "cli/grab_command.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "analysis/observation_json.h"
#include "base/permutation.h"
#include "base/random.h"
#include "base/strings.h"
#include "cli/exit_code.h"
#include "cli/grab_options.h"
#include "cli/grab_text.h"
#include "cli/progress_line.h"
#include "cli/render_text.h"
#include "cli/signals.h"
#include "worker/engine/engine_loop.h"
#include "worker/observation_codec.h"
#include "worker/survey_policy.h"

namespace hark {
namespace {

constexpr char kName[] = "hark grab";
constexpr Duration kTurn = std::chrono::milliseconds(50);
constexpr Duration kProgressEvery = std::chrono::seconds(1);

proto::HostObservation HostOf(const Address& address, const VisitResult& result, uint64_t index) {
  proto::HostObservation host;
  host.set_index(index);
  host.set_address(std::string(address.bytes()));
  host.set_started_unix_ms(result.started_unix_ms);
  host.set_duration_ms(static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(result.duration).count()));
  for (const PortObservation& port : result.ports) EncodePortObservation(port, host.add_ports());
  return host;
}

// Prints hosts as they come.
class HostPrinter {
 public:
  explicit HostPrinter(const GrabOptions& options) : options_(options), style_(StyleOfStdout()) {
    json_.der = options.der;
  }

  void Print(const proto::HostObservation& host) {
    if (options_.format == "text") return Write((any_ ? "\n" : "") + HostAsText(host, style_));
    const std::string line = HostObservationJson(host, json_).dump();
    if (options_.format == "ndjson") return Write(line + "\n");
    Write(StrCat(any_ ? ",\n" : "[\n", line));
  }
  void End() {
    if (options_.format == "json") Write(any_ ? "\n]\n" : "[]\n");
  }
  // What went wrong with stdout, if anything.
  const Status& status() const { return status_; }

 private:
  // A line at a time: who reads a pipe sees each host when it is done.
  void Write(const std::string& text) {
    any_ = true;
    errno = 0;
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if ((!written || std::fflush(stdout) != 0) && status_.ok()) {
      status_ = ErrnoStatus("cannot write to stdout", errno);
    }
  }

  const GrabOptions& options_;
  const TextStyle style_;
  ObservationJsonOptions json_;
  bool any_ = false;
  Status status_;
};

class Grab {
 public:
  Grab(const GrabOptions& options, const GrabPlan& plan, std::map<uint16_t, Protocol> spoken)
      : options_(options),
        targets_(plan.targets),
        order_(plan.targets.size(), SecureU64()),
        policy_(std::make_shared<ContactPolicy>()),
        printer_(options),
        terminal_(isatty(STDERR_FILENO) != 0) {
    policy_->connect_timeout = std::chrono::milliseconds(options.probe.connect_timeout_ms);
    const auto surveys = std::make_shared<PerThreadSurveys>(ProbesOf(options));
    policy_->make_survey = [surveys, spoken = std::move(spoken)](uint16_t port,
                                                                 const Address& host) {
      const auto named = spoken.find(port);
      return surveys->Make(port, named == spoken.end() ? ProtocolOfPort(port) : named->second,
                           host);
    };
    policy_->may_contact = [&plan](const Address& host) { return plan.rules.MayContact(host); };
  }

  Status Run();

 private:
  void Feed();
  void ShowProgress(bool last);

  const GrabOptions& options_;
  const GrabTargets& targets_;
  const Permutation order_;  // neighbours are not visited in a row
  SystemClock clock_;
  PolicyPtr policy_;
  HostPrinter printer_;
  const bool terminal_;
  std::unique_ptr<EngineLoop> engine_;
  uint64_t begun_ = 0;
  uint64_t ended_ = 0;
  uint64_t visited_ = 0;  // of these; the others were given back when the operator stopped
  MonoTime started_{};
  MonoTime shown_{};
};

void Grab::Feed() {
  while (begun_ < targets_.size() && policy_->permission == Permission::kGo &&
         engine_->VisitRoom() > 0) {
    const uint64_t index = order_.At(begun_++);
    GrabTarget target = targets_.At(index);
    const Address address = target.address;
    engine_->Visit(policy_, address, std::move(target.ports), [=, this](VisitResult result) {
      ++ended_;
      if (result.end != VisitResult::End::kVisited) return;
      ++visited_;
      printer_.Print(HostOf(address, result, index));
    });
  }
}

void Grab::ShowProgress(bool last) {
  // On one terminal with the results it would only be in their way.
  if (options_.quiet || (terminal_ && isatty(STDOUT_FILENO) != 0)) return;
  const MonoTime now = clock_.Now();
  if (!last && now - shown_ < (terminal_ ? kProgressEvery : 10 * kProgressEvery)) return;
  if (last && shown_ == started_) return;  // never worth a line
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const double rate = static_cast<double>(ended_) / seconds;
  std::string line = StrCat(WithThousands(ended_), " of ", WithThousands(targets_.size()),
                            " hosts, ", engine_->stats().in_flight, " connections open, ",
                            static_cast<uint64_t>(rate * 10) / 10.0);
  line.erase(line.find_last_not_of('0') + 1);
  line += line.back() == '.' ? "0 hosts/s" : " hosts/s";
  if (ended_ > 0 && ended_ < targets_.size()) {
    const double left = static_cast<double>(targets_.size() - ended_) / rate;
    line += StrCat(", ", DurationText(Duration(static_cast<int64_t>(left * 1e9))), " left");
  }
  std::fprintf(stderr, terminal_ ? "\r%s\x1b[K%s" : "%s%s", line.c_str(),
               last || !terminal_ ? "\n" : "");
}

Status Grab::Run() {
  EngineOptions engine_options;
  engine_options.max_in_flight = options_.pace.concurrency;
  engine_options.probes_per_second = options_.pace.rate;
  HARK_ASSIGN_OR_RETURN(engine_, MakeEngineLoop(engine_options, options_.pace.threads, clock_));
  StopSignals signals;
  started_ = shown_ = clock_.Now();
  while ((begun_ < targets_.size() || ended_ < begun_) && printer_.status().ok()) {
    Feed();
    engine_->RunOnce(kTurn);
    ShowProgress(false);
    const int stops = signals.Count();
    if (stops > 1) break;
    if (stops == 1 && policy_->permission == Permission::kGo) {
      engine_->SetPermission(policy_, Permission::kFinishStarted);
    }
    if (stops == 1 && ended_ == begun_) break;
  }
  printer_.End();
  ShowProgress(true);
  HARK_RETURN_IF_ERROR(printer_.status());
  if (signals.Count() == 0) return Status::Ok();
  return {StatusCode::kInterrupted, StrCat("interrupted after ", WithThousands(visited_), " of ",
                                           WithThousands(targets_.size()), " hosts")};
}

Status GrabAll(const GrabOptions& options) {
  HARK_ASSIGN_OR_RETURN(const GrabPlan plan, PlanGrab(options));
  HARK_ASSIGN_OR_RETURN(const auto spoken, SpokenOn(options));
  if (plan.excluded > 0 && !options.quiet) {
    std::fprintf(stderr, "%s: %s addresses are excluded or special and left alone\n", kName,
                 WithThousands(plan.excluded).c_str());
  }
  return Grab(options, plan, spoken).Run();
}

}  // namespace

int RunGrab(const std::vector<std::string>& args) {
  const Result<std::optional<GrabOptions>> options = ParseGrabOptions(args);
  if (!options.ok()) return Fail(kName, options.status());
  if (!options->has_value()) return 0;
  return Fail(kName, GrabAll(**options));
}

}  // namespace hark

#include "analysis/together.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "analysis/merged_walk.h"
#include "base/strings.h"

namespace hark {
namespace {

using Readers = std::vector<std::unique_ptr<RunReader>>;
using Place = std::pair<Address, uint16_t>;

struct Nothing {};

void AddTally(const proto::Tally& from, proto::Tally& to) {
  to.set_excluded(to.excluded() + from.excluded());
  to.set_silent(to.silent() + from.silent());
  to.set_refused(to.refused() + from.refused());
  to.set_answered(to.answered() + from.answered());
  to.set_throttled(to.throttled() + from.throttled());
  to.set_failed(to.failed() + from.failed());
  to.set_unreachable(to.unreachable() + from.unreachable());
}

void AddPlan(const proto::RunRow& from, proto::RunRow& to) {
  to.set_planned(to.planned() + from.planned());
  to.set_excluded(to.excluded() + from.excluded());
  to.set_excluded_special(to.excluded_special() + from.excluded_special());
  to.set_excluded_listed(to.excluded_listed() + from.excluded_listed());
  to.set_excluded_opted_out(to.excluded_opted_out() + from.excluded_opted_out());
  to.set_exclusions_version(std::max(to.exclusions_version(), from.exclusions_version()));
  std::set<uint32_t> ports(to.ports().begin(), to.ports().end());
  for (const uint32_t port : from.ports()) {
    if (ports.insert(port).second) to.add_ports(port);
  }
  for (const proto::GeoSource& source : from.geo_sources()) {
    const bool known = std::any_of(
        to.geo_sources().begin(), to.geo_sources().end(),
        [&](const proto::GeoSource& other) { return other.sha256() == source.sha256(); });
    if (!known) *to.add_geo_sources() = source;
  }
}

void AddRun(const proto::RunRow& from, proto::RunRow& to) {
  to.set_name(StrCat(to.name(), "+", from.name()));
  if (to.country() != from.country()) to.clear_country();
  if (to.gate_port() != from.gate_port()) to.clear_gate_port();
  to.set_created_unix_ms(std::min(to.created_unix_ms(), from.created_unix_ms()));
  const bool done = to.state() == proto::RunRow::DONE && from.state() == proto::RunRow::DONE;
  to.set_state(done ? proto::RunRow::DONE : proto::RunRow::OPEN);
  to.set_finished_unix_ms(done ? std::max(to.finished_unix_ms(), from.finished_unix_ms()) : 0);
  AddPlan(from, to);
}

class TogetherReader final : public RunReader {
 public:
  // readers: newest first.
  explicit TogetherReader(Readers readers) : readers_(std::move(readers)) {
    run_ = readers_.back()->run();
    run_.clear_target_set();
    run_.clear_left_out();
    bool gate = run_.gate_port() != 0, no_gate = !gate;
    for (size_t i = readers_.size() - 1; i-- > 0;) {
      const proto::RunRow& run = readers_[i]->run();
      (run.gate_port() != 0 ? gate : no_gate) = true;
      AddRun(run, run_);
    }
    gates_differ_ = gate && run_.gate_port() == 0;
  }

  const proto::RunRow& run() const override { return run_; }

  Status ForEachHost(const HostVisit& visit) const override {
    return WalkTogether<Address, proto::HostRow>(
        HostFronts(), [&](const Address& address, const auto& rows) {
          if (rows.size() == 1) return visit(address, *rows[0].second);
          proto::HostRow merged = *rows[0].second;
          for (const auto& [run, row] : rows) {
            if (BetterKnown(row->in_country(), merged.in_country())) {
              merged.set_in_country(row->in_country());
            }
          }
          return visit(address, merged);
        });
  }

  Status ForEachPort(const PortVisit& visit) const override {
    return WalkTogether<Place, proto::PortRow>(
        PortFronts(), [&](const Place& place, const auto& rows) {
          if (rows.size() == 1) return visit(place.first, place.second, *rows[0].second);
          const auto with_key = std::find_if(rows.begin(), rows.end(), [](const auto& item) {
            return item.second->keys_size() > 0;
          });
          proto::PortRow merged = *(with_key == rows.end() ? rows[0] : *with_key).second;
          std::set<std::string> keys;
          for (const auto& [run, row] : rows) keys.insert(row->keys().begin(), row->keys().end());
          *merged.mutable_keys() = {keys.begin(), keys.end()};
          return visit(place.first, place.second, merged);
        });
  }

  Status ForEachKeyUse(const KeyVisit& visit) const override {
    return WalkTogether<KeyUse, Nothing>(
        KeyFronts(), [&](const KeyUse& use, const auto&) { return visit(use); });
  }

  Status ForEachJob(const std::function<Status(const proto::JobRow&)>& visit) const override {
    for (const auto& reader : readers_) {
      const bool only_plan = gates_differ_ && reader->run().gate_port() != 0;
      HARK_RETURN_IF_ERROR(reader->ForEachJob([&](const proto::JobRow& job) {
        return only_plan ? GiveOfPlan(job, visit) : visit(job);
      }));
    }
    return Status::Ok();
  }

  Result<proto::PurgeRow> Purged() const override {
    proto::PurgeRow out;
    for (const auto& reader : readers_) {
      HARK_ASSIGN_OR_RETURN(const proto::PurgeRow row, reader->Purged());
      out.set_hosts(out.hosts() + row.hosts());
      out.set_listeners(out.listeners() + row.listeners());
      AddTally(row.plan(), *out.mutable_plan());
      AddTally(row.swept(), *out.mutable_swept());
      const bool told = !gates_differ_ || reader->run().gate_port() == 0;
      if (told) AddTally(row.grabs(), *out.mutable_grabs());
    }
    return out;
  }

  Result<std::string> Certificate(std::string_view sha256) const override {
    for (const auto& reader : readers_) {
      Result<std::string> found = reader->Certificate(sha256);
      if (found.status().code() != StatusCode::kNotFound) return found;
    }
    return NotFound("no run has the certificate");
  }

 private:
  static bool BetterKnown(proto::HostRow::Country a, proto::HostRow::Country than) {
    const auto rank = [](proto::HostRow::Country country) {
      return country == proto::HostRow::IN ? 2 : country == proto::HostRow::OUT ? 0 : 1;
    };
    return rank(a) > rank(than);
  }

  // The jobs of a run with a gate that walk its plan, without what they say of listeners.
  static Status GiveOfPlan(const proto::JobRow& job,
                           const std::function<Status(const proto::JobRow&)>& visit) {
    if (job.kind() != proto::JobRow::SWEEP && job.kind() != proto::JobRow::GRAB_TARGETS) {
      return Status::Ok();
    }
    proto::JobRow of_plan = job;
    of_plan.mutable_tally()->clear_to_revisit();
    return visit(of_plan);
  }

  template <typename Position, typename Value, typename MakeWalk>
  std::vector<WalkFront<Position, Value>> Fronts(const MakeWalk& make) const {
    std::vector<WalkFront<Position, Value>> out;
    for (const auto& reader : readers_) out.emplace_back(make(*reader));
    return out;
  }

  std::vector<WalkFront<Address, proto::HostRow>> HostFronts() const {
    using Front = WalkFront<Address, proto::HostRow>;
    return Fronts<Address, proto::HostRow>([](const RunReader& reader) {
      return [&reader](const std::optional<Address>& from, const Front::Take& take) {
        return from ? reader.ForEachHostFrom(*from, take) : reader.ForEachHost(take);
      };
    });
  }

  std::vector<WalkFront<Place, proto::PortRow>> PortFronts() const {
    using Front = WalkFront<Place, proto::PortRow>;
    return Fronts<Place, proto::PortRow>([](const RunReader& reader) {
      return [&reader](const std::optional<Place>& from, const Front::Take& take) {
        const PortVisit visit = [&](const Address& address, uint16_t port,
                                    const proto::PortRow& row) {
          return take({address, port}, row);
        };
        return from ? reader.ForEachPortFrom(from->first, from->second, visit)
                    : reader.ForEachPort(visit);
      };
    });
  }

  std::vector<WalkFront<KeyUse, Nothing>> KeyFronts() const {
    using Front = WalkFront<KeyUse, Nothing>;
    return Fronts<KeyUse, Nothing>([](const RunReader& reader) {
      return [&reader](const std::optional<KeyUse>& from, const Front::Take& take) {
        const KeyVisit visit = [&](const KeyUse& use) { return take(use, Nothing()); };
        return from ? reader.ForEachKeyUseFrom(*from, visit) : reader.ForEachKeyUse(visit);
      };
    });
  }

  Readers readers_;
  proto::RunRow run_;
  bool gates_differ_ = false;
};

}  // namespace

std::unique_ptr<RunReader> Together(Readers readers) {
  if (readers.size() == 1) return std::move(readers[0]);
  std::stable_sort(readers.begin(), readers.end(), [](const auto& a, const auto& b) {
    return std::make_tuple(a->run().created_unix_ms(), a->run().id()) >
           std::make_tuple(b->run().created_unix_ms(), b->run().id());
  });
  return std::make_unique<TogetherReader>(std::move(readers));
}

}  // namespace hark

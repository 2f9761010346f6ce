#include "exchange/ndjson_run_writer.h"

#include <nlohmann/json.hpp>

#include "analysis/json_text.h"
#include "analysis/observation_json.h"
#include "base/address.h"
#include "base/strings.h"
#include "exchange/hash_memory.h"
#include "exchange/ndjson_format.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

std::string Row(const google::protobuf::MessageLite& message) {
  return Base64(message.SerializeAsString());
}

Json TimeOrNull(int64_t unix_ms) {
  return unix_ms == 0 ? Json(nullptr) : Json(UtcTextMillis(unix_ms));
}

const char* JobKindName(proto::JobRow::Kind kind) {
  if (kind == proto::JobRow::SWEEP) return "sweep";
  if (kind == proto::JobRow::GRAB_LISTENERS) return "grab-listeners";
  if (kind == proto::JobRow::GRAB_TARGETS) return "grab-targets";
  if (kind == proto::JobRow::GRAB_REVISITS) return "grab-revisits";
  if (kind == proto::JobRow::AUDIT_SWEEP) return "audit-sweep";
  return kind == proto::JobRow::AUDIT_GRAB ? "audit-grab" : "unknown";
}

Json TallyJson(const proto::Tally& tally) {
  return {{"excluded", tally.excluded()},   {"silent", tally.silent()},
          {"refused", tally.refused()},     {"answered", tally.answered()},
          {"throttled", tally.throttled()}, {"failed", tally.failed()}};
}

// A part of a run has no plan: its row would promise targets that nobody can account for.
proto::RunRow WithoutPlan(proto::RunRow run) {
  run.clear_target_set();
  run.clear_targets6();
  run.clear_targets6_count();
  run.clear_left_out();
  run.clear_planned();
  run.clear_excluded();
  run.clear_excluded_special();
  run.clear_excluded_listed();
  run.clear_excluded_opted_out();
  run.clear_exclusions();
  run.clear_plan_hash();
  run.clear_names();
  run.clear_made_with();
  run.clear_gate_port();
  return run;
}

class RunNdjson {
 public:
  RunNdjson(const Store& store, const RunReader& reader, const NdjsonRunOptions& options,
            const TextSink& sink)
      : store_(store), reader_(reader), options_(options), sink_(sink) {
    json_options_.find_certificate = [this](std::string_view sha256) {
      Result<std::string> der = reader_.Certificate(sha256);
      return der.ok() ? std::optional<std::string>(std::move(der).value()) : std::nullopt;
    };
  }

  Status Write() {
    HARK_RETURN_IF_ERROR(Header());
    if (whole()) {
      HARK_RETURN_IF_ERROR(Sets());
      HARK_RETURN_IF_ERROR(Ledger());
      HARK_RETURN_IF_ERROR(Lists());
    }
    HARK_RETURN_IF_ERROR(Records());
    return End();
  }

 private:
  bool whole() const { return options_.part.empty(); }
  uint32_t run_id() const { return reader_.run().id(); }

  Status Line(const Json& line) {
    ++lines_;
    return sink_(line.dump() + "\n");
  }

  Status Header() {
    Json header = {{"type", "header"},
                   {"hark_ndjson", kNdjsonFormat},
                   {"content", "run"},
                   {"written_by", StrCat("hark ", HARK_VERSION)},
                   {"part", Json::array()}};
    for (const std::string& words : options_.part) {
      header["part"].push_back(PrintableText(words));
    }
    HARK_RETURN_IF_ERROR(Line(header));
    const proto::RunRow row = whole() ? reader_.run() : WithoutPlan(reader_.run());
    Json line = {{"type", "run"},
                 {"name", EscapeForDisplay(row.name())},
                 {"country", EscapeForDisplay(row.country())},
                 {"state", row.state() == proto::RunRow::DONE ? "done" : "open"},
                 {"created", TimeOrNull(row.created_unix_ms())},
                 {"finished", TimeOrNull(row.finished_unix_ms())},
                 {"planned", row.planned()},
                 {"excluded", row.excluded()},
                 {"gate_port", row.gate_port()},
                 {"ports", Json::array()},
                 {"source", EscapeForDisplay(row.source())}};
    for (const uint32_t port : row.ports()) line["ports"].push_back(port);
    line["row"] = Row(row);
    return Line(line);
  }

  // Each in parts, so that no line is as long as the targets of a country.
  Status Sets() {
    const proto::RunRow& run = reader_.run();
    for (const auto& [name, sha256] :
         {std::pair<const char*, const std::string&>{"target_set", run.target_set()},
          {"targets6", run.targets6()},
          {"left_out", run.left_out()}}) {
      if (sha256.empty()) continue;
      Result<std::string> set = store_.TargetSet(sha256);
      if (set.status().code() == StatusCode::kNotFound) continue;
      if (!set.ok()) return set.status();
      HARK_RETURN_IF_ERROR(SetParts(name, sha256, *set));
    }
    return Status::Ok();
  }

  Status SetParts(const char* name, const std::string& sha256, const std::string& bytes) {
    size_t from = 0;
    do {
      const std::string_view part = std::string_view(bytes).substr(from, kNdjsonSetPart);
      HARK_RETURN_IF_ERROR(Line({{"type", "set"},
                                 {"name", name},
                                 {"sha256", HexEncode(sha256)},
                                 {"from", from},
                                 {"size", bytes.size()},
                                 {"data", Base64(part)}}));
      from += part.size();
    } while (from < bytes.size());
    return Status::Ok();
  }

  Status Ledger() {
    HARK_ASSIGN_OR_RETURN(const proto::PurgeRow purged, reader_.Purged());
    if (purged.ByteSizeLong() > 0) {
      HARK_RETURN_IF_ERROR(
          Line({{"type", "purged"}, {"hosts", purged.hosts()}, {"row", Row(purged)}}));
    }
    HARK_RETURN_IF_ERROR(reader_.ForEachJob([&](const proto::JobRow& job) {
      return Line({{"type", "job"},
                   {"id", job.id()},
                   {"kind", JobKindName(job.kind())},
                   {"base", job.base()},
                   {"end", job.end()},
                   {"cursor", job.cursor()},
                   {"tally", TallyJson(job.tally())},
                   {"row", Row(job)}});
    }));
    return reader_.ForEachSwept([&](uint64_t first, const proto::SweptRow& row) {
      return Line(
          {{"type", "swept"}, {"first", first}, {"targets", row.targets()}, {"row", Row(row)}});
    });
  }

  Status Lists() {
    Json addresses = Json::array();
    uint64_t position = 0;
    const auto flush = [&] {
      if (addresses.empty()) return Status::Ok();
      const uint64_t from = position - addresses.size();
      Status written =
          Line({{"type", "listeners"}, {"from", from}, {"addresses", std::move(addresses)}});
      addresses = Json::array();
      return written;
    };
    HARK_RETURN_IF_ERROR(reader_.ForEachListener([&](const Address& address) {
      addresses.push_back(address.ToString());
      ++position;
      return addresses.size() < kNdjsonListenersPerLine ? Status::Ok() : flush();
    }));
    HARK_RETURN_IF_ERROR(flush());
    HARK_RETURN_IF_ERROR(
        store_.ForEachName(run_id(), [&](const Address& address, const proto::NameRow& row) {
          Json names = Json::array();
          for (const std::string& name : row.names()) names.push_back(EscapeForDisplay(name));
          return Line({{"type", "names"},
                       {"address", address.ToString()},
                       {"names", std::move(names)},
                       {"row", Row(row)}});
        }));
    return store_.ForEachRevisit(run_id(), [&](const StoredRevisit& entry) {
      return Line({{"type", "revisit"},
                   {"list", entry.list},
                   {"position", entry.position},
                   {"row", Row(entry.row)}});
    });
  }

  Status Records() {
    return reader_.ForEachRecord(
        [&](const Address& address, const proto::HostRow& row) { return Host(address, row); },
        [&](const Address& address, uint16_t port, const proto::PortRow& row) {
          return Port(address, port, row);
        });
  }

  Status Host(const Address& address, const proto::HostRow& row) {
    ++hosts_;
    const int64_t started = row.started_unix_ms() + row.clock_offset_ms();
    Json line = {{"type", "host"},
                 {"address", address.ToString()},
                 {"country", EscapeForDisplay(row.country())},
                 {"asn", row.asn()},
                 {"started", TimeOrNull(started)},
                 {"duration_ms", row.duration_ms()},
                 {"answers_all", row.answers_all()},
                 {"names", Json::array()}};
    for (const std::string& name : row.names()) line["names"].push_back(EscapeForDisplay(name));
    line["row"] = Row(row);
    return Line(line);
  }

  Status Port(const Address& address, uint16_t port, const proto::PortRow& row) {
    ++ports_;
    const proto::TlsFacts& tls = row.observation().tls();
    for (const std::string& sha256 : tls.chain_sha256()) HARK_RETURN_IF_ERROR(Body(sha256));
    for (const std::string& sha256 : tls.other_leaf().chain_sha256()) {
      HARK_RETURN_IF_ERROR(Body(sha256));
    }
    Json keys = Json::array();
    for (const std::string& key : row.keys()) keys.push_back(HexEncode(key));
    return Line({{"type", "port"},
                 {"address", address.ToString()},
                 {"port", port},
                 {"keys", std::move(keys)},
                 {"observation", PortObservationJson(row.observation(), json_options_)},
                 {"row", Row(row)}});
  }

  // What the store does not have is not there for the reader either.
  Status Body(const std::string& sha256) {
    if (certificates_.Note(sha256)) return Status::Ok();
    const Result<std::string> der = reader_.Certificate(sha256);
    if (der.status().code() == StatusCode::kNotFound) return Status::Ok();
    if (!der.ok()) return der.status();
    return Line({{"type", "certificate"}, {"sha256", HexEncode(sha256)}, {"der", Base64(*der)}});
  }

  // How a reader knows that it has seen everything, and that it came out the same.
  Status End() {
    Json line = {{"type", "end"}, {"lines", lines_ + 1}, {"hosts", hosts_}, {"ports", ports_}};
    if (whole()) {
      HARK_ASSIGN_OR_RETURN(const std::string digest, store_.LogicalDigest(reader_.run().name()));
      line["digest"] = HexEncode(digest);
    }
    return Line(line);
  }

  const Store& store_;
  const RunReader& reader_;
  const NdjsonRunOptions& options_;
  const TextSink& sink_;
  ObservationJsonOptions json_options_;
  HashMemory certificates_;
  uint64_t lines_ = 0, hosts_ = 0, ports_ = 0;
};

}  // namespace

Status WriteRunNdjson(const Store& store, const RunReader& reader, const NdjsonRunOptions& options,
                      const TextSink& sink) {
  return RunNdjson(store, reader, options, sink).Write();
}

}  // namespace hark

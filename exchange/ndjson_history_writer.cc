#include "exchange/ndjson_history_writer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/json_text.h"
#include "base/bytes.h"
#include "base/outcome.h"
#include "base/strings.h"
#include "exchange/hash_memory.h"
#include "exchange/ndjson_format.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

// A fact for people: what it refers to, or what it says.
std::string FactText(const Fact& fact) {
  ByteReader value(fact.value);
  switch (fact.kind) {
    case FactKind::kKey:
    case FactKind::kCertificate:
    case FactKind::kBanner:
    case FactKind::kAlgorithms:
      return HexEncode(fact.value);
    case FactKind::kOutcome: {
      const auto outcome = static_cast<Outcome>(value.U8());
      return StrCat(OutcomeName(outcome), " at ", StageName(static_cast<Stage>(value.U8())));
    }
    case FactKind::kTls: {
      const std::string parameters(value.Bytes(4));
      return StrCat(HexEncode(parameters), " ", EscapeForDisplay(value.rest()));
    }
  }
  return HexEncode(fact.value);  // of a newer hark
}

// Without the visits that the filter leaves out.
Timeline Within(const Timeline& timeline, const HistoryFilter& filter) {
  if (!filter.since_unix_s && !filter.until_unix_s) return timeline;
  Timeline part;
  for (const Timeline::Visit& visit : timeline.Visits()) {
    if (filter.since_unix_s && visit.unix_s < *filter.since_unix_s) continue;
    if (filter.until_unix_s && visit.unix_s >= *filter.until_unix_s) continue;
    std::vector<Fact> facts;
    for (const uint32_t position : visit.facts) facts.push_back(timeline.facts()[position]);
    part.Add(visit.unix_s, facts);
  }
  return part;
}

class HistoryNdjson {
 public:
  HistoryNdjson(const HistoryReader& history, const TextSink& sink)
      : history_(history), sink_(sink) {}

  Status Write(const HistoryFilter& filter) {
    HARK_RETURN_IF_ERROR(Line({{"type", "header"},
                               {"hark_ndjson", kNdjsonFormat},
                               {"content", "history"},
                               {"written_by", StrCat("hark ", HARK_VERSION)},
                               {"part", !filter.empty()}}));
    const auto write = [&](const FactUse& place, const Timeline& timeline) -> Status {
      for (const Fact& fact : timeline.facts()) HARK_RETURN_IF_ERROR(Body(fact));
      return Place(place, timeline);
    };
    HARK_RETURN_IF_ERROR(ForEachTimeline(history_, filter, write));
    return Line({{"type", "end"}, {"lines", lines_ + 1}, {"timelines", timelines_}});
  }

 private:
  Status Line(const Json& line) {
    ++lines_;
    return sink_(line.dump() + "\n");
  }

  Status Place(const FactUse& place, const Timeline& timeline) {
    ++timelines_;
    Json intervals = Json::array();
    for (const FactInterval& interval : timeline.Intervals()) {
      if (intervals.size() == kMaxShownIntervals) break;
      intervals.push_back({{"kind", FactKindName(interval.fact.kind)},
                           {"value", FactText(interval.fact)},
                           {"first", UtcText(interval.first_unix_s)},
                           {"last", UtcText(interval.last_unix_s)},
                           {"sightings", interval.sightings}});
    }
    return Line({{"type", "timeline"},
                 {"host", place.host.ToString()},
                 {"port", place.port},
                 {"first", UtcText(timeline.first_unix_s())},
                 {"last", UtcText(timeline.last_unix_s())},
                 {"visits", timeline.visit_count()},
                 {"intervals", std::move(intervals)},
                 {"row", Base64(timeline.Encode())}});
  }

  // Written once; a fact whose body nobody knows has no line.
  Status Body(const Fact& fact) {
    const bool has_body = fact.kind == FactKind::kKey || fact.kind == FactKind::kCertificate ||
                          fact.kind == FactKind::kBanner || fact.kind == FactKind::kAlgorithms;
    if (!has_body || fact.value.size() != kFactRefSize) return Status::Ok();
    if (written_.Note(fact.value)) return Status::Ok();
    Json line = {
        {"type", "fact"}, {"kind", FactKindName(fact.kind)}, {"ref", HexEncode(fact.value)}};
    const Status added = AddBody(fact, line);
    if (added.code() == StatusCode::kNotFound) return Status::Ok();
    HARK_RETURN_IF_ERROR(added);
    return Line(line);
  }

  Status AddBody(const Fact& fact, Json& line) {
    switch (fact.kind) {
      case FactKind::kKey:
        return AddKey(fact, line);
      case FactKind::kCertificate:
        return AddCertificate(fact, line);
      case FactKind::kBanner: {
        HARK_ASSIGN_OR_RETURN(const std::string banner, history_.Banner(fact));
        line["text"] = EscapeForDisplay(banner);
        line["body"] = Base64(banner);
        return Status::Ok();
      }
      case FactKind::kAlgorithms: {
        HARK_ASSIGN_OR_RETURN(const proto::AlgorithmsRow row, history_.Algorithms(fact));
        line["hassh"] = EscapeForDisplay(row.hassh());
        line["body"] = Base64(row.SerializeAsString());
        return Status::Ok();
      }
      case FactKind::kOutcome:
      case FactKind::kTls:
        break;
    }
    return NotFound("a fact without a body");
  }

  Status AddKey(const Fact& fact, Json& line) {
    HARK_ASSIGN_OR_RETURN(const RememberedKey key, history_.Key(fact));
    const bool spki = key.ssh_blob.empty();
    line["spki"] = spki;
    line["body"] = Base64(spki ? key.spki : key.ssh_blob);
    return Status::Ok();
  }

  Status AddCertificate(const Fact& fact, Json& line) {
    const Result<std::string> der = history_.Certificate(fact);
    if (der.ok()) {
      line["body"] = Base64(*der);
      return Status::Ok();
    }
    if (der.status().code() != StatusCode::kNotFound) return der.status();
    HARK_ASSIGN_OR_RETURN(const std::string sha256, history_.CertificateSha256(fact));
    line["sha256"] = HexEncode(sha256);
    return Status::Ok();
  }

  const HistoryReader& history_;
  const TextSink& sink_;
  HashMemory written_;
  uint64_t lines_ = 0, timelines_ = 0;
};

}  // namespace

Status ForEachTimeline(const HistoryReader& history, const HistoryFilter& filter,
                       const std::function<Status(const FactUse&, const Timeline&)>& visit) {
  return history.ForEachPort(
      HostId(), [&](const FactUse& place, const Timeline& timeline) -> Status {
        const auto& ports = filter.ports;
        const bool port_counts =
            ports.empty() || std::find(ports.begin(), ports.end(), place.port) != ports.end();
        if (!port_counts) return Status::Ok();
        const bool host_counts =
            !filter.prefixes ||
            (place.host.is_address() && filter.prefixes->Contains(place.host.address()));
        if (!host_counts) return Status::Ok();
        const Timeline part = Within(timeline, filter);
        return part.empty() ? Status::Ok() : visit(place, part);
      });
}

Status WriteHistoryNdjson(const HistoryReader& history, const HistoryFilter& filter,
                          const TextSink& sink) {
  return HistoryNdjson(history, sink).Write(filter);
}

}  // namespace hark

// NdjsonReader, as far as it is about the history.

#include <utility>

#include "base/strings.h"
#include "exchange/ndjson_format.h"
#include "exchange/ndjson_reader.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

constexpr uint64_t kMaxPort = 65535;
// Some time before the year 10000.
constexpr int64_t kMaxUnixSeconds = 253'402'300'799;

// What the line's body is, made as whoever saw it would have: a fact cannot be given another's
// body.
std::optional<SightedFact> FactOfBody(std::string_view kind, const std::string& body, bool spki) {
  if (kind == "key") return spki ? KeyFactOfSpki(body) : KeyFactOfBlob(body);
  if (kind == "certificate") return CertificateFact(body);
  if (kind == "banner") return BannerFact(body);
  proto::AlgorithmsRow row;
  if (kind != "algorithms" || !row.ParseFromString(body)) return std::nullopt;
  return AlgorithmsFact(row);
}

}  // namespace

std::string_view NdjsonReader::ReadFact() {
  const std::string_view kind = line_.Text("kind").value_or("");
  const std::optional<std::string> ref = line_.Hex("ref", kFactRefSize);
  if (!ref) return "a fact without a reference";
  std::optional<SightedFact> fact;
  if (const auto body = line_.Base64("body")) {
    fact = FactOfBody(kind, *body, line_.True("spki"));
  } else if (const auto sha256 = line_.Hex("sha256", KeyId::kSize);
             sha256 && kind == "certificate") {
    fact = CertificateFactOfHash(*sha256);
  }
  if (!fact || fact->fact.value != *ref) return "a fact whose body is not its reference's";
  if (ahead_.size() >= kMaxFactsAhead || ahead_bytes_ + fact->body.size() > kMaxFactBytesAhead) {
    return "too many facts before their timeline";
  }
  ahead_bytes_ += fact->body.size();
  ++summary_.facts;
  Fact key = fact->fact;
  ahead_.insert_or_assign(std::move(key), std::move(*fact));
  return "";
}

Result<std::string_view> NdjsonReader::ReadTimeline() {
  const std::optional<HostId> host = HostId::Parse(line_.Text("host").value_or(""));
  const std::optional<uint64_t> port = line_.Uint("port");
  const std::optional<std::string> row = line_.Base64("row");
  if (!host || !port || *port == 0 || *port > kMaxPort || !row) {
    return std::string_view("a timeline without host, port or row");
  }
  const Result<Timeline> timeline = Timeline::Decode(*row);
  if (!timeline.ok() || timeline->empty()) return std::string_view("an unreadable timeline");
  if (timeline->first_unix_s() < 0 || timeline->last_unix_s() > kMaxUnixSeconds) {
    return std::string_view("a time nobody could have visited at");
  }
  HARK_RETURN_IF_ERROR(PutVisits(*host, static_cast<uint16_t>(*port), *timeline));
  ahead_.clear();
  ahead_bytes_ = 0;
  return std::string_view();
}

// A body is given once, with the first visit that has it.
Status NdjsonReader::PutVisits(const HostId& host, uint16_t port, const Timeline& timeline) {
  for (const Timeline::Visit& visit : timeline.Visits()) {
    Sighting sighting{host, port, visit.unix_s, {}};
    for (const uint32_t position : visit.facts) {
      const Fact& fact = timeline.facts()[position];
      const auto body = ahead_.find(fact);
      if (body == ahead_.end()) {
        SightedFact& known = sighting.facts.emplace_back();
        known.fact = fact;
        continue;
      }
      sighting.facts.push_back(std::move(body->second));
      ahead_.erase(body);
    }
    write_->PutSighting(sighting);
    ++summary_.visits;
    HARK_RETURN_IF_ERROR(CommitIfLarge());
  }
  return Status::Ok();
}

}  // namespace hark

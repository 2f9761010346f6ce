#include "api/v1_host_list.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace hark {
namespace {

Status Enough() {
  return {StatusCode::kUnavailable, "the page is full"};
}

// From first to last host in order; `last` belongs to it. Names come after all addresses.
struct Stretch {
  HostId first;
  std::optional<HostId> last;  // nullopt = to the end
};

std::vector<Stretch> StretchesOf(const PlaceFilter& filter) {
  if (!filter.prefixes) return {{HostId(), std::nullopt}};
  std::vector<Stretch> out;
  for (const Range& range : filter.prefixes->v4().ranges()) {
    out.push_back({HostId(Address::V4(range.first)), HostId(Address::V4(range.last))});
  }
  for (const AddressSpan& span : filter.prefixes->v6()) {
    out.push_back({HostId(span.first), HostId(span.last)});
  }
  return out;
}

// nullopt: not in the window.
std::optional<Json> PortJson(const FactUse& place, const Timeline& timeline,
                             const TimeWindow& window, std::pair<int64_t, int64_t>& span) {
  int64_t first = INT64_MAX, last = INT64_MIN;
  uint64_t visits = 0;
  std::vector<bool> seen(timeline.facts().size());
  for (const Timeline::Visit& visit : timeline.Visits()) {
    if (!window.Has(visit.unix_s)) continue;
    first = std::min(first, visit.unix_s);
    last = std::max(last, visit.unix_s);
    ++visits;
    for (const uint32_t position : visit.facts) seen[position] = true;
  }
  if (visits == 0) return std::nullopt;
  span = {std::min(span.first, first), std::max(span.second, last)};
  Json out = {{"port", place.port}};
  AddSpan(first, last, visits, out);
  out["keys"] = Json::array();
  for (size_t i = 0; i < seen.size(); ++i) {
    const Fact& fact = timeline.facts()[i];
    if (seen[i] && fact.kind == FactKind::kKey) out["keys"].push_back(FactName(fact));
  }
  return out;
}

// Makes hosts of the ports that come in order.
class HostPage {
 public:
  HostPage(const MemoryView& memory, const PlaceFilter& filter, size_t limit, Effort& effort)
      : memory_(memory), filter_(filter), limit_(limit), effort_(effort) {}

  Status Walk(const Stretch& stretch) {
    HARK_RETURN_IF_ERROR(memory_.history().ForEachPort(
        stretch.first, [&](const FactUse& place, const Timeline& timeline) -> Status {
          if (stretch.last && *stretch.last < place.host) {
            stretch_ended_ = true;
            return Enough();
          }
          return Add(place, timeline);
        }));
    return EndHost();
  }
  bool stretch_ended() const { return stretch_ended_; }
  void NextStretch() { stretch_ended_ = false; }

  Status EndHost() {
    if (!host_) return Status::Ok();
    const HostId host = *std::exchange(host_, std::nullopt);
    Json ports = std::exchange(ports_, Json::array());
    const auto span = std::exchange(span_, kNoSpan);
    if (ports.empty()) return Status::Ok();
    ApiPlace place;
    if (filter_.asks_for_place()) {
      HARK_ASSIGN_OR_RETURN(place, memory_.PlaceOf(host, filter_.run, effort_));
      if (!filter_.HasPlace(place)) return Status::Ok();
    }
    if (page_.items.size() == limit_) return EndPage(host);
    Json item = {{"host", HostText(host)}, {"kind", HostKind(host)}};
    Json times = Json::object();
    AddSpan(span.first, span.second, 0, times);
    item["first_seen"] = times["first_seen"];
    item["last_seen"] = times["last_seen"];
    AddPlace(place, item);
    item["ports"] = std::move(ports);
    page_.items.push_back(std::move(item));
    return Status::Ok();
  }

  V1Page Take() { return std::move(page_); }
  bool full() const { return !page_.next.empty(); }

 private:
  static constexpr std::pair<int64_t, int64_t> kNoSpan{INT64_MAX, INT64_MIN};

  Status EndPage(const HostId& next) {
    page_.next = CursorOf({next, 0});
    return Enough();
  }

  Status Add(const FactUse& place, const Timeline& timeline) {
    if (host_ != place.host) {
      HARK_RETURN_IF_ERROR(EndHost());
      if (effort_.spent() >= Effort::kPageUnits) return EndPage(place.host);
      host_ = place.host;
    }
    HARK_RETURN_IF_ERROR(effort_.Spend());
    if (!filter_.HasPort(place.port)) return Status::Ok();
    std::optional<Json> port = PortJson(place, timeline, filter_.window, span_);
    if (port) ports_.push_back(std::move(*port));
    return Status::Ok();
  }

  const MemoryView& memory_;
  const PlaceFilter& filter_;
  const size_t limit_;
  Effort& effort_;
  V1Page page_;
  std::optional<HostId> host_;
  Json ports_ = Json::array();
  std::pair<int64_t, int64_t> span_ = kNoSpan;
  bool stretch_ended_ = false;
};

}  // namespace

Result<V1Page> HostList(const MemoryView& memory, const PlaceFilter& filter, const PageWish& wish,
                        Effort& effort) {
  HostId from;
  if (!wish.cursor.empty()) {
    HARK_ASSIGN_OR_RETURN(const FactUse place, PlaceOfCursor(wish.cursor));
    from = place.host;
  }
  HostPage page(memory, filter, wish.limit, effort);
  for (Stretch stretch : StretchesOf(filter)) {
    if (stretch.last && *stretch.last < from) continue;
    stretch.first = std::max(stretch.first, from);
    Status walked = page.Walk(stretch);
    if (page.stretch_ended()) {
      page.NextStretch();
      walked = page.EndHost();
    }
    if (page.full()) break;
    HARK_RETURN_IF_ERROR(walked);
  }
  return page.Take();
}

Result<Json> HostListAnswer(const MemoryView& memory, const PlaceFilter& filter,
                            const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(V1Page page, HostList(memory, filter, wish, effort));
  Json out = Json::object();
  AddPage(std::move(page), "hosts", out);
  return out;
}

}  // namespace hark

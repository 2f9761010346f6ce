#include "cli/compare_tables.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "cli/compare_lists.h"

namespace hark {
namespace {

// How many of what there are.
class CountTables {
 public:
  explicit CountTables(const RunComparison& comparison) : c_(comparison) {}

  Table Categories() const {
    Table table{"categories", "What became of the clusters", {}, {}, false, {}};
    table.columns = {{"category", false}, {c_.before.name()}, {c_.after.name()}};
    const Evolution& e = c_.evolution;
    const uint64_t unlinked[] = {e.CountBefore(ClusterFate::kUnlinked),
                                 e.CountAfter(ClusterFate::kUnlinked)};
    table.rows = {{TextCell("disappeared"), CountCell(unlinked[0]), CountCell(0)},
                  {TextCell("appeared"), CountCell(0), CountCell(unlinked[1])}};
    const auto add = [&](std::string name, ClusterFate fate) {
      table.rows.push_back({TextCell(std::move(name)), CountCell(e.CountBefore(fate)),
                            CountCell(e.CountAfter(fate))});
    };
    add("linked by addresses", ClusterFate::kByAddress);
    add("linked by keys", ClusterFate::kByKey);
    add("linked by both", ClusterFate::kByBoth);
    add("complex", ClusterFate::kComplex);
    table.rows.push_back(
        {TextCell("total"), CountCell(e.before.size()), CountCell(e.after.size())});
    table.total = true;
    return table;
  }

  Table Unlinked() const {
    Table table{
        "unlinked", "Clusters without a link: what the other run has of them", {}, {}, false, {}};
    table.columns = {{"of the clusters", false}, {"disappeared"}, {"appeared"}};
    const auto add = [&](std::string name, const auto& counts) {
      const auto count = [&](const std::vector<ClusterPast>& clusters) {
        return CountCell(static_cast<uint64_t>(
            std::count_if(clusters.begin(), clusters.end(), [&](const ClusterPast& past) {
              return past.fate == ClusterFate::kUnlinked && counts(past);
            })));
      };
      table.rows.push_back(
          {TextCell(std::move(name)), count(c_.evolution.before), count(c_.evolution.after)});
    };
    add("nothing", [](const ClusterPast& past) { return past.without_trace(); });
    add("addresses, in no cluster", [](const ClusterPast& past) { return past.seen_hosts > 0; });
    add("keys, on hosts of no cluster", [](const ClusterPast& past) { return past.lone_keys > 0; });
    return table;
  }

  Table Matched() const {
    const MatchedCounts& counts = c_.evolution.matched;
    Table table{"matched", "Clusters that are matched across the runs", {}, {}, false, {}};
    table.columns = {{"pairs", false}, {"clusters"}};
    const auto add = [&](std::string name, uint64_t n) {
      table.rows.push_back({TextCell(std::move(name)), CountCell(n)});
    };
    add("matched", counts.matched);
    add("  same members", counts.same_members);
    add("  more members", counts.grew);
    add("  fewer members", counts.shrank);
    add("  as many, others", counts.exchanged);
    add("held together by the same keys", counts.same_id);
    table.notes = {"strongest link first (shared addresses + shared keys), each cluster once"};
    return table;
  }

  Table Hosts() const {
    Table table{"hosts", "Hosts with keys", {{"host", false}, {"hosts"}}, {}, false, {}};
    const auto add = [&](std::string name, HostFate fate) {
      table.rows.push_back({TextCell(std::move(name)), CountCell(c_.events.of(fate))});
    };
    add("the same keys", HostFate::kSameKeys);
    add("some keys the same, some not", HostFate::kSomeKeys);
    add("all keys others", HostFate::kOtherKeys);
    add("there, but without a key now", HostFate::kLostKeys);
    add("vanished", HostFate::kVanished);
    add("was there without a key", HostFate::kGainedKeys);
    add("appeared", HostFate::kAppeared);
    return table;
  }

  Table Ports() const {
    Table table{"ports", "Keys on the ports of hosts that are in both runs", {}, {}, false, {}};
    table.columns = {{"port", false}, {"the same"}, {"rotated"}, {"only added"}, {"only dropped"}};
    const auto add = [&](std::string name, const std::array<uint64_t, kPortFateCount>& counts) {
      std::vector<Cell> row = {TextCell(std::move(name))};
      for (const uint64_t n : counts) row.push_back(CountCell(n));
      table.rows.push_back(std::move(row));
    };
    for (const auto& [port, counts] : c_.events.by_port) add(std::to_string(port), counts);
    add("total", c_.events.ports);
    table.total = true;
    return table;
  }

  Table Keys() const {
    Table table{"keys", "Keys by the addresses they were on", {{"key", false}, {"keys"}}, {}, false,
                {}};
    const auto add = [&](std::string name, KeyFate fate) {
      table.rows.push_back({TextCell(std::move(name)), CountCell(c_.events.of(fate))});
    };
    add("stayed on the same", KeyFate::kStayed);
    add("spread to more", KeyFate::kSpread);
    add("withdrawn from some", KeyFate::kWithdrawn);
    add("left some, came to others", KeyFate::kShifted);
    add("moved from all to others", KeyFate::kMoved);
    add("gone", KeyFate::kGone);
    add("new", KeyFate::kNew);
    return table;
  }

 private:
  const RunComparison& c_;
};

}  // namespace

std::vector<Table> ComparisonTables(const RunComparison& comparison, const ListSizes& sizes) {
  const CountTables tables(comparison);
  std::vector<Table> out = {tables.Categories(), tables.Unlinked(), tables.Matched(),
                            tables.Hosts(),      tables.Ports(),    tables.Keys()};
  for (Table& list : ComparisonLists(comparison, sizes)) out.push_back(std::move(list));
  return out;
}

std::string ComparisonHeadline(const RunComparison& comparison) {
  return StrCat("run ", EscapeForDisplay(comparison.before.name()), " to ",
                EscapeForDisplay(comparison.after.name()));
}

std::string_view CategoryName(ClusterFate fate, bool of_before) {
  if (fate != ClusterFate::kUnlinked) return ClusterFateName(fate);
  return of_before ? "disappeared" : "appeared";
}

}  // namespace hark

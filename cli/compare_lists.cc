#include "cli/compare_lists.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kKeyShown = 12;   // hex digits: enough to tell keys apart by eye
constexpr size_t kIdsInCell = 12;  // clusters or addresses named in one cell of a text

Cell KeyCell(const KeyId& key) {
  const std::string hex = key.ToHex();
  return {hex.substr(0, kKeyShown), hex};
}

Cell ListCell(const std::vector<std::string>& items, uint64_t all) {
  const size_t n = std::min(kIdsInCell, items.size());
  const auto end = items.begin() + static_cast<ptrdiff_t>(n);
  std::string shown = Join({items.begin(), end}, " ");
  if (n < all) shown += StrCat(" ... (", WithThousands(all), ")");
  return {shown, Join(items, " ")};
}

Cell AsnCell(uint32_t asn) {
  return TextCell(asn == 0 ? "" : std::to_string(asn));
}

// The cluster the host is in; "" of a lone one.
Cell ClusterCell(const ComparedRun& run, uint32_t host) {
  const uint32_t cluster = run.clustering.cluster_of[host];
  return TextCell(cluster == Clustering::kNone ? "" : run.clustering.clusters[cluster].id);
}

// One thing a row, as many as there is room for.
class Lists {
 public:
  Lists(const RunComparison& comparison, const ListSizes& sizes)
      : c_(comparison), rows_(sizes.rows), hosts_of_a_kind_(sizes.hosts_of_a_kind) {}

  Table Complex() const {
    Table table{"complex", "Complex groups, most clusters first", {}, {}, false, {}};
    table.columns = {{"group", false}, {c_.before.name(), false}, {c_.after.name(), false},
                     {"links"},        {"shared addresses"},      {"shared keys"}};
    const auto& groups = c_.evolution.complex;
    for (size_t i = 0; i < groups.size() && i < rows_; ++i) {
      uint64_t addresses = 0, keys = 0;
      for (const uint32_t link : groups[i].links) {
        addresses += c_.evolution.links[link].shared_addresses;
        keys += c_.evolution.links[link].shared_keys;
      }
      table.rows.push_back({TextCell(std::to_string(i + 1)),
                            ListCell(Ids(c_.before, groups[i].before), groups[i].before.size()),
                            ListCell(Ids(c_.after, groups[i].after), groups[i].after.size()),
                            CountCell(groups[i].links.size()), CountCell(addresses),
                            CountCell(keys)});
    }
    NoteCut(table, groups.size());
    return table;
  }

  // A row a cluster with several partners.
  Table Splits() const {
    Table table{"splits", "Clusters that split or merged", {}, {}, false, {}};
    table.columns = {{"event", false}, {"hosts"}, {"clusters"}, {"into or of", false}};
    const std::vector<ClusterEvent> events = FindClusterEvents(c_.evolution);
    for (const ClusterEvent& event : events) {
      if (table.rows.size() == rows_) break;
      const ComparedRun& run = event.split ? c_.before : c_.after;
      const Cluster& of = run.clustering.clusters[event.cluster];
      table.rows.push_back(
          {TextCell(StrCat(event.split ? "split " : "merged ", of.id)),
           CountCell(of.members.size()), CountCell(event.others.size()),
           ListCell(Ids(event.split ? c_.after : c_.before, event.others), event.others.size())});
    }
    NoteCut(table, events.size());
    return table;
  }

  Table Links() const {
    Table table{"links", "Links between clusters", {}, {}, false, {}};
    table.columns = {{"clusters", false}, {"category", false}, {"shared addresses"},
                     {"shared keys"},     {"unchanged hosts"}, {"matched", false}};
    for (const ClusterLink& link : c_.evolution.links) {
      table.rows.push_back(
          {TextCell(StrCat(c_.before.clustering.clusters[link.before].id, ">",
                           c_.after.clustering.clusters[link.after].id)),
           TextCell(std::string(ClusterFateName(c_.evolution.before[link.before].fate))),
           CountCell(link.shared_addresses), CountCell(link.shared_keys),
           CountCell(link.unchanged_hosts), TextCell(link.matched ? "yes" : "no")});
    }
    return table;
  }

  Table HostEvents() const {
    Table table{"host_events", "Hosts that changed", {}, {}, false, {}};
    table.columns = {{"address", false}, {"event", false}, {"AS"}, {"cluster", false}};
    std::array<size_t, kHostFateCount> shown{};
    for (const HostEvent& event : c_.events.host_events) {
      if (++shown[static_cast<size_t>(event.fate)] > hosts_of_a_kind_) continue;
      const bool after = event.fate == HostFate::kAppeared || event.fate == HostFate::kGainedKeys;
      const ComparedRun& run = after ? c_.after : c_.before;
      table.rows.push_back({TextCell(run.hosts.address(event.host).ToString()),
                            TextCell(std::string(HostFateName(event.fate))),
                            AsnCell(run.hosts.asn(event.host)), ClusterCell(run, event.host)});
    }
    uint64_t all = 0;
    for (const uint64_t n : c_.events.hosts) all += n;
    NoteCut(table, all - c_.events.of(HostFate::kSameKeys));
    return table;
  }

  Table Rotations() const {
    Table table{"rotations", "Keys rotated", {}, {}, false, {}};
    table.columns = {{"host and port", false}, {"AS"}, {"key before", false}, {"after", false}};
    for (const RotationEvent& event : c_.events.rotations) {
      if (table.rows.size() == rows_) break;
      table.rows.push_back(
          {TextCell(AddressAndPort(c_.before.hosts.address(event.host), event.port)),
           AsnCell(c_.before.hosts.asn(event.host)), KeysCell(event.gone), KeysCell(event.fresh)});
    }
    NoteCut(table, c_.events.of(PortFate::kRotated));
    return table;
  }

  Table Moves() const {
    Table table{"moves", "Keys that moved to other addresses, most hosts first", {}, {}, false, {}};
    table.columns = {{"key", false},
                     {"event", false},
                     {"left"},
                     {"came to"},
                     {"stayed on"},
                     {"left addresses", false},
                     {"came to addresses", false}};
    for (const MoveEvent& event : c_.events.moves) {
      if (table.rows.size() == rows_) break;
      table.rows.push_back({KeyCell(event.key), TextCell(std::string(KeyFateName(event.fate))),
                            CountCell(event.left_hosts), CountCell(event.gained_hosts),
                            CountCell(event.stayed_hosts),
                            ListCell(Addresses(c_.before, event.left), event.left_hosts),
                            ListCell(Addresses(c_.after, event.gained), event.gained_hosts)});
    }
    NoteCut(table, c_.events.of(KeyFate::kMoved) + c_.events.of(KeyFate::kShifted));
    return table;
  }

 private:
  static std::vector<std::string> Ids(const ComparedRun& run, const std::vector<uint32_t>& which) {
    std::vector<std::string> ids;
    for (const uint32_t cluster : which) ids.push_back(run.clustering.clusters[cluster].id);
    return ids;
  }

  static std::vector<std::string> Addresses(const ComparedRun& run,
                                            const std::vector<uint32_t>& hosts) {
    std::vector<std::string> out;
    for (const uint32_t host : hosts) out.push_back(run.hosts.address(host).ToString());
    return out;
  }

  static Cell KeysCell(const std::vector<KeyId>& keys) {
    Cell cell;
    for (const KeyId& key : keys) {
      const std::string_view between = cell.plain.empty() ? "" : " ";
      cell.shown += StrCat(between, KeyCell(key).shown);
      cell.plain += StrCat(between, KeyCell(key).plain);
    }
    return cell;
  }

  static void NoteCut(Table& table, uint64_t all) {
    if (table.rows.size() == all) return;
    table.notes.push_back(StrCat(WithThousands(table.rows.size()), " of ", WithThousands(all),
                                 " shown; other formats and --max_events show more"));
  }

  const RunComparison& c_;
  const size_t rows_;
  const size_t hosts_of_a_kind_;
};

}  // namespace

std::vector<Table> ComparisonLists(const RunComparison& comparison, const ListSizes& sizes) {
  const Lists lists(comparison, sizes);
  std::vector<Table> out;
  if (sizes.links) out.push_back(lists.Links());
  for (Table& list : std::vector<Table>{lists.Complex(), lists.Splits(), lists.HostEvents(),
                                        lists.Rotations(), lists.Moves()}) {
    if (!list.rows.empty()) out.push_back(std::move(list));
  }
  return out;
}

std::string AddressAndPort(const Address& address, uint16_t port) {
  const std::string text = address.ToString();
  return address.is_v4() ? StrCat(text, ":", port) : StrCat("[", text, "]:", port);
}

}  // namespace hark

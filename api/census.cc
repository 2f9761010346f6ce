#include "api/census.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>

#include "api/crypto_material.h"
#include "api/ssh_presence.h"
#include "base/outcome.h"
#include "base/ssh_port.h"
#include "base/strings.h"
#include "keys/digests.h"

namespace hark {
namespace {

Status Stopped(const StopSign& stop) {
  if (stop) return {StatusCode::kInterrupted, "the server ends"};
  return Status::Ok();
}

Status UnlessNotFound(const Status& status) {
  return status.code() == StatusCode::kNotFound ? Status::Ok() : status;
}

uint64_t FirstEight(std::string_view bytes) {
  uint64_t number = 0;
  std::memcpy(&number, bytes.data(), std::min(bytes.size(), sizeof number));
  return number;
}

std::string_view View(const std::array<char, 16>& bytes) {
  return {bytes.data(), bytes.size()};
}

// Highest count first; then names up, or down.
std::vector<NameCount> ByCount(const std::map<std::string, uint64_t>& counts, bool names_up) {
  std::vector<NameCount> sorted(counts.begin(), counts.end());
  std::sort(sorted.begin(), sorted.end(), [names_up](const NameCount& a, const NameCount& b) {
    if (a.second != b.second) return a.second > b.second;
    return names_up ? a.first < b.first : a.first > b.first;
  });
  return sorted;
}

}  // namespace

Result<HostTally> TallyHosts(const HistoryReader& history, const StopSign& stop) {
  HostTally tally;
  std::optional<HostId> counted;  // the ports of a host come one after another
  const auto visit = [&](const FactUse& place, const Timeline& timeline) -> Status {
    HARK_RETURN_IF_ERROR(Stopped(stop));
    if (counted == place.host) return Status::Ok();
    HARK_ASSIGN_OR_RETURN(const bool speaks, SpeaksSsh(history, place.port, timeline));
    if (!speaks) return Status::Ok();
    counted = place.host;
    if (place.host.is_address()) ++tally.addresses;
    if (place.host.is_onion()) ++tally.onions;
    return Status::Ok();
  };
  HARK_RETURN_IF_ERROR(history.ForEachPort(HostId(), visit));
  return tally;
}

Result<BannerTally> TallyBanners(const HistoryReader& history, const StopSign& stop) {
  BannerTally tally;
  const auto visit = [&](const Fact& fact, uint64_t hosts) -> Status {
    HARK_RETURN_IF_ERROR(Stopped(stop));
    Result<std::string> text = history.Banner(fact);
    if (!text.ok()) return UnlessNotFound(text.status());
    if (!IsSshBanner(*text)) return Status::Ok();
    text->shrink_to_fit();
    tally.banners.emplace_back(std::move(*text), hosts);
    return Status::Ok();
  };
  HARK_RETURN_IF_ERROR(history.ForEachFact(FactKind::kBanner, visit));
  std::sort(tally.banners.begin(), tally.banners.end(), [](const NameCount& a, const NameCount& b) {
    if (a.second != b.second) return a.second > b.second;
    return a.first < b.first;
  });
  return tally;
}

namespace {

// The rows of one hassh: they differ in what the formula leaves out.
struct HasshRows {
  std::vector<Fact> rows;
  uint64_t hosts = 0;  // of the first row
  proto::SshKexInit lists;
};

// Distinct hosts of several rows: as hashes, since they are few bytes and need not be in order.
Result<uint64_t> HostsOf(const HistoryReader& history, const HasshRows& hassh) {
  if (hassh.rows.size() == 1) return hassh.hosts;
  std::vector<size_t> hosts;
  for (const Fact& row : hassh.rows) {
    HARK_RETURN_IF_ERROR(history.ForEachUse(row, [&](const FactUse& use) {
      hosts.push_back(std::hash<std::string>()(use.host.SortKey()));
      return Status::Ok();
    }));
  }
  std::sort(hosts.begin(), hosts.end());
  return static_cast<uint64_t>(std::unique(hosts.begin(), hosts.end()) - hosts.begin());
}

using HasshTable = std::map<std::string, HasshRows>;

void AddRow(const std::string& hassh, const Fact& fact, uint64_t hosts,
            const proto::AlgorithmsRow& row, HasshTable& table) {
  if (hassh.empty()) return;
  HasshRows& of_hassh = table[hassh];
  if (of_hassh.rows.empty()) {
    of_hassh.hosts = hosts;
    of_hassh.lists = row.lists();
  }
  of_hassh.rows.push_back(fact);
}

void AddNames(const std::string& list, uint64_t hosts, std::map<std::string, uint64_t>& counts) {
  if (list.empty()) return;
  std::set<std::string_view> names;
  for (const std::string_view name : Split(list, ',')) names.insert(name);
  for (const std::string_view name : names) counts[std::string(name)] += hosts;
}

Result<std::map<std::string, uint64_t>> CountHosts(const HistoryReader& history,
                                                   const HasshTable& table, const StopSign& stop) {
  std::map<std::string, uint64_t> counts;
  for (const auto& [hassh, rows] : table) {
    HARK_RETURN_IF_ERROR(Stopped(stop));
    HARK_ASSIGN_OR_RETURN(counts[hassh], HostsOf(history, rows));
  }
  return counts;
}

}  // namespace

Result<AlgorithmTally> TallyAlgorithms(const HistoryReader& history, const StopSign& stop) {
  HasshTable legacy, server;
  const auto visit = [&](const Fact& fact, uint64_t hosts) -> Status {
    HARK_RETURN_IF_ERROR(Stopped(stop));
    const Result<proto::AlgorithmsRow> row = history.Algorithms(fact);
    if (!row.ok()) return UnlessNotFound(row.status());
    AddRow(row->passive_ssh_hassh(), fact, hosts, *row, legacy);
    AddRow(row->hassh(), fact, hosts, *row, server);
    return Status::Ok();
  };
  HARK_RETURN_IF_ERROR(history.ForEachFact(FactKind::kAlgorithms, visit));
  HARK_ASSIGN_OR_RETURN(const auto hasshs, CountHosts(history, legacy, stop));
  HARK_ASSIGN_OR_RETURN(const auto server_hasshs, CountHosts(history, server, stop));
  std::map<std::string, uint64_t> compress, mac, encrypt;
  for (const auto& [hassh, rows] : legacy) {  // the formula has these three lists in it
    AddNames(rows.lists.compression_server_to_client(), hasshs.at(hassh), compress);
    AddNames(rows.lists.mac_server_to_client(), hasshs.at(hassh), mac);
    AddNames(rows.lists.encryption_server_to_client(), hasshs.at(hassh), encrypt);
  }
  AlgorithmTally tally;
  tally.hasshs = ByCount(hasshs, true);
  tally.server_hasshs = ByCount(server_hasshs, true);
  tally.compress = ByCount(compress, false);
  tally.mac = ByCount(mac, false);
  tally.encrypt = ByCount(encrypt, false);
  return tally;
}

namespace {

// Follows the places of one key after another, and counts the key when its last is over.
class KeyCounter {
 public:
  explicit KeyCounter(const HistoryReader& history) : history_(history) {}

  Status Add(const Fact& key, const FactUse& use) {
    if (key != key_) {
      HARK_RETURN_IF_ERROR(Finish());
      key_ = key;
    }
    if (ssh_hosts_ > 0 && use.host == last_ssh_host_) return Status::Ok();
    HARK_ASSIGN_OR_RETURN(const bool speaks, IsSsh(use));
    if (!speaks) return Status::Ok();
    last_ssh_host_ = use.host;
    ++ssh_hosts_;
    return Status::Ok();
  }

  Status Finish() {
    if (key_.value.empty()) return Status::Ok();
    const uint64_t hosts = std::exchange(ssh_hosts_, 0);
    if (hosts == 0) {
      tally_.tls_only.push_back(FirstEight(key_.value));
      return Status::Ok();
    }
    const Result<std::string> blob = history_.SshBlob(key_);
    if (!blob.ok()) return UnlessNotFound(blob.status());
    const std::string_view type = SshBlobType(*blob);
    if (type.empty()) return Status::Ok();
    ++types_[std::string(type)];
    ++tally_.keys;
    if (hosts > 1) AddShared(*blob, hosts);
    return Status::Ok();
  }

  KeyTally Take() {
    std::sort(tally_.tls_only.begin(), tally_.tls_only.end());
    tally_.tls_only.shrink_to_fit();
    tally_.types.assign(types_.begin(), types_.end());
    SortShared();
    return std::move(tally_);
  }

 private:
  Result<bool> IsSsh(const FactUse& use) {
    if (IsSshPort(use.port)) return true;
    HARK_ASSIGN_OR_RETURN(const Timeline timeline, history_.Port(use));
    return SpeaksSsh(history_, use.port, timeline);
  }

  void AddShared(std::string_view blob, uint64_t hosts) {
    const std::string md5 = Md5(blob);
    KeyTally::Shared shared;
    std::copy_n(md5.begin(), std::min(md5.size(), shared.md5.size()), shared.md5.begin());
    shared.hosts = static_cast<uint32_t>(std::min<uint64_t>(hosts, UINT32_MAX));
    tally_.shared.push_back(shared);
  }

  void SortShared() {
    auto& shared = tally_.shared;
    std::sort(shared.begin(), shared.end(), [](const auto& a, const auto& b) {
      if (a.hosts != b.hosts) return a.hosts > b.hosts;
      return View(a.md5) > View(b.md5);
    });
    shared.shrink_to_fit();
    auto& by_md5 = tally_.shared_by_md5;
    by_md5.resize(shared.size());
    std::iota(by_md5.begin(), by_md5.end(), 0);
    std::sort(by_md5.begin(), by_md5.end(), [&shared](uint32_t a, uint32_t b) {
      return View(shared[a].md5) < View(shared[b].md5);
    });
  }

  const HistoryReader& history_;
  Fact key_;
  uint64_t ssh_hosts_ = 0;
  HostId last_ssh_host_;
  std::map<std::string, uint64_t> types_;
  KeyTally tally_;
};

}  // namespace

bool KeyTally::IsTlsOnly(const Fact& key) const {
  return std::binary_search(tls_only.begin(), tls_only.end(), FirstEight(key.value));
}

bool KeyTally::IsShared(std::string_view md5) const {
  const auto at = std::lower_bound(shared_by_md5.begin(), shared_by_md5.end(), md5,
                                   [this](uint32_t position, std::string_view sought) {
                                     return View(shared[position].md5) < sought;
                                   });
  return at != shared_by_md5.end() && View(shared[*at].md5) == md5;
}

Result<KeyTally> TallyKeys(const HistoryReader& history, const StopSign& stop) {
  KeyCounter counter(history);
  const auto visit = [&](const Fact& key, const FactUse& use) -> Status {
    HARK_RETURN_IF_ERROR(Stopped(stop));
    return counter.Add(key, use);
  };
  HARK_RETURN_IF_ERROR(history.ForEachUseOf(FactKind::kKey, visit));
  HARK_RETURN_IF_ERROR(counter.Finish());
  return counter.Take();
}

}  // namespace hark

#include "exchange/known_hosts.h"

#include <algorithm>

#include "base/strings.h"
#include "exchange/ssh_key_text.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

constexpr uint16_t kSshPort = 22;
// OpenSSH writes one or two; people merge files.
constexpr size_t kMaxNames = 256;
constexpr size_t kMaxBanner = 512;
constexpr std::string_view kHashedMark = "|1|";

std::string_view NextWord(std::string_view* rest) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!rest->empty() && is_blank(rest->front())) rest->remove_prefix(1);
  const auto end = std::find_if(rest->begin(), rest->end(), is_blank);
  const std::string_view word = rest->substr(0, static_cast<size_t>(end - rest->begin()));
  rest->remove_prefix(word.size());
  return word;
}

struct Place {
  HostId host;
  uint16_t port = kSshPort;
};

std::optional<uint16_t> PortOf(std::string_view text) {
  const std::optional<uint64_t> port = ParseUint(text);
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  return static_cast<uint16_t>(*port);
}

// "host", "[host]:port" or a hash.
std::optional<Place> PlaceOf(std::string_view name) {
  uint16_t port = kSshPort;
  if (name.starts_with('[')) {
    const size_t end = name.rfind("]:");
    if (end == std::string_view::npos) return std::nullopt;
    const std::optional<uint16_t> given = PortOf(name.substr(end + 2));
    if (!given) return std::nullopt;
    port = *given;
    name = name.substr(1, end - 1);
  }
  const std::optional<HostId> host = HostId::Parse(name);
  if (!host) return std::nullopt;
  return Place{*host, port};
}

bool IsPattern(std::string_view name) {
  return name.starts_with('!') || name.find_first_of("*?") != std::string_view::npos;
}

// ssh-keyscan: the name as it was asked for, ':', the port, a blank, the identification.
std::optional<Sighting> SightingOfComment(std::string_view comment, int64_t unix_s) {
  const std::string_view where = NextWord(&comment);
  const std::string_view banner = Trim(comment);
  const size_t colon = where.rfind(':');
  if (colon == std::string_view::npos || !banner.starts_with("SSH-")) return std::nullopt;
  const std::optional<uint16_t> port = PortOf(where.substr(colon + 1));
  const std::optional<HostId> host = HostId::Parse(where.substr(0, colon));
  if (!port || !host || banner.size() > kMaxBanner) return std::nullopt;
  Sighting sighting{*host, *port, unix_s, {}};
  sighting.facts.push_back(BannerFact(banner));
  return sighting;
}

// nullopt and a fault if there is none.
std::optional<SightedFact> KeyOf(std::string_view type, std::string_view rest,
                                 ForeignRecord* record) {
  if (ParseUint(type)) {
    record->faults.emplace_back("a key of SSH-1");
    return std::nullopt;
  }
  const std::string_view base64 = NextWord(&rest);
  const Result<std::string> blob = SshBlobOfText(base64);
  if (!blob.ok()) {
    record->faults.push_back("key: " + blob.status().message());
    return std::nullopt;
  }
  if (ReadSshKey(*blob).type != type) {
    record->faults.emplace_back("key: of another type");
    return std::nullopt;
  }
  return KeyFactOfBlob(*blob);
}

void AddNames(std::string_view names, const SightedFact& key, int64_t unix_s,
              ForeignRecord* record) {
  const bool hashed = names.starts_with(kHashedMark);
  const std::vector<std::string_view> each =
      hashed ? std::vector<std::string_view>{names} : Split(names, ',');
  if (each.size() > kMaxNames) {
    record->faults.emplace_back("too many names");
    return;
  }
  for (std::string_view name : each) {
    if (name.empty()) continue;
    const std::optional<Place> place = !hashed && IsPattern(name) ? std::nullopt : PlaceOf(name);
    if (place) {
      record->sightings.push_back({place->host, place->port, unix_s, {key}});
    } else {
      record->faults.emplace_back(IsPattern(name) ? "a pattern names no host" : "no host name");
    }
  }
}

}  // namespace

ForeignRecord ReadKnownHostsLine(std::string_view line, int64_t unix_s) {
  ForeignRecord record;
  line = Trim(line);
  if (line.empty()) return record;
  if (line.front() == '#' || line.front() == ';') {
    if (auto sighting = SightingOfComment(line.substr(1), unix_s)) {
      record.sightings.push_back(std::move(*sighting));
    }
    return record;
  }
  const std::string_view names = NextWord(&line);
  if (names.front() == '@') {
    record.faults.emplace_back(names == "@cert-authority" ? "the key of an authority"
                               : names == "@revoked"      ? "a revoked key"
                                                          : "an unknown marker");
    return record;
  }
  const std::string_view type = NextWord(&line);
  const std::optional<SightedFact> key = KeyOf(type, line, &record);
  if (key) AddNames(names, *key, unix_s, &record);
  return record;
}

}  // namespace hark

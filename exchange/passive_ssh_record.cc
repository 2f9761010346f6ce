// A field is read by a function of its own, which adds to the sighting or to the faults:
//
//   field         | used if                               | otherwise
//   onion, ip     | an address or a name; onion first     | nobody to tell of: the line is left out
//   epoch         | a number or its text, within bounds   | date's midnight; without it the line is
//   out port          | 1 to 65535, a number or its text      | kPassiveSshPort and a fault banner
//   | a text of at most kMaxBanner bytes    | a fault, unless it is missing or empty key_exchange
//   | lists of names, at most kMaxList each | a fault, unless it is missing or {} hassh         |
//   32 hex digits                         | a fault; computed from the lists if missing host_keys
//   | entries with a name: a key that reads | a fault an entry; without a name: skipped
//                 | and has the fingerprint               |

#include "exchange/passive_ssh_record.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/strings.h"
#include "exchange/algorithms_cache.h"
#include "exchange/ssh_key_text.h"

namespace hark {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// Twice an identification of RFC 4253 §4.2, which is what scanners keep.
constexpr size_t kMaxBanner = 512;
// As much as hark itself reads of a name-list.
constexpr size_t kMaxList = size_t{16} * 1024;
// Key types in the registry are a dozen, each given by up to three names.
constexpr size_t kMaxHostKeys = 64;
constexpr size_t kHasshDigits = 32;

std::optional<element> Field(const object& record, std::string_view name) {
  element value;
  if (record[name].get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

std::optional<std::string_view> Text(const object& record, std::string_view name) {
  const std::optional<element> value = Field(record, name);
  std::string_view text;
  if (!value || value->get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

// The midnight, UTC, that a YYYYMMDD began with.
std::optional<int64_t> SecondsOfDate(std::string_view date) {
  const std::optional<uint64_t> number = date.size() == 8 ? ParseUint(date) : std::nullopt;
  if (!number) return std::nullopt;
  const std::chrono::year_month_day day(
      std::chrono::year(static_cast<int>(*number / 10000)),
      std::chrono::month(static_cast<unsigned>(*number / 100 % 100)),
      std::chrono::day(static_cast<unsigned>(*number % 100)));
  if (!day.ok()) return std::nullopt;
  const int64_t seconds =
      std::chrono::sys_seconds(std::chrono::sys_days(day)).time_since_epoch().count();
  return ForeignSeconds(static_cast<double>(seconds));
}

std::optional<uint16_t> PortOf(const element& value) {
  uint64_t port = 0;
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    port = ParseUint(text).value_or(0);
  } else if (value.get(port) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  if (port == 0 || port > 65535) return std::nullopt;
  return static_cast<uint16_t>(port);
}

bool IsName(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < '\x7f' && c != ','; });
}

bool IsHassh(std::string_view text) {
  return text.size() == kHasshDigits && HexDecode(text).has_value();
}

// The names of a list, joined; nullopt if it is no list of names.
bool JoinNames(const object& lists, std::string_view name, std::string* joined) {
  const std::optional<element> value = Field(lists, name);
  if (!value) return true;
  array names;
  if (value->get(names) != simdjson::SUCCESS) return false;
  for (const element entry : names) {
    std::string_view text;
    if (entry.get(text) != simdjson::SUCCESS || !IsName(text)) return false;
    if (!joined->empty()) *joined += ',';
    *joined += text;
    if (joined->size() > kMaxList) return false;
  }
  return true;
}

// Nothing is left in *lists if one of them is none.
bool JoinLists(const element& value, PassiveSshLists* lists) {
  object given;
  const bool all =
      value.get(given) == simdjson::SUCCESS && JoinNames(given, "key", &lists->host_key) &&
      JoinNames(given, "encrypt", &lists->encryption) && JoinNames(given, "mac", &lists->mac) &&
      JoinNames(given, "compress", &lists->compression) &&
      JoinNames(given, "lang", &lists->languages);
  if (!all) *lists = {};
  return all;
}

}  // namespace

class PassiveSshRecordReader::Impl {
 public:
  ForeignRecord Read(std::string_view line);
  std::optional<SightedFact> ReadLists(std::string_view key_exchange, std::string_view hassh);

 private:
  void ReadRecord(const object& record);
  bool ReadHost(const object& record);
  bool ReadTime(const object& record);
  void ReadPort(const object& record);
  void ReadBanner(const object& record);
  void ReadAlgorithms(const object& record);
  void ReadHostKeys(const object& record);
  void ReadHostKey(const object& key, std::vector<std::string_view>* seen);
  void Fault(std::string reason) { out_.faults.push_back(std::move(reason)); }

  simdjson::dom::parser parser_;
  AlgorithmsCache algorithms_;
  Sighting sighting_;
  ForeignRecord out_;
};

ForeignRecord PassiveSshRecordReader::Impl::Read(std::string_view line) {
  out_ = {};
  line = Trim(line);
  if (line.empty()) return {};
  object record;
  if (parser_.parse(line.data(), line.size()).get(record) != simdjson::SUCCESS) {
    Fault("not a JSON object");
  } else if (record.size() > 0) {
    ReadRecord(record);
  }
  return std::move(out_);
}

void PassiveSshRecordReader::Impl::ReadRecord(const object& record) {
  sighting_ = {};
  if (!ReadHost(record) || !ReadTime(record)) return;
  ReadPort(record);
  ReadBanner(record);
  ReadAlgorithms(record);
  ReadHostKeys(record);
  out_.sightings.push_back(std::move(sighting_));
}

bool PassiveSshRecordReader::Impl::ReadHost(const object& record) {
  const std::optional<std::string_view> onion = Text(record, "onion");
  const std::optional<std::string_view> text = onion ? onion : Text(record, "ip");
  const std::optional<HostId> host = text ? HostId::Parse(*text) : std::nullopt;
  if (!host) {
    Fault(text ? "host: neither an address nor a name" : "neither ip nor onion");
    return false;
  }
  sighting_.host = *host;
  return true;
}

bool PassiveSshRecordReader::Impl::ReadTime(const object& record) {
  const std::optional<element> epoch = Field(record, "epoch");
  std::optional<int64_t> seconds;
  std::string_view text;
  double number = 0;
  if (epoch && epoch->get(text) == simdjson::SUCCESS) {
    seconds = ForeignSecondsOf(text);
  } else if (epoch && epoch->get(number) == simdjson::SUCCESS) {
    seconds = ForeignSeconds(number);
  }
  if (!seconds) {
    seconds = SecondsOfDate(Text(record, "date").value_or(""));
    if (!seconds) {
      Fault(epoch ? "epoch: no time" : "neither epoch nor date");
      return false;
    }
    if (epoch) Fault("epoch: no time; the date is taken");
  }
  sighting_.unix_s = *seconds;
  return true;
}

void PassiveSshRecordReader::Impl::ReadPort(const object& record) {
  const std::optional<element> value = Field(record, "port");
  const std::optional<uint16_t> port = value ? PortOf(*value) : std::nullopt;
  sighting_.port = port.value_or(kPassiveSshPort);
  if (!port) Fault(StrCat(value ? "port: no port" : "no port", "; taken for 22"));
}

void PassiveSshRecordReader::Impl::ReadBanner(const object& record) {
  if (!Field(record, "banner")) return;
  const std::optional<std::string_view> banner = Text(record, "banner");
  if (!banner || banner->size() > kMaxBanner) {
    Fault(banner ? "banner: too long" : "banner: no text");
  } else if (!banner->empty()) {
    sighting_.facts.push_back(BannerFact(*banner));
  }
}

void PassiveSshRecordReader::Impl::ReadAlgorithms(const object& record) {
  PassiveSshLists lists;
  if (const std::optional<element> value = Field(record, "key_exchange")) {
    if (!JoinLists(*value, &lists)) Fault("key_exchange: no lists of names");
  }
  const std::string_view hassh = Text(record, "hassh").value_or("");
  if (IsHassh(hassh)) {
    lists.hassh = AsciiLower(hassh);
  } else if (Field(record, "hassh") && !(hassh.empty() && lists.empty())) {
    Fault("hassh: not 32 hex digits");
  }
  if (lists.empty()) return;
  const AlgorithmsCache::Entry& entry = algorithms_.Find(lists);
  if (!entry.hassh_fits) Fault("hassh: not the value of the lists; kept");
  sighting_.facts.push_back(entry.fact);
}

std::optional<SightedFact> PassiveSshRecordReader::Impl::ReadLists(std::string_view key_exchange,
                                                                   std::string_view hassh) {
  PassiveSshLists lists;
  element value;
  if (parser_.parse(key_exchange.data(), key_exchange.size()).get(value) == simdjson::SUCCESS) {
    JoinLists(value, &lists);
  }
  if (!hassh.empty() && !IsHassh(hassh)) return std::nullopt;
  lists.hassh = AsciiLower(hassh);
  if (lists.empty()) return std::nullopt;
  return algorithms_.Find(lists).fact;
}

void PassiveSshRecordReader::Impl::ReadHostKeys(const object& record) {
  const std::optional<element> value = Field(record, "host_keys");
  if (!value) return;
  array keys;
  if (value->get(keys) != simdjson::SUCCESS) return Fault("host_keys: no list");
  if (keys.size() > kMaxHostKeys) return Fault("host_keys: too many");
  std::vector<std::string_view> seen;
  for (const element entry : keys) {
    object key;
    if (entry.get(key) == simdjson::SUCCESS) ReadHostKey(key, &seen);
  }
}

void PassiveSshRecordReader::Impl::ReadHostKey(const object& key,
                                               std::vector<std::string_view>* seen) {
  // {} stands for a key that could not be had.
  if (!Field(key, "name")) return;
  const std::optional<std::string_view> text = Text(key, "base64");
  if (!text) return Fault("host key: no base64");
  // RSA keys are given once for each name of their signatures.
  if (std::find(seen->begin(), seen->end(), *text) != seen->end()) return;
  const Result<std::string> blob = SshBlobOfText(*text);
  if (!blob.ok()) return Fault("host key: " + blob.status().message());
  const std::string_view fingerprint = Text(key, "fingerprint").value_or("");
  const std::optional<bool> fits = FingerprintFits(fingerprint, *blob);
  if (!fits && !fingerprint.empty()) return Fault("host key: the fingerprint is none");
  if (fits == false) return Fault("host key: another fingerprint");
  seen->push_back(*text);
  sighting_.facts.push_back(KeyFactOfBlob(*blob));
  // It fits, so it is the blob's; of a certificate the body is the key inside.
  SightedFact& fact = sighting_.facts.back();
  if (fact.body == *blob) fact.md5 = Md5OfFingerprint(fingerprint).value_or("");
}

PassiveSshRecordReader::PassiveSshRecordReader() : impl_(std::make_unique<Impl>()) {}
PassiveSshRecordReader::~PassiveSshRecordReader() = default;

ForeignRecord PassiveSshRecordReader::Read(std::string_view line) {
  return impl_->Read(line);
}

std::optional<SightedFact> PassiveSshRecordReader::ReadLists(std::string_view key_exchange,
                                                             std::string_view hassh) {
  return impl_->ReadLists(key_exchange, hassh);
}

}  // namespace hark

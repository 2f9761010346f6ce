#include "exchange/passive_ssh_writer.h"

#include <nlohmann/json.hpp>

#include "analysis/json_text.h"
#include "base/strings.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

// As it stands: the names of a list are the list's bytes, whatever a stranger put between commas.
Json Names(const std::string& list) {
  Json names = Json::array();
  if (list.empty()) return names;
  for (const std::string_view name : Split(list, ',')) names.push_back(std::string(name));
  return names;
}

Json KeyExchange(const proto::SshKexInit& lists) {
  return {{"key", Names(lists.server_host_key_algorithms())},
          {"encrypt", Names(lists.encryption_server_to_client())},
          {"mac", Names(lists.mac_server_to_client())},
          {"compress", Names(lists.compression_server_to_client())},
          {"lang", Names(lists.languages_server_to_client())}};
}

Json HostKey(const ShownKey& key) {
  constexpr std::string_view kPrefix = "MD5:";
  return {{"fingerprint", SshMd5Fingerprint(key.blob).substr(kPrefix.size())},
          {"name", key.type},
          {"base64", StrCat(key.type, " ", Base64(key.blob))}};
}

// UTC, whatever the machine thinks.
std::string DateText(int64_t unix_s) {
  const std::string utc = UtcText(unix_s);
  if (utc.size() < 10) return "";
  return StrCat(utc.substr(0, 4), utc.substr(5, 2), utc.substr(8, 2));
}

}  // namespace

std::string PassiveSshRecord(const ShownPort& shown) {
  const bool has_place = shown.host.is_address() || shown.host.is_onion();
  if (!shown.ssh || !has_place) return "";
  Json record = {{"banner", shown.banner}};
  record["key_exchange"] =
      shown.algorithms ? KeyExchange(shown.algorithms->lists()) : Json::object();
  record[shown.host.is_onion() ? "onion" : "ip"] = shown.host.ToString();
  record["port"] = shown.port;
  record["date"] = DateText(shown.last_unix_s);
  record["epoch"] = shown.last_unix_s;
  record["host_keys"] = Json::array();
  for (const ShownKey& key : shown.keys) {
    if (!key.blob.empty() && !key.type.empty()) record["host_keys"].push_back(HostKey(key));
  }
  record["hassh"] = shown.algorithms ? shown.algorithms->passive_ssh_hassh() : "";
  // Bytes that are no UTF-8 cannot be in JSON.
  return record.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace hark

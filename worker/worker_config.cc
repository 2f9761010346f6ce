#include "worker/worker_config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <variant>

#include "base/address.h"
#include "base/file.h"
#include "base/host_port.h"
#include "base/strings.h"
#include "bus/curve.h"

namespace hark {
namespace {

constexpr size_t kMaxConfigBytes = size_t{64} * 1024;
// Beyond it descriptors and memory of the engines, not their number, would need thought.
constexpr uint32_t kMaxThreads = 64;
// Below are the ports of services, and of root.
constexpr uint32_t kLeastSourcePort = 1024;
constexpr size_t kMaxContact = 100;  // goes into an SSH identification line of at most 255 bytes
constexpr double kMaxBandwidth = 1e12;
constexpr size_t kMaxPlaceName = 64;  // of a region or provider
constexpr size_t kMaxEhloName = 255;  // RFC 5321 §4.5.3.1.2

using Field =
    std::variant<std::string WorkerConfig::*, uint32_t WorkerConfig::*, uint64_t WorkerConfig::*>;

const std::map<std::string_view, Field>& Fields() {
  static const std::map<std::string_view, Field> fields = {
      {"coordinator", &WorkerConfig::coordinator},
      {"server_public_key", &WorkerConfig::server_public_key},
      {"public_key", &WorkerConfig::public_key},
      {"secret_key", &WorkerConfig::secret_key},
      {"key_file", &WorkerConfig::key_file},
      {"join_file", &WorkerConfig::join_file},
      {"joined_with", &WorkerConfig::joined_with},
      {"name", &WorkerConfig::name},
      {"state_dir", &WorkerConfig::state_dir},
      {"max_parallel", &WorkerConfig::max_parallel},
      {"threads", &WorkerConfig::threads},
      {"max_pps", &WorkerConfig::max_pps},
      {"spool_quota_mb", &WorkerConfig::spool_quota_mb},
      {"drain_seconds", &WorkerConfig::drain_seconds},
      {"source_address", &WorkerConfig::source_address},
      {"source_ports", &WorkerConfig::source_ports},
      {"discover", &WorkerConfig::discover},
      {"bandwidth", &WorkerConfig::bandwidth},
      {"interface", &WorkerConfig::interface},
      {"syn_ports", &WorkerConfig::syn_ports},
      {"region", &WorkerConfig::region},
      {"provider", &WorkerConfig::provider},
      {"check_25", &WorkerConfig::check_25},
      {"contact", &WorkerConfig::contact},
      {"ehlo_name", &WorkerConfig::ehlo_name},
      {"log_level", &WorkerConfig::log_level},
      {"log_format", &WorkerConfig::log_format},
  };
  return fields;
}

Status SetLine(std::string_view line, WorkerConfig* config) {
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos) return InvalidInput("expected 'key = value'");
  return SetWorkerConfig(Trim(line.substr(0, equals)), Trim(line.substr(equals + 1)), config);
}

Status CheckKeys(const WorkerConfig& config) {
  const std::array<std::pair<const char*, const std::string*>, 3> keys = {
      std::pair("server_public_key", &config.server_public_key),
      std::pair("public_key", &config.public_key), std::pair("secret_key", &config.secret_key)};
  for (const auto& [name, key] : keys) {
    if (key->empty()) return InvalidInput(StrCat(name, " is missing"));
    if (!IsCurveKey(*key)) return InvalidInput(StrCat(name, " is not a Z85 key"));
  }
  const auto derived = PublicKeyOf(config.secret_key);
  if (!derived.ok() || *derived != config.public_key) {
    return InvalidInput("public_key and secret_key do not belong together");
  }
  return Status::Ok();
}

bool IsOneWord(const std::string& text, size_t most) {
  return text.size() <= most &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

Status ReadPortRange(std::string_view text, const char* name, uint16_t* first, uint16_t* last) {
  const size_t dash = text.find('-');
  const auto low = ParseUint(Trim(text.substr(0, dash)));
  const auto high =
      dash == std::string_view::npos ? std::nullopt : ParseUint(Trim(text.substr(dash + 1)));
  if (!low || !high || *low < kLeastSourcePort || *low > *high || *high > UINT16_MAX) {
    return InvalidInput(StrCat(name, " is not LO-HI between ", kLeastSourcePort, " and 65535"));
  }
  *first = static_cast<uint16_t>(*low);
  *last = static_cast<uint16_t>(*high);
  return Status::Ok();
}

Result<double> ParseBandwidth(std::string_view text) {
  if (text.empty()) return 0.0;
  double unit = 1;
  if (text.back() == 'K') unit = 1e3;
  if (text.back() == 'M') unit = 1e6;
  if (text.back() == 'G') unit = 1e9;
  const auto number = ParseUint(unit > 1 ? text.substr(0, text.size() - 1) : text);
  if (!number || *number == 0 || static_cast<double>(*number) * unit > kMaxBandwidth) {
    return InvalidInput("bandwidth: give bits a second, as 500K, 10M or 1G");
  }
  return static_cast<double>(*number) * unit;
}

Status SetWorkerConfig(std::string_view key, std::string_view value, WorkerConfig* config) {
  const auto field = Fields().find(key);
  if (field == Fields().end()) {
    return InvalidInput(StrCat("unknown key '", EscapeForDisplay(key), "'"));
  }
  if (const auto* text = std::get_if<std::string WorkerConfig::*>(&field->second)) {
    config->*(*text) = value;
    return Status::Ok();
  }
  const auto number = ParseUint(value);
  if (!number || *number > UINT32_MAX) return InvalidInput(StrCat(key, " is not a number"));
  if (const auto* small = std::get_if<uint32_t WorkerConfig::*>(&field->second)) {
    config->*(*small) = static_cast<uint32_t>(*number);
  } else {
    config->*std::get<uint64_t WorkerConfig::*>(field->second) = *number;
  }
  return Status::Ok();
}

Status LoadWorkerConfig(const std::string& path, WorkerConfig* config) {
  HARK_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxConfigBytes));
  size_t number = 0;
  for (const std::string_view raw : Split(text, '\n')) {
    ++number;
    const std::string_view line = Trim(raw);
    if (line.empty() || line.front() == '#') continue;
    HARK_RETURN_IF_ERROR(SetLine(line, config).Prepend(StrCat(path, ":", number)));
  }
  return config->secret_key.empty() ? Status::Ok() : CheckSecrecy(path);
}

Status CheckOwnWords(const WorkerConfig& config) {
  if (config.max_parallel == 0) return InvalidInput("max_parallel must be at least 1");
  if (config.threads == 0 || config.threads > kMaxThreads) {
    return InvalidInput(StrCat("threads must be 1 to ", kMaxThreads));
  }
  HARK_RETURN_IF_ERROR(SourceOf(config).status());
  HARK_RETURN_IF_ERROR(ParseBandwidth(config.bandwidth).status());
  if (config.discover != "syn" && config.discover != "connect" && config.discover != "auto") {
    return InvalidInput("discover is not one of syn, connect, auto");
  }
  if (!config.syn_ports.empty()) {
    uint16_t first = 0;
    uint16_t last = 0;
    HARK_RETURN_IF_ERROR(ReadPortRange(config.syn_ports, "syn_ports", &first, &last));
  }
  if (!IsOneWord(config.contact, kMaxContact)) {
    return InvalidInput("contact must be at most 100 printable characters without blanks");
  }
  if (!IsOneWord(config.ehlo_name, kMaxEhloName)) {
    return InvalidInput("ehlo_name must be at most 255 printable characters without blanks");
  }
  if (!IsOneWord(config.region, kMaxPlaceName) || !IsOneWord(config.provider, kMaxPlaceName)) {
    return InvalidInput(
        "region and provider must be at most 64 printable characters without blanks");
  }
  if (!config.check_25.empty()) {
    HARK_RETURN_IF_ERROR(ParseHostPort(config.check_25).status().Prepend("check_25"));
  }
  return Status::Ok();
}

Status FinishWorkerConfig(WorkerConfig* config) {
  if (!config->key_file.empty()) {
    const std::string path = config->key_file;
    HARK_RETURN_IF_ERROR(LoadWorkerConfig(path, config));
  }
  if (config->coordinator.empty()) return InvalidInput("coordinator is missing");
  if (config->state_dir.empty()) return InvalidInput("state_dir is missing");
  HARK_RETURN_IF_ERROR(CheckOwnWords(*config));
  HARK_RETURN_IF_ERROR(CheckKeys(*config));
  if (config->name.empty()) config->name = DefaultWorkerName();
  return Status::Ok();
}

Status CheckSecrecy(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 077) != 0) {
    return InvalidInput(StrCat(path, ": holds a secret key but others may read it; chmod 600"));
  }
  return Status::Ok();
}

std::string DefaultWorkerName() {
  char host[256] = {};
  return gethostname(host, sizeof host - 1) == 0 ? host : "";
}

Result<Source> SourceOf(const WorkerConfig& config) {
  Source source;
  if (!config.source_address.empty()) {
    for (const std::string_view text : Split(config.source_address, ',')) {
      const auto address = Address::Parse(Trim(text));
      if (!address) return InvalidInput("source_address is not an address");
      auto& one = address->is_v4() ? source.v4 : source.v6;
      if (one) return InvalidInput("source_address has two of one family");
      one = address;
    }
  }
  if (!config.source_ports.empty()) {
    HARK_RETURN_IF_ERROR(
        ReadPortRange(config.source_ports, "source_ports", &source.first_port, &source.last_port));
  }
  return source;
}

Result<std::string> WriteNewKeyFile(const std::string& path) {
  if (access(path.c_str(), F_OK) == 0) return InvalidInput(path + ": exists; not overwritten");
  const KeyPair keys = GenerateKeyPair();
  HARK_RETURN_IF_ERROR(WriteFileAtomically(
      path,
      StrCat("# The key pair of one hark-worker. Keep it secret.\npublic_key = ", keys.public_key,
             "\nsecret_key = ", keys.secret_key, "\n"),
      0600));
  return keys.public_key;
}

}  // namespace hark

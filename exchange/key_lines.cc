#include "exchange/key_lines.h"

#include <algorithm>

#include "analysis/json_text.h"
#include "base/bytes.h"
#include "base/strings.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

constexpr uint16_t kSshPort = 22;
constexpr size_t kMaxModulus = 8192;  // bytes

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool ConsistsOf(std::string_view text, std::string_view others) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return IsLetterOrDigit(c) || others.find(c) != others.npos;
  });
}

// Names that are patterns, markers or comments in known_hosts are nobody's.
bool IsPlainHost(const HostId& host) {
  if (host.is_address()) return true;
  const bool hashed = host.name().starts_with("|1|");
  return ConsistsOf(host.name(), hashed ? "|=+/" : ".-_");
}

bool IsUsableKey(const ShownKey& key) {
  return !key.blob.empty() && ConsistsOf(key.type, "@.-_");
}

// RFC 4255 §3.1.1, RFC 6594, RFC 7479, RFC 8709; 0 = it has no number.
int SshfpAlgorithm(std::string_view type) {
  if (type == "ssh-rsa") return 1;
  if (type == "ssh-dss") return 2;
  if (type.starts_with("ecdsa-sha2-nistp")) return 3;
  if (type == "ssh-ed25519") return 4;
  return type == "ssh-ed448" ? 6 : 0;
}

// "1.2.0.192.in-addr.arpa." (RFC 1035 §3.5), nibbles and "ip6.arpa." (RFC 3596 §2.5).
std::string ReverseName(const Address& address) {
  std::string name;
  const std::string_view bytes = address.bytes();
  for (size_t i = bytes.size(); i-- > 0;) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    if (address.is_v4()) {
      name += StrCat(byte, ".");
    } else {
      const std::string hex = HexEncode(bytes.substr(i, 1));
      name += StrCat(hex.substr(1, 1), ".", hex.substr(0, 1), ".");
    }
  }
  return name + (address.is_v4() ? "in-addr.arpa." : "ip6.arpa.");
}

std::vector<std::string> Owners(const ShownPort& shown) {
  std::vector<std::string> owners;
  for (const std::string& name : shown.names) {
    if (ConsistsOf(name, ".-_")) owners.push_back(name + ".");
  }
  if (!owners.empty()) return owners;
  if (shown.host.is_address()) return {ReverseName(shown.host.address())};
  if (ConsistsOf(shown.host.name(), ".-_")) owners.push_back(shown.host.name() + ".");
  return owners;
}

std::string TimeText(int64_t unix_s) {
  return unix_s == 0 ? "" : UtcText(unix_s);
}

std::string ModulusOf(const ShownKey& key) {
  if (key.type != "ssh-rsa") return "";
  ByteReader blob(key.blob);
  blob.String32(kMaxModulus);  // the type
  blob.String32(kMaxModulus);  // the exponent
  std::string_view modulus = blob.String32(kMaxModulus);
  while (!modulus.empty() && modulus.front() == '\0') modulus.remove_prefix(1);
  return blob.ok() ? std::string(modulus) : "";
}

}  // namespace

std::string KnownHostsLines(const ShownPort& shown) {
  if (!shown.ssh || !IsPlainHost(shown.host)) return "";
  std::string host = shown.host.ToString();
  if (shown.port != kSshPort) {
    // A hashed name has its port in it.
    if (host.starts_with("|1|")) return "";
    host = StrCat("[", host, "]:", shown.port);
  }
  std::string lines;
  for (const ShownKey* key : shown.NewestKeys()) {
    if (IsUsableKey(*key)) lines += StrCat(host, " ", key->type, " ", Base64(key->blob), "\n");
  }
  return lines;
}

std::string SshfpLines(const ShownPort& shown) {
  if (!shown.ssh || shown.port != kSshPort) return "";
  std::string lines;
  for (const std::string& owner : Owners(shown)) {
    for (const ShownKey* key : shown.NewestKeys()) {
      const int algorithm = key->blob.empty() ? 0 : SshfpAlgorithm(key->type);
      if (algorithm == 0) continue;
      lines += StrCat(owner, " IN SSHFP ", algorithm, " 2 ", HexEncode(Sha256(key->blob)), "\n");
    }
  }
  return lines;
}

std::string CsvCell(std::string_view text) {
  std::string cell = EscapeForDisplay(text);
  const bool formula =
      !cell.empty() && std::string_view("=+-@").find(cell.front()) != std::string_view::npos;
  if (formula) cell.insert(cell.begin(), '\'');
  if (cell.find_first_of(",\"") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string CsvHeading() {
  return "host,port,protocol,key_id,key_type,key_bits,fingerprint_sha256,fingerprint_md5,"
         "first_seen,last_seen,sightings,country,asn,banner\r\n";
}

std::string CsvLines(const ShownPort& shown) {
  std::string lines;
  for (const ShownKey& key : shown.keys) {
    const bool blob = !key.blob.empty();
    lines += StrCat(CsvCell(shown.host.ToString()), ",", shown.port, ",", shown.ssh ? "ssh" : "tls",
                    ",", HexEncode(key.id), ",", CsvCell(key.type), ",");
    lines +=
        StrCat(key.bits, ",", blob ? SshSha256Fingerprint(key.blob) : "", ",",
               blob ? SshMd5Fingerprint(key.blob) : "", ",", TimeText(key.first_unix_s), ",",
               TimeText(key.last_unix_s), ",", key.sightings, ",", CsvCell(shown.country), ",",
               shown.asn == 0 ? "" : std::to_string(shown.asn), ",", CsvCell(shown.banner), "\r\n");
  }
  return lines;
}

std::string ModuliLines(const ShownPort& shown, HashMemory& written) {
  std::string lines;
  for (const ShownKey& key : shown.keys) {
    const std::string modulus = ModulusOf(key);
    if (modulus.empty() || written.Note(Sha256(modulus))) continue;
    lines += StrCat(HexEncode(modulus), " ", HexEncode(key.id), "\n");
  }
  return lines;
}

}  // namespace hark

#include "exchange/zgrab_ssh.h"

#include "base/bytes.h"
#include "base/strings.h"
#include "exchange/imported_key.h"
#include "keys/hassh.h"
#include "keys/key_id.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

// As a worker has them (worker/probe/limits.h).
constexpr size_t kMostIdentification = 512;
constexpr size_t kMostNameList = size_t{16} * 1024;
constexpr size_t kMostName = 64;
constexpr size_t kMostNumber = 2048 + 1;

std::string IdentificationOf(const Json& handshake) {
  const std::string_view raw = Trim(JsonText(handshake, {"server_id", "raw"}, kMostIdentification));
  if (!raw.empty()) return std::string(raw);
  const std::string_view version = JsonText(handshake, {"server_id", "version"}, 16);
  const std::string_view software = JsonText(handshake, {"server_id", "software"}, 255);
  const std::string_view comment = JsonText(handshake, {"server_id", "comment"}, 255);
  if (version.empty()) return "";
  return StrCat("SSH-", version, "-", software, comment.empty() ? "" : " ", comment);
}

// ["a", "b"] -> "a,b"; "" for anything longer than a server may send.
std::string NameList(const Json& lists, std::string_view name) {
  const std::optional<Json> at = FindJson(lists, {name});
  simdjson::dom::array names;
  std::string out;
  if (!at || at->get(names) != simdjson::SUCCESS) return out;
  for (const Json& element : names) {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) continue;
    if (!out.empty()) out += ',';
    out += text;
    if (out.size() > kMostNameList) return "";
  }
  return out;
}

void ReadLists(const Json& from, proto::SshFacts* ssh) {
  proto::SshKexInit& lists = *ssh->mutable_kex_init();
  lists.set_kex_algorithms(NameList(from, "kex_algorithms"));
  lists.set_server_host_key_algorithms(NameList(from, "host_key_algorithms"));
  lists.set_encryption_client_to_server(NameList(from, "client_to_server_ciphers"));
  lists.set_encryption_server_to_client(NameList(from, "server_to_client_ciphers"));
  lists.set_mac_client_to_server(NameList(from, "client_to_server_macs"));
  lists.set_mac_server_to_client(NameList(from, "server_to_client_macs"));
  lists.set_compression_client_to_server(NameList(from, "client_to_server_compression"));
  lists.set_compression_server_to_client(NameList(from, "server_to_client_compression"));
  lists.set_languages_client_to_server(NameList(from, "client_to_server_languages"));
  lists.set_languages_server_to_client(NameList(from, "server_to_client_languages"));
  lists.set_first_kex_packet_follows(JsonTrue(from, {"first_kex_follows"}));
  ssh->set_hassh_server(HasshServer(lists.kex_algorithms(), lists.encryption_server_to_client(),
                                    lists.mac_server_to_client(),
                                    lists.compression_server_to_client()));
  ssh->set_passive_ssh_hassh(
      PassiveSshHassh(lists.server_host_key_algorithms(), lists.encryption_server_to_client(),
                      lists.mac_server_to_client(), lists.compression_server_to_client()));
}

std::string Name(const Json& from, JsonPath path) {
  return std::string(JsonText(from, path, kMostName));
}

void ReadAgreed(const Json& from, proto::SshFacts* ssh) {
  proto::SshAgreed& agreed = *ssh->mutable_agreed();
  agreed.set_kex(Name(from, {"dh_kex_algorithm"}));
  agreed.set_host_key(Name(from, {"host_key_algorithm"}));
  const std::string_view out = "client_to_server_alg_group", in = "server_to_client_alg_group";
  agreed.set_encryption_client_to_server(Name(from, {out, "cipher"}));
  agreed.set_encryption_server_to_client(Name(from, {in, "cipher"}));
  agreed.set_mac_client_to_server(Name(from, {out, "mac"}));
  agreed.set_mac_server_to_client(Name(from, {in, "mac"}));
  agreed.set_compression_client_to_server(Name(from, {out, "compression"}));
  agreed.set_compression_server_to_client(Name(from, {in, "compression"}));
  ssh->set_kex_algorithm(agreed.kex());
}

std::string BigEndian(uint64_t number) {
  ByteWriter out;
  out.U64(number);
  return out.Take();
}

std::string BlobOfRsa(const Json& rsa) {
  const std::string modulus = JsonBytes(rsa, {"modulus"}, kMostNumber);
  const std::optional<uint64_t> exponent = JsonNumber(rsa, {"exponent"});
  if (modulus.empty() || !exponent) return "";
  ByteWriter blob;
  blob.String32("ssh-rsa");
  blob.Mpint(BigEndian(*exponent));
  blob.Mpint(modulus);
  return blob.Take();
}

std::string BlobOfEd25519(const Json& key) {
  const std::string bytes = JsonBytes(key, {"public_bytes"}, 32);
  if (bytes.empty()) return "";
  ByteWriter blob;
  blob.String32("ssh-ed25519");
  blob.String32(bytes);
  return blob.Take();
}

std::string BlobOfEcdsa(const Json& key, std::string_view type) {
  const size_t size = type.ends_with("256") ? 32 : type.ends_with("384") ? 48 : 66;
  std::string x = JsonBytes(key, {"x"}, size), y = JsonBytes(key, {"y"}, size);
  if (x.empty() || y.empty() || !type.starts_with("ecdsa-sha2-")) return "";
  x.insert(0, size - x.size(), '\0');  // Go leaves leading zeros out
  y.insert(0, size - y.size(), '\0');
  ByteWriter blob;
  blob.String32(type);
  blob.String32(type.substr(type.rfind('-') + 1));
  blob.String32(StrCat('\x04', x, y));
  return blob.Take();
}

std::string BlobOfNumbers(const Json& key, std::string_view type) {
  if (const auto rsa = FindJson(key, {"rsa_public_key"})) return BlobOfRsa(*rsa);
  if (const auto ed = FindJson(key, {"ed25519_public_key"})) return BlobOfEd25519(*ed);
  if (const auto ecdsa = FindJson(key, {"ecdsa_public_key"})) return BlobOfEcdsa(*ecdsa, type);
  return "";
}

}  // namespace

void ReadZgrabHostKey(const Json& key, ImportedPort* port) {
  std::string type = Name(key, {"algorithm"});
  if (type.empty()) type = Name(key, {"key_algorithm"});
  const std::string fingerprint = JsonSha256(key, {"fingerprint_sha256"});
  std::string blob = JsonBytes(key, {"raw"}, kMaxSshKeyBlob);
  const bool told = !blob.empty();
  if (!told && !fingerprint.empty()) blob = BlobOfNumbers(key, type);
  // Without a blob of its own, or with another's, the record says no more than its fingerprint.
  if (!blob.empty() && !fingerprint.empty() && Sha256(blob) != fingerprint) blob.clear();
  if (!blob.empty()) {
    proto::SshHostKey& shown = *port->observation.mutable_ssh()->add_keys();
    shown.set_algorithm(type);
    shown.set_blob(blob);
  } else if (!fingerprint.empty()) {
    port->key_ids.push_back(ImportedSshKeyId(fingerprint));
  }
}

void ReadZgrabSsh(const Json& handshake, ImportedPort* port) {
  proto::SshFacts& ssh = *port->observation.mutable_ssh();
  ssh.set_identification(IdentificationOf(handshake));
  if (const auto lists = FindJson(handshake, {"server_key_exchange"})) ReadLists(*lists, &ssh);
  if (const auto agreed = FindJson(handshake, {"algorithm_selection"})) ReadAgreed(*agreed, &ssh);
  if (const auto key = FindJson(handshake, {"key_exchange", "server_host_key"})) {
    ReadZgrabHostKey(*key, port);
  }
}

}  // namespace hark

#include "worker/probe/ssh_algorithms.h"

#include <algorithm>

#include "base/strings.h"
#include "worker/probe/limits.h"

namespace hark {

// X25519 and P-256 cost us 50 µs a side; finite-field groups grow with the cube of their size, and
// group exchange costs a round trip more. group1 (1024 bits) is broken as a secret, which is no
// concern here: we keep none. Hybrids come last, so a server uses one only if it has nothing plain
// (RFC 4253 §7.1: the client's first that the server has).
const std::string_view kSshKexMethods =
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
    "ecdh-sha2-nistp521,diffie-hellman-group14-sha256,diffie-hellman-group14-sha1,"
    "diffie-hellman-group1-sha1,diffie-hellman-group16-sha512,"
    "diffie-hellman-group-exchange-sha256,diffie-hellman-group-exchange-sha1,"
    "diffie-hellman-group18-sha512,sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,"
    "mlkem768x25519-sha256";

const std::string_view kSshCiphers =
    "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,"
    "aes256-gcm@openssh.com,aes128-cbc,aes192-cbc,aes256-cbc,rijndael-cbc@lysator.liu.se,3des-cbc,"
    "3des-ctr,blowfish-cbc,blowfish-ctr,twofish-cbc,twofish128-cbc,twofish256-cbc,twofish128-ctr,"
    "twofish256-ctr,cast128-cbc,cast128-ctr,serpent256-cbc,camellia128-ctr,camellia256-ctr,"
    "arcfour256,arcfour128,arcfour,des-cbc,idea-cbc";

const std::string_view kSshMacs =
    "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,umac-64-etm@openssh.com,"
    "umac-128-etm@openssh.com,hmac-sha1-etm@openssh.com,hmac-sha2-256,hmac-sha2-512,"
    "umac-64@openssh.com,umac-128@openssh.com,hmac-sha1,hmac-sha1-96,hmac-md5,hmac-md5-96,"
    "hmac-ripemd160,hmac-ripemd160@openssh.com,hmac-sha256,hmac-sha256@ssh.com,hmac-sha2-256-96,"
    "hmac-sha2-512-96,hmac-md5-etm@openssh.com";

const std::string_view kSshCompression = "none,zlib@openssh.com,zlib";

const std::vector<SshKeyFamily>& KnownSshKeyFamilies() {
  // Cheapest to verify first. Certificates last: the key they certify is usually seen before.
  static const std::vector<SshKeyFamily> families = {
      {"ed25519", "ssh-ed25519"},
      {"ecdsa-nistp256", "ecdsa-sha2-nistp256"},
      {"ecdsa-nistp384", "ecdsa-sha2-nistp384"},
      {"ecdsa-nistp521", "ecdsa-sha2-nistp521"},
      {"rsa", "rsa-sha2-512,rsa-sha2-256,ssh-rsa"},
      {"dsa", "ssh-dss"},
      {"sk-ed25519", "sk-ssh-ed25519@openssh.com"},
      {"sk-ecdsa", "sk-ecdsa-sha2-nistp256@openssh.com"},
      {"ed25519-cert", "ssh-ed25519-cert-v01@openssh.com"},
      {"ecdsa-nistp256-cert", "ecdsa-sha2-nistp256-cert-v01@openssh.com"},
      {"ecdsa-nistp384-cert", "ecdsa-sha2-nistp384-cert-v01@openssh.com"},
      {"ecdsa-nistp521-cert", "ecdsa-sha2-nistp521-cert-v01@openssh.com"},
      {"rsa-cert",
       "rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com,"
       "ssh-rsa-cert-v01@openssh.com"},
      {"dsa-cert", "ssh-dss-cert-v01@openssh.com"},
      {"sk-ed25519-cert", "sk-ssh-ed25519-cert-v01@openssh.com"},
      {"sk-ecdsa-cert", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"},
  };
  return families;
}

std::string AllSshHostKeyAlgorithms() {
  std::string out;
  for (const SshKeyFamily& family : KnownSshKeyFamilies()) {
    out += (out.empty() ? "" : ",") + family.algorithms;
  }
  return out;
}

std::vector<SshKeyFamily> OfferedSshKeyFamilies(std::string_view server_list) {
  std::vector<SshKeyFamily> offered;
  const std::string known = AllSshHostKeyAlgorithms();
  for (const SshKeyFamily& family : KnownSshKeyFamilies()) {
    if (NegotiateSsh(family.algorithms, server_list)) offered.push_back(family);
  }
  for (std::string_view name : Split(server_list, ',')) {
    if (offered.size() >= kMaxSshConnections) break;
    if (name.empty() || name.size() > kMaxSshName || NameListHas(known, name)) continue;
    const bool twice = std::any_of(offered.begin(), offered.end(),
                                   [&](const SshKeyFamily& f) { return f.name == name; });
    if (!twice) offered.push_back({std::string(name), std::string(name)});
  }
  return offered;
}

bool NameListHas(std::string_view list, std::string_view name) {
  for (size_t at = 0; (at = list.find(name, at)) != std::string_view::npos; ++at) {
    const size_t end = at + name.size();
    if ((at == 0 || list[at - 1] == ',') && (end == list.size() || list[end] == ',')) return true;
  }
  return false;
}

bool IsHybridKex(std::string_view method) {
  return method.starts_with("sntrup761x25519") || method.starts_with("mlkem768x25519");
}

std::string_view FirstName(std::string_view list) {
  return list.substr(0, list.find(','));
}

std::optional<std::string_view> NegotiateSsh(std::string_view ours, std::string_view theirs) {
  for (std::string_view name : Split(ours, ',')) {
    if (NameListHas(theirs, name)) return name;
  }
  return std::nullopt;
}

SshAgreed AgreeSsh(std::string_view our_host_key_algorithms, const SshKexInit& theirs) {
  const auto agree = [](std::string_view ours, std::string_view list) {
    return std::string(NegotiateSsh(ours, list).value_or(std::string_view()));
  };
  SshAgreed agreed;
  agreed.kex = agree(kSshKexMethods, theirs.kex_algorithms);
  agreed.host_key = agree(our_host_key_algorithms, theirs.server_host_key_algorithms);
  agreed.encryption_client_to_server = agree(kSshCiphers, theirs.encryption_client_to_server);
  agreed.encryption_server_to_client = agree(kSshCiphers, theirs.encryption_server_to_client);
  agreed.mac_client_to_server = agree(kSshMacs, theirs.mac_client_to_server);
  agreed.mac_server_to_client = agree(kSshMacs, theirs.mac_server_to_client);
  agreed.compression_client_to_server = agree(kSshCompression, theirs.compression_client_to_server);
  agreed.compression_server_to_client = agree(kSshCompression, theirs.compression_server_to_client);
  return agreed;
}

}  // namespace hark

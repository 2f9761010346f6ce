#pragma once

// What ssh-keyscan and `openssl s_client` see of a server: the measure for what hark must see.
// Everything here is computed by those programs, nothing by our own key code.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/real_servers/server_process.h"
#include "worker/probe/observation.h"

namespace hark {

// --- SSH -----------------------------------------------------------------------------------------
// Key blobs ssh-keyscan gets, asked for every type it knows. Of the ECDSA curves it takes the one
// it likes best, so a server may have keys it cannot see.
enum class KeyscanFor : uint8_t { kKeys, kCertificates };
std::set<std::string> KeyscanBlobs(const ServerProcess& server, uint16_t port,
                                   KeyscanFor what = KeyscanFor::kKeys);
// The blobs of public key files in the server's folder.
std::set<std::string> FileBlobs(const ServerProcess& server, const std::vector<std::string>& files);
std::set<std::string> Blobs(const PortObservation& seen);

// --- TLS -----------------------------------------------------------------------------------------
// How s_client has to speak to the port.
struct ClientWay {
  std::string starttls;  // "smtp", "imap", "pop3"; "" = TLS from the first byte
  std::string more;      // further arguments, e.g. "-tls1"
};

// SHA-256 of the SPKI, in hex, of every leaf s_client is shown: once as it comes, once for RSA and
// once for ECDSA only, with TLS 1.3 and without.
std::set<std::string> ClientKeys(const ServerProcess& server, uint16_t port,
                                 const ClientWay& way = {});
// The same of certificate files in the server's folder.
std::set<std::string> FileKeys(const ServerProcess& server, const std::vector<std::string>& files);
// And what hark saw: its leaf and the other one.
std::set<std::string> LeafKeys(const PortObservation& seen);

// The DER inside a PEM certificate file.
std::string PemToDer(const std::string& pem);

}  // namespace hark

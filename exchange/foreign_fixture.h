#pragma once

// For tests of importers: keys of nobody, as blobs and as the texts that other programs make of
// them, and words for what a sighting has.

#include <algorithm>
#include <string>
#include <vector>

#include "analysis/json_text.h"
#include "base/bytes.h"
#include "base/strings.h"
#include "exchange/foreign_record.h"
#include "keys/ssh_key.h"

namespace hark {

inline std::string Ed25519BlobOf(uint8_t number) {
  ByteWriter out;
  out.String32("ssh-ed25519");
  out.String32(std::string(32, static_cast<char>(number)));
  return out.Take();
}

inline std::string RsaBlobOf(uint8_t number) {
  ByteWriter out;
  out.String32("ssh-rsa");
  out.Mpint(std::string("\x01\x00\x01", 3));
  out.Mpint("\xc1" + std::string(254, static_cast<char>(number)) + "\x01");
  return out.Take();
}

// "ssh-ed25519 AAAA...", as in a record or a known_hosts file.
inline std::string KeyText(const std::string& blob) {
  return StrCat(ReadSshKey(blob).type, " ", Base64(blob));
}

// "8f:f9:...", as Passive SSH writes them.
inline std::string Md5Text(const std::string& blob) {
  return SshMd5Fingerprint(blob).substr(4);
}

// A host_keys entry of Passive SSH.
inline std::string HostKeyJson(const std::string& name, const std::string& blob) {
  return StrCat(R"({"fingerprint":")", Md5Text(blob), R"(","name":")", name, R"(","base64":")",
                KeyText(blob), R"("})");
}

inline std::vector<std::string> BodiesOf(const Sighting& sighting, FactKind kind) {
  std::vector<std::string> bodies;
  for (const SightedFact& fact : sighting.facts) {
    if (fact.fact.kind == kind) bodies.push_back(fact.body);
  }
  return bodies;
}

}  // namespace hark

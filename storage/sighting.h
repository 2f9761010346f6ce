#pragma once

// One visit to one port of one host, by whomever: what history is made of.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/host_id.h"
#include "proto/observation.pb.h"
#include "proto/store.pb.h"
#include "storage/timeline.h"

namespace hark {

// A fact and what it stands for, as far as that is known.
struct SightedFact {
  Fact fact;
  // kKey: the SSH blob, or the DER SubjectPublicKeyInfo if spki. kCertificate: DER.
  // kBanner: the text. kAlgorithms: proto::AlgorithmsRow. "" = unknown, or nothing more to know.
  std::string body;
  bool spki = false;
  std::string md5;     // of kKey: of its SSH blob, 16 bytes, if somebody computed it already
  std::string sha256;  // of kKey: the key id; of kCertificate: of its DER; 32 bytes
};

struct Sighting {
  HostId host;
  uint16_t port = 0;
  int64_t unix_s = 0;
  std::vector<SightedFact> facts;
};

// What an observation shows: its outcome; the identification or greeting; algorithm lists; keys
// whose signature is not wrong; the leaf certificates of chains that are given; TLS parameters.
std::vector<SightedFact> FactsOf(const proto::PortObservation& observation);

// For importers that know less.
SightedFact KeyFactOfBlob(std::string_view ssh_blob);
SightedFact KeyFactOfSpki(std::string_view spki_der);
SightedFact CertificateFact(std::string_view der);
SightedFact CertificateFactOfHash(std::string_view sha256);  // 32 bytes, no body
SightedFact BannerFact(std::string_view text);
SightedFact OutcomeFact(uint32_t outcome, uint32_t stage);
// Of the four lists of Passive SSH and whatever else the row says.
SightedFact AlgorithmsFact(const proto::AlgorithmsRow& row);
SightedFact TlsFact(uint32_t version, uint32_t cipher_suite, std::string_view group);

}  // namespace hark

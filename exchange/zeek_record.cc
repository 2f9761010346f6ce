#include "exchange/zeek_record.h"

#include <algorithm>

#include "base/strings.h"
#include "exchange/imported_key.h"
#include "keys/certificate.h"
#include "keys/hassh.h"
#include "keys/tls_names.h"

namespace hark {
namespace {

constexpr size_t kMaxBanner = 512;
constexpr size_t kMaxList = size_t{16} * 1024;
constexpr size_t kMaxGroup = 32;
constexpr size_t kHasshDigits = 32;

// nullopt and a fault: the entry tells of nobody, or of no time.
std::optional<Sighting> SightingOf(const ZeekEntry& entry, ForeignRecord* record) {
  const std::optional<HostId> host = HostId::Parse(entry.Text("id.resp_h"));
  const uint64_t port = ParseUint(entry.Text("id.resp_p")).value_or(0);
  const std::optional<int64_t> at = entry.Seconds("ts");
  if (!host || !host->is_address()) {
    record->faults.emplace_back("id.resp_h: no address");
  } else if (port == 0 || port > UINT16_MAX) {
    record->faults.emplace_back("id.resp_p: no port");
  } else if (!at) {
    record->faults.emplace_back("ts: no time");
  } else {
    return Sighting{*host, static_cast<uint16_t>(port), *at, {}};
  }
  return std::nullopt;
}

bool IsNames(std::string_view text) {
  return text.size() <= kMaxList && std::all_of(text.begin(), text.end(), [](char c) {
           return c > ' ' && c < '\x7f' && c != ';';
         });
}

// hasshServerAlgorithms is "kex;encryption;mac;compression", sshka the host-key algorithms.
bool FillLists(const ZeekEntry& entry, proto::SshKexInit* lists) {
  const std::vector<std::string_view> four = Split(entry.Text("hasshServerAlgorithms"), ';');
  const std::string host_keys = Join(entry.List("sshka"), ",");
  if (!IsNames(host_keys)) return false;
  lists->set_server_host_key_algorithms(host_keys);
  if (four.size() == 1 && four[0].empty()) return true;
  if (four.size() != 4 || !std::all_of(four.begin(), four.end(), IsNames)) return false;
  lists->set_kex_algorithms(std::string(four[0]));
  lists->set_encryption_server_to_client(std::string(four[1]));
  lists->set_mac_server_to_client(std::string(four[2]));
  lists->set_compression_server_to_client(std::string(four[3]));
  return true;
}

void AddAlgorithms(const ZeekEntry& entry, Sighting* sighting, ForeignRecord* record) {
  proto::AlgorithmsRow row;
  proto::SshKexInit& lists = *row.mutable_lists();
  if (!FillLists(entry, &lists)) {
    record->faults.emplace_back("hasshServerAlgorithms: no lists of names");
    row.Clear();
  }
  std::string hassh = AsciiLower(entry.Text("hasshServer"));
  if (!hassh.empty() && (hassh.size() != kHasshDigits || !HexDecode(hassh))) {
    record->faults.emplace_back("hasshServer: not 32 hex digits");
    hassh.clear();
  }
  const proto::SshKexInit& given = row.lists();
  if (!given.kex_algorithms().empty()) {
    const std::string own =
        HasshServer(given.kex_algorithms(), given.encryption_server_to_client(),
                    given.mac_server_to_client(), given.compression_server_to_client());
    if (!hassh.empty() && !own.empty() && hassh != own) {
      record->faults.emplace_back("hasshServer: not the value of the lists; kept");
    }
    if (hassh.empty()) hassh = own;
    if (!given.server_host_key_algorithms().empty()) {
      row.set_passive_ssh_hassh(
          PassiveSshHassh(given.server_host_key_algorithms(), given.encryption_server_to_client(),
                          given.mac_server_to_client(), given.compression_server_to_client()));
    }
  }
  row.set_hassh(hassh);
  if (hassh.empty() && given.server_host_key_algorithms().empty()) return;
  sighting->facts.push_back(AlgorithmsFact(row));
}

// Zeek's names: SSLv3, TLSv10 to TLSv13. 0: another one.
uint16_t VersionOf(std::string_view name) {
  if (name == "SSLv3") return 0x0300;
  if (name == "TLSv10") return 0x0301;
  if (name == "TLSv11") return 0x0302;
  if (name == "TLSv12") return 0x0303;
  if (name == "TLSv13") return 0x0304;
  return 0;
}

// Of cert_chain_fps, or through x509.log of either; "" if none is told.
std::string LeafName(const ZeekEntry& entry) {
  for (const char* field : {"cert_chain_fps", "cert_chain_fuids"}) {
    const std::vector<std::string> chain = entry.List(field);
    if (!chain.empty()) return chain.front();
  }
  return {};
}

void AddLeaf(const ZeekEntry& entry, const ZeekCertificates& certificates, Sighting* sighting,
             ForeignRecord* record) {
  const std::string name = LeafName(entry);
  if (name.empty()) return;
  const ZeekCertificate* known = certificates.Find(name);
  if (known != nullptr && !known->der.empty()) {
    sighting->facts.push_back(CertificateFact(known->der));
    // The certificate's body has the key's, too.
    if (const auto id = KeyIdOfCertificate(known->der)) {
      sighting->facts.push_back(KeyFactOfId(id->bytes()));
    }
    return;
  }
  const std::optional<std::string> sha256 =
      known != nullptr ? known->sha256 : ZeekCertificates::Sha256Of(name);
  if (sha256) {
    sighting->facts.push_back(CertificateFactOfHash(*sha256));
  } else {
    record->faults.emplace_back("certificate: no x509.log beside tells which it is");
  }
}

}  // namespace

ForeignRecord ReadZeekSsh(const ZeekEntry& entry) {
  ForeignRecord record;
  std::optional<Sighting> sighting = SightingOf(entry, &record);
  if (!sighting) return record;
  const std::string_view banner = entry.Text("server");
  if (banner.size() > kMaxBanner) {
    record.faults.emplace_back("server: too long");
  } else if (!banner.empty()) {
    sighting->facts.push_back(BannerFact(banner));
  }
  AddAlgorithms(entry, &*sighting, &record);
  if (!entry.Text("host_key").empty()) {
    record.faults.emplace_back("host_key: an MD5, of which no key can be made");
  }
  if (!sighting->facts.empty()) record.sightings.push_back(std::move(*sighting));
  return record;
}

ZeekSslReader::ZeekSslReader() {
  for (uint32_t suite = 0; suite <= UINT16_MAX; ++suite) {
    std::string name = TlsSuiteName(static_cast<uint16_t>(suite));
    if (!name.starts_with("0x")) suites_[std::move(name)] = static_cast<uint16_t>(suite);
  }
}

void ZeekSslReader::AddTls(const ZeekEntry& entry, ForeignRecord* record) const {
  const std::string_view version = entry.Text("version");
  if (version.empty()) return;
  const std::string cipher(entry.Text("cipher"));
  const auto suite = suites_.find(cipher);
  std::string group(entry.Text("curve"));
  if (group.size() > kMaxGroup || !IsNames(group)) group.clear();
  if (VersionOf(version) == 0) {
    record->faults.emplace_back("version: not one of TLS over TCP");
  } else if (suite == suites_.end()) {
    record->faults.emplace_back("cipher: an unknown name");
  } else {
    record->sightings.front().facts.push_back(TlsFact(VersionOf(version), suite->second, group));
  }
}

ForeignRecord ZeekSslReader::Read(const ZeekEntry& entry,
                                  const ZeekCertificates& certificates) const {
  ForeignRecord record;
  std::optional<Sighting> sighting = SightingOf(entry, &record);
  if (!sighting) return record;
  // Its port is one of UDP.
  if (entry.Text("version").starts_with("DTLS")) {
    record.faults.emplace_back("version: not one of TLS over TCP");
    return record;
  }
  record.sightings.push_back(std::move(*sighting));
  AddTls(entry, &record);
  AddLeaf(entry, certificates, &record.sightings.front(), &record);
  if (record.sightings.front().facts.empty()) record.sightings.clear();
  return record;
}

}  // namespace hark

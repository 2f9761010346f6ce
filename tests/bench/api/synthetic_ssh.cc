#include "tests/bench/api/synthetic_ssh.h"

#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "api/ssh_words.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/outcome.h"
#include "base/strings.h"
#include "keys/digests.h"
#include "keys/hassh.h"

namespace hark::bench {
namespace {

constexpr uint64_t kCommonBanners = 100;
constexpr size_t kRsaBytes = 256;

// What OpenSSH 9 offers, but for one name that tells the kinds apart.
proto::AlgorithmsRow AlgorithmsOfKind(uint64_t kind) {
  proto::AlgorithmsRow row;
  proto::SshKexInit& lists = *row.mutable_lists();
  lists.set_kex_algorithms(StrCat(
      "sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org,",
      "ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,kex-strict-s-v00@openssh.com,kind-",
      kind));
  lists.set_server_host_key_algorithms("rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519");
  const std::string encryption = StrCat(
      "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,kind-",
      kind);
  const std::string mac =
      "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
      "hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512";
  const std::string compression = "none,zlib@openssh.com";
  lists.set_encryption_server_to_client(encryption);
  lists.set_mac_server_to_client(mac);
  lists.set_compression_server_to_client(compression);
  row.set_hassh(HasshServer(lists.kex_algorithms(), encryption, mac, compression));
  row.set_passive_ssh_hassh(
      PassiveSshHassh(lists.server_host_key_algorithms(), encryption, mac, compression));
  return row;
}

nlohmann::ordered_json NamesOf(const std::string& list) {
  auto names = nlohmann::ordered_json::array();
  for (const std::string_view name : Split(list, ',')) names.push_back(name);
  return names;
}

nlohmann::ordered_json KeyOf(std::string_view type, const std::string& blob) {
  std::string base64(blob.size() * 2, '\0');
  const int size = EVP_EncodeBlock(AsUnsigned(base64.data()), AsUnsigned(blob.data()),
                                   static_cast<int>(blob.size()));
  base64.resize(static_cast<size_t>(size));
  return {
      {"fingerprint", ColonHex(Md5(blob))}, {"name", type}, {"base64", StrCat(type, " ", base64)}};
}

}  // namespace

SyntheticSsh::SyntheticSsh(const SshPopulation& population, uint64_t seed)
    : population_(population),
      random_(seed),
      curve_(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)),
      step_(EC_POINT_new(curve_.get())),
      point_(EC_POINT_new(curve_.get())) {
  const BignumPtr factor(BN_bin2bn(AsUnsigned(Bytes(31).data()), 31, nullptr));
  HARK_CHECK(EC_POINT_mul(curve_.get(), step_.get(), factor.get(), nullptr, nullptr, nullptr) == 1);
  HARK_CHECK(EC_POINT_copy(point_.get(), step_.get()) == 1);
  for (uint64_t kind = 0; kind < population.hasshs; ++kind) {
    rows_.push_back(AlgorithmsOfKind(kind));
    algorithms_.push_back(AlgorithmsFact(rows_.back()));
  }
}

std::string SyntheticSsh::Bytes(size_t n) {
  std::string out(n, '\0');
  for (size_t i = 0; i < n; i += sizeof(uint64_t)) {
    const uint64_t word = random_.Next();
    std::memcpy(out.data() + i, &word, std::min(sizeof word, n - i));
  }
  return out;
}

// One addition a key; a multiplication would take thirty times as long.
std::string SyntheticSsh::NextPoint() {
  std::string out(65, '\0');
  HARK_CHECK(EC_POINT_add(curve_.get(), point_.get(), point_.get(), step_.get(), nullptr) == 1);
  HARK_CHECK(EC_POINT_point2oct(curve_.get(), point_.get(), POINT_CONVERSION_UNCOMPRESSED,
                                AsUnsigned(out.data()), out.size(), nullptr) == out.size());
  return out;
}

// The first hosts have the rare ones, one each; the others what everybody has.
std::string SyntheticSsh::BannerOf(uint64_t host) {
  const uint64_t common = std::min(kCommonBanners, population_.banners);
  if (host < population_.banners - common) {
    return StrCat("SSH-2.0-", HexEncode(Bytes(8)), "_", host);
  }
  return StrCat("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u", random_.Below(common));
}

SyntheticSsh::Host SyntheticSsh::Next() {
  Host host;
  // From 11.0.0.0 on, with gaps, as a country's servers lie.
  host.address = Address::V4(static_cast<uint32_t>(0x0b000000 + host_ * 7 + random_.Below(7)));
  std::string modulus = Bytes(kRsaBytes);
  modulus.front() = static_cast<char>(modulus.front() | '\x80');
  modulus.back() = static_cast<char>(modulus.back() | 1);
  ByteWriter rsa, ecdsa, ed25519;
  rsa.String32("ssh-rsa");
  rsa.Mpint(std::string("\x01\x00\x01", 3));
  rsa.Mpint(modulus);
  ecdsa.String32("ecdsa-sha2-nistp256");
  ecdsa.String32("nistp256");
  ecdsa.String32(NextPoint());
  ed25519.String32("ssh-ed25519");
  ed25519.String32(Bytes(32));
  host.rsa = rsa.Take();
  host.ecdsa = ecdsa.Take();
  host.ed25519 = ed25519.Take();
  host.banner = BannerOf(host_);
  host.hassh = random_.Below(population_.hasshs);
  ++host_;
  return host;
}

std::vector<SightedFact> SyntheticSsh::FactsOf(const Host& host) const {
  std::vector<SightedFact> facts;
  facts.push_back(
      OutcomeFact(static_cast<uint32_t>(Outcome::kOk), static_cast<uint32_t>(Stage::kDone)));
  facts.push_back(BannerFact(host.banner));
  facts.push_back(algorithms_[host.hassh]);
  for (const std::string* blob : {&host.rsa, &host.ecdsa, &host.ed25519}) {
    facts.push_back(KeyFactOfBlob(*blob));
  }
  return facts;
}

std::string SyntheticSsh::RecordOf(const Host& host, int64_t unix_s) const {
  const proto::AlgorithmsRow& row = rows_[host.hassh];
  nlohmann::ordered_json record;
  record["banner"] = host.banner;
  record["key_exchange"] = {
      {"key", NamesOf(row.lists().server_host_key_algorithms())},
      {"encrypt", NamesOf(row.lists().encryption_server_to_client())},
      {"mac", NamesOf(row.lists().mac_server_to_client())},
      {"compress", NamesOf(row.lists().compression_server_to_client())},
      {"lang", nlohmann::ordered_json::array()},
  };
  record["ip"] = host.address.ToString();
  record["port"] = 22;
  record["date"] = DayText(unix_s);
  record["epoch"] = unix_s;
  record["host_keys"] = {KeyOf("ssh-rsa", host.rsa), KeyOf("ecdsa-sha2-nistp256", host.ecdsa),
                         KeyOf("ssh-ed25519", host.ed25519)};
  record["hassh"] = row.passive_ssh_hassh();
  return record.dump();
}

}  // namespace hark::bench

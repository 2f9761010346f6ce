#include "tests/bench/passive_ssh_records.h"

#include <openssl/obj_mac.h>

#include "analysis/json_text.h"
#include "base/address.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/strings.h"
#include "keys/hassh.h"
#include "keys/ssh_key.h"

namespace hark::bench {
namespace {

constexpr uint32_t kFirstHost = 0x64400000;  // RFC 6598: nobody's on the Internet
constexpr const char* kBanners[] = {"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
                                    "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.10",
                                    "SSH-2.0-OpenSSH_7.4"};
constexpr const char* kHostKeys = "rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519";
constexpr const char* kMac[] = {
    "umac-64-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"
    "hmac-sha1-etm@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1",
    "hmac-sha2-256,hmac-sha2-512"};
constexpr const char* kEncrypt =
    "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,"
    "aes256-gcm@openssh.com";
constexpr const char* kCompress = "none,zlib@openssh.com";

std::string JsonList(std::string_view names) {
  std::string out;
  for (std::string_view name : Split(names, ',')) {
    out += StrCat(out.empty() ? "[\"" : ", \"", name, "\"");
  }
  return out + "]";
}

std::string HostKey(std::string_view name, std::string_view type, const std::string& blob) {
  return StrCat("{\"fingerprint\": \"", SshMd5Fingerprint(blob).substr(4), "\", \"name\": \"", name,
                "\", \"base64\": \"", type, " ", Base64(blob), "\"}");
}

}  // namespace

PassiveSshRecords::PassiveSshRecords(uint64_t seed)
    : random_(seed),
      curve_(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)),
      point_(EC_POINT_new(curve_.get())) {
  const BignumPtr start(BN_new());
  BN_set_word(start.get(), random_.Next() | 1);
  HARK_CHECK(EC_POINT_mul(curve_.get(), point_.get(), start.get(), nullptr, nullptr, nullptr) == 1);
}

PassiveSshRecords::~PassiveSshRecords() = default;

std::string PassiveSshRecords::Blobless(size_t bytes) {
  ByteWriter out;
  while (out.size() < bytes) out.U64(random_.Next());
  return out.Take().substr(0, bytes);
}

std::string PassiveSshRecords::NextPoint() {
  const EC_POINT* generator = EC_GROUP_get0_generator(curve_.get());
  HARK_CHECK(EC_POINT_add(curve_.get(), point_.get(), point_.get(), generator, nullptr) == 1);
  std::string out(65, '\0');
  HARK_CHECK(EC_POINT_point2oct(curve_.get(), point_.get(), POINT_CONVERSION_UNCOMPRESSED,
                                AsUnsigned(out.data()), out.size(), nullptr) == out.size());
  return out;
}

std::string PassiveSshRecords::Next(int64_t unix_s) {
  ByteWriter rsa;
  rsa.String32("ssh-rsa");
  rsa.Mpint(std::string("\x01\x00\x01", 3));
  std::string modulus = Blobless(256);
  modulus.front() = static_cast<char>(modulus.front() | '\x80');
  modulus.back() = static_cast<char>(modulus.back() | '\x01');
  rsa.Mpint(modulus);
  ByteWriter ecdsa;
  ecdsa.String32("ecdsa-sha2-nistp256");
  ecdsa.String32("nistp256");
  ecdsa.String32(NextPoint());
  ByteWriter ed25519;
  ed25519.String32("ssh-ed25519");
  ed25519.String32(Blobless(32));
  const char* mac = kMac[host_ % 2];
  const std::string lists = StrCat(
      "{\"key\": ", JsonList(kHostKeys), ", \"encrypt\": ", JsonList(kEncrypt),
      ", \"mac\": ", JsonList(mac), ", \"compress\": ", JsonList(kCompress), ", \"lang\": []}");
  const std::string keys =
      StrCat("[", HostKey("rsa-sha2-512", "ssh-rsa", rsa.str()), ", ",
             HostKey("rsa-sha2-256", "ssh-rsa", rsa.str()), ", ",
             HostKey("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", ecdsa.str()), ", ",
             HostKey("ssh-ed25519", "ssh-ed25519", ed25519.str()), "]");
  const std::string address = Address::V4(kFirstHost + host_).ToString();
  return StrCat("{\"banner\": \"", kBanners[host_++ % 3], "\", \"key_exchange\": ", lists,
                ", \"ip\": \"", address,
                "\", \"port\": 22, \"date\": \"20260101\", \"epoch\": ", unix_s,
                ", \"host_keys\": ", keys, ", \"hassh\": \"",
                PassiveSshHassh(kHostKeys, kEncrypt, mac, kCompress), "\"}\n");
}

}  // namespace hark::bench

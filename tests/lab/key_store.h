#pragma once

// All key pairs of a lab, by name. Kept in one file so that a lab of 20,000 hosts starts in
// seconds: making the keys takes longer than everything else. Prepare() is for one thread, what is
// prepared for all.
//
// File "keys-v1" in the cache directory, integers big-endian, strings as u32 length and bytes:
//   "harklab1" then records of  u8 key type | name | PKCS#8 DER | SPKI DER | certificate DER
// A file that does not read to its end is ignored and written anew. The keys protect nothing.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/status.h"
#include "tests/lab/lab_key.h"

namespace hark::lab {

// Made, an ecdsa-p256, where a service sends a chain: it signs all of them. No name of a scenario
// begins with a control character.
inline constexpr char kAuthorityKey[] = "\x01/authority";

class KeyStore {
 public:
  struct Key {
    KeyType type = KeyType::kEd25519;
    std::string private_der;
    std::string spki_der;
    std::string certificate_der;  // "" until TLS uses the key

    // Decoded when first used: most hosts of a large lab are never asked for most of their keys.
    // Any thread may ask.
    EVP_PKEY* pkey() const;
    X509* certificate() const;
    const std::string& ssh_blob() const;

   private:
    friend class KeyStore;
    // On the heap, for a key moves and a once_flag does not.
    struct Decoded {
      std::once_flag key_once, certificate_once, blob_once;
      PkeyPtr pkey;
      X509Ptr certificate;
      std::string ssh_blob;
    };
    std::unique_ptr<Decoded> decoded_ = std::make_unique<Decoded>();
  };

  // directory "" keeps everything in memory.
  explicit KeyStore(std::string directory) : directory_(std::move(directory)) {}

  // Makes every key of the scenario that is not cached yet and saves the new ones;
  // not being able to is a warning.
  Status Prepare(const Scenario& scenario);

  // A prepared key; the pointer stays good.
  const Key* Find(const std::string& name, KeyType type) const;
  uint64_t made() const { return made_; }  // keys that were not in the cache

 private:
  Status Make(KeyType type, Key& key);
  Status Load();
  Status Save() const;
  std::string FileName() const { return directory_ + "/keys-v1"; }

  std::string directory_;
  std::unordered_map<std::string, Key> keys_;  // by type byte + name
  uint64_t made_ = 0;
  bool loaded_ = false;
};

// $XDG_CACHE_HOME/hark-lab or ~/.cache/hark-lab.
std::string DefaultKeyCache();

}  // namespace hark::lab

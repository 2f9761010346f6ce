#include "tests/lab/key_store.h"

#include <cstdlib>
#include <set>

#include "base/bytes.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"

namespace hark::lab {
namespace {

constexpr std::string_view kMagic = "harklab1";
constexpr size_t kMaxField = size_t{64} * 1024;  // a 4096-bit RSA key with certificate is 4 KB
constexpr size_t kMaxFile = size_t{4} << 30;     // a million keys are 1 GB

std::string MapKey(std::string_view name, KeyType type) {
  return StrCat(static_cast<char>('0' + static_cast<int>(type)), name);
}

// Only these need a certificate, and signing one can cost more than making the key.
std::set<std::string_view> UsedByTls(const Scenario& scenario) {
  std::set<std::string_view> out;
  for (const Host& host : scenario.hosts) {
    for (const Service& service : host.services) {
      if (service.protocol != Protocol::kSsh) out.insert(service.keys.begin(), service.keys.end());
    }
  }
  return out;
}

bool NeedsAuthority(const Scenario& scenario) {
  for (const Host& host : scenario.hosts) {
    for (const Service& service : host.services) {
      if (service.chain != 0) return true;
    }
  }
  return false;
}

}  // namespace

EVP_PKEY* KeyStore::Key::pkey() const {
  std::call_once(decoded_->key_once, [&] { decoded_->pkey = ParsePrivateDer(private_der); });
  HARK_CHECK(decoded_->pkey != nullptr);
  return decoded_->pkey.get();
}

X509* KeyStore::Key::certificate() const {
  std::call_once(decoded_->certificate_once,
                 [&] { decoded_->certificate = ParseCertificate(certificate_der); });
  HARK_CHECK(decoded_->certificate != nullptr);
  return decoded_->certificate.get();
}

const std::string& KeyStore::Key::ssh_blob() const {
  std::call_once(decoded_->blob_once, [&] { decoded_->ssh_blob = SshBlob(pkey(), type); });
  return decoded_->ssh_blob;
}

Status KeyStore::Prepare(const Scenario& scenario) {
  if (!loaded_) HARK_RETURN_IF_ERROR(Load());
  loaded_ = true;
  const std::set<std::string_view> certified = UsedByTls(scenario);
  bool changed = false;
  std::map<std::string, KeyType> wanted = scenario.key_types;
  if (NeedsAuthority(scenario)) wanted.emplace(kAuthorityKey, KeyType::kEcdsaP256);
  for (const auto& [name, type] : wanted) {
    Key& key = keys_[MapKey(name, type)];
    if (key.private_der.empty()) {
      HARK_RETURN_IF_ERROR(Make(type, key));
      changed = true;
    }
    if (key.certificate_der.empty() && certified.count(name) != 0) {
      key.certificate_der = SelfSigned(key.pkey(), type, name);
      changed = true;
    }
  }
  if (!changed) return Status::Ok();
  const Status saved = Save();
  // The lab works without; it only starts more slowly the next time.
  if (!saved.ok()) LogWarning("lab", "keys are not kept: " + saved.message());
  return Status::Ok();
}

Status KeyStore::Make(KeyType type, Key& key) {
  HARK_ASSIGN_OR_RETURN(const PkeyPtr made, GenerateKey(type));
  key.type = type;
  key.private_der = PrivateDer(made.get());
  key.spki_der = SpkiDer(made.get());
  ++made_;
  return Status::Ok();
}

const KeyStore::Key* KeyStore::Find(const std::string& name, KeyType type) const {
  const auto it = keys_.find(MapKey(name, type));
  return it == keys_.end() ? nullptr : &it->second;
}

Status KeyStore::Load() {
  if (directory_.empty()) return Status::Ok();
  const Result<std::string> file = ReadFile(FileName(), kMaxFile);
  if (!file.ok()) return Status::Ok();  // a first start
  ByteReader in(*file);
  std::unordered_map<std::string, Key> keys;
  bool good = in.Bytes(kMagic.size()) == kMagic;
  while (good && !in.empty()) {
    const uint8_t type = in.U8();
    const std::string_view name = in.String32(kMaxField);
    Key key;
    key.private_der = in.String32(kMaxField);
    key.spki_der = in.String32(kMaxField);
    key.certificate_der = in.String32(kMaxField);
    good = in.ok() && type < kKeyTypeCount;
    if (!good) break;
    key.type = static_cast<KeyType>(type);
    keys.emplace(MapKey(name, key.type), std::move(key));
  }
  if (good) {
    keys_ = std::move(keys);
  } else {
    LogWarning("lab", StrCat(FileName(), " is damaged; making all keys anew"));
  }
  return Status::Ok();
}

Status KeyStore::Save() const {
  if (directory_.empty()) return Status::Ok();
  ByteWriter out;
  out.Bytes(kMagic);
  for (const auto& [map_key, key] : keys_) {
    out.U8(static_cast<uint8_t>(key.type));
    out.String32(std::string_view(map_key).substr(1));
    out.String32(key.private_der);
    out.String32(key.spki_der);
    out.String32(key.certificate_der);
  }
  HARK_RETURN_IF_ERROR(MakeDirectories(directory_));
  return WriteFileAtomically(FileName(), out.str(), 0600);
}

std::string DefaultKeyCache() {
  const char* xdg = std::getenv("XDG_CACHE_HOME");  // NOLINT(concurrency-mt-unsafe): never set here
  if (xdg != nullptr && *xdg != '\0') return StrCat(xdg, "/hark-lab");
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): never set here
  return home != nullptr && *home != '\0' ? StrCat(home, "/.cache/hark-lab") : "";
}

}  // namespace hark::lab

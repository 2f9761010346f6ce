#include "api/api_keyring.h"

#include <openssl/crypto.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr const char* kWhere = "api/keys";
// A revoked key is out that soon.
constexpr Duration kLookEvery = std::chrono::seconds(1);

// "NAME" of "NAME.SECRET".
std::string_view NameOf(std::string_view text) {
  return text.substr(0, std::min(text.find('.'), text.size()));
}

}  // namespace

// Another inode or time: files are replaced, never written into.
std::string ApiKeyring::Stamp() const {
  struct stat info {};
  if (stat(file_.c_str(), &info) != 0) return "none";
  return StrCat(info.st_ino, " ", info.st_mtim.tv_sec, " ", info.st_mtim.tv_nsec, " ",
                info.st_size);
}

Result<std::unique_ptr<ApiKeyring>> ApiKeyring::Open(const std::string& file) {
  std::unique_ptr<ApiKeyring> ring(new ApiKeyring(file));
  const std::lock_guard lock(ring->mutex_);
  HARK_RETURN_IF_ERROR(ring->Load(std::chrono::steady_clock::now()));
  return ring;
}

Status ApiKeyring::Load(MonoTime now) {
  stamp_ = Stamp();
  looked_ = now;
  HARK_ASSIGN_OR_RETURN(const std::vector<ApiKey> keys, ReadApiKeys(file_));
  std::map<std::string, Held, std::less<>> fresh;
  for (const ApiKey& key : keys) {
    // A key that stays keeps its tokens, or reading the file again would be a way to get more.
    const auto old = keys_.find(key.name);
    const bool same = old != keys_.end() && old->second.key.hash == key.hash &&
                      old->second.key.per_second == key.per_second &&
                      old->second.key.burst == key.burst;
    fresh.emplace(key.name, Held{key, same ? old->second.bucket
                                           : TokenBucket(static_cast<double>(key.per_second),
                                                         static_cast<double>(key.burst), now)});
  }
  keys_ = std::move(fresh);
  asks_ = asks_ || !keys_.empty();
  return Status::Ok();
}

void ApiKeyring::LookAgain(MonoTime now) {
  if (now < looked_ + kLookEvery) return;
  looked_ = now;
  if (Stamp() == stamp_) return;
  const Status status = Load(now);
  if (status.ok()) return;
  // Who could be meant to be let in is not known: nobody is.
  keys_.clear();
  asks_ = true;
  LogEvent(LogLevel::kError, kWhere, "no key is good: their file cannot be read",
           {{"error", status.message()}});
}

bool ApiKeyring::asks_for_keys() const {
  const std::lock_guard lock(mutex_);
  return asks_;
}

GateVerdict ApiKeyring::Judge(const std::optional<Credentials>& credentials, MonoTime now) {
  const std::lock_guard lock(mutex_);
  LookAgain(now);
  if (!asks_) return {};
  const Credentials given = credentials.value_or(Credentials());
  const std::string_view name = NameOf(given.key);
  const auto found = keys_.find(name);
  const ApiKey& key = found == keys_.end() ? nobody_ : found->second.key;
  ++hashes_;
  const std::string hash = ApiKeyHash(key.salt, given.key);
  const bool equal = CRYPTO_memcmp(hash.data(), key.hash.data(), hash.size()) == 0;
  const bool own_name = given.user.empty() || given.user == name;
  GateVerdict verdict;
  verdict.role = ApiRole::kReader;
  if (found == keys_.end() || !equal || !own_name) {
    verdict.kind = GateVerdict::Kind::kUnknown;
    return verdict;
  }
  verdict.user = key.name;
  verdict.role = key.role;
  TokenBucket& bucket = found->second.bucket;
  if (bucket.TryTake(1, now)) return verdict;
  verdict.kind = GateVerdict::Kind::kTooOften;
  const Duration wait = bucket.WhenAvailable(1, now) - now;
  verdict.retry_after_s = std::chrono::ceil<std::chrono::seconds>(wait).count();
  return verdict;
}

}  // namespace hark

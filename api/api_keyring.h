#pragma once

// Who may ask, by the keys of a file that is read again when it changes.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "api/api_keys.h"
#include "api/http_gate.h"
#include "base/token_bucket.h"

namespace hark {

class ApiKeyring final : public HttpGate {
 public:
  // The file need not be there: as long as there has never been a key, everybody is welcome as
  // admin. With the first one that ends, also when the last one is revoked later. kCorruption: it
  // is no file of keys.
  static Result<std::unique_ptr<ApiKeyring>> Open(const std::string& file);

  // Every request costs one hash, whether there is a key of that name or not and whatever is wrong
  // with it, and the comparison takes the same time wherever the hashes differ.
  GateVerdict Judge(const std::optional<Credentials>& credentials, MonoTime now) override;

  bool asks_for_keys() const override;
  uint64_t hashes() const { return hashes_; }  // computed so far

 private:
  struct Held {
    ApiKey key;
    TokenBucket bucket;
  };

  explicit ApiKeyring(std::string file) : file_(std::move(file)) {}
  Status Load(MonoTime now);
  void LookAgain(MonoTime now);
  std::string Stamp() const;

  const std::string file_;
  const ApiKey nobody_ = MakeApiKey("nobody", ApiRole::kReader, 1, 1, 0).key;
  std::atomic<uint64_t> hashes_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, Held, std::less<>> keys_;  // by name
  bool asks_ = false;
  std::string stamp_;  // of the file that was read
  MonoTime looked_{};
};

}  // namespace hark

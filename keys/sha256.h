#pragma once

// SHA-256 (FIPS 180-4) of what is too long to hold in memory at once; keys/key_id.h has the
// function for what is not.

#include <memory>
#include <string>
#include <string_view>

namespace hark {

class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;

  void Add(std::string_view bytes);
  // 32 bytes; once, as the last call.
  std::string Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace hark

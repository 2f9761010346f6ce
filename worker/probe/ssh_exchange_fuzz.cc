// Key-exchange messages of a server. The first byte chooses the method, the rest are the messages,
// each behind one byte that tells its length; 255 takes all there is.
//
// Curve exchanges keep nothing between replies, so one of each serves all runs: a fuzzer should
// spend its time on the messages, not on our key pairs.

#include <cstdlib>

#include "base/bytes.h"
#include "keys/ssh_key.h"
#include "worker/probe/ssh_exchange.h"

namespace {

void Check(const hark::ssh::ExchangeStep& step) {
  if (!step.reply) {
    if (step.say.empty() == step.broken.empty()) std::abort();
    return;
  }
  if (step.reply->host_key.empty() || step.reply->host_key.size() > hark::kMaxSshKeyBlob ||
      step.reply->exchange_hash.empty() == step.broken.empty()) {
    std::abort();
  }
}

void Converse(hark::ssh::Exchange& exchange, hark::ByteReader& in) {
  while (in.remaining() > 1) {
    const size_t length = in.U8();
    const std::string_view payload =
        in.Bytes(length == 255 || length > in.remaining() ? in.remaining() : length);
    if (payload.empty()) continue;
    const hark::ssh::ExchangeStep step = exchange.On(payload, {});
    Check(step);
    if (step.reply || !step.broken.empty()) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto x25519 = hark::ssh::Exchange::New("curve25519-sha256");
  static const auto p256 = hark::ssh::Exchange::New("ecdh-sha2-nistp256");
  static const auto group1 = hark::ssh::Exchange::New("diffie-hellman-group1-sha1");
  hark::ByteReader in({reinterpret_cast<const char*>(data), size});
  const uint8_t method = in.U8() % 4;
  if (method == 3) {
    const auto group = hark::ssh::Exchange::New("diffie-hellman-group-exchange-sha256");
    group->Start();
    Converse(*group, in);
  } else {
    Converse(*(method == 0 ? x25519 : method == 1 ? p256 : group1), in);
  }
  return 0;
}

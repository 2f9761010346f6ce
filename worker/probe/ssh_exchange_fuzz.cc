// Key-exchange messages of a server. The first byte chooses the method, the rest are the messages,
// each behind one byte that tells its length; 255 takes all there is.
//
// Curve exchanges keep nothing between replies, so one of each serves all runs: a fuzzer should
// spend its time on the messages, not on our key pairs.

#include <cstdlib>
#include <memory>
#include <vector>

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
  static const auto* const stateless = new std::vector<std::unique_ptr<hark::ssh::Exchange>>([] {
    std::vector<std::unique_ptr<hark::ssh::Exchange>> exchanges;
    for (const char* method :
         {"curve25519-sha256", "ecdh-sha2-nistp256", "diffie-hellman-group1-sha1",
          "sntrup761x25519-sha512", "mlkem768x25519-sha256"}) {
      exchanges.push_back(hark::ssh::Exchange::New(method));
    }
    return exchanges;
  }());
  hark::ByteReader in({reinterpret_cast<const char*>(data), size});
  const size_t method = in.U8() % (stateless->size() + 1);
  if (method < stateless->size()) {
    Converse(*stateless->at(method), in);
    return 0;
  }
  const auto group = hark::ssh::Exchange::New("diffie-hellman-group-exchange-sha256");
  group->Start();
  Converse(*group, in);
  return 0;
}

// Any bytes as a packet that came: read or refused within its bounds, and a longer packet that
// begins with the same bytes says the same.

#include <cstdlib>
#include <string>

#include "worker/engine/syn_packet.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string packet(reinterpret_cast<const char*>(data), size);
  const auto found = hark::ParseSynReply(packet);
  if (!found) return 0;
  // Of a packet that is understood kSynReplyKept bytes are enough.
  const auto cut = hark::ParseSynReply(packet.substr(0, hark::kSynReplyKept));
  const auto longer = hark::ParseSynReply(packet + std::string(64, '\xff'));
  for (const auto& same : {cut, longer}) {
    if (!same || same->kind != found->kind || same->source != found->source ||
        same->target != found->target || same->source_port != found->source_port ||
        same->target_port != found->target_port || same->sequence != found->sequence) {
      std::abort();
    }
  }
  return 0;
}

// The packet reader: what it takes is there, and a packet written again reads alike.

#include <cstdlib>

#include "worker/probe/limits.h"
#include "worker/probe/ssh_wire.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view in(reinterpret_cast<const char*>(data), size);
  for (;;) {
    const hark::ssh::FramedPacket packet = hark::ssh::ReadPacket(in);
    if (packet.framing != hark::ssh::Framing::kPacket) return 0;
    if (packet.size > in.size() || packet.payload.empty() ||
        packet.payload.size() > hark::kMaxSshPacket) {
      std::abort();
    }
    const std::string again = hark::ssh::Packet(packet.payload);
    if (hark::ssh::ReadPacket(again).payload != packet.payload) std::abort();
    hark::ssh::ReadDisconnect(packet.payload);
    in.remove_prefix(packet.size);
  }
}

// Any registry and live file, and any life of a registry. A file is refused, or reading what
// encoding it gives is the same again; whatever is done to a registry, its text can be read.

#include <cstdlib>

#include "coordinator/fleet_live.h"
#include "coordinator/fleet_registry.h"

namespace {

template <typename T>
void CheckText(std::string_view text) {
  const auto parsed = T::Parse(text);
  if (!parsed.ok()) return;
  const std::string encoded = parsed->Encode();
  const auto again = T::Parse(encoded);
  if (!again.ok() || again->Encode() != encoded) std::abort();
}

// Two bytes an act: what, and of whom. No key may ever work without having been let in.
void CheckLife(std::string_view acts) {
  hark::FleetRegistry registry;
  for (size_t i = 0; i + 1 < acts.size(); i += 2) {
    const std::string who(32, static_cast<char>(acts[i + 1] & 7));
    const std::string invite(32, static_cast<char>('A' + (acts[i + 1] >> 3 & 3)));
    const std::string_view name = acts.substr(i, 9);
    const auto now = static_cast<int64_t>(i);
    using State = hark::FleetWorker::State;
    const bool was_revoked =
        registry.workers().contains(who) && registry.workers().at(who).state == State::kRevoked;
    switch (acts[i] & 3) {
      case 0:
        registry.SetState(who, static_cast<State>((acts[i] >> 2 & 3) % 3), hark::FleetName(name),
                          now);
        break;
      case 1:
        registry.Invite(invite, {now + 8, "", hark::FleetName(name)});
        break;
      case 2: {
        const auto result = registry.Join(invite, who, name, now);
        const bool in = result == hark::FleetRegistry::JoinResult::kJoined ||
                        result == hark::FleetRegistry::JoinResult::kAgain;
        if (in && (was_revoked || !registry.workers().contains(who))) std::abort();
        break;
      }
      default:
        registry.Forget(now);
        break;
    }
  }
  const auto back = hark::FleetRegistry::Parse(registry.Encode());
  if (!back.ok() || back->Encode() != registry.Encode()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckText<hark::FleetRegistry>(text);
  CheckText<hark::LiveFleet>(text);
  CheckLife(text.substr(0, 512));
  return 0;
}

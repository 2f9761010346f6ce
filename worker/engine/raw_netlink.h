#pragma once

// What the kernel knows of the way to an IPv4 address, asked over rtnetlink(7). Needs no
// privileges. Each question waits for its answer, some 10 µs.
//
// Threads: one.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/unique_fd.h"

namespace hark {

struct KernelRoute {
  bool unicast = false;  // not local, broadcast, multicast
  bool encapsulated = false;
  int interface = 0;
  uint32_t gateway = 0;        // 0: the target is on the link
  bool other_gateway = false;  // one that is not IPv4
  uint32_t source = 0;         // what the kernel would take
};

struct Neighbour {
  enum class State : uint8_t {
    kNone,     // not asked for yet, or being asked for
    kFailed,   // did not answer
    kOld,      // known, not heard of lately
    kCurrent,  // known
  };
  State state = State::kNone;
  std::array<uint8_t, 6> mac{};
};

class RouteSocket {
 public:
  static Result<RouteSocket> Open();

  // source 0, interface 0: any. An error: the kernel's, e.g. no route.
  Result<KernelRoute> RouteTo(uint32_t target, uint32_t source, int interface);
  Result<Neighbour> NeighbourAt(uint32_t address, int interface);
  // All addresses at which a route or rule begins or the first behind one: between two of them all
  // targets go the same way. Sorted, unique, beginning with 0. nullopt: more than `most`.
  Result<std::optional<std::vector<uint32_t>>> Boundaries(size_t most);

 private:
  explicit RouteSocket(UniqueFd fd) : fd_(std::move(fd)) {}

  Status Ask(uint16_t type, uint16_t flags, std::string_view body);
  // Calls back for each message until the answer is over.
  template <typename OnMessage>
  Status ReadAll(OnMessage on_message);
  Status Dump(uint16_t type, std::string_view body, size_t most, std::vector<uint32_t>* found);

  UniqueFd fd_;
  uint32_t sequence_ = 0;
};

}  // namespace hark

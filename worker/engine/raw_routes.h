#pragma once

// Which way a SYN leaves. Through a gateway on Ethernet, or on an interface without link addresses,
// it goes to the driver as it is: that costs least. Everything else (this machine itself, targets
// on the link, tunnels, no route at all) goes to the kernel as an IP packet, which finds the way
// and the neighbour by itself.
//
// Between two boundaries of the routing tables all addresses go one way, so one question to the
// kernel answers for all of them. Asked again every few seconds, neighbours every second.
//
// Threads: one.

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "worker/engine/raw_netlink.h"

namespace hark {

struct NextHop {
  enum class Way : uint8_t {
    kKernel,    // an IP packet for the kernel to route
    kEthernet,  // header, then the IP packet, to the interface
    kPlain,     // the IP packet to the interface
    kWait,      // the gateway is being asked for its address
  };
  Way way = Way::kKernel;
  int interface = 0;
  uint32_t source = 0;  // 0: there is no route
  std::array<uint8_t, 14> header{};
};

class RawRoutes {
 public:
  // source 0, interface 0: as the kernel chooses.
  static Result<RawRoutes> Open(uint32_t source, int interface);

  // Cheap when nothing is due; to be called before each batch.
  void Refresh(MonoTime now);
  // Valid until the next call. Asks the kernel where nothing is known yet.
  const NextHop& To(uint32_t target);
  // A packet goes the way last told. Only kKernel needs saying.
  void Took() { hops_[last_].make_kernel_ask = false; }
  // After a send that failed: ask again soon.
  void Doubt() { doubted_ = true; }

 private:
  struct Stretch {
    uint32_t first = 0;
    int hop = -1;  // -1: not asked for yet
  };
  struct Gateway {
    MonoTime wait_until{};    // how long its targets stand back; none yet
    MonoTime introduce_at{};  // when another SYN goes by the kernel
  };
  struct Hop {
    NextHop next;
    NextHop by_kernel;
    uint32_t gateway = 0;
    bool make_kernel_ask = false;  // the next SYN goes by the kernel, which asks the gateway then
  };

  RawRoutes(RouteSocket kernel, UniqueFd socket, uint32_t source, int interface)
      : kernel_(std::move(kernel)),
        socket_(std::move(socket)),
        source_(source),
        interface_(interface) {}

  void Reload();
  void AskNeighbours();
  int Ask(uint32_t target);
  void AskNeighbour(Hop* hop);

  RouteSocket kernel_;
  UniqueFd socket_;  // for questions about interfaces
  uint32_t source_;
  int interface_;
  std::vector<Stretch> stretches_;
  std::vector<Hop> hops_;
  size_t last_ = 0;
  std::unordered_map<uint64_t, Gateway> gateways_;  // by interface and address
  MonoTime now_{};
  MonoTime reload_at_{};
  MonoTime neighbours_at_{};
  bool doubted_ = false;
};

}  // namespace hark

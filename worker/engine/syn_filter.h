#pragma once

// Which packets the kernel copies to us: a classic BPF program over IPv4 packets, so that a busy
// machine's other traffic costs nothing.

#include <linux/filter.h>

#include <cstdint>
#include <vector>

namespace hark {

// Lets through, cut to kSynReplyKept bytes: TCP to one of the ports with SYN and ACK or with RST;
// ICMP errors that quote TCP from one of them. For sockets whose packets begin at the IP header.
std::vector<sock_filter> SynReplyFilter(uint16_t first_port, uint16_t last_port);

}  // namespace hark

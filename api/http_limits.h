#pragma once

// What one client of the API may take from the server, and from the others.

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace hark {

struct HttpLimits {
  // Request line and fields together. Browsers send 1 to 4 kB; the longest target must fit.
  size_t head_bytes = 16 * 1024;
  // A banner of 255 bytes, all of them escaped, is 765; cursors and lists of filters need the rest.
  size_t target_bytes = 8 * 1024;

  // From accept (TLS included), or from the first byte of a later request, to the end of the head.
  // No byte extends it.
  Duration head_time = std::chrono::seconds(10);
  // The same while three quarters of all connections are taken: who is slow then makes room.
  Duration hurried_head_time = std::chrono::seconds(1);
  // Between two requests. Proxies keep connections for 60 s.
  Duration idle_time = std::chrono::seconds(75);
  // A report of a large run takes half a minute.
  Duration answer_time = std::chrono::seconds(120);
  // Of a client that reads nothing of its answer, and the slowest that may take longer.
  Duration stalled_time = std::chrono::seconds(20);
  size_t slowest_bytes_per_second = 16 * 1024;
  // What the kernel may hold of an answer. Bounds memory: 4,096 clients that do not read are 1 GB
  // at worst, and gone after stalled_time.
  int send_buffer_bytes = 256 * 1024;
  // After an answer that ends a connection early, what still comes is read and dropped for so long
  // and so much, or the reset would overtake the answer.
  Duration linger_time = std::chrono::seconds(1);
  size_t linger_bytes = 4 * 1024 * 1024;

  size_t connections = 4096;
  // Of one IPv4 address or IPv6 /64. This machine's own are not counted: proxies come from there.
  size_t connections_per_address = 128;
  bool counts_loopback = false;
  uint64_t requests_per_connection = 100'000;

  // Requests that wait for a thread of the patient lane; more get 503.
  size_t patient_queue = 64;
  // Long answers under way at once; each holds a view of the store. More get 503.
  size_t streams = 64;
  // Handed from a thread that makes an answer to the one that sends it: enough that neither waits
  // for the other often, little enough for 64 at once.
  size_t piece_bytes = 64 * 1024;
  // Bodies from here on are packed if the client likes. Below it the saving is within one packet.
  size_t packed_bytes = 1024;
  // What takes longer to hash and pack than others may wait: some 0.2 ms.
  size_t quick_body_bytes = 32 * 1024;
};

}  // namespace hark

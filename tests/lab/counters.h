#pragma once

// What the lab has done, for tests to ask. Any thread may count.

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

namespace hark::lab {

struct Counters {
  std::atomic<uint64_t> accepted{0};
  std::atomic<uint64_t> open{0};
  std::atomic<uint64_t> most_open{0};
  std::atomic<uint64_t> ssh_exchanges{0};   // host keys proven
  std::atomic<uint64_t> tls_handshakes{0};  // completed
  std::atomic<uint64_t> raw_hellos{0};      // answered with a certificate in clear
  std::atomic<uint64_t> http_requests{0};
  std::atomic<uint64_t> penalties_noauth{0};
  std::atomic<uint64_t> penalties_overtime{0};
  std::atomic<uint64_t> penalties_active{0};  // a source passed the threshold
  std::atomic<uint64_t> refused_penalty{0};
  std::atomic<uint64_t> refused_startups{0};

  // Names as in --stats_file, in that order.
  std::array<std::pair<std::string_view, uint64_t>, 12> All() const {
    return {{{"accepted", accepted},
             {"open", open},
             {"most_open", most_open},
             {"ssh_exchanges", ssh_exchanges},
             {"tls_handshakes", tls_handshakes},
             {"raw_hellos", raw_hellos},
             {"http_requests", http_requests},
             {"penalties_noauth", penalties_noauth},
             {"penalties_overtime", penalties_overtime},
             {"penalties_active", penalties_active},
             {"refused_penalty", refused_penalty},
             {"refused_startups", refused_startups}}};
  }
};

}  // namespace hark::lab

#pragma once

// The metrics of docs/metrics.md over HTTP, for a Prometheus on the same machine: GET /metrics.
//
// It has threads of its own (two that answer and one that listens), so that a slow scraper waits
// for itself only. Start it after the program has blocked the signals it wants to take elsewhere.

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/status.h"
#include "proto/control.pb.h"

namespace hark {

inline constexpr std::string_view kDefaultMetricsAddress = "127.0.0.1:9464";

class MetricsServer {
 public:
  // address: "127.0.0.1:9464"; port 0 takes a free one. Anything but 127.0.0.0/8 is
  // kInvalidInput: the numbers name workers and runs, and nothing here asks who reads them.
  // kUnavailable: the address is taken.
  static Result<std::unique_ptr<MetricsServer>> Start(std::string_view address);
  ~MetricsServer();

  // What is told from now on. Takes no longer than moving it; thread-safe. Its jobs are not used,
  // so ask for none.
  void Update(proto::FleetStatus status);

  uint16_t port() const;

 private:
  struct Parts;
  explicit MetricsServer(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace hark

#pragma once

// What a FleetStatus says, as Prometheus' families of samples; docs/metrics.md lists all of them.
// Pure, but for ProcessMetrics.
//
// Series are made anew from each status, so those of a worker or run that is gone are gone too.
// What is not known (an ETA, the verdict on a capability) has no sample, rather than a wrong one.

#include <prometheus/metric_family.h>

#include <vector>

#include "proto/control.pb.h"

namespace hark {

// Families without a sample are left out. Labels are printable ASCII, whatever a worker calls
// itself, and no two samples of a family have equal labels: a scrape is taken or refused as a
// whole.
std::vector<prometheus::MetricFamily> FleetMetrics(const proto::FleetStatus& status);

// This process's own, as every exporter names them: process_cpu_seconds_total and so on, from
// /proc/self. Families that cannot be read are left out.
std::vector<prometheus::MetricFamily> ProcessMetrics();

}  // namespace hark

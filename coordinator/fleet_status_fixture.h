#pragma once

// A fleet with something in every field, for tests of what is made of it: two runs and three
// workers, one of them gone.

#include <string>

#include "base/outcome.h"
#include "proto/control.pb.h"

namespace hark {

struct FleetStatusFixture {
  static constexpr int64_t kNow = 1'795'320'000'000;  // 2026-11-22T04:00:00Z

  static proto::FleetStatus Full() {
    proto::FleetStatus status;
    status.set_unix_ms(kNow);
    status.set_epoch(7);
    status.set_uptime_ms(8'000'000);
    status.set_orders_version((uint64_t{7} << 32) | 13);
    status.set_exclusions_version(4);
    status.set_probes_per_second(300);
    status.set_commits_waiting(5);
    status.set_unacked_bytes(1'500'000);
    status.set_pressure("the disk is 96 % full");
    status.set_last_error("the registry is gone");
    status.set_last_error_unix_ms(kNow - 135'000);
    AddOpenRun(status);
    AddWaitingRun(status);
    AddWorkers(status);
    return status;
  }

  static void AddOpenRun(proto::FleetStatus& status) {
    proto::RunStatus& run = *status.add_runs();
    run.set_id(1);
    run.set_name("NA-20261122");
    run.set_country("NA");
    run.set_planned(482'835);
    run.set_covered(241'500);
    run.set_listeners(12'345);
    run.set_visited(11'111);
    run.set_quarantined(2);
    proto::Tally& sweep = *run.mutable_sweep();
    sweep.set_excluded(1);
    sweep.set_silent(200'000);
    sweep.set_refused(29'000);
    sweep.set_unreachable(152);
    sweep.set_answered(12'300);
    sweep.set_throttled(45);
    sweep.set_failed(2);
    run.set_jobs_pending(126);
    run.set_jobs_leased(4);
    run.set_jobs_done(140);
    run.set_revisits_waiting(45);
    run.set_next_revisit_ms(43'000);
    run.set_rate_ceiling(150);
    run.set_rate_granted(142.5);
    run.set_adapts(true);
    run.set_rate_adapted(120);
    run.set_loss(0.031);
    run.set_eta_ms(7'380'000);
    run.set_workers(2);
    run.set_oldest_lease_ms(72'000);
    run.set_last_error("job 9 stops every worker");
    run.set_last_error_unix_ms(kNow - 61'000);
    run.set_created_unix_ms(kNow - 7'200'000);
    run.set_audited(1'000);
    run.set_disagreed(15);
    run.mutable_settings()->set_weight(2);
    run.mutable_settings()->set_probes_per_second(150);
    run.mutable_settings()->set_per_prefix(2);
    run.mutable_settings()->set_per_as(20);
    run.mutable_settings()->set_audit(0.005);
    run.mutable_settings()->add_only("region=eu-*");
    run.mutable_settings()->add_except("provider=cheap");
    for (int i = 0; i < kOutcomeCount; ++i) run.add_outcomes(i == 6 ? 0 : 10'000 / (i + 1));
    for (uint32_t i = 0; i < 10; ++i) AddJob(run, i);
  }

  static void AddJob(proto::RunStatus& run, uint32_t i) {
    proto::JobStatus& job = *run.add_jobs();
    job.set_id(9 + i);
    job.set_kind(i % 2 == 0 ? proto::JobRow::SWEEP : proto::JobRow::GRAB_LISTENERS);
    job.set_base(i * 1'000);
    job.set_end(i * 1'000 + 1'000);
    job.set_cursor(i * 1'000 + 250);
    if (i < 4) {
      job.set_why("being worked on");
      job.set_worker(i % 2 == 0 ? "tokyo-1" : "oslo-2");
      job.set_lease_age_ms(72'000 - i * 10'000);
      job.set_lease_left_ms(41'000);
    } else {
      job.set_why("waits for a worker");
    }
    job.set_no_progress(i == 0 ? 1 : 0);
    job.set_suspect(i == 0);
  }

  static void AddWaitingRun(proto::FleetStatus& status) {
    proto::RunStatus& run = *status.add_runs();
    run.set_id(2);
    run.set_name("list-20261122");
    run.set_state(proto::RunStatus::OUTSIDE_WINDOW);
    run.set_window_opens_ms(3'600'000);
    run.set_planned(100);
    run.set_eta_ms(-1);
    run.set_next_revisit_ms(-1);
    run.set_oldest_lease_ms(-1);
    run.set_jobs_pending(1);
    proto::Window& window = *run.mutable_settings()->add_windows();
    window.set_weekdays(0b11111);
    window.set_from_minute(5 * 60);
    window.set_to_minute(23 * 60);
  }

  static void AddWorkers(proto::FleetStatus& status) {
    proto::WorkerStatus& good = *status.add_workers();
    Identify(good, 'a', "tokyo-1", "ap-northeast", "cloud");
    good.set_connected(true);
    good.set_rate_granted(75);
    good.set_rate_applied(74.5);
    good.set_jobs(2);
    good.mutable_load()->set_in_flight(321);
    good.mutable_load()->set_probes_sent(1'000'000);
    good.mutable_load()->set_hosts_grabbed(6'000);
    good.mutable_load()->set_spool_bytes(300'000);
    good.mutable_load()->set_spool_free_bytes(260'000'000);
    good.mutable_load()->set_rss_bytes(45'000'000);
    good.set_clock_offset_ms(-12);
    good.set_last_heard_ms(800);
    good.set_orders_version(status.orders_version());
    good.set_exclusions_version(status.exclusions_version());
    good.set_hosts_merged(5'900);
    good.set_audited(500);
    good.set_disagreed(1);
    good.mutable_capabilities()->set_ipv4(proto::Capabilities::WORKS);

    proto::WorkerStatus& odd = *status.add_workers();
    odd = good;
    Identify(odd, 'b', "oslo-2", "eu-north", "cheap");
    odd.set_draining(true);
    odd.set_strikes(2);
    odd.set_last_strike("address not in the job");
    odd.set_orders_version(status.orders_version() - 1);
    odd.set_clock_offset_ms(75'000);
    odd.set_audited(500);
    odd.set_disagreed(14);
    proto::Capabilities& can = *odd.mutable_capabilities();
    can.set_ipv6(proto::Capabilities::FAILS);
    can.set_outbound_25(proto::Capabilities::FAILS);
    can.set_clock(proto::Capabilities::WORKS);
    can.set_raw_sockets(proto::Capabilities::FAILS);
    can.set_max_sockets(900);
    can.set_memory_bytes(512'000'000);
    can.set_spool_bytes(268'435'456);
    proto::Preflight& preflight = *can.add_preflight();
    preflight.set_name("outbound 25");
    preflight.set_result(proto::Preflight::FAIL);
    preflight.set_detail("the provider filters it");

    proto::WorkerStatus& gone = *status.add_workers();
    Identify(gone, 'c', "oslo-3", "eu-north", "cheap");
    gone.set_quarantined(true);
    gone.set_strikes(3);
    gone.set_last_strike("batch of a job it does not hold");
    gone.set_last_heard_ms(3'700'000);
  }

  static void Identify(proto::WorkerStatus& worker, char key, const char* name, const char* region,
                       const char* provider) {
    worker.set_key(std::string(32, key));
    worker.set_name(name);
    worker.set_region(region);
    worker.set_provider(provider);
    worker.set_software("hark-worker 0.1.0");
  }
};

}  // namespace hark

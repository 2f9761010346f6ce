#pragma once

// The whole worker: engine, job runner, spool, session and link, and the loop that moves things
// between them.
//
// Threads: one, and with config.threads > 1 that many for the engines (libzmq has its own behind
// the bus).

#include <memory>

#include "base/time.h"
#include "base/unique_fd.h"
#include "worker/conntrack_watch.h"
#include "worker/coordinator_link.h"
#include "worker/engine/engine_loop.h"
#include "worker/file_spool.h"
#include "worker/job_runner.h"
#include "worker/syn_thread.h"
#include "worker/target_sets.h"
#include "worker/worker_config.h"
#include "worker/worker_session.h"

namespace hark {

class Worker {
 public:
  // channel: what sweeps go by, nullptr = connect(). Locks state_dir, so that no two processes
  // share a spool. clock outlives the worker.
  static Result<std::unique_ptr<Worker>> Create(const WorkerConfig& config,
                                                SurveyMakerFactory surveys, const Clock& clock,
                                                std::unique_ptr<SynChannel> channel = nullptr);
  ~Worker();

  // Until drained. signal_fd: a signalfd; the first signal starts the drain, the second makes Run
  // return kInterrupted at once.
  Status Run(int signal_fd);

 private:
  Worker(const WorkerConfig& config, const Clock& clock, UniqueFd lock,
         std::unique_ptr<EngineLoop> engine, std::unique_ptr<SynThread> syn,
         std::unique_ptr<FileSpool> spool, SurveyMakerFactory surveys);

  Status TendLink(MonoTime now);
  void CloseLink(MonoTime now);
  void ReceiveAll(MonoTime now);
  void Work(MonoTime now);
  void UpdateLoad();
  void WatchSyn(MonoTime now);
  void OnSignal(int signal_fd);
  void SayGoodbye();

  const Clock& clock_;
  UniqueFd lock_;
  std::unique_ptr<EngineLoop> engine_;
  std::unique_ptr<SynThread> syn_;  // nullptr: sweeps go by connect()
  std::unique_ptr<FileSpool> spool_;
  TargetSetCache targets_;
  JobRunner runner_;
  WorkerSession session_;
  CoordinatorLink link_;
  int watched_fd_ = -1;
  int signals_ = 0;
  bool syn_failed_ = false;
  MonoTime syn_read_{};
  SynStats syn_stats_;  // as of then
  bool bus_has_news_ = true;
  MonoTime received_{};
  MonoTime memory_read_{};
  ConntrackWatch conntrack_;
  uint64_t resident_bytes_ = 0;
};

}  // namespace hark

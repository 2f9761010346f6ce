#pragma once

// From a run's ProbePolicy and this worker's configuration to the surveys the engine drives.

#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "worker/job_runner.h"
#include "worker/worker_config.h"

namespace hark {

// policy's wishes; what it leaves open is the worker's own, whose EHLO name is decided already.
ProbeOptions ProbeOptionsOf(const WorkerConfig& config, const proto::ProbePolicy& policy);

// A SurveyFactory is one thread's; this may be asked by any, each gets one of its own.
class PerThreadSurveys {
 public:
  explicit PerThreadSurveys(ProbeOptions options);

  std::unique_ptr<PortSurvey> Make(uint16_t port, Protocol protocol, const Address& host);

 private:
  SurveyFactory& Mine();

  std::mutex mutex_;
  ProbeOptions options_;
  std::map<std::thread::id, std::unique_ptr<SurveyFactory>> factories_;
};

// Decides the worker's own name for EHLO (own_name.h), which may block for DNS: call at start.
SurveyMakerFactory MakeSurveyMakers(const WorkerConfig& config);

}  // namespace hark

#pragma once

// From a run's ProbePolicy and this worker's configuration to the surveys the engine drives.

#include "worker/job_runner.h"
#include "worker/worker_config.h"

namespace hark {

// Decides the worker's own name for EHLO (own_name.h), which may block for DNS: call at start.
SurveyMakerFactory MakeSurveyMakers(const WorkerConfig& config);

}  // namespace hark

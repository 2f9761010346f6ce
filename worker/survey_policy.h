#pragma once

// From a run's ProbePolicy and this worker's configuration to the surveys the engine drives.

#include "worker/job_runner.h"
#include "worker/worker_config.h"

namespace hark {

// policy's wishes; what it leaves open is the worker's own.
ProbeOptions ProbeOptionsOf(const WorkerConfig& config, const proto::ProbePolicy& policy);

SurveyMakerFactory MakeSurveyMakers(const WorkerConfig& config);

}  // namespace hark

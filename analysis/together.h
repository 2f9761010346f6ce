#pragma once

// Several runs seen as one: a RunReader over RunReaders. Runs of several countries, or of one
// country at several times, are analysed as if they had been a single survey.
//
//   hosts   an address is one host, however many runs visited it. Its row is that of the newest
//           run (by creation, then id) that has it; it is in country if any of them says so, and
//           else of unknown country if any does not know.
//   ports   of (host, port) the observation of the newest run that saw a key there, or else of the
//           newest run at all; the keys are those of all runs. So a key seen on a host in any of
//           the runs joins it to others, and a key that was replaced between two runs joins the
//           hosts of both.
//   keys    as of the ports: every (key, host, port) once.
//   ledger  sums over the runs, as are their plans. Where some runs had a gate and some had none
//           there is no ledger of listeners.
//
// A certificate is looked for in every run. Target sets, listeners and sweeps are not merged:
// coverage by prefix is asked of one run.

#include <memory>
#include <vector>

#include "base/status.h"
#include "storage/run_reader.h"

namespace hark {

// One reader or more, in any order; one is given back as it is. Its run has the names of all,
// joined by '+', and the country all of them have, if they have one. Memory: some hundred records a
// run at a time.
std::unique_ptr<RunReader> Together(std::vector<std::unique_ptr<RunReader>> readers);

}  // namespace hark

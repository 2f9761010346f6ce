// The operator's program: hark <command> [subcommand] [--flags].

#include <string>
#include <vector>

#include "cli/api_command.h"
#include "cli/api_key_command.h"
#include "cli/bundle_command.h"
#include "cli/cluster_command.h"
#include "cli/compare_command.h"
#include "cli/db_command.h"
#include "cli/dispatch.h"
#include "cli/exclude_command.h"
#include "cli/export_command.h"
#include "cli/fleet_command.h"
#include "cli/geo_command.h"
#include "cli/grab_command.h"
#include "cli/graph_command.h"
#include "cli/import_command.h"
#include "cli/lookup_command.h"
#include "cli/remember_command.h"
#include "cli/report_command.h"
#include "cli/run_change_command.h"
#include "cli/run_command.h"
#include "cli/run_create_command.h"
#include "cli/run_status_command.h"
#include "cli/scan_command.h"
#include "cli/serve_command.h"
#include "cli/targets_command.h"
#include "cli/version_command.h"

int main(int argc, char** argv) {
  // One row a command, in the order of `hark --help`; each lives in a file of its own.
  static constexpr hark::Command kCommands[] = {
      {"scan", "one survey from start to finish; the same command resumes it", hark::RunScan},
      {"grab", "look at hosts directly: everything they show, without a store", hark::RunGrab},
      {"serve", "the coordinator of a store: many runs at once, until it is stopped",
       hark::RunServe},
      {"api", "answer look-ups of a store over HTTP, also beside a running scan", hark::RunApi},
      {"api key add", "make a key with which somebody may ask the API", hark::RunApiKeyAdd},
      {"api key list", "the keys of the API", hark::RunApiKeyList},
      {"api key revoke", "end a key of the API", hark::RunApiKeyRevoke},
      {"run create", "plan a run, or one for each country", hark::RunRunCreate},
      {"run list", "the runs of a store", hark::RunRunList},
      {"run status", "how the runs stand, and what they wait for", hark::RunRunStatus},
      {"run pause", "no new connection for a run until it is resumed", hark::RunRunPause},
      {"run resume", "let a paused run go on", hark::RunRunResume},
      {"run cancel", "end a run for good", hark::RunRunCancel},
      {"run set", "change a run's rate, weight, limits or windows", hark::RunRunSet},
      {"targets", "what a country or a list would mean as a run; nothing is sent",
       hark::RunTargets},
      {"exclude add", "leave addresses out of every run", hark::RunExcludeAdd},
      {"exclude list", "the addresses that are left out", hark::RunExcludeList},
      {"exclude check", "is an address left out, and why", hark::RunExcludeCheck},
      {"geo info", "what a file of geo data is, and the countries in it", hark::RunGeoInfo},
      {"import", "records of other programs into the history, or into a run", hark::RunImport},
      {"report", "the tables of a run", hark::RunReportCommand},
      {"cluster list", "the clusters of a run", hark::RunClusterList},
      {"cluster show", "one cluster, member by member", hark::RunClusterShow},
      {"cluster graph", "a cluster as a picture or a page", hark::RunClusterGraph},
      {"cluster bundle", "one asset-holder's clusters, everybody else taken out",
       hark::RunClusterBundle},
      {"compare", "two runs: what changed; several: keys across their borders", hark::RunCompare},
      {"export", "what a store holds, in formats of others and in hark's own", hark::RunExport},
      {"db stats", "what a store holds, and how much", hark::RunDbStats},
      {"db check", "does every index entry have its record, and back", hark::RunDbCheck},
      {"db backup", "copy a store, also while a scan writes it", hark::RunDbBackup},
      {"db restore", "a new store from a backup", hark::RunDbRestore},
      {"db prune", "forget what is older than a day", hark::RunDbPrune},
      {"db compact", "give the space of what was removed back to the disk", hark::RunDbCompact},
      {"db remember", "put what finished runs found into the history", hark::RunDbRemember},
      {"lookup", "all that is known of an address, a key, a certificate, a banner, with dates",
       hark::RunLookup},
      {"fleet keygen", "make the coordinator's long-term key pair", hark::RunFleetKeygen},
      {"fleet invite", "print a token with which one new worker may join", hark::RunFleetInvite},
      {"fleet allow", "let a worker in by its public key", hark::RunFleetAllow},
      {"fleet revoke", "cut a worker off", hark::RunFleetRevoke},
      {"fleet drain", "let a worker finish and leave", hark::RunFleetDrain},
      {"fleet rate", "change the rate of all runs together", hark::RunFleetRate},
      {"fleet list", "the workers and invites of a store", hark::RunFleetList},
      {"version", "which hark this is", hark::RunVersion},
  };
  return hark::Dispatch(kCommands, std::vector<std::string>(argv + 1, argv + argc));
}

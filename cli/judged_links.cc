#include "cli/judged_links.h"

#include <memory>
#include <vector>

#include "analysis/leaf_judge.h"

namespace hark {

Result<SuperClusters> JudgedSuperClusters(std::span<const ComparedRun* const> runs,
                                          const CrossLinks& links, const FactsOptions& facts) {
  const CrossNodeFinder finder(runs, links);
  std::vector<std::unique_ptr<BrowserJudge>> judges;
  std::vector<LeafJudge> judging;
  for (uint32_t run = 0; run < runs.size(); ++run) {
    judges.push_back(std::make_unique<BrowserJudge>(*runs[run]->reader, runs[run]->hosts, facts));
    HARK_RETURN_IF_ERROR(judges.back()->ReadAhead(
        [&](uint32_t host) { return finder.Find(run, host) != Clustering::kNone; }));
    judging.push_back(judges.back()->AsJudge());
  }
  return FindSuperClusters(runs, links, judging);
}

}  // namespace hark

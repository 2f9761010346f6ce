#include "cli/report_pictures.h"

#include "analysis/cluster_detail.h"
#include "analysis/graph_forces.h"
#include "analysis/graph_picture.h"
#include "analysis/graph_svg.h"

namespace hark {

Result<std::vector<ReportPicture>> ReportPictures(const RunReader& reader,
                                                  const RunAnalysis& analysis) {
  const std::vector<Cluster>& all = analysis.clustering.clusters;
  std::vector<uint32_t> chosen;
  for (uint32_t i = 0; i < all.size() && chosen.size() < kPicturesOnPage; ++i) {
    if (all[i].members.size() <= kMostHostsOnPage) chosen.push_back(i);
  }
  std::vector<ReportPicture> out;
  if (chosen.empty()) return out;
  HARK_ASSIGN_OR_RETURN(const std::vector<ClusterDetail> details,
                        ReadClusterDetails(reader, analysis.hosts, analysis.clustering, chosen));
  for (size_t i = 0; i < chosen.size(); ++i) {
    HARK_ASSIGN_OR_RETURN(const ClusterGraph graph,
                          BuildClusterGraph(all[chosen[i]].id, details[i]));
    const GraphLayout layout = LayOut(graph, PlaceByForces);
    out.push_back({GraphTitle(graph), GraphAsSvg(graph, layout, SvgUse::kInPage)});
  }
  return out;
}

}  // namespace hark

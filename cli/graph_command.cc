#include "cli/graph_command.h"

#include <cerrno>
#include <cstdio>
#include <fstream>

#include "analysis/cluster_detail.h"
#include "base/file.h"
#include "base/strings.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/graph_render.h"
#include "cli/output.h"
#include "cli/probe_flags.h"
#include "cli/scope_flags.h"

namespace hark {
namespace {

constexpr char kName[] = "hark cluster graph";

// Clusters of that many hosts together are read in one pass over the run: some 100 MB of what
// their ports said.
constexpr size_t kHostsAtOnce = 100'000;

struct GraphCommandOptions {
  std::string db;
  ScopeWishes scope;
  GraphOptions graph;
  std::string output;
  std::string out;
  bool all = false;
  bool include_answers_all = false;
  uint64_t min_size = 2;
};

FlagSet Flags(GraphCommandOptions& options) {
  FlagSet flags(
      kName, "a cluster's picture: hosts coloured by AS, lines by the ports that share a key",
      AllFlags(
          {{{"db", Text(&options.db, "DIR"), "the store to read", true}},
           ScopeFlags(options.scope),
           {{"format", Choice(&options.graph.format, GraphFormats()),
             "html is an interactive page, dot, gexf and graphml are for other graph programs"},
            {"form", Choice(&options.graph.form, {"auto", "pairs", "hubs"}),
             "pairs joins hosts to hosts, hubs joins hosts to their keys; auto takes hubs for "
             "large "
             "clusters"},
            {"layout", Choice(&options.graph.layout, {"auto", "sfdp", "neato", "own"}),
             "who places the dots: Graphviz, or hark itself; auto takes sfdp for large clusters"},
            {"time_limit", Number(&options.graph.time_limit_seconds, 1, 3600, "SECONDS"),
             "what Graphviz may take for one cluster before hark places the dots itself, in half "
             "as "
             "long"},
            {"output", Text(&options.output, "FILE"), "write there instead of to the terminal"},
            {"all", Switch(&options.all), "every cluster of the run; needs --out"},
            {"min_size", Number(&options.min_size, 2, UINT32_MAX, "N"),
             "with --all: only clusters of that many hosts and more"},
            {"out", Text(&options.out, "DIR"), "a file DIR/ID.FORMAT for each cluster"},
            {"include_answers_all", Switch(&options.include_answers_all),
             "let hosts that answer on every port take part like others"}}}));
  flags.SetPositionalList("ID");
  flags.SetExamples({"hark cluster graph c0123456789ab --db=out/db --output=cluster.svg",
                     "hark cluster graph c01 --db=out/db --format=html --output=cluster.html",
                     "hark cluster graph c01 --db=out/db --ports=22 --output=ssh.svg",
                     "hark cluster graph --all --db=out/db --out=pictures"});
  return flags;
}

Status CheckOptions(const GraphCommandOptions& options, const std::vector<std::string>& ids) {
  if (options.all && !ids.empty()) return InvalidInput("takes an ID or --all, not both");
  if (!options.all && ids.empty()) return InvalidInput("needs an ID, or --all; hark cluster list");
  if (options.out.empty() && (options.all || ids.size() > 1)) {
    return InvalidInput("needs --out=DIR for the pictures of several clusters");
  }
  if (!options.out.empty() && !options.output.empty()) {
    return InvalidInput("takes --out or --output, not both");
  }
  return Status::Ok();
}

Result<std::vector<uint32_t>> Wanted(const GraphCommandOptions& options,
                                     const std::vector<std::string>& ids,
                                     const Clustering& clustering) {
  std::vector<uint32_t> out;
  for (const std::string& id : ids) {
    HARK_ASSIGN_OR_RETURN(const uint32_t cluster, FindCluster(clustering, id));
    out.push_back(cluster);
  }
  if (!options.all) return out;
  for (uint32_t i = 0; i < clustering.clusters.size(); ++i) {
    if (clustering.clusters[i].members.size() >= options.min_size) out.push_back(i);
  }
  return out;
}

// A file that is whole when it has its name. Not synced, as one file is: thousands of syncs take
// longer than the pictures, which can be made again.
Status WritePicture(const std::string& path, const std::string& content) {
  const std::string beside = path + ".tmp";
  errno = 0;
  std::ofstream file(beside, std::ios::binary);
  file << content;
  file.close();
  if (!file || std::rename(beside.c_str(), path.c_str()) != 0) {
    std::remove(beside.c_str());
    return ErrnoStatus("--out: cannot write " + EscapeForDisplay(path), errno);
  }
  return Status::Ok();
}

// The clusters of a run, some at a time.
class Drawer {
 public:
  Drawer(const GraphCommandOptions& options, const RunReader& reader, const HostTable& hosts,
         const Clustering& clustering)
      : options_(options), reader_(reader), hosts_(hosts), clustering_(clustering) {}

  Status Draw(const std::vector<uint32_t>& clusters) {
    for (size_t first = 0; first < clusters.size();) {
      size_t end = first;
      for (size_t n = 0; end < clusters.size() && (end == first || n < kHostsAtOnce); ++end) {
        n += clustering_.clusters[clusters[end]].members.size();
      }
      HARK_RETURN_IF_ERROR(DrawTogether({clusters.begin() + static_cast<ptrdiff_t>(first),
                                         clusters.begin() + static_cast<ptrdiff_t>(end)}));
      first = end;
    }
    return Status::Ok();
  }

 private:
  Status DrawTogether(const std::vector<uint32_t>& clusters) {
    HARK_ASSIGN_OR_RETURN(std::vector<ClusterDetail> details,
                          ReadClusterDetails(reader_, hosts_, clustering_, clusters));
    for (size_t i = 0; i < clusters.size(); ++i) {
      HARK_RETURN_IF_ERROR(DrawOne(clustering_.clusters[clusters[i]].id, details[i]));
      details[i] = {};  // what is drawn is not needed any more
    }
    return Status::Ok();
  }

  Status DrawOne(const std::string& id, const ClusterDetail& detail) {
    HARK_ASSIGN_OR_RETURN(const ClusterGraph graph,
                          BuildClusterGraph(id, detail, GraphFormNamed(options_.graph.form)));
    HARK_ASSIGN_OR_RETURN(const std::string text, RenderGraph(graph, options_.graph));
    if (options_.out.empty()) return WriteOutput(options_.output, text);
    return WritePicture(StrCat(options_.out, "/", id, ".", options_.graph.format), text);
  }

  const GraphCommandOptions& options_;
  const RunReader& reader_;
  const HostTable& hosts_;
  const Clustering& clustering_;
};

Status Graph(const GraphCommandOptions& options, const std::vector<std::string>& ids) {
  HARK_RETURN_IF_ERROR(CheckOptions(options, ids));
  HARK_ASSIGN_OR_RETURN(const ScopedRun opened, OpenScope(options.db, options.scope));
  HARK_ASSIGN_OR_RETURN(const HostTable hosts,
                        HostTable::Read(*opened.reader, options.include_answers_all));
  HARK_ASSIGN_OR_RETURN(const Clustering clustering, FindClusters(*opened.reader, hosts));
  HARK_ASSIGN_OR_RETURN(const std::vector<uint32_t> clusters, Wanted(options, ids, clustering));
  if (!options.out.empty()) HARK_RETURN_IF_ERROR(MakeDirectories(options.out));
  HARK_RETURN_IF_ERROR(Drawer(options, *opened.reader, hosts, clustering).Draw(clusters));
  if (options.out.empty()) return Status::Ok();
  return WriteOutput("", StrCat(WithThousands(clusters.size()),
                                clusters.size() == 1 ? " picture in " : " pictures in ",
                                EscapeForDisplay(options.out), "\n"));
}

}  // namespace

int RunClusterGraph(const std::vector<std::string>& args) {
  GraphCommandOptions options;
  const FlagSet flags = Flags(options);
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  return Fail(kName, Graph(options, parsed->positional));
}

}  // namespace hark

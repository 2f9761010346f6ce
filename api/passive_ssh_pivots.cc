// /banner/hosts and /hassh/hosts: from something hosts show to the hosts.

#include <set>
#include <utility>

#include "api/passive_ssh_routes.h"
#include "base/distinct.h"
#include "base/strings.h"
#include "storage/sighting.h"

namespace hark {
namespace {

constexpr size_t kHasshDigits = 32;

// The rows whose value this is, by either formula unless one is chosen. No list has the value of
// one formula by chance of the other.
Result<std::vector<Fact>> RowsOfHassh(const HistoryReader& history, std::string_view hassh,
                                      HasshChoice choice) {
  std::vector<Fact> rows;
  if (choice != HasshChoice::kServer) {
    HARK_ASSIGN_OR_RETURN(rows, history.AlgorithmsByPassiveSshHassh(hassh));
  }
  if (choice != HasshChoice::kLegacy) {
    HARK_ASSIGN_OR_RETURN(const std::vector<Fact> more, history.AlgorithmsByHassh(hassh));
    rows.insert(rows.end(), more.begin(), more.end());
  }
  MakeDistinct(rows);
  return rows;
}

// Rows that differ in what is not shown are one here.
Result<std::set<std::string>> ListsOf(const HistoryReader& history, const std::vector<Fact>& rows) {
  std::set<std::string> lists;
  for (const Fact& fact : rows) {
    const Result<proto::AlgorithmsRow> row = history.Algorithms(fact);
    if (row.ok()) {
      lists.insert(AlgorithmsJson(*row, false));
    } else if (row.status().code() != StatusCode::kNotFound) {
      return row.status();
    }
  }
  return lists;
}

}  // namespace

// A banner is asked for in the path, as ever, or as ?banner=, which keeps slashes as they are.
PassiveSshAnswer PassiveSshBannerHosts(const PassiveSshQuestion& question) {
  const std::string_view in_query = question.Parameter("banner");
  const std::string_view asked = in_query.empty() ? question.Argument("banner") : in_query;
  PythonJson json;
  json.BeginObject().Name("banner").String(asked).Name("hosts").Raw("");
  HostListAnswer answer{json.Take(), "}", {}};
  if (IsSshBanner(asked)) {
    answer.facts.push_back(BannerFact(asked).fact);
    if (const auto bytes = BytesOfText(asked)) answer.facts.push_back(BannerFact(*bytes).fact);
  }
  return AnswerWithHosts(question, std::move(answer));
}

PassiveSshAnswer PassiveSshHasshHosts(const PassiveSshQuestion& question) {
  const std::string_view asked = question.Argument("hassh");
  if (asked.size() != kHasshDigits) {
    return std::optional<HttpResponse>(JsonError(400, "Invalid Hassh"));
  }
  HARK_ASSIGN_OR_RETURN(const HasshChoice choice, ReadHasshChoice(question));
  HARK_ASSIGN_OR_RETURN(const std::vector<Fact> rows,
                        RowsOfHassh(question.history(), AsciiLower(asked), choice));
  if (question.lane == HttpLane::kQuick && rows.size() > kQuickPlaces) {
    return std::optional<HttpResponse>();
  }
  HARK_ASSIGN_OR_RETURN(const std::set<std::string> lists, ListsOf(question.history(), rows));
  PythonJson head;
  head.BeginObject().Name("hassh").String(asked).Name("hosts").Raw("");
  std::string kexs;
  for (const std::string& list : lists) kexs += (kexs.empty() ? "" : ", ") + list;
  return AnswerWithHosts(question, {head.Take(), StrCat(", \"kexs\": [", kexs, "]}"), rows});
}

}  // namespace hark

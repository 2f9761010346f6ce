#include "cli/import_ndjson.h"

#include "base/strings.h"
#include "exchange/byte_source.h"
#include "exchange/line_source.h"
#include "exchange/ndjson_format.h"
#include "exchange/ndjson_reader.h"
#include "storage/remember.h"

namespace hark {
namespace {

constexpr uint64_t kLinesBetweenLooks = 1000;

Result<bool> LooksLikeHarkNdjson(const std::string& file) {
  if (file == "-") return false;
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> bytes, ByteSource::Open(file));
  LineSource lines(*bytes);
  HARK_ASSIGN_OR_RETURN(const std::vector<std::string_view> first, lines.Peek(1));
  return !first.empty() && first[0].starts_with("{\"type\":\"header\",\"hark_ndjson\":");
}

Status Interrupted() {
  return {StatusCode::kInterrupted, "interrupted; the same command reads the file once more"};
}

Status Read(NdjsonReader& reader, const std::string& file, StopSignals& signals) {
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> bytes, ByteSource::Open(file));
  LineSource lines(*bytes, kMaxNdjsonLine);
  SourceRecord record;
  for (uint64_t n = 1;; ++n) {
    HARK_ASSIGN_OR_RETURN(const bool more, lines.Next(&record));
    if (!more) return Status::Ok();
    // One that is too long is no JSON: its beginning is rejected as such.
    HARK_RETURN_IF_ERROR(reader.Line(record.text));
    if (n % kLinesBetweenLooks == 0 && signals.Count() > 0) return Interrupted();
  }
}

std::string SummaryText(const NdjsonSummary& summary) {
  std::string text = StrCat(WithThousands(summary.lines), " lines, ",
                            WithThousands(summary.rejected), " rejected; ");
  if (summary.run.empty()) {
    return text + StrCat(WithThousands(summary.visits), " visits, ", WithThousands(summary.facts),
                         " facts\n");
  }
  text += StrCat("run ", EscapeForDisplay(summary.run), ": ", WithThousands(summary.hosts),
                 " hosts, ", WithThousands(summary.ports), " ports, ",
                 WithThousands(summary.certificates), " certificates");
  if (summary.same_digest) {
    text +=
        *summary.same_digest ? "; its digest is the same" : "; its digest is NOT the one it had";
  }
  return text + "\n";
}

}  // namespace

Result<bool> AreHarkNdjson(const std::vector<std::string>& files, const std::string& from) {
  if (from == "ndjson") return true;
  if (from != "auto") return false;
  size_t own = 0;
  for (const std::string& file : files) {
    HARK_ASSIGN_OR_RETURN(const bool is_own, LooksLikeHarkNdjson(file));
    own += is_own ? 1 : 0;
  }
  if (own > 0 && own < files.size()) {
    return InvalidInput(
        "hark's own NDJSON and other formats are imported by commands of their own");
  }
  return own > 0;
}

Result<std::string> ImportHarkNdjson(Store& store, const std::string& file, const std::string& run,
                                     RejectFile& rejects, StopSignals& signals) {
  NdjsonReader reader(store, {run},
                      [&](const RejectedLine& line) { return rejects.Write(file, {line}); });
  HARK_RETURN_IF_ERROR(Read(reader, file, signals));
  HARK_ASSIGN_OR_RETURN(const NdjsonSummary summary, reader.Finish());
  if (summary.run.empty()) return SummaryText(summary);
  HARK_ASSIGN_OR_RETURN(const proto::RunRow row, store.FindRun(summary.run));
  if (row.state() == proto::RunRow::DONE) {
    const auto goes_on = [&](uint64_t) { return signals.Count() == 0; };
    HARK_ASSIGN_OR_RETURN(const bool all, RememberRun(store, row, goes_on));
    if (!all) return Interrupted();
  }
  return SummaryText(summary);
}

}  // namespace hark

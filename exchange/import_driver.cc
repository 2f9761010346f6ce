#include "exchange/import_driver.h"

#include <algorithm>

#include "base/moment.h"
#include "base/strings.h"
#include "exchange/json_source.h"

namespace hark {
namespace {

constexpr size_t kLinesToGuess = 20;
constexpr uint64_t kRecordsBetweenAsking = 256;

std::string FormatNames() {
  std::vector<std::string> names;
  for (const ImportFormat& format : ImportFormats()) names.emplace_back(format.name);
  return Join(names, ", ");
}

std::unique_ptr<RecordSource> RecordsOf(ByteSource& bytes, ImportFormat::Framing framing) {
  switch (framing) {
    case ImportFormat::Framing::kLines:
      break;
    case ImportFormat::Framing::kJsonObjects:
      return std::make_unique<JsonSource>(bytes);
  }
  return std::make_unique<LineSource>(bytes);
}

// To where an earlier import stopped. A reader that needs what came before hears it again.
Status GoOn(const ImportFormat& format, const ImportProgress& from, RecordSource& records,
            LineImporter& importer) {
  if (from.next_byte == 0) return Status::Ok();
  if (!format.reads_passed) return records.GoOn(from.next_line, from.next_byte);
  SourceRecord record;
  while (record.next_byte < from.next_byte) {
    HARK_ASSIGN_OR_RETURN(const bool more, records.Next(&record));
    if (!more) return InvalidInput("the source is shorter than it was");
    if (!record.too_long) importer.Passed(record.text, record.line);
  }
  return Status::Ok();
}

Status ReadRecord(const SourceRecord& record, LineImporter& importer, ImportSink& sink) {
  if (record.too_long) {
    const std::string why = StrCat("longer than ", kMaxRecord >> 20, " MiB");
    HARK_RETURN_IF_ERROR(RejectRecord(sink, record.line, why, record.text));
  } else {
    HARK_RETURN_IF_ERROR(importer.Line(record.text, record.line, sink));
  }
  return sink.Reached(record.next_line, record.next_byte);
}

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<const ImportFormat*> ChooseImportFormat(const std::string& path, const std::string& name) {
  if (name != "auto") {
    const ImportFormat* const format = FindImportFormat(name);
    if (format != nullptr) return format;
    return InvalidInput(StrCat("no format '", EscapeForDisplay(name), "'; known: ", FormatNames()));
  }
  if (path == "-") return InvalidInput("stdin needs --from; its lines cannot be read twice");
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> bytes, ByteSource::Open(path));
  LineSource lines(*bytes);
  HARK_ASSIGN_OR_RETURN(const std::vector<std::string_view> first, lines.Peek(kLinesToGuess));
  const ImportFormat* const format = GuessImportFormat(first);
  if (format != nullptr) return format;
  return InvalidInput(
      StrCat(path, " looks like nothing that is known; --from takes ", FormatNames()));
}

Result<bool> ReadSource(ByteSource& bytes, const ImportFormat& format, const ImportOptions& options,
                        const ImportProgress& from, ImportSink& sink, const ImportGoesOn& goes_on) {
  const std::unique_ptr<RecordSource> records = RecordsOf(bytes, format.framing);
  const std::unique_ptr<LineImporter> importer = format.make(options);
  HARK_RETURN_IF_ERROR(GoOn(format, from, *records, *importer));
  ImportStanding standing;
  standing.bytes = bytes.size();
  SourceRecord record;
  for (;;) {
    HARK_ASSIGN_OR_RETURN(const bool more, records->Next(&record));
    if (!more) break;
    HARK_RETURN_IF_ERROR(ReadRecord(record, *importer, sink));
    if (++standing.records % kRecordsBetweenAsking != 0) continue;
    standing.bytes_read = bytes.bytes_read();
    if (!goes_on(standing)) return false;
  }
  HARK_RETURN_IF_ERROR(importer->End(sink));
  return true;
}

int64_t MomentInPath(const std::string& path) {
  for (size_t i = 0; i + 18 <= path.size(); ++i) {
    // CC-YYYYMMDD-HHMMSS
    const std::string_view at = std::string_view(path).substr(i, 18);
    const std::string_view day = at.substr(3, 8), time = at.substr(12, 6);
    if (at[2] != '-' || at[11] != '-' || !IsDigits(day) || !IsDigits(time)) continue;
    const Result<int64_t> moment =
        ParseMoment(StrCat(day.substr(0, 4), "-", day.substr(4, 2), "-", day.substr(6, 2), "T",
                           time.substr(0, 2), ":", time.substr(2, 2), ":", time.substr(4, 2), "Z"));
    if (moment.ok()) return *moment;
  }
  return 0;
}

}  // namespace hark

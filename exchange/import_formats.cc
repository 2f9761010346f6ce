#include "exchange/foreign_importer.h"
#include "exchange/importer.h"
#include "exchange/surveys_import.h"
#include "exchange/zeek_import.h"
#include "exchange/zgrab2_import.h"

namespace hark {

// A new format: its reader in a file of its own, a row here.
const std::vector<ImportFormat>& ImportFormats() {
  using Framing = ImportFormat::Framing;
  static const std::vector<ImportFormat> formats = {
      {"zgrab2", Framing::kLines, false, GuessZgrab2, MakeZgrab2Importer},
      {"surveys", Framing::kJsonObjects, false, GuessSurveys, MakeSurveysImporter},
      {"censys", Framing::kJsonObjects, false, GuessCensys, MakeSurveysImporter},
      {"passive-ssh", Framing::kLines, false, GuessPassiveSsh, MakePassiveSshImporter, true},
      {"zeek", Framing::kLines, true, GuessZeek, MakeZeekImporter, true},
      {"known-hosts", Framing::kLines, false, GuessKnownHosts, MakeKnownHostsImporter, true},
  };
  return formats;
}

const ImportFormat* FindImportFormat(std::string_view name) {
  for (const ImportFormat& format : ImportFormats()) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

const ImportFormat* GuessImportFormat(const std::vector<std::string_view>& first_lines) {
  const ImportFormat* surest = nullptr;
  int how_sure = 0;
  for (const ImportFormat& format : ImportFormats()) {
    const int guess = format.guess(first_lines);
    if (guess > how_sure) {
      surest = &format;
      how_sure = guess;
    }
  }
  return surest;
}

Status RejectRecord(ImportSink& sink, uint64_t line, std::string_view reason,
                    std::string_view text) {
  return sink.Reject({line, std::string(reason), std::string(text.substr(0, kMaxRejectedText))});
}

}  // namespace hark

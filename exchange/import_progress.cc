#include "exchange/import_progress.h"

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "keys/key_id.h"

namespace hark {
namespace {

using nlohmann::json;

constexpr size_t kNameBytes = 16;

}  // namespace

void CountReason(const std::string& reason, ImportCounts* counts) {
  ++counts->rejected;
  const bool room = counts->reasons.size() < kMostReasons || counts->reasons.contains(reason);
  ++counts->reasons[room ? reason : "other"];
}

void AddCounts(const ImportCounts& more, ImportCounts* counts) {
  counts->lines += more.lines;
  counts->hosts += more.hosts;
  counts->ports += more.ports;
  counts->rejected += more.rejected;
  for (const auto& [reason, count] : more.reasons) counts->reasons[reason] += count;
}

std::string EncodeImportProgress(const ImportProgress& progress) {
  json out = {{"next_line", progress.next_line},       {"next_byte", progress.next_byte},
              {"reject_bytes", progress.reject_bytes}, {"done", progress.done},
              {"lines", progress.counts.lines},        {"hosts", progress.counts.hosts},
              {"ports", progress.counts.ports},        {"rejected", progress.counts.rejected},
              {"reasons", progress.counts.reasons}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<ImportProgress> DecodeImportProgress(std::string_view text) {
  const json in = json::parse(text, nullptr, false);
  if (!in.is_object()) return std::nullopt;
  ImportProgress progress;
  try {
    progress.next_line = in.at("next_line");
    progress.next_byte = in.at("next_byte");
    progress.reject_bytes = in.at("reject_bytes");
    progress.done = in.at("done");
    progress.counts.lines = in.at("lines");
    progress.counts.hosts = in.at("hosts");
    progress.counts.ports = in.at("ports");
    progress.counts.rejected = in.at("rejected");
    progress.counts.reasons = in.at("reasons").get<std::map<std::string, uint64_t>>();
  } catch (const json::exception&) {
    return std::nullopt;
  }
  return progress;
}

std::string ImportProgressName(std::string_view identity, std::string_view format,
                               std::string_view run) {
  const std::string all = StrCat(identity, '\0', format, '\0', run);
  return StrCat("import/", HexEncode(Sha256(all).substr(0, kNameBytes)));
}

}  // namespace hark

#include "api/environment.h"

#include <algorithm>
#include <filesystem>

#include "base/as_table.h"
#include "base/file.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kMaxEnvironmentName = 64;

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool LooksLikeAs(std::string_view piece) {
  return StartsWithIgnoreCase(piece, "AS") && piece.size() > 2 && ParseAsn(piece).has_value();
}

// A piece that begins like an address is one, so that a wrong prefix is no name.
bool LooksLikeAddress(std::string_view piece) {
  return piece.find('/') != piece.npos || piece.find(':') != piece.npos ||
         piece.find_first_not_of("0123456789.-") == piece.npos;
}

}  // namespace

Status Environment::Add(std::string_view piece, std::vector<AddressSpan>& spans) {
  if (LooksLikeAs(piece)) {
    asns_.insert(*ParseAsn(piece));
    return Status::Ok();
  }
  if (LooksLikeAddress(piece)) {
    HARK_ASSIGN_OR_RETURN(const AddressSpan span, ParseSpan(piece));
    spans.push_back(span);
    return Status::Ok();
  }
  const bool domain = piece.starts_with('.');
  const auto host = HostId::Parse(piece.substr(domain ? 1 : 0));
  if (!host || host->is_address()) return InvalidInput("no prefix, AS number or name");
  names_.insert((domain ? "." : "") + host->name());
  return Status::Ok();
}

Result<Environment> Environment::Parse(std::string name, std::string_view text) {
  Environment environment;
  environment.name_ = std::move(name);
  std::vector<AddressSpan> spans;
  size_t number = 0;
  for (const std::string_view line : Split(text, '\n')) {
    ++number;
    const std::string_view piece = Trim(line.substr(0, line.find('#')));
    if (piece.empty()) continue;
    const Status added = environment.Add(piece, spans);
    if (!added.ok()) {
      return added.Prepend(
          StrCat("line ", number, ": '", EscapeForDisplay(piece.substr(0, 100)), "'"));
    }
  }
  environment.prefixes_ = AddressSet(spans);
  return environment;
}

Result<Environment> Environment::OfList(std::string_view pieces) {
  std::string lines(pieces);
  std::replace(lines.begin(), lines.end(), ',', '\n');
  return Parse("", lines);
}

bool Environment::HasName(const std::string& name) const {
  if (names_.contains(name)) return true;
  for (size_t dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1)) {
    if (names_.contains(std::string_view(name).substr(dot))) return true;
  }
  return names_.contains("." + name);
}

Result<bool> Environment::Has(const MemoryView& memory, const HostId& host, Effort& effort) const {
  if (!host.is_address()) return HasName(host.name());
  if (prefixes_.Contains(host.address())) return true;
  if (asns_.empty()) return false;
  HARK_ASSIGN_OR_RETURN(const ApiPlace place, memory.PlaceOf(host, "", effort));
  return place.asn != 0 && asns_.contains(place.asn);
}

bool IsEnvironmentName(std::string_view name) {
  if (name.empty() || name.size() > kMaxEnvironmentName || !IsLetterOrDigit(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return IsLetterOrDigit(c) || c == '.' || c == '_' || c == '-'; });
}

Result<Environment> ReadEnvironment(const std::string& folder, std::string_view name) {
  if (!IsEnvironmentName(name)) {
    return InvalidInput(
        StrCat("'", EscapeForDisplay(name.substr(0, 100)), "' is no name of an environment"));
  }
  const std::string path = StrCat(folder, "/", name);
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return NotFound(StrCat("there is no environment '", name, "'"));
  }
  HARK_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, Environment::kMaxBytes));
  Result<Environment> environment = Environment::Parse(std::string(name), text);
  if (environment.ok()) return environment;
  return environment.status().Prepend(StrCat("environment '", name, "'"));
}

std::vector<std::string> EnvironmentNames(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (auto at = std::filesystem::directory_iterator(folder, error);
       !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    std::string name = at->path().filename().string();
    std::error_code unknown;
    if (IsEnvironmentName(name) && at->is_regular_file(unknown)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace hark

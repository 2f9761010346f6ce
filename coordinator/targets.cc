#include "coordinator/targets.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/file.h"
#include "base/strings.h"

namespace hark {
namespace {

// 64 MB, what a target set may be.
constexpr size_t kMaxTargets6 = 4'000'000;
constexpr size_t kMaxNames = 1'000'000;
constexpr size_t kMaxNameBytes = 253;
constexpr size_t kMaxLabelBytes = 63;

// Does it look like an address at all, so that its error is about an address and not a file?
bool LooksLikeAddress(std::string_view text) {
  if (Address::Parse(text.substr(0, text.find('/')))) return true;  // IPv6 may begin with a letter
  return !text.empty() &&
         text.find_first_not_of("0123456789./-: abcdefABCDEF") == std::string_view::npos &&
         text.find_first_of(".:") != std::string_view::npos &&
         (text.front() >= '0' && text.front() <= '9');
}

bool IsLabel(std::string_view label) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; };
  return !label.empty() && label.size() <= kMaxLabelBytes && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), plain);
}

Result<uint64_t> CountOf(const AddressSpan& span) {
  const std::string_view first = span.first.bytes(), last = span.last.bytes();
  constexpr size_t kCounted = 2;  // bytes: enough to see that it is too much
  uint64_t from = 0, to = 0;
  for (size_t i = first.size() - kCounted; i < first.size(); ++i) {
    from = from << 8 | static_cast<uint8_t>(first[i]);
    to = to << 8 | static_cast<uint8_t>(last[i]);
  }
  const bool near =
      first.substr(0, first.size() - kCounted) == last.substr(0, last.size() - kCounted);
  if (near && to - from < kMaxSpan6) return to - from + 1;
  return InvalidInput(
      "IPv6 cannot be swept: more than 256 addresses; give /120 or longer, or a list of addresses");
}

// Gathers words of all kinds.
class Gatherer {
 public:
  explicit Gatherer(bool names_allowed) : names_allowed_(names_allowed) {}

  Status Take(std::string_view word) {
    const Result<AddressSpan> span = ParseSpan(word);
    if (!span.ok()) {
      if (!names_allowed_ || LooksLikeAddress(word) || !IsHostName(word)) return span.status();
      return TakeName(word);
    }
    if (span->first.is_v4()) {
      v4_.push_back({span->first.v4(), span->last.v4()});
      return Status::Ok();
    }
    spans6_.push_back(*span);
    return names_allowed_ ? Enumerate(*span) : Status::Ok();
  }

  TargetWords Words() && { return {RangeSet(std::move(v4_)), std::move(v6_), std::move(names_)}; }
  AddressSet Addresses() && { return AddressSet(spans6_).Union(RangeSet(std::move(v4_))); }

 private:
  Status TakeName(std::string_view word) {
    if (names_.size() >= kMaxNames)
      return InvalidInput("more names than can be asked for politely");
    if (word.ends_with('.')) word.remove_suffix(1);
    names_.push_back(AsciiLower(word));
    return Status::Ok();
  }

  Status Enumerate(const AddressSpan& span) {
    HARK_ASSIGN_OR_RETURN(const uint64_t count, CountOf(span));
    if (v6_.size() + count > kMaxTargets6) return InvalidInput("too many IPv6 addresses");
    std::string bytes(span.first.bytes());
    uint32_t low = static_cast<uint8_t>(bytes[14]) << 8 | static_cast<uint8_t>(bytes[15]);
    for (uint64_t i = 0; i < count; ++i, ++low) {
      bytes[14] = static_cast<char>(low >> 8);
      bytes[15] = static_cast<char>(low & 0xff);
      v6_.push_back(*Address::FromBytes(bytes));
    }
    return Status::Ok();
  }

  const bool names_allowed_;
  std::vector<Range> v4_;
  std::vector<AddressSpan> spans6_;
  std::vector<Address> v6_;
  std::vector<std::string> names_;
};

Status TakeText(std::string_view text, const std::string& path, Gatherer* gatherer) {
  size_t line_number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++line_number;
    line = Trim(line.substr(0, line.find('#')));
    while (!line.empty()) {
      const size_t end = std::min(line.find_first_of(" \t,"), line.size());
      const std::string_view word = line.substr(0, end);
      line = Trim(line.substr(std::min(end + 1, line.size())));
      if (word.empty()) continue;
      const Status status = gatherer->Take(word);
      if (!status.ok()) {
        return InvalidInput(
            StrCat(path, ":", line_number, ": '", EscapeForDisplay(word), "': ", status.message()));
      }
    }
  }
  return Status::Ok();
}

Status TakeSpec(std::string_view spec, Gatherer* gatherer) {
  for (const std::string_view piece : Split(spec, ',')) {
    const std::string_view text = Trim(piece);
    if (text.empty()) continue;
    const std::string path(text);
    std::error_code error;
    const bool is_file = text == "-" || std::filesystem::is_regular_file(path, error);
    const Status status = is_file ? Status::Ok() : gatherer->Take(text);
    if (!is_file && status.ok()) continue;
    if (!is_file && (LooksLikeAddress(text) || text.find(':') != text.npos)) {
      return InvalidInput(StrCat("'", EscapeForDisplay(text), "': ", status.message()));
    }
    HARK_ASSIGN_OR_RETURN(const std::string content, ReadFile(path));
    HARK_RETURN_IF_ERROR(TakeText(content, path == "-" ? "stdin" : path, gatherer));
  }
  return Status::Ok();
}

}  // namespace

bool IsHostName(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kMaxNameBytes || text.find('.') == text.npos) return false;
  const std::vector<std::string_view> labels = Split(text, '.');
  // The last label of a name is never a number, which keeps addresses mistyped from being names.
  return std::all_of(labels.begin(), labels.end(), IsLabel) && !ParseUint(labels.back());
}

Result<TargetWords> ParseTargetWords(std::string_view text, const std::string& path) {
  Gatherer gatherer(true);
  HARK_RETURN_IF_ERROR(TakeText(text, path, &gatherer));
  return std::move(gatherer).Words();
}

Result<TargetWords> ReadTargetWords(std::string_view spec) {
  Gatherer gatherer(true);
  HARK_RETURN_IF_ERROR(TakeSpec(spec, &gatherer));
  return std::move(gatherer).Words();
}

Result<AddressSet> ReadAddresses(std::string_view spec) {
  Gatherer gatherer(false);
  HARK_RETURN_IF_ERROR(TakeSpec(spec, &gatherer));
  return std::move(gatherer).Addresses();
}

}  // namespace hark

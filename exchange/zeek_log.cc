#include "exchange/zeek_log.h"

#include <simdjson.h>

#include <algorithm>

#include "base/moment.h"
#include "base/strings.h"
#include "exchange/foreign_record.h"

namespace hark {
namespace {

// ssl.log has thirty, with every package some sixty.
constexpr size_t kMaxFields = 256;
constexpr size_t kMaxMembers = 256;
// Beyond it a number of seconds is one of milliseconds: the year 5138.
constexpr double kLeastMillis = 1e11;

ZeekKind KindOfPath(std::string_view path) {
  if (path == "ssh") return ZeekKind::kSsh;
  if (path == "ssl") return ZeekKind::kSsl;
  if (path == "x509") return ZeekKind::kX509;
  return ZeekKind::kNone;
}

// JSON lines do not say which log they are from; their fields do.
ZeekKind KindOfFields(const ZeekEntry& entry) {
  const auto has = [&](std::string_view field) { return !entry.List(field).empty(); };
  if (has("_path")) return KindOfPath(entry.Text("_path"));
  if (has("certificate.serial") || has("certificate.subject")) return ZeekKind::kX509;
  if (has("auth_attempts") || has("kex_alg") || has("hasshServer") || has("host_key")) {
    return ZeekKind::kSsh;
  }
  if (has("cipher") || has("cert_chain_fps") || has("cert_chain_fuids") || has("established")) {
    return ZeekKind::kSsl;
  }
  return ZeekKind::kNone;
}

// "\x09" and the like, as Zeek writes bytes that its separators and non-printing ones are.
std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = text.substr(i).starts_with("\\x") ? HexDecode(text.substr(i + 2, 2))
                                                        : std::optional<std::string>();
    if (byte && byte->size() == 1) {
      out += *byte;
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool IsContainer(std::string_view type) {
  return type.starts_with("vector[") || type.starts_with("set[");
}

std::string TextOf(const simdjson::dom::element& value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return std::string(text);
  if (value.is_null() || value.is_object() || value.is_array()) return {};
  return simdjson::minify(value);
}

}  // namespace

std::string_view ZeekEntry::Text(std::string_view field) const {
  const Value* value = Find(field);
  return value != nullptr && !value->members.empty() ? std::string_view(value->members.front())
                                                     : std::string_view();
}

std::vector<std::string> ZeekEntry::List(std::string_view field) const {
  const Value* value = Find(field);
  return value != nullptr ? value->members : std::vector<std::string>();
}

std::optional<int64_t> ZeekEntry::Seconds(std::string_view field) const {
  const std::string_view text = Text(field);
  if (text.find('T') != std::string_view::npos) {
    const Result<int64_t> moment = ParseMoment(text);
    if (!moment.ok() || *moment < 0) return std::nullopt;
    return ForeignSeconds(static_cast<double>(*moment / 1000));
  }
  const std::optional<double> number = ForeignNumber(text);
  if (!number) return std::nullopt;
  return ForeignSeconds(*number < kLeastMillis ? *number : *number / 1000);
}

void ZeekEntry::Add(std::string_view field, std::vector<std::string> members) {
  values_.push_back({std::string(field), std::move(members)});
}

const ZeekEntry::Value* ZeekEntry::Find(std::string_view field) const {
  for (const Value& value : values_) {
    if (value.field == field) return &value;
  }
  return nullptr;
}

class ZeekLogReader::Impl {
 public:
  std::optional<ZeekEntry> Read(std::string_view line, std::string* fault);
  void Header(std::string_view line);

 private:
  std::optional<ZeekEntry> ReadJson(std::string_view line, std::string* fault);
  std::optional<ZeekEntry> ReadColumns(std::string_view line, std::string* fault);
  std::vector<std::string> MembersOf(std::string_view text, bool container) const;

  // As Zeek has them where nobody changed its settings.
  char separator_ = '\t';
  char set_separator_ = ',';
  std::string empty_ = "(empty)";
  std::string unset_ = "-";
  ZeekKind kind_ = ZeekKind::kNone;
  std::vector<std::string> fields_;
  std::vector<bool> containers_;
  simdjson::dom::parser parser_;
};

// "#separator \x09", and then "#name" and values between separators.
void ZeekLogReader::Impl::Header(std::string_view line) {
  constexpr std::string_view kSeparator = "#separator ";
  if (line.starts_with(kSeparator)) {
    const std::string separator = Unescape(line.substr(kSeparator.size()));
    if (separator.size() == 1) separator_ = separator.front();
    return;
  }
  const std::vector<std::string_view> words = Split(line, separator_);
  const std::string value = words.size() > 1 ? Unescape(words[1]) : std::string();
  if (words[0] == "#set_separator" && value.size() == 1) set_separator_ = value.front();
  if (words[0] == "#empty_field") empty_ = value;
  if (words[0] == "#unset_field") unset_ = value;
  if (words[0] == "#path") kind_ = KindOfPath(value);
  if (words.size() > kMaxFields + 1) return;
  if (words[0] == "#fields") {
    fields_.assign(words.begin() + 1, words.end());
    containers_.assign(fields_.size(), false);
  }
  if (words[0] == "#types") {
    for (size_t i = 1; i < words.size() && i <= fields_.size(); ++i) {
      containers_[i - 1] = IsContainer(words[i]);
    }
  }
}

std::vector<std::string> ZeekLogReader::Impl::MembersOf(std::string_view text,
                                                        bool container) const {
  if (text == unset_ || text == empty_) return {};
  if (!container) return {Unescape(text)};
  std::vector<std::string> members;
  for (std::string_view member : Split(text, set_separator_)) {
    if (members.size() == kMaxMembers) break;
    members.push_back(Unescape(member));
  }
  return members;
}

std::optional<ZeekEntry> ZeekLogReader::Impl::ReadColumns(std::string_view line,
                                                          std::string* fault) {
  if (fields_.empty()) {
    *fault = "no #fields before it";
    return std::nullopt;
  }
  const std::vector<std::string_view> columns = Split(line, separator_);
  if (columns.size() != fields_.size()) {
    *fault = "not as many columns as #fields names";
    return std::nullopt;
  }
  ZeekEntry entry;
  for (size_t i = 0; i < columns.size(); ++i) {
    entry.Add(fields_[i], MembersOf(columns[i], containers_[i]));
  }
  entry.kind = kind_ != ZeekKind::kNone ? kind_ : KindOfFields(entry);
  return entry;
}

std::optional<ZeekEntry> ZeekLogReader::Impl::ReadJson(std::string_view line, std::string* fault) {
  simdjson::dom::object object;
  if (parser_.parse(line.data(), line.size()).get(object) != simdjson::SUCCESS) {
    *fault = "not a JSON object";
    return std::nullopt;
  }
  if (object.size() > kMaxFields) {
    *fault = "too many fields";
    return std::nullopt;
  }
  ZeekEntry entry;
  for (const simdjson::dom::key_value_pair field : object) {
    simdjson::dom::array array;
    std::vector<std::string> members;
    if (field.value.get(array) != simdjson::SUCCESS) {
      members.push_back(TextOf(field.value));
    } else {
      for (const simdjson::dom::element member : array) {
        if (members.size() < kMaxMembers) members.push_back(TextOf(member));
      }
    }
    entry.Add(field.key, std::move(members));
  }
  entry.kind = KindOfFields(entry);
  return entry;
}

std::optional<ZeekEntry> ZeekLogReader::Impl::Read(std::string_view line, std::string* fault) {
  fault->clear();
  while (line.ends_with('\r') || line.ends_with('\n')) line.remove_suffix(1);
  if (line.empty()) return std::nullopt;
  if (line.front() == '#') {
    Header(line);
    return std::nullopt;
  }
  return line.front() == '{' ? ReadJson(line, fault) : ReadColumns(line, fault);
}

ZeekLogReader::ZeekLogReader() : impl_(std::make_unique<Impl>()) {}
ZeekLogReader::~ZeekLogReader() = default;

std::optional<ZeekEntry> ZeekLogReader::Read(std::string_view line, std::string* fault) {
  return impl_->Read(line, fault);
}

void ZeekLogReader::Pass(std::string_view line) {
  while (line.ends_with('\r') || line.ends_with('\n')) line.remove_suffix(1);
  if (line.starts_with('#')) impl_->Header(line);
}

}  // namespace hark

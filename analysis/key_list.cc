#include "analysis/key_list.h"

#include <algorithm>

#include "base/strings.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

constexpr std::string_view kSha256 = "SHA256:";
constexpr std::string_view kMd5 = "MD5:";
constexpr size_t kBase64Digits = 43;  // of 32 bytes, without padding
constexpr size_t kMd5Text = 47;       // 16 pairs and the colons between them

bool IsBase64(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  });
}

bool IsMd5Text(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const bool colon = i % 3 == 2;
    if (colon != (text[i] == ':')) return false;
    if (!colon && std::string_view("0123456789abcdef").find(text[i]) == text.npos) return false;
  }
  return text.size() == kMd5Text;
}

Status AddWord(std::string_view word, KeyList& list) {
  if (word.substr(0, kSha256.size()) == kSha256) {
    const std::string_view digits = word.substr(kSha256.size());
    if (digits.size() != kBase64Digits || !IsBase64(digits)) {
      return InvalidInput("SHA256: wants 43 characters of base64, as ssh-keygen -l prints");
    }
    list.fingerprints.emplace(word);
    return Status::Ok();
  }
  if (StartsWithIgnoreCase(word, kMd5)) {
    const std::string pairs = AsciiLower(word.substr(kMd5.size()));
    if (!IsMd5Text(pairs)) return InvalidInput("MD5: wants 16 pairs of hex digits with colons");
    list.fingerprints.insert(StrCat(kMd5, pairs));
    return Status::Ok();
  }
  const std::optional<std::string> bytes = HexDecode(word);
  const std::optional<KeyId> id = bytes ? KeyId::FromBytes(*bytes) : std::nullopt;
  if (!id) return InvalidInput("no key; give 64 hex digits, SHA256:… or MD5:…");
  list.ids.insert(*id);
  return Status::Ok();
}

}  // namespace

Result<KeyList> ParseKeyList(std::string_view text) {
  KeyList list;
  size_t number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    line = Trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const Status added = AddWord(line.substr(0, line.find_first_of(" \t")), list);
    if (!added.ok()) return added.Prepend(StrCat("line ", number));
  }
  return list;
}

Result<std::unordered_set<KeyId>> ResolveKeyList(const RunReader& reader, const KeyList& list) {
  std::unordered_set<KeyId> ids = list.ids;
  if (list.fingerprints.empty()) return ids;
  HARK_RETURN_IF_ERROR(reader.ForEachPort([&](const Address&, uint16_t, const proto::PortRow& row) {
    for (const proto::SshHostKey& key : row.observation().ssh().keys()) {
      if (list.fingerprints.contains(SshSha256Fingerprint(key.blob())) ||
          list.fingerprints.contains(SshMd5Fingerprint(key.blob()))) {
        ids.insert(ReadSshKey(key.blob()).id);
      }
    }
    return Status::Ok();
  }));
  return ids;
}

}  // namespace hark

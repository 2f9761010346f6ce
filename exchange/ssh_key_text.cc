#include "exchange/ssh_key_text.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/strings.h"
#include "exchange/base64.h"
#include "keys/digests.h"
#include "keys/key_id.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

constexpr size_t kMd5Bytes = 16;
constexpr size_t kMaxTypeName = 64;  // RFC 4250 §4.6.1
constexpr std::string_view kMd5Mark = "MD5:";
constexpr std::string_view kSha256Mark = "SHA256:";

bool BeginsWithType(std::string_view blob) {
  ByteReader reader(blob);
  const std::string_view type = reader.String32(kMaxTypeName);
  const auto is_graphic = [](char c) { return c > ' ' && c < '\x7f'; };
  return reader.ok() && !type.empty() && std::all_of(type.begin(), type.end(), is_graphic);
}

// By one character at a time: keys are long, and to look for either blank at once is slow.
std::string_view FirstWord(std::string_view text) {
  text = text.substr(0, text.find(' '));
  return text.substr(0, text.find('\t'));
}

}  // namespace

Result<std::string> SshBlobOfText(std::string_view text) {
  std::string_view body = FirstWord(text);
  // A type is never all of a key: every one has a dash, which is no digit of base64.
  if (body.size() < text.size() && body.find('-') != std::string_view::npos) {
    body = FirstWord(Trim(text.substr(body.size())));
  }
  if (body.empty()) return InvalidInput("no base64");
  if (body.size() / 4 * 3 > kMaxSshKeyBlob) return InvalidInput("longer than any key");
  std::optional<std::string> blob = DecodeBase64(body);
  if (!blob) return InvalidInput("bad base64");
  if (!BeginsWithType(*blob)) return InvalidInput("not an SSH key");
  return std::move(*blob);
}

std::optional<std::string> Md5OfFingerprint(std::string_view text) {
  if (StartsWithIgnoreCase(text, kMd5Mark)) text.remove_prefix(kMd5Mark.size());
  if (text.size() == 2 * kMd5Bytes) return HexDecode(text);
  if (text.size() != 3 * kMd5Bytes - 1) return std::nullopt;
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i % 3 != 2) {
      digits += text[i];
    } else if (text[i] != ':') {
      return std::nullopt;
    }
  }
  return HexDecode(digits);
}

std::optional<std::string> Sha256OfFingerprint(std::string_view text) {
  if (!StartsWithIgnoreCase(text, kSha256Mark)) return std::nullopt;
  text.remove_prefix(kSha256Mark.size());
  std::optional<std::string> digest =
      text.size() == 2 * KeyId::kSize ? HexDecode(text) : DecodeBase64(text);
  if (!digest || digest->size() != KeyId::kSize) return std::nullopt;
  return digest;
}

std::optional<bool> FingerprintFits(std::string_view fingerprint, std::string_view blob) {
  if (const auto md5 = Md5OfFingerprint(fingerprint)) {
    const std::string own = Md5(blob);
    return own.empty() || own == *md5;  // a FIPS build has no MD5 to compare with
  }
  if (const auto sha256 = Sha256OfFingerprint(fingerprint)) return Sha256(blob) == *sha256;
  return std::nullopt;
}

}  // namespace hark

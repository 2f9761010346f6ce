#pragma once

// The words inside HTTP requests: targets, credentials and preferences, as strangers write them.
// RFC 3986 (targets), RFC 9110 (fields), RFC 7617 (Basic), RFC 6750 (Bearer). Pure.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace hark {

// Well-formed UTF-8 as of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(std::string_view bytes);

// "%C3%A4" to its bytes, once. nullopt: a '%' without two hex digits behind it.
std::optional<std::string> PercentDecode(std::string_view text);

struct HttpTarget {
  std::string path;        // as HttpRequest has it
  std::string exact_path;  // likewise
  std::map<std::string, std::string> query;
};
// target: of a request line, "/path?query" or "http://host/path?query". kInvalidInput says what is
// wrong: no path, bad escapes, bytes that are no UTF-8, or a NUL.
Result<HttpTarget> ParseTarget(std::string_view target);

// How a body may be packed.
enum class ContentCoding { kIdentity, kGzip, kZstd };
std::string_view ContentCodingName(ContentCoding coding);
// What is best for both: of those the client takes the one with the highest weight; among equals
// zstd, gzip, identity. accept: the Accept-Encoding field, "" = it is not there.
ContentCoding ChooseCoding(std::string_view accept);

// The key that comes with a request.
struct Credentials {
  std::string user;  // of Basic; "" = none said
  std::string key;
};
// authorization, x_api_key: the fields' values, "" = not there. The first one that is there counts.
// nullopt: neither is, or it is no Basic or Bearer that can be read.
std::optional<Credentials> ReadCredentials(std::string_view authorization,
                                           std::string_view x_api_key);

// If-None-Match names the tag (quotes included), or any. Weak tags match as strong ones do.
bool NamesTag(std::string_view if_none_match, std::string_view tag);

// The last address of X-Forwarded-For, which is what the nearest proxy saw. "" = none.
std::string_view LastForwarded(std::string_view forwarded);

// The Host field is an address or "localhost": a name somebody else may point at this machine is
// neither.
bool IsLocalHostField(std::string_view host);

}  // namespace hark

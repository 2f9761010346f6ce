#pragma once

// Small text helpers. All of them treat text as bytes; none looks at the locale.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hark {

namespace internal {
inline void AppendPiece(std::string& out, std::string_view piece) {
  out += piece;
}
inline void AppendPiece(std::string& out, char piece) {
  out += piece;
}
template <typename T>
requires std::is_arithmetic_v<T>
void AppendPiece(std::string& out, T piece) {
  out += std::to_string(piece);
}
}  // namespace internal

// StrCat("port ", 25, " of ", name): the pieces one after another.
template <typename... Pieces>
std::string StrCat(const Pieces&... pieces) {
  std::string out;
  (internal::AppendPiece(out, pieces), ...);
  return out;
}

std::string Join(const std::vector<std::string>& pieces, std::string_view separator);
// The pieces between separators; "" gives one empty piece.
std::vector<std::string_view> Split(std::string_view text, char separator);
// Without leading and trailing blanks, tabs, CR and LF.
std::string_view Trim(std::string_view text);
bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix);
std::string AsciiUpper(std::string_view text);
char AsciiLower(char c);
std::string AsciiLower(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

// Digits only, no sign, no overflow; nullopt otherwise.
std::optional<uint64_t> ParseUint(std::string_view text);

std::string HexEncode(std::string_view bytes);               // lower case
std::optional<std::string> HexDecode(std::string_view hex);  // either case

// What a peer sent, made safe to show: printable ASCII as is, backslash doubled, the rest \xNN.
std::string EscapeForDisplay(std::string_view bytes);

// 482835 -> "482,835".
std::string WithThousands(uint64_t n);

}  // namespace hark

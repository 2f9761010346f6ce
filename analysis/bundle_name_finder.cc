#include "analysis/bundle_name_finder.h"

#include <algorithm>

#include "base/strings.h"

namespace hark {
namespace {

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Calls take(word, place): runs of word bytes, and every other byte by itself.
template <typename Take>
void ForEachWord(std::string_view lower, Take take) {
  for (size_t at = 0; at < lower.size();) {
    size_t end = at + 1;
    if (IsWordByte(lower[at])) {
      while (end < lower.size() && IsWordByte(lower[end])) ++end;
    }
    take(lower.substr(at, end - at), at);
    at = end;
  }
}

uint64_t Edge(uint32_t node, uint32_t word) {
  return uint64_t{node} << 32 | word;
}

}  // namespace

uint32_t BundleNameFinder::NumberOf(std::string_view word) {
  return numbers_.emplace(word, static_cast<uint32_t>(numbers_.size())).first->second;
}

void BundleNameFinder::Add(std::string_view name) {
  std::string lower = AsciiLower(Trim(name));
  while (!lower.empty() && lower.back() == '.') lower.pop_back();
  const size_t skip = lower.substr(0, 2) == "*." ? 2 : 0;
  if (std::none_of(lower.begin(), lower.end(), IsWordByte)) return;
  uint32_t node = 0;
  ForEachWord(std::string_view(lower).substr(skip), [&](std::string_view word, size_t) {
    const auto [edge, added] = edges_.emplace(Edge(node, NumberOf(word)), nodes_);
    nodes_ += added ? 1 : 0;
    node = edge->second;
  });
  names_ += ends_.insert(node).second ? 1 : 0;
}

std::vector<BundleNameFinder::Word> BundleNameFinder::WordsOf(std::string_view text) const {
  const std::string lower = AsciiLower(text);
  std::vector<Word> words;
  std::string key;
  ForEachWord(lower, [&](std::string_view word, size_t at) {
    key.assign(word);
    const auto known = numbers_.find(key);
    words.push_back(
        {at, known == numbers_.end() ? kUnknown : known->second, IsWordByte(word[0]), word == "."});
  });
  return words;
}

// words[first, last] are one name of one word: no domain name goes on before or after it.
bool BundleNameFinder::StandsAlone(const std::vector<Word>& words, size_t first,
                                   size_t last) const {
  const bool before = first >= 2 && words[first - 1].dot && words[first - 2].letters;
  const bool after = last + 2 < words.size() && words[last + 1].dot && words[last + 2].letters;
  return !before && !after;
}

template <typename Visit>
void BundleNameFinder::ForEachFound(std::string_view text, Visit visit) const {
  const std::vector<Word> words = WordsOf(text);
  for (size_t first = 0; first < words.size(); ++first) {
    uint32_t node = 0;
    bool domain = false;
    for (size_t i = first; i < words.size() && words[i].number != kUnknown; ++i) {
      const auto edge = edges_.find(Edge(node, words[i].number));
      if (edge == edges_.end()) break;
      node = edge->second;
      domain = domain || words[i].dot;
      if (!ends_.contains(node) || !(domain || StandsAlone(words, first, i))) continue;
      if (!visit(Found{words[first].at, node})) return;
    }
  }
}

size_t BundleNameFinder::Find(std::string_view text) const {
  size_t at = text.npos;
  ForEachFound(text, [&](const Found& found) {
    at = found.at;
    return false;
  });
  return at;
}

void BundleNameFinder::Excuse(std::string_view text) {
  std::vector<uint32_t> found;
  ForEachFound(text, [&](const Found& one) {
    found.push_back(one.node);
    return true;
  });
  for (const uint32_t node : found) names_ -= ends_.erase(node);
}

}  // namespace hark

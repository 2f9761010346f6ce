#pragma once

// Finds any of many names in a text, whatever the case: a trie of words, walked from every word of
// the text, so that the time is that of the text and not of the names.
//
// A name is found where it stands as words of its own. Letters, digits, '-', '_' and bytes beyond
// ASCII make words. "example.org" is found in "mail.example.org" too, but not in "myexample.org";
// a name of one word ("mailhost") is not found as a part of a domain name ("mailhost.example.net").

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace hark {

class BundleNameFinder {
 public:
  // In any case; "*." before it and a '.' after it do not count. Ones without a word are not added.
  void Add(std::string_view name);
  size_t size() const { return names_; }

  // Where the first one begins, or npos.
  size_t Find(std::string_view text) const;
  // Names that are in the text are looked for no longer.
  void Excuse(std::string_view text);

 private:
  static constexpr uint32_t kUnknown = UINT32_MAX;

  struct Word {
    size_t at = 0;
    uint32_t number = kUnknown;
    bool letters = false;  // not punctuation
    bool dot = false;
  };
  struct Found {
    size_t at;
    uint32_t node;
  };

  std::vector<Word> WordsOf(std::string_view text) const;
  uint32_t NumberOf(std::string_view word);
  bool StandsAlone(const std::vector<Word>& words, size_t first, size_t last) const;
  // Calls visit(Found) for each until it says false.
  template <typename Visit>
  void ForEachFound(std::string_view text, Visit visit) const;

  std::unordered_map<std::string, uint32_t> numbers_;  // of the words of all names
  std::unordered_map<uint64_t, uint32_t> edges_;       // node and word -> node; 0 is the root
  std::unordered_set<uint32_t> ends_;                  // nodes that end a name
  uint32_t nodes_ = 1;
  size_t names_ = 0;
};

}  // namespace hark

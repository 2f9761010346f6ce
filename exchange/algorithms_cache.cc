#include "exchange/algorithms_cache.h"

#include "base/strings.h"
#include "keys/hassh.h"

namespace hark {
namespace {

// Of a kilobyte or two each. A source with more is forgotten and remembered anew.
constexpr size_t kMostEntries = 4096;

bool HasLists(const PassiveSshLists& lists) {
  return !(lists.host_key.empty() && lists.encryption.empty() && lists.mac.empty() &&
           lists.compression.empty());
}

AlgorithmsCache::Entry MakeEntry(const PassiveSshLists& lists) {
  proto::AlgorithmsRow row;
  proto::SshKexInit* const offer = row.mutable_lists();
  offer->set_server_host_key_algorithms(lists.host_key);
  offer->set_encryption_server_to_client(lists.encryption);
  offer->set_mac_server_to_client(lists.mac);
  offer->set_compression_server_to_client(lists.compression);
  offer->set_languages_server_to_client(lists.languages);
  AlgorithmsCache::Entry entry;
  const std::string own = HasLists(lists) ? PassiveSshHassh(lists.host_key, lists.encryption,
                                                            lists.mac, lists.compression)
                                          : std::string();
  entry.hassh_fits = own.empty() || lists.hassh.empty() || own == lists.hassh;
  row.set_passive_ssh_hassh(lists.hassh.empty() ? own : lists.hassh);
  entry.fact = AlgorithmsFact(row);
  return entry;
}

}  // namespace

const AlgorithmsCache::Entry& AlgorithmsCache::Find(const PassiveSshLists& lists) {
  key_.clear();
  // A list ends where no name can have a character.
  for (const std::string* list : {&lists.host_key, &lists.encryption, &lists.mac,
                                  &lists.compression, &lists.languages, &lists.hassh}) {
    key_ += *list;
    key_ += '\n';
  }
  const auto found = entries_.find(key_);
  if (found != entries_.end()) return found->second;
  if (entries_.size() >= kMostEntries) entries_.clear();
  return entries_.emplace(key_, MakeEntry(lists)).first->second;
}

}  // namespace hark

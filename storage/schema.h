#pragma once

// Keys of the store's column families, byte by byte (docs/formats/store.md). Integers are
// big-endian, so that keys sort as their numbers do; addresses are Address::SortKey.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "storage/history.h"
#include "storage/run_reader.h"

namespace hark::schema {

// Grows by one with every change an older hark would misread.
inline constexpr uint32_t kVersion = 4;
// First byte of every protobuf value.
inline constexpr char kValueFormat = 1;

// Column families, in the order they are opened. Stored by name; the order here is free.
enum class Family : int {
  kMeta = 0,   // name -> value
  kRuns,       // run -> RunRow
  kTargets,    // SHA-256 -> RangeSet::Encode
  kJobs,       // run, job -> JobRow
  kListeners,  // run, position u64 -> address bytes
  kRevisits,   // run, list u32, position u64 -> RevisitRow
  kRecords,    // run, address, port -> PortRow; port 0 -> HostRow
  kByKey,      // run, key id, address, port -> nothing
  kCerts,      // SHA-256 -> CertRow
  kHistory,    // host, port -> Timeline::Encode, merged by union
  kFactUses,   // kind, reference, host, port -> nothing
  kFacts,      // kind, reference -> body
  kFactNames,  // kind of name, name, reference -> nothing
};
inline constexpr int kFamilyCount = 13;
std::string_view FamilyName(Family family);
// Of versions 1 and 2, removed by opening for writing: nothing ever read it.
inline constexpr std::string_view kRetiredFamily = "seen";

// In kMeta, before the version as 8 bytes.
inline constexpr std::string_view kOptOutPrefix = "opt_out/";
std::string OptOutKey(uint64_t version);
inline constexpr std::string_view kNamePrefix = "name/";      // run, address as in records
inline constexpr std::string_view kPurgedPrefix = "purged/";  // run
inline constexpr std::string_view kSweptPrefix = "swept/";    // run, index as 8 bytes
std::string NamesKey(uint32_t run);
std::string NameKey(uint32_t run, const Address& address);
std::string PurgedKey(uint32_t run);
std::string SweptOf(uint32_t run);
std::string SweptKey(uint32_t run, uint64_t first_index);
inline constexpr std::string_view kRememberedPrefix = "remembered/";  // run
std::string RememberedRunKey(uint32_t run);
std::string RunKey(uint32_t run);
std::string JobKey(uint32_t run, uint32_t job);
std::string ListenerKey(uint32_t run, uint64_t position);
std::string RevisitKey(uint32_t run, uint32_t list, uint64_t position);
std::string RecordKey(uint32_t run, const Address& address, uint16_t port);
std::string ByKeyKey(uint32_t run, const KeyUse& use);

// Of the history. A host key is HostId::SortKey.
std::string HistoryKey(const FactUse& place);
std::string FactKey(const Fact& fact);
std::string FactUseKey(const Fact& fact, const FactUse& place);
std::optional<FactUse> ParsePlace(std::string_view host_and_port);
std::optional<Fact> ParseFact(std::string_view key);  // of what begins with one
inline constexpr size_t kFactKeySize = 1 + kFactRefSize;

// What a fact can be found by.
enum class NameKind : char {
  kMd5 = 'm',               // of a key's SSH blob, 16 bytes
  kSshSha256 = 's',         // likewise, the first 8 bytes of 32
  kHassh = 'h',             // 16 bytes
  kPassiveSshHassh = 'l',   // 16 bytes
  kCertificateName = 'n',   // host name with its labels turned round, and a NUL
  kCertificateIssuer = 'i'  // at most kMostIssuer bytes, and a NUL
};
inline constexpr size_t kSshSha256NameSize = 8;
inline constexpr size_t kMostIssuer = 512;
// Where the names of a kind that begin with these bytes are.
std::string FactNamePrefix(NameKind kind, std::string_view name);
// "www.example.org" -> "org.example.www": names below a domain stand together.
std::string TurnRound(std::string_view name);

struct RecordKeyParts {
  Address address;
  uint16_t port = 0;
};
struct RevisitKeyParts {
  uint32_t list = 0;
  uint64_t position = 0;
};
std::optional<RevisitKeyParts> ParseRevisitKey(std::string_view key);
std::optional<RecordKeyParts> ParseRecordKey(std::string_view key);
std::optional<KeyUse> ParseByKeyKey(std::string_view key);

}  // namespace hark::schema

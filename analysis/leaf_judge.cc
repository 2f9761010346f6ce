#include "analysis/leaf_judge.h"

#include <algorithm>
#include <optional>

#include "analysis/prefix_map.h"

namespace hark {

BrowserJudge::BrowserJudge(const RunReader& reader, const HostTable& hosts,
                           const FactsOptions& options)
    : reader_(reader),
      hosts_(hosts),
      options_(options),
      book_(reader, options.trust, options.threads) {}

int64_t BrowserJudge::TimeOf(uint32_t host) const {
  if (options_.at_unix) return *options_.at_unix;
  const int64_t started = hosts_.started_unix(host);
  return started != 0 ? started : reader_.run().created_unix_ms() / 1000;
}

Result<uint32_t> BrowserJudge::Want(uint32_t host, const proto::PortRow& row) {
  chain_.clear();
  for (const std::string& hash : row.observation().tls().chain_sha256()) {
    if (hash.size() != LeafBook::kHash) return LeafBook::kNone;
    chain_ += hash;
  }
  // As if others had its key: hosts of a cluster mostly do, and the book then keeps it.
  return book_.Want(chain_, true, TimeOf(host));
}

void BrowserJudge::ReadBatch() {
  book_.StartReading();
  book_.FinishReading();
}

Status BrowserJudge::ReadAhead(const std::function<bool(uint32_t host)>& wanted) {
  if (options_.trust == nullptr) return Status::Ok();
  const auto visit = [&](const Address& address, uint16_t, const proto::PortRow& row) -> Status {
    if (row.keys_size() == 0 || row.observation().tls().chain_sha256_size() == 0) {
      return Status::Ok();
    }
    const std::optional<uint32_t> host = hosts_.Find(address);
    if (!host || !wanted(*host)) return Status::Ok();
    HARK_RETURN_IF_ERROR(Want(*host, row).status());
    if (book_.IsFull()) ReadBatch();
    return Status::Ok();
  };
  HARK_RETURN_IF_ERROR(reader_.ForEachPort(visit));
  ReadBatch();
  return Status::Ok();
}

Result<LeafVerdict> BrowserJudge::Verdict(uint32_t host, const proto::PortRow& row) {
  HARK_ASSIGN_OR_RETURN(const uint32_t number, Want(host, row));
  if (number == LeafBook::kNone) return LeafVerdict();
  ReadBatch();
  const LeafFacts& leaf = book_.At(number);
  // A key that a scope took out took its certificate with it.
  const bool shown = leaf.readable &&
                     std::any_of(row.keys().begin(), row.keys().end(), [&](const std::string& key) {
                       return HashPrefix(key) == leaf.key;
                     });
  const int64_t at = TimeOf(host);
  if (!shown || !leaf.IsTimely(at)) return LeafVerdict();
  HARK_ASSIGN_OR_RETURN(const bool trusted, book_.TrustedAt(number, chain_, at));
  return LeafVerdict{trusted, leaf.wildcard};
}

LeafJudge BrowserJudge::AsJudge() {
  if (options_.trust == nullptr) return {};
  return [this](uint32_t host, const proto::PortRow& row) { return Verdict(host, row); };
}

}  // namespace hark

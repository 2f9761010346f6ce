#include "worker/batch_builder.h"

#include <zstd.h>

#include <string>

#include "base/crc32c.h"
#include "base/log.h"

namespace hark {
namespace {

// Level 3 halves KEXINITs and certificates at 200 MB/s; higher levels gain a few percent.
constexpr int kZstdLevel = 3;
// Tag and length of a nested message of up to 256 MiB.
constexpr size_t kNestingBytes = 5;

std::string Compress(const std::string& raw) {
  std::string out(ZSTD_compressBound(raw.size()), '\0');
  const size_t n = ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), kZstdLevel);
  if (ZSTD_isError(n) != 0) return raw;  // out of memory: then as it is
  out.resize(n);
  return out;
}

void Shrink(proto::PortObservation* port, int step) {
  switch (step) {
    case 0:
      if (port->tls().chain_size() + port->tls().other_leaf().chain_size() == 0) return;
      port->mutable_tls()->clear_chain();
      if (port->tls().has_other_leaf()) port->mutable_tls()->mutable_other_leaf()->clear_chain();
      port->set_detail("chain dropped: the observation was too large; " + port->detail());
      return;
    case 1:
      if (port->greeting().empty() && !port->has_mail() && !port->has_http() &&
          port->ssh().pre_lines_size() == 0) {
        return;
      }
      port->set_detail("texts dropped: the observation was too large; " + port->detail());
      port->clear_greeting();
      port->clear_mail();
      port->clear_http();
      if (port->has_ssh()) port->mutable_ssh()->clear_pre_lines();
      return;
    default:
      if (!port->has_ssh() && !port->has_tls()) return;
      port->clear_ssh();
      port->clear_tls();
      port->set_detail("facts dropped: the observation was too large");
      return;
  }
}

}  // namespace

void SealBatch(const proto::BatchPayload& payload, proto::Batch* batch) {
  std::string raw = payload.SerializeAsString();
  batch->set_raw_bytes(static_cast<uint32_t>(raw.size()));
  std::string packed = Compress(raw);
  const bool smaller = packed.size() < raw.size();
  batch->set_codec(smaller ? proto::Batch::ZSTD : proto::Batch::RAW);
  batch->set_payload(smaller ? std::move(packed) : std::move(raw));
  batch->set_crc32c(Crc32c(batch->payload()));
}

void SweepBatch::Add(KnockResult result, const Address& address, MonoTime now) {
  if (empty()) since_ = now;
  const uint64_t index = to_++;
  switch (result) {
    case KnockResult::kAnswered: {
      proto::SweepHit* const hit = result_.add_hits();
      hit->set_index(index);
      hit->set_address(std::string(address.bytes()));
      states_.Add(TargetState::kAnswered);
      return;
    }
    case KnockResult::kRefused:
      result_.set_refused(result_.refused() + 1);
      states_.Add(TargetState::kRefused);
      return;
    case KnockResult::kSilent:
      result_.set_silent(result_.silent() + 1);
      states_.Add(TargetState::kSilent);
      return;
    case KnockResult::kUnreachable:
      result_.set_unreachable(result_.unreachable() + 1);
      states_.Add(TargetState::kUnreachable);
      return;
    case KnockResult::kExcluded:
      result_.set_excluded(result_.excluded() + 1);
      states_.Add(TargetState::kExcluded);
      return;
    case KnockResult::kLocalError:
      result_.set_local_error(result_.local_error() + 1);
      states_.Add(TargetState::kFailed);
      return;
    case KnockResult::kNotSent:
      break;
  }
  HARK_CHECK(result != KnockResult::kNotSent);  // begun again, never reported
}

void SweepBatch::AddRecheck(bool answered) {
  result_.set_rechecked(result_.rechecked() + 1);
  result_.set_found_again(result_.found_again() + (answered ? 1 : 0));
}

bool SweepBatch::Due(MonoTime now) const {
  if (empty()) return false;
  return to_ - from_ >= limits_.max_indices || result_.hits_size() >= limits_.max_hits ||
         now - since_ >= limits_.max_age ||
         (result_.hits_size() > 0 && now - since_ >= limits_.max_hit_age);
}

proto::Batch SweepBatch::Take() {
  proto::Batch batch;
  batch.set_from_index(from_);
  batch.set_to_index(to_);
  proto::BatchPayload payload;
  payload.mutable_sweep()->Swap(&result_);
  payload.mutable_sweep()->set_states(states_.Take());
  SealBatch(payload, &batch);
  result_.Clear();
  from_ = to_;
  return batch;
}

bool GrabBatch::Full(const proto::HostObservation& next) const {
  return !empty() && bytes_ + next.ByteSizeLong() + kNestingBytes > limits_.max_bytes;
}

void GrabBatch::Add(proto::HostObservation host, MonoTime now) {
  if (empty()) since_ = now;
  ShrinkToFit(&host, limits_.max_bytes - kNestingBytes);
  host.set_index(to_++);
  bytes_ += host.ByteSizeLong() + kNestingBytes;
  *payload_.add_hosts() = std::move(host);
}

bool GrabBatch::Due(MonoTime now) const {
  return !empty() && (now - since_ >= limits_.max_age || bytes_ >= limits_.max_bytes);
}

proto::Batch GrabBatch::Take() {
  proto::Batch batch;
  batch.set_from_index(from_);
  batch.set_to_index(to_);
  SealBatch(payload_, &batch);
  payload_.Clear();
  bytes_ = 0;
  from_ = to_;
  return batch;
}

void ShrinkToFit(proto::HostObservation* host, size_t max_bytes) {
  for (int step = 0; step < 3; ++step) {
    for (proto::PortObservation& port : *host->mutable_ports()) {
      if (host->ByteSizeLong() <= max_bytes) return;
      Shrink(&port, step);
    }
  }
}

}  // namespace hark

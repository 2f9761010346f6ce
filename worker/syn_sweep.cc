#include "worker/syn_sweep.h"

#include <algorithm>
#include <cmath>

#include "worker/syn_desk.h"

namespace hark {
namespace {

// Standing aside is memory, and holds up the stretches behind it: with so many the places decide
// the speed, whatever else could go.
constexpr size_t kMaxAside = 4096;
// Indices passed over for each SYN asked for, when most are excluded.
constexpr size_t kLooksPerShot = 16;
// A batch of silence is a few bytes: at 500,000 a second 8 would be written each second.
constexpr uint64_t kMaxBatchIndices = 65'536;
// What a batch waits for others is what a crash costs more.
constexpr Duration kMaxBatchAge = SynStretch::kMaxAge;

BatchLimits SynLimits(BatchLimits limits) {
  limits.max_indices = std::max(limits.max_indices, kMaxBatchIndices);
  limits.max_age = std::min(limits.max_age, kMaxBatchAge);
  return limits;
}

}  // namespace

SynSweep::SynSweep(const proto::Job& job, uint64_t cursor, uint64_t end, SynSweepParts parts,
                   SynDesk& desk)
    : RunningJob(job, end, std::move(parts.policy)),
      desk_(desk),
      targets_(std::move(parts.targets)),
      seed_(job.seed()),
      order_(targets_->size(), seed_),
      port_(static_cast<uint16_t>(job.gate_port())),
      exclusions_(std::move(parts.exclusions)),
      opt_outs_(std::move(parts.opt_outs)),
      opted_out_(opt_outs_->Get()),
      terms_(parts.terms),
      from_(cursor),
      sample_from_(end),
      begun_(cursor),
      batch_(cursor, SynLimits(parts.limits)) {
  DrawSample();
  desk_.Add(this);
}

// One at least, or small jobs would have none.
void SynSweep::DrawSample() {
  const auto sample =
      static_cast<uint64_t>(std::ceil(terms_.recheck * static_cast<double>(end_ - from_)));
  sample_from_ = end_ - std::min(sample, end_ - from_);
}

SynSweep::~SynSweep() {
  desk_.Remove(this);
}

// ---- for the job runner

void SynSweep::TakeBatches(MonoTime now, bool flush, std::vector<proto::Batch>* out) {
  const SynDesk::Visitor visitor(desk_);
  CloseStretches(now, out);
  if (!batch_.empty() && (flush || batch_.to() == end_ || batch_.Due(now))) Emit(out);
}

void SynSweep::CloseStretches(MonoTime now, std::vector<proto::Batch>* out) {
  while (!stretches_.empty() && stretches_.front()->closed()) {
    const SynStretch& stretch = *stretches_.front();
    for (uint32_t offset = 0; offset < stretch.size(); ++offset) {
      const KnockResult result = stretch.ResultOf(offset);
      const bool hit = result == KnockResult::kAnswered;
      desk_.Count(result);
      batch_.Add(result, hit ? Address::V4(AddressOf(batch_.to())) : Address(), now);
      if (stretch.rechecked(offset)) {
        batch_.AddRecheck(hit);
        ++desk_.stats_.rechecked;
        desk_.stats_.found_again += hit ? 1 : 0;
      }
      if (batch_.Due(now)) Emit(out);
    }
    stretches_.pop_front();
  }
}

void SynSweep::Emit(std::vector<proto::Batch>* out) {
  proto::Batch batch = batch_.Take();
  key_.Put(&batch);
  batch.set_final(batch.to_index() == end_);
  out->push_back(std::move(batch));
}

uint64_t SynSweep::Trim(uint64_t new_end) {
  const SynDesk::Visitor visitor(desk_);
  // One index at least stays to carry the final batch.
  const uint64_t least = std::max(begun_, batch_.from() + 1);
  end_ = std::min(end_, std::max(new_end, least));
  if (begun_ <= sample_from_) DrawSample();
  if (begun_ == end_ && !stretches_.empty()) stretches_.back()->Seal();
  return end_;
}

bool SynSweep::HasWork() const {
  const SynDesk::Visitor visitor(desk_);
  return begun_ < end_;
}

size_t SynSweep::open_targets() const {
  const SynDesk::Visitor visitor(desk_);
  size_t open = batch_.to() - batch_.from();
  for (const auto& stretch : stretches_) {
    // It will not end by itself, nor will those behind it.
    if (stretch->sending() && !MayRepeat()) break;
    open += stretch->size();
  }
  return open;
}

void SynSweep::PermissionChanged() {
  desk_.Barrier();
  desk_.Wake();
}

// ---- for the desk

bool SynSweep::MayBegin() const {
  return policy_->permission == Permission::kGo && begun_ < end_ && aside_.size() < kMaxAside;
}

void SynSweep::Progress(MonoTime now, MonoTime heard) {
  for (const auto& stretch : stretches_) stretch->Progress(heard);
  if (policy_->pacer == nullptr || policy_->pacer->changes() == seen_changes_) return;
  seen_changes_ = policy_->pacer->changes();
  aside_.LookAgain(now);
}

size_t SynSweep::Ready(MonoTime now) const {
  if (!MayRepeat()) return 0;
  size_t ready = unsent_.size();
  if (aside_.WhenDue() <= now) ++ready;
  for (const auto& stretch : stretches_) ready += stretch->repeats_left();
  if (MayBegin()) ready += static_cast<size_t>(end_ - begun_);
  return ready;
}

size_t SynSweep::RechecksReady() const {
  size_t ready = 0;
  for (const auto& stretch : stretches_) {
    if (stretch->rechecking()) ready += stretch->repeats_left();
  }
  return ready;
}

MonoTime SynSweep::WhenDue() const {
  if (!MayRepeat()) return kNever;
  MonoTime due = aside_.WhenDue();
  for (const auto& stretch : stretches_) due = std::min(due, stretch->WhenDue());
  return due;
}

size_t SynSweep::Fill(const Order& order, MonoTime now, std::vector<SynShot>* shots) {
  opted_out_ = opt_outs_->Get();
  FillUnsent(order, now, shots);
  FillAside(order.n, now, shots);
  const size_t rechecks = FillRepeats(order, now, shots);
  FillNew(order, now, shots);
  return rechecks;
}

bool SynSweep::IsExcluded(uint32_t address) const {
  return exclusions_.ContainsV4(address) || opted_out_->ContainsV4(address);
}

uint32_t SynSweep::AddressOf(uint64_t index) const {
  return targets_->At(order_.At(index));
}

std::optional<uint64_t> SynSweep::IndexOf(uint32_t address) const {
  const auto rank = targets_->Rank(address);
  return rank ? std::optional(order_.IndexOf(*rank)) : std::nullopt;
}

// Nothing is asked of the network between here and the sending.
void SynSweep::Offer(const SynShot& shot, bool ask_places, MonoTime now,
                     std::vector<SynShot>* shots) {
  if (IsExcluded(shot.address)) {
    shot.stretch->Excluded(shot.offset);
    return;
  }
  if (ask_places) {
    const auto answer = policy_->pacer->TakePlaces(Address::V4(shot.address), now);
    if (answer.kind != RunPacer::Answer::Kind::kGo) {
      aside_.Put(shot, answer);
      return;
    }
  }
  shots->push_back(shot);
}

void SynSweep::FillUnsent(const Order& order, MonoTime now, std::vector<SynShot>* shots) {
  while (!unsent_.empty() && shots->size() < order.n) {
    const SynShot shot = unsent_.back();
    unsent_.pop_back();
    Offer(shot, order.ask_places, now, shots);
  }
}

void SynSweep::FillAside(size_t n, MonoTime now, std::vector<SynShot>* shots) {
  SynShot shot;
  while (shots->size() < n && aside_.size() > 0 && aside_.Take(*policy_->pacer, now, &shot)) {
    Offer(shot, false, now, shots);
  }
}

size_t SynSweep::FillRepeats(const Order& order, MonoTime now, std::vector<SynShot>* shots) {
  size_t rechecks = order.rechecks;
  for (const auto& stretch : stretches_) {
    SynShot shot{stretch.get(), 0, 0};
    while (shots->size() < order.n && aside_.size() < kMaxAside) {
      if (stretch->rechecking() && rechecks == 0) break;
      if (!stretch->NextRepeat(&shot.offset)) break;
      if (stretch->rechecking()) --rechecks;
      shot.address = AddressOf(stretch->from() + shot.offset);
      Offer(shot, order.ask_places, now, shots);
    }
  }
  return order.rechecks - rechecks;
}

void SynSweep::FillNew(const Order& order, MonoTime now, std::vector<SynShot>* shots) {
  size_t looks = kLooksPerShot * order.n;
  for (; looks > 0 && shots->size() < order.n && MayBegin(); --looks) {
    SynStretch& stretch = GrowingStretch(now);
    const uint32_t address = AddressOf(begun_++);
    Offer({&stretch, stretch.Grow(), address}, order.ask_places, now, shots);
    if (begun_ == end_) stretch.Seal();
  }
}

SynStretch& SynSweep::GrowingStretch(MonoTime now) {
  const bool sample = begun_ >= sample_from_;
  if (!stretches_.empty() && stretches_.back()->sample() != sample) stretches_.back()->Seal();
  if (stretches_.empty() || !stretches_.back()->growing()) {
    stretches_.push_back(std::make_unique<SynStretch>(begun_, terms_, sample, now));
  }
  return *stretches_.back();
}

void SynSweep::Sent(const std::vector<SynShot>& shots, size_t sent, MonoTime now) {
  for (size_t i = 0; i < sent; ++i) shots[i].stretch->Sent(shots[i].offset, now);
  for (size_t i = sent; i < shots.size(); ++i) {
    // Its place is asked again when it leaves, or more would leave then than it allows.
    if (policy_->pacer != nullptr) policy_->pacer->ReturnPlaces(Address::V4(shots[i].address));
    unsent_.push_back(shots[i]);
  }
}

bool SynSweep::OnReply(uint64_t index, const SynReply& reply) {
  const auto after =
      std::upper_bound(stretches_.begin(), stretches_.end(), index,
                       [](uint64_t at, const auto& stretch) { return at < stretch->from(); });
  if (after == stretches_.begin()) return false;
  SynStretch& stretch = **(after - 1);
  if (index >= stretch.to()) return false;
  const auto offset = static_cast<uint32_t>(index - stretch.from());
  if (opt_outs_->Get()->ContainsV4(reply.address)) {
    stretch.Drop(offset);
  } else {
    stretch.OnReply(offset, reply.kind);
  }
  return true;
}

}  // namespace hark

#pragma once

// The observations of one batch, in one piece of memory that goes with them: read in one thread,
// made into rows in another, and never freed message by message.

#include <google/protobuf/arena.h>

#include <memory>
#include <utility>

#include "proto/wire.pb.h"

namespace hark {

class HostBatch {
 public:
  HostBatch() = default;  // no hosts
  // payload lives in the arena.
  HostBatch(std::unique_ptr<google::protobuf::Arena> arena, proto::BatchPayload* payload)
      : arena_(std::move(arena)), payload_(payload) {}
  HostBatch(HostBatch&& other) noexcept
      : arena_(std::move(other.arena_)), payload_(std::exchange(other.payload_, nullptr)) {}
  HostBatch(const HostBatch& other) {
    if (!other.empty()) MutableHosts() = other.payload().hosts();
  }
  HostBatch& operator=(HostBatch other) noexcept {
    std::swap(arena_, other.arena_);
    std::swap(payload_, other.payload_);
    return *this;
  }

  size_t size() const { return static_cast<size_t>(payload().hosts_size()); }
  bool empty() const { return size() == 0; }
  const proto::HostObservation& operator[](size_t i) const {
    return payload().hosts(static_cast<int>(i));
  }
  auto begin() const { return payload().hosts().begin(); }
  auto end() const { return payload().hosts().end(); }
  auto begin() { return MutableHosts().begin(); }
  auto end() { return MutableHosts().end(); }

  // For what is made of the hosts and goes with them.
  google::protobuf::Arena* arena() const { return arena_.get(); }

 private:
  const proto::BatchPayload& payload() const {
    return payload_ == nullptr ? proto::BatchPayload::default_instance() : *payload_;
  }
  google::protobuf::RepeatedPtrField<proto::HostObservation>& MutableHosts() {
    if (payload_ == nullptr) {
      arena_ = std::make_unique<google::protobuf::Arena>();
      payload_ = google::protobuf::Arena::CreateMessage<proto::BatchPayload>(arena_.get());
    }
    return *payload_->mutable_hosts();
  }

  std::unique_ptr<google::protobuf::Arena> arena_;
  proto::BatchPayload* payload_ = nullptr;
};

}  // namespace hark

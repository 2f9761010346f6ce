#pragma once

// A lease of a job: run, job and the fencing token under which we hold it. Two leases of one job
// are two keys; nothing known under one counts under the other.

#include <compare>
#include <cstdint>
#include <string>

#include "base/strings.h"
#include "proto/wire.pb.h"

namespace hark {

struct JobKey {
  uint32_t run = 0;
  uint32_t job = 0;
  uint64_t epoch = 0;
  uint64_t counter = 0;

  // NOLINTNEXTLINE: clang-tidy 14 takes the 0 of a defaulted <=> for a null pointer
  auto operator<=>(const JobKey&) const = default;

  std::string ToString() const { return StrCat(run, "-", job, "-", epoch, "-", counter); }

  // Any message with run, job and token.
  template <typename Message>
  static JobKey Of(const Message& m) {
    return {m.run(), m.job(), m.token().epoch(), m.token().counter()};
  }
  template <typename Message>
  void Put(Message* m) const {
    m->set_run(run);
    m->set_job(job);
    m->mutable_token()->set_epoch(epoch);
    m->mutable_token()->set_counter(counter);
  }
};

}  // namespace hark

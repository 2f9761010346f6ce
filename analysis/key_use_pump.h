#pragma once

// A run's key index with its hosts' numbers, pulled use by use: a thread of its own reads the index
// and looks hosts up, beside whatever is made of it. Holds three batches at most: being filled,
// handed over, being read.

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "analysis/host_table.h"
#include "analysis/key_groups.h"
#include "base/status.h"
#include "keys/key_id.h"
#include "storage/run_reader.h"

namespace hark {

struct NumberedUse {
  KeyId key;
  KeyPlace at;
};

class KeyUsePump {
 public:
  // Both must outlive the pump, and nobody else may use the reader meanwhile. Hosts that do not
  // take part are left out.
  KeyUsePump(const RunReader& reader, const HostTable& hosts);
  ~KeyUsePump();
  KeyUsePump(const KeyUsePump&) = delete;
  KeyUsePump& operator=(const KeyUsePump&) = delete;

  // The first use not yet taken; nullptr at the end, and after an error.
  const NumberedUse* Front() const { return at_ < batch_.size() ? &batch_[at_] : nullptr; }
  void Pop() {
    if (++at_ == batch_.size()) Refill();
  }
  // To be asked at the end.
  Status status();

 private:
  void Refill();
  void Produce();
  Status Take(const KeyUse& use);
  Status HandOver();

  const RunReader& reader_;
  const HostTable& hosts_;
  std::vector<NumberedUse> batch_;    // the caller's
  size_t at_ = 0;                     // the caller's
  std::vector<NumberedUse> filling_;  // the thread's

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<NumberedUse> ready_;  // the next four under mutex_
  bool done_ = false;
  bool stopped_ = false;
  Status status_;

  std::thread thread_;  // last: starts when everything else is there
};

}  // namespace hark

#pragma once

// DB/control: one line that says where the running coordinator of a store is to be asked, or what
// it waits for. It is true as long as somebody holds the file's lock, which ends with the process,
// however it ends.
//
//   "endpoint ipc:///srv/hark/db/coordinator.ipc"     ask there (proto/control.proto)
//   "waits the disk is full"                          it has no store open now

#include <string>

#include "base/status.h"
#include "base/unique_fd.h"

namespace hark {

class ControlFile {
 public:
  // kInvalidInput when another coordinator holds it.
  static Result<ControlFile> Hold(const std::string& db);

  Status SayEndpoint(const std::string& endpoint) { return Say("endpoint " + endpoint); }
  Status SayWaits(const std::string& reason) { return Say("waits " + reason); }

 private:
  explicit ControlFile(UniqueFd fd) : fd_(std::move(fd)) {}
  Status Say(const std::string& line);

  UniqueFd fd_;
};

struct CoordinatorPlace {
  bool runs = false;
  std::string endpoint;  // "" = it waits
  std::string waits_for;
};
Result<CoordinatorPlace> FindCoordinator(const std::string& db);

}  // namespace hark

#pragma once

// Somebody else's server, run in the foreground for one test, from a folder and on an address of
// its own: tests run side by side, and nothing they bind can collide.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"

namespace hark {

class ServerProcess {
 public:
  // A folder of its own under /tmp, open to the users servers switch to.
  ServerProcess();
  // Ends the server and everything it started, then removes the folder.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // An address in 127.0.0.0/8 that is no other ServerProcess's now, in this process or another.
  const Address& address() const { return address_; }
  std::string ip() const { return address_.ToString(); }
  // Another port of it with each call; below the range the kernel takes client ports from.
  uint16_t NewPort();

  std::string Path(const std::string& file) const { return folder_ + "/" + file; }
  void Write(const std::string& file, const std::string& text) const;
  std::string Read(const std::string& file) const;
  // Runs a shell command in the folder and returns its output; a failure fails the test.
  std::string Run(const std::string& command) const;

  // Fails the test, naming the Debian package, unless the program is there.
  bool Has(const std::string& program, const std::string& package) const;
  // Starts argv and waits until every port accepts connections. Output goes to the file "log".
  void Start(const std::vector<std::string>& argv, const std::vector<uint16_t>& ports);
  // For servers whose processes leave our process group: the command that ends them, run first.
  void StopWith(std::string command) { stop_command_ = std::move(command); }

 private:
  void WaitForPort(uint16_t port);
  bool Accepts(uint16_t port) const;

  std::string folder_;
  Address address_;
  uint16_t next_port_;
  std::string stop_command_;
  pid_t pid_ = -1;
};

}  // namespace hark

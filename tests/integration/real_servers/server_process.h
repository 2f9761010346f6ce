#pragma once

// Somebody else's server, run in the foreground from a folder of its own for one test.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace hark {

class ServerProcess {
 public:
  // A folder of its own under /tmp, open to the users servers switch to.
  ServerProcess();
  // Ends the server and everything it started, then removes the folder.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // A port of 127.0.0.1 nobody listens on right now.
  static uint16_t FreePort();

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

  std::string folder_;
  std::string stop_command_;
  pid_t pid_ = -1;
};

// The DER inside a PEM certificate file.
std::string PemToDer(const std::string& pem);

}  // namespace hark

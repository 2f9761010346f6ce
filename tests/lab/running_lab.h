#pragma once

// A lab inside a test: scenario text in, real listeners on loopback out. "ME" in the text is an
// address of 127.128.0.0/9 that follows from the process id, so tests can run side by side.

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "base/address.h"
#include "base/log.h"
#include "tests/lab/internet.h"
#include "tests/lab/key_store.h"
#include "tests/lab/server.h"

namespace hark::lab {

class RunningLab {
 public:
  explicit RunningLab(std::string text, ServerOptions options = ServerOptions())
      : address_(0x7f800000U | (static_cast<uint32_t>(::getpid()) & 0x7fffffU)),
        scenario_(Parse(std::move(text))),
        keys_(""),
        stop_(::eventfd(0, EFD_CLOEXEC)) {
    HARK_CHECK(keys_.Prepare(scenario_).ok());
    auto tls = TlsContext::Make();
    HARK_CHECK(tls.ok());
    tls_ = std::move(*tls);
    internet_ = std::make_unique<Internet>(scenario_, keys_, *tls_, clock_);
    auto listeners = OpenListeners(ListenMode::kBound, internet_->endpoints(), {});
    if (!listeners.ok()) LogError("lab", listeners.status().message());
    HARK_CHECK(listeners.ok());
    server_ = std::make_unique<Server>(*internet_, std::move(*listeners), options, clock_);
    thread_ = std::thread([this] { HARK_CHECK(server_->Run(stop_.get()).ok()); });
  }

  ~RunningLab() {
    HARK_CHECK(::eventfd_write(stop_.get(), 1) == 0);
    thread_.join();
  }

  Counters& counters() const { return internet_->counters(); }
  uint32_t address() const { return address_; }
  std::string host() const { return Address::V4(address_).ToString(); }
  const KeyStore::Key& key(const std::string& name) const {
    return *keys_.Find(name, scenario_.key_types.at(name));
  }

 private:
  Scenario Parse(std::string text) const {
    for (size_t at; (at = text.find("ME")) != std::string::npos;) text.replace(at, 2, host());
    Result<Scenario> scenario = ParseScenario(text, "test");
    if (!scenario.ok()) LogError("lab", scenario.status().message());
    HARK_CHECK(scenario.ok());
    return *scenario;
  }

  SystemClock clock_;
  uint32_t address_;
  Scenario scenario_;
  KeyStore keys_;
  std::unique_ptr<TlsContext> tls_;
  std::unique_ptr<Internet> internet_;
  std::unique_ptr<Server> server_;
  UniqueFd stop_;
  std::thread thread_;
};

}  // namespace hark::lab

#pragma once

// For tests of comparisons: runs put together cluster by cluster, read as commands read them.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "analysis/compared_run.h"
#include "analysis/fake_run_reader.h"

namespace hark {

inline std::unique_ptr<FakeRunReader> RunNamed(const std::string& name, const std::string& country,
                                               uint32_t id = 1) {
  auto run = std::make_unique<FakeRunReader>();
  run->mutable_run().set_id(id);
  run->mutable_run().set_name(name);
  run->mutable_run().set_country(country);
  return run;
}

// 10.0.0.0 + n.
inline Address HostNumber(uint32_t n) {
  return Address::V4(0x0a000000 + n);
}

// The hosts show the key on the port, whatever else they show.
inline void ShowKey(FakeRunReader& run, const std::vector<uint32_t>& hosts, const std::string& key,
                    uint16_t port = 443) {
  for (const uint32_t host : hosts) {
    run.AddHost(HostNumber(host));
    run.AddPort(HostNumber(host), port, {key});
  }
}

inline ComparedRun Compared(const RunReader& run) {
  Result<ComparedRun> read = ReadComparedRun(run);
  EXPECT_TRUE(read.ok()) << read.status().message();
  return std::move(*read);
}

inline std::vector<ComparedRun> Compared(const std::vector<std::unique_ptr<FakeRunReader>>& runs) {
  std::vector<ComparedRun> out;
  for (const auto& run : runs) out.push_back(Compared(*run));
  return out;
}

inline std::vector<const ComparedRun*> Pointers(const std::vector<ComparedRun>& runs) {
  std::vector<const ComparedRun*> out;
  for (const ComparedRun& run : runs) out.push_back(&run);
  return out;
}

}  // namespace hark

#pragma once

// What a process of the bench says about itself.

#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "base/time.h"

namespace hark::bench {

struct CpuTime {
  double user = 0;
  double system = 0;
  double sum() const { return user + system; }

  static CpuTime Now() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return {seconds(usage.ru_utime), seconds(usage.ru_stime)};
  }
};

inline double SecondsOf(Duration d) {
  return std::chrono::duration<double>(d).count();
}

// A line "name: N kB" of /proc/self/status, in MB.
inline double StatusMegabytes(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(name + ":", 0) == 0) return std::stod(line.substr(name.size() + 1)) / 1024;
  }
  return 0;
}

// The rest of a line that has come on stdin, if one has; sets *over at its end.
bool LineOnStdin(bool* over);

}  // namespace hark::bench

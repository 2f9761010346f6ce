#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "coordinator/metrics.h"

namespace hark {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

void Add(std::vector<MetricFamily>& out, const char* name, const char* help, MetricType type,
         double value) {
  prometheus::ClientMetric sample;
  (type == MetricType::Counter ? sample.counter.value : sample.gauge.value) = value;
  out.push_back({name, help, type, {sample}});
}

// Fields of /proc/self/stat by their numbers in proc(5), from 3 on: the second one, the program's
// name, may hold blanks and brackets, so reading starts behind its last bracket.
std::vector<double> StatFields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  std::vector<double> fields(3, 0);
  std::istringstream rest(line.substr(std::min(line.rfind(')'), line.size() - 1) + 1));
  std::string state;
  rest >> state;
  fields.push_back(0);
  for (double value; rest >> value;) fields.push_back(value);
  return fields;
}

std::optional<double> BootTime() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<double> OpenFiles() {
  std::error_code error;
  std::filesystem::directory_iterator it("/proc/self/fd", error);
  if (error) return std::nullopt;
  double count = -1;  // the one we are reading with
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) ++count;
  return error ? std::nullopt : std::optional(count);
}

}  // namespace

std::vector<MetricFamily> ProcessMetrics() {
  std::vector<MetricFamily> out;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const std::vector<double> stat = StatFields();
  if (stat.size() > 24 && ticks > 0) {
    Add(out, "process_cpu_seconds_total", "Processor time used, user and system.",
        MetricType::Counter, (stat[14] + stat[15]) / ticks);
    Add(out, "process_threads", "Threads.", MetricType::Gauge, stat[20]);
    if (const auto boot = BootTime()) {
      Add(out, "process_start_time_seconds", "When the process started, Unix time.",
          MetricType::Gauge, *boot + stat[22] / ticks);
    }
    Add(out, "process_virtual_memory_bytes", "Address space in use.", MetricType::Gauge, stat[23]);
    Add(out, "process_resident_memory_bytes", "Memory in use.", MetricType::Gauge,
        stat[24] * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  if (const auto open = OpenFiles()) {
    Add(out, "process_open_fds", "Open file descriptors.", MetricType::Gauge, *open);
  }
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    Add(out, "process_max_fds", "File descriptors it may open.", MetricType::Gauge,
        static_cast<double>(files.rlim_cur));
  }
  return out;
}

}  // namespace hark

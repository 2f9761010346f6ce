#include "exchange/foreign_importer.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/strings.h"
#include "exchange/give_record.h"
#include "exchange/known_hosts.h"
#include "exchange/passive_ssh_record.h"

namespace hark {
namespace {

constexpr int64_t kMillis = 1000;
constexpr int kCertain = 95;
constexpr int kLikely = 80;

class PassiveSshImporter final : public LineImporter {
 public:
  Status Line(std::string_view text, uint64_t number, ImportSink& sink) override {
    return GiveRecord(reader_.Read(text), number, text, sink);
  }

 private:
  PassiveSshRecordReader reader_;
};

class KnownHostsImporter final : public LineImporter {
 public:
  explicit KnownHostsImporter(int64_t unix_s) : unix_s_(unix_s) {}

  Status Line(std::string_view text, uint64_t number, ImportSink& sink) override {
    ForeignRecord record = ReadKnownHostsLine(text, unix_s_);
    if (unix_s_ == 0 && !record.sightings.empty()) {
      record.sightings.clear();
      record.faults.emplace_back("no time; --at gives one");
    }
    return GiveRecord(std::move(record), number, text, sink);
  }

 private:
  const int64_t unix_s_;
};

// 0: there is no such file.
int64_t LastChange(const std::string& path) {
  struct stat file {};
  return stat(path.c_str(), &file) == 0 ? std::max<int64_t>(file.st_mtim.tv_sec, 0) : 0;
}

bool Has(std::string_view line, std::string_view word) {
  return line.find(word) != std::string_view::npos;
}

bool IsComment(std::string_view line) {
  return line.empty() || line.front() == '#' || line.front() == ';';
}

}  // namespace

std::unique_ptr<LineImporter> MakePassiveSshImporter(const ImportOptions&) {
  return std::make_unique<PassiveSshImporter>();
}

int GuessPassiveSsh(const std::vector<std::string_view>& first_lines) {
  for (std::string_view line : first_lines) {
    if (!line.starts_with('{') || !Has(line, "\"host_keys\"") || !Has(line, "\"hassh\"")) continue;
    if (Has(line, "\"ip\"") || Has(line, "\"onion\"")) return kCertain;
  }
  return 0;
}

std::unique_ptr<LineImporter> MakeKnownHostsImporter(const ImportOptions& options) {
  const int64_t at = options.at_unix_ms / kMillis;
  return std::make_unique<KnownHostsImporter>(at != 0 ? at : LastChange(options.path));
}

int GuessKnownHosts(const std::vector<std::string_view>& first_lines) {
  for (std::string_view line : first_lines) {
    line = Trim(line);
    if (IsComment(line)) continue;
    return !ReadKnownHostsLine(line, 1).sightings.empty() || line.starts_with('@') ? kLikely : 0;
  }
  return 0;
}

}  // namespace hark

// Makes the store that the part `pictures` of the bench draws: clusters of the sizes of one of the
// paper's runs, or Namibia's as it was.
//
//   hark-picture-store DIR SG-20180430 [one|groups|chain|web]
//
// Sizes are published, shapes are not. So clusters take turns: one key on all; an SSH key on all
// and TLS keys on groups of five; each host with the next; keys on hosts at random, few of them on
// many. The last two are the hardest to draw; a shape's name gives it to every cluster.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "analysis/na_run_fixture.h"
#include "analysis/paper_runs_fixture.h"
#include "base/random.h"
#include "base/strings.h"
#include "cli/copy_run_fixture.h"

namespace hark {
namespace {

constexpr uint16_t kMail[] = {25, 110, 143, 587, 993};

class Country {
 public:
  explicit Country(const PaperRun& run) {
    proto::RunRow& row = reader_.mutable_run();
    row.set_id(1);
    row.set_name(std::string(run.name));
    row.set_country(std::string(run.name.substr(0, 2)));
    row.set_planned(run.clustered);
    row.set_gate_port(25);
    row.set_created_unix_ms(1'525'075'200'000);
    row.set_finished_unix_ms(1'525'078'800'000);
    row.set_state(proto::RunRow::DONE);
    for (const uint16_t port : {22, 25, 110, 143, 443, 587, 993}) row.add_ports(port);
    reader_.AddJob(proto::JobRow::SWEEP, 0, run.clustered)
        .mutable_tally()
        ->set_answered(run.clustered);
    reader_.AddJob(proto::JobRow::GRAB_LISTENERS, 0, run.clustered)
        .mutable_tally()
        ->set_answered(run.clustered);
  }

  void AddCluster(uint64_t size, const std::string& shape) {
    ++clusters_;
    first_ = hosts_;
    // Large clusters spread over more ASes.
    const uint64_t ases = 1 + static_cast<uint64_t>(std::sqrt(static_cast<double>(size)) / 2);
    for (uint64_t i = 0; i < size; ++i) {
      reader_.AddHost(At(i), static_cast<uint32_t>(64500 + random_.Below(ases) * 7));
      ++hosts_;
    }
    if (shape == "one") One(size);
    if (shape == "groups") Groups(size);
    if (shape == "chain") Chain(size);
    if (shape == "web") Web(size);
  }

  const FakeRunReader& reader() const { return reader_; }

 private:
  Address At(uint64_t host) const {
    return Address::V4(0x0a000000 + static_cast<uint32_t>(7 * (first_ + host)));
  }

  void Show(uint64_t host, uint16_t port, const std::string& key) {
    proto::PortRow& row = reader_.AddPort(At(host), port, {StrCat(clusters_, " ", key)});
    if (port == 22) {
      row.mutable_observation()->mutable_ssh()->set_identification("SSH-2.0-OpenSSH_7.4p1 <b>&");
    } else {
      row.mutable_observation()->mutable_tls()->set_version(0x0303);
    }
  }

  void One(uint64_t size) {
    for (uint64_t i = 0; i < size; ++i) {
      for (const uint16_t port : kMail) Show(i, port, "one");
    }
  }

  void Groups(uint64_t size) {
    for (uint64_t i = 0; i < size; ++i) {
      Show(i, 22, "ssh");
      for (const uint16_t port : {25, 443, 993}) Show(i, port, StrCat("group ", i / 5));
    }
  }

  void Chain(uint64_t size) {
    for (uint64_t i = 0; i < size; ++i) {
      Show(i, 25, StrCat("link ", i));
      if (i > 0) Show(i, 443, StrCat("link ", i - 1));
    }
  }

  // Key k of n is on about n/k hosts; what shows nothing else shows the first.
  void Web(uint64_t size) {
    for (uint64_t i = 0; i < size; ++i) {
      Show(i, 25, "key 0");
      for (const uint16_t port : {22, 143, 443, 993}) {
        const double rank = std::exp(random_.Unit() * std::log(static_cast<double>(size)));
        if (random_.Below(2) == 0) Show(i, port, StrCat("key ", static_cast<uint64_t>(rank)));
      }
    }
  }

  FakeRunReader reader_;
  Random random_{6};
  uint64_t hosts_ = 0;
  uint64_t first_ = 0;
  uint64_t clusters_ = 0;
};

Status Save(const RunReader& run, const std::string& directory) {
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(directory, Store::Mode::kReadWrite));
  return CopyRun(run, *store);
}

Status Make(const std::string& directory, const std::string& name, const std::string& shape) {
  if (name == "NA") return Save(*NaRunFixture::Build(), directory);
  const auto run = std::find_if(std::begin(kPaperRuns), std::end(kPaperRuns),
                                [&](const PaperRun& row) { return row.name == name; });
  if (run == std::end(kPaperRuns)) return InvalidInput("no run " + name);
  constexpr const char* kShapes[] = {"one", "groups", "chain", "web"};
  Country country(*run);
  size_t nth = 0;
  // Largest first: the two largest get the two hardest shapes.
  const std::map<uint64_t, uint64_t> sizes = ParseSizes(run->sizes);
  for (auto it = sizes.rbegin(); it != sizes.rend(); ++it) {
    for (uint64_t i = 0; i < it->second; ++i) {
      country.AddCluster(it->first, shape.empty() ? kShapes[(nth++ + 2) % 4] : shape);
    }
  }
  return Save(country.reader(), directory);
}

}  // namespace
}  // namespace hark

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("hark-picture-store DIR RUN [SHAPE]\n", stderr);
    return 2;
  }
  const hark::Status made = hark::Make(argv[1], argv[2], argc > 3 ? argv[3] : "");
  if (!made.ok()) std::fprintf(stderr, "hark-picture-store: %s\n", made.message().c_str());
  return made.ok() ? 0 : 1;
}

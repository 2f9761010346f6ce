#pragma once

// A store in memory whose history tests write line by line, and the view of it that answers read.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/fact_json.h"
#include "api/memory_view.h"
#include "base/bytes.h"
#include "base/moment.h"
#include "storage/sighting.h"
#include "storage/store.h"

namespace hark {

inline std::string Ed25519BlobOf(std::string_view word) {
  ByteWriter blob;
  blob.String32("ssh-ed25519");
  blob.String32(Sha256(word));
  return blob.Take();
}

class V1Test : public ::testing::Test {
 protected:
  V1Test() : store_(std::move(Store::OpenInMemory()).value()) {}

  static HostId Named(std::string_view text) { return HostId::Parse(text).value(); }
  static int64_t At(std::string_view moment) { return ParseMoment(moment).value() / 1000; }
  static SightedFact KeyOf(std::string_view word) { return KeyFactOfBlob(Ed25519BlobOf(word)); }
  static SightedFact Ok() { return OutcomeFact(0, 7); }

  void See(std::string_view host, uint16_t port, std::string_view when,
           std::vector<SightedFact> facts) {
    const auto write = store_->NewWrite();
    write->PutSighting({Named(host), port, At(when), std::move(facts)});
    ASSERT_TRUE(store_->Commit(*write, false).ok());
  }

  // A run with one record.
  void Visit(uint32_t run, const std::string& name, std::string_view host, uint16_t port,
             std::string_view when, const proto::PortObservation& observation,
             const std::vector<std::string>& keys = {}, uint32_t asn = 64496,
             const std::string& country = "IE") {
    const auto write = store_->NewWrite();
    proto::RunRow row;
    row.set_id(run);
    row.set_name(name);
    write->PutRun(row);
    proto::HostRow host_row;
    host_row.set_started_unix_ms(At(when) * 1000);
    host_row.set_asn(asn);
    host_row.set_country(country);
    write->PutHost(run, Named(host).address(), host_row);
    proto::PortRow port_row;
    *port_row.mutable_observation() = observation;
    port_row.mutable_observation()->set_port(port);
    for (const std::string& key : keys) port_row.add_keys(key);
    write->PutPort(run, Named(host).address(), port, port_row);
    ASSERT_TRUE(store_->Commit(*write, false).ok());
  }

  // The store as it is now.
  std::shared_ptr<const ApiView> View() const {
    auto view = std::make_shared<ApiView>();
    view->store = store_;
    view->history = store_->ReadHistory();
    return view;
  }
  MemoryView Memory(MemoryView::PlaceFinder place = nullptr) const {
    return MemoryView(View(), *MemoryView::ReadRuns(*store_), std::move(place));
  }

  std::shared_ptr<Store> store_;
};

}  // namespace hark

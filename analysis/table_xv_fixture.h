#pragma once

// Two runs of one population with the cluster counts of the paper's Table XV, IE-20171130 and
// IE-20180316: 823 and 1,437 clusters, of which 168 disappear, 777 appear, 36 keep addresses only,
// 16 keys only, 584 both, and 19 become 24 by merges of two, splits into two or three by addresses
// or keys, and one case of two into three.

#include <utility>

#include "analysis/comparison_fixture.h"
#include "base/strings.h"

namespace hark {

class TableXvFixture {
 public:
  TableXvFixture() {
    for (int i = 0; i < 168; ++i) Cluster(*before, New(3), NewKey());
    for (int i = 0; i < 777; ++i) Cluster(*after, New(2), NewKey());
    for (int i = 0; i < 36; ++i) LinkedByAddresses();
    for (int i = 0; i < 16; ++i) LinkedByKey();
    for (int i = 0; i < 584; ++i) LinkedByBoth(i % 2 == 0);
    for (int i = 0; i < 5; ++i) TwoBecomeOne(i % 2 == 0);
    for (int i = 0; i < 5; ++i) OneBecomes(2, i % 2 == 0);
    for (int i = 0; i < 2; ++i) OneBecomes(3, i % 2 == 0);
    TwoBecomeThree();
    for (int i = 0; i < 40; ++i) LoneHosts();
  }

  std::unique_ptr<FakeRunReader> before = RunNamed("IE-20171130", "IE", 1);
  std::unique_ptr<FakeRunReader> after = RunNamed("IE-20180316", "IE", 2);

 private:
  using Hosts = std::vector<uint32_t>;

  static void Cluster(FakeRunReader& run, const Hosts& hosts, const std::string& key) {
    ShowKey(run, hosts, key);
  }
  Hosts New(uint32_t n) {
    Hosts hosts;
    for (uint32_t i = 0; i < n; ++i) hosts.push_back(++hosts_);
    return hosts;
  }
  std::string NewKey() { return StrCat("key ", ++keys_); }

  void LinkedByAddresses() {
    const Hosts hosts = New(2);
    Cluster(*before, hosts, NewKey());
    Cluster(*after, hosts, NewKey());
  }
  void LinkedByKey() {
    const std::string key = NewKey();
    Cluster(*before, New(2), key);
    Cluster(*after, New(3), key);
  }
  // The key that stays need not stay on the address that stays.
  void LinkedByBoth(bool on_same_host) {
    const std::string key = NewKey();
    const Hosts was = New(3);
    const Hosts is = on_same_host ? was : Hosts{was[0], New(1)[0], New(1)[0]};
    Cluster(*before, was, key);
    if (on_same_host) return Cluster(*after, is, key);
    ShowKey(*after, {is[1]}, key);
    Cluster(*after, is, NewKey());
  }
  void TwoBecomeOne(bool by_address) {
    const Hosts a = New(2), b = New(2);
    const std::string key_a = NewKey(), key_b = NewKey();
    Cluster(*before, a, key_a);
    Cluster(*before, b, key_b);
    if (by_address) return Cluster(*after, {a[0], b[0]}, NewKey());
    const Hosts both = New(3);
    ShowKey(*after, {both[0], both[1]}, key_a);
    ShowKey(*after, {both[1], both[2]}, key_b, 25);
  }
  void OneBecomes(int parts, bool by_address) {
    Hosts joined;
    for (int i = 0; i < parts; ++i) {
      const Hosts part = New(2);
      const std::string key = NewKey();
      Cluster(*after, by_address ? part : New(2), by_address ? NewKey() : key);
      Cluster(*before, part, key);
      joined.push_back(part[0]);
    }
    ShowKey(*before, joined, NewKey(), 25);
  }
  void TwoBecomeThree() {
    const Hosts a = New(2), b = New(2);
    const std::string key_a = NewKey(), key_b = NewKey();
    Cluster(*before, a, key_a);
    Cluster(*before, b, key_b);
    Cluster(*after, {a[0], New(1)[0]}, NewKey());
    const Hosts middle = {b[0], New(1)[0]};
    Cluster(*after, middle, NewKey());
    ShowKey(*after, {middle[1]}, key_a, 25);
    Cluster(*after, New(2), key_b);
  }
  // One stays, one goes, one comes; none is in a cluster.
  void LoneHosts() {
    const Hosts stays = New(1);
    const std::string key = NewKey();
    Cluster(*before, stays, key);
    Cluster(*after, stays, key);
    Cluster(*before, New(1), NewKey());
    Cluster(*after, New(1), NewKey());
  }

  uint32_t hosts_ = 0;
  uint32_t keys_ = 0;
};

}  // namespace hark

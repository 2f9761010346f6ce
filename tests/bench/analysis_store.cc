#include "tests/bench/analysis_store.h"

#include <algorithm>

#include "analysis/paper_runs_fixture.h"
#include "base/bytes.h"
#include "base/outcome.h"
#include "base/random.h"
#include "keys/certificate.h"
#include "keys/ssh_key.h"
#include "keys/testing/test_ca.h"
#include "tests/bench/rsa_pool.h"

namespace hark::bench {
namespace {

constexpr uint32_t kRun = 1;
constexpr uint32_t kFirstAddress = 0x0b000000;
constexpr uint32_t kStride = 17;  // hosts are not neighbours
constexpr size_t kHostsPerWrite = 2000;
constexpr int64_t kCaFrom = 1'400'000'000, kCaTo = 2'000'000'000;  // 2014 to 2033
constexpr uint32_t kTls12 = 0x0303;
constexpr uint32_t kTls10 = 0x0301;

// Every hundredth chooses as the paper's Ireland did: 2806 of 27060 RC4, 1818 AES 128 …
uint32_t SuiteOf(uint64_t random) {
  const uint64_t share = random % 100;
  return share < 10 ? 0x0005 : share < 17 ? 0x002f : share < 30 ? 0xc014 : 0xc02f;
}

class Writer {
 public:
  Writer(const AnalysisStore& what, Store* store)
      : what_(what),
        store_(store),
        root_("bench root", kCaFrom, kCaTo, EvpPkeyPtr(EVP_RSA_gen(2048))),
        middle_(root_, {{"bench intermediate"}}, EvpPkeyPtr(EVP_RSA_gen(2048))),
        stranger_("nobody's root", kCaFrom, kCaTo, EvpPkeyPtr(EVP_RSA_gen(2048))) {
    for (const auto& [size, count] : what.sizes) clustered_ += size * count;
    const auto most =
        std::max_element(what.ports.begin(), what.ports.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    binding_port_ = most->first;
    own_port_ = binding_port_ == 443 ? 25 : 443;
  }

  Result<std::string> Write() {
    write_ = store_->NewWrite();
    PutRun();
    uint64_t cluster = 0;
    for (const auto& [size, count] : what_.sizes) {
      for (uint64_t i = 0; i < count; ++i) {
        ++cluster;
        for (uint64_t member = 0; member < size; ++member) {
          HARK_RETURN_IF_ERROR(PutCryptoHost(cluster));
        }
      }
    }
    while (crypto_ < what_.crypto) HARK_RETURN_IF_ERROR(PutCryptoHost(0));
    while (hosts_ < what_.listeners) HARK_RETURN_IF_ERROR(PutSilentHost());
    HARK_RETURN_IF_ERROR(store_->Commit(*write_, true));
    return root_.certificate().pem;
  }

 private:
  void PutRun() {
    proto::RunRow run;
    run.set_id(kRun);
    run.set_name(what_.run);
    run.set_country(what_.country);
    run.set_planned(what_.listeners);
    run.set_gate_port(25);
    for (const auto& [port, hosts] : what_.ports) run.add_ports(port);
    run.set_created_unix_ms(what_.grabbed_unix * 1000);
    run.set_finished_unix_ms((what_.grabbed_unix + 86400) * 1000);
    run.set_state(proto::RunRow::DONE);
    write_->PutRun(run);
    PutJob(1, proto::JobRow::SWEEP);
    PutJob(2, proto::JobRow::GRAB_LISTENERS);
  }

  void PutJob(uint32_t id, proto::JobRow::Kind kind) {
    proto::JobRow job;
    job.set_id(id);
    job.set_kind(kind);
    job.set_state(proto::JobRow::DONE);
    job.set_end(what_.listeners);
    job.set_cursor(what_.listeners);
    job.mutable_tally()->set_answered(what_.listeners);
    write_->PutJob(kRun, job);
  }

  Status NextHost(proto::HostRow::Country country) {
    address_ = Address::V4(kFirstAddress + static_cast<uint32_t>(hosts_) * kStride);
    random_ = Mix64(hosts_);
    proto::HostRow host;
    host.set_in_country(country);
    host.set_asn(64500 + static_cast<uint32_t>(random_ % 300));
    host.set_started_unix_ms((what_.grabbed_unix + static_cast<int64_t>(hosts_ % 86400)) * 1000);
    write_->PutHost(kRun, address_, host);
    write_->PutListener(kRun, hosts_, address_);
    if (++hosts_ % kHostsPerWrite != 0) return Status::Ok();
    HARK_RETURN_IF_ERROR(store_->Commit(*write_, false));
    write_ = store_->NewWrite();
    return Status::Ok();
  }

  proto::PortRow Row(uint16_t port) const {
    proto::PortRow row;
    proto::PortObservation& seen = *row.mutable_observation();
    seen.set_port(port);
    seen.set_protocol(static_cast<uint32_t>(ProtocolOfPort(port)));
    seen.set_connections(1);
    seen.set_duration_ms(412);
    return row;
  }

  Status PutSilentHost() {
    const uint64_t in_country = what_.listeners - what_.out_of_country;
    HARK_RETURN_IF_ERROR(NextHost(hosts_ < in_country ? proto::HostRow::IN : proto::HostRow::OUT));
    for (const auto& [port, hosts] : what_.ports) {
      proto::PortRow row = Row(port);
      const bool gate = port == 25;
      const Outcome outcome = gate ? Outcome::kStartTlsRefused : Outcome::kRefused;
      row.mutable_observation()->set_outcome(static_cast<uint32_t>(outcome));
      row.mutable_observation()->set_stage(
          static_cast<uint32_t>(gate ? Stage::kStartTls : Stage::kConnect));
      write_->PutNewPort(kRun, address_, port, row);
    }
    return Status::Ok();
  }

  // What holds a cluster together is the key on the port that most hosts have: every member has
  // it, and of the other hosts as many as are left.
  bool HasPort(uint16_t port, uint64_t hosts, bool clustered) const {
    if (port != binding_port_) return Mix64(random_ + port) % what_.crypto < hosts;
    return clustered || Mix64(random_ + port) % (what_.crypto - clustered_) < hosts - clustered_;
  }

  // cluster: 0 = none.
  Status PutCryptoHost(uint64_t cluster) {
    HARK_RETURN_IF_ERROR(NextHost(proto::HostRow::IN));
    const uint64_t own = ++crypto_ << 20;
    bool any = false;
    for (const auto& [port, hosts] : what_.ports) {
      const bool last = port == what_.ports.rbegin()->first && !any;
      if (!last && !HasPort(port, hosts, cluster != 0)) continue;
      any = true;
      if (port == 22) {
        PutSsh(own);
      } else {
        const bool own_key =
            cluster == 0 || (port == own_port_ && random_ % 100 < what_.own_key_pct);
        PutTls(port, own_key ? own : cluster);
      }
    }
    return Status::Ok();
  }

  void PutSsh(uint64_t key) {
    ByteWriter blob;
    blob.String32("ssh-rsa");
    blob.String32(std::string("\x01\x00\x01", 3));
    std::string modulus(1, '\0');
    for (uint64_t i = 0; modulus.size() < 257; ++i) {
      ByteWriter word;
      word.U64(Mix64(key + i) | uint64_t{1} << 63);
      modulus += word.str();
    }
    blob.String32(modulus);
    proto::PortRow row = Row(22);
    SetOk(row);
    proto::SshFacts& ssh = *row.mutable_observation()->mutable_ssh();
    ssh.set_identification("SSH-2.0-OpenSSH_7.4");
    ssh.set_hassh_server("a65c3b91f743d3f246e72172e77288f1");
    row.add_keys(std::string(ReadSshKey(blob.str()).id.bytes()));
    ssh.add_keys()->set_blob(blob.Take());
    write_->PutNewPort(kRun, address_, 22, row);
  }

  static void SetOk(proto::PortRow& row) {
    row.mutable_observation()->set_outcome(static_cast<uint32_t>(Outcome::kOk));
    row.mutable_observation()->set_stage(static_cast<uint32_t>(Stage::kDone));
  }

  struct Leaf {
    std::string key;
    std::vector<std::string> chain;
  };

  Leaf Make(uint64_t number) {
    Leaf leaf;
    if (made_ >= what_.max_certificates) {
      leaf.key = Sha256(StrCat("key ", number));
      return leaf;
    }
    ++made_;
    const uint64_t share = Mix64(number) % 100;
    const TestCa::Order order{
        {StrCat(share % 5 == 0 ? "*.h" : "h", number, ".example"), "x.example"},
        what_.grabbed_unix - 80 * 86400,
        what_.grabbed_unix + (share % 7 == 0 ? -1 : 80) * 86400};
    const TestCertificate made = share < 45   ? middle_.Issue(order)
                                 : share < 80 ? TestCa::SelfSigned(order, rsa_.Next())
                                              : stranger_.Issue(order);
    leaf.key = std::string(KeyIdOfCertificate(made.der)->bytes());
    PutCertificate(made.der, leaf);
    if (share < 45) PutCertificate(middle_.certificate().der, leaf);
    return leaf;
  }

  void PutCertificate(const std::string& der, Leaf& leaf) {
    leaf.chain.push_back(Sha256(der));
    write_->PutCertificate(leaf.chain.back(), der);
  }

  // The ports of a host, and the hosts of a cluster, follow one another: the last of each is kept.
  const Leaf& LeafOf(uint64_t number) {
    const bool own = number >> 20 != 0;
    std::pair<uint64_t, Leaf>& last = own ? last_own_ : last_cluster_;
    if (last.first != number) last = {number, Make(number)};
    return last.second;
  }

  void PutTls(uint16_t port, uint64_t number) {
    const Leaf& leaf = LeafOf(number);
    proto::PortRow row = Row(port);
    SetOk(row);
    if (port == 25) row.mutable_observation()->set_greeting("220 mail.example ESMTP Postfix\r\n");
    proto::TlsFacts& tls = *row.mutable_observation()->mutable_tls();
    tls.set_version(Mix64(random_ + port) % 9 == 0 ? kTls10 : kTls12);
    tls.set_cipher_suite(SuiteOf(Mix64(random_ ^ port)));
    tls.set_ja3s("f4febc55ea12b31ae17cfb7e614afda8");
    for (const std::string& hash : leaf.chain) tls.add_chain_sha256(hash);
    row.add_keys(leaf.key);
    write_->PutNewPort(kRun, address_, port, row);
  }

  const AnalysisStore& what_;
  Store* store_;
  std::unique_ptr<StoreWrite> write_;
  RsaPool rsa_;
  TestCa root_;
  TestCa middle_;
  TestCa stranger_;
  Address address_ = Address::V4(0);
  uint64_t random_ = 0;  // of the host
  uint64_t hosts_ = 0;
  uint64_t crypto_ = 0;
  uint64_t made_ = 0;
  uint64_t clustered_ = 0;  // hosts
  uint16_t binding_port_ = 0;
  uint16_t own_port_ = 0;  // where some members of clusters have a key of their own
  std::pair<uint64_t, Leaf> last_own_{0, {}};
  std::pair<uint64_t, Leaf> last_cluster_{0, {}};
};

}  // namespace

AnalysisStore PaperStore(const std::string& run) {
  AnalysisStore out;
  out.run = run;
  for (const PaperRun& paper : kPaperRuns) {
    if (paper.name == run) out.sizes = ParseSizes(paper.sizes);
  }
  if (run == "SG-20180430") {
    out.country = "SG";
    out.listeners = 73'608;
    out.out_of_country = 14;
    out.crypto = 51'723;
    out.ports = {{22, 26'966},  {25, 21'922},  {110, 33'525}, {143, 33'930},
                 {443, 20'841}, {587, 32'340}, {993, 35'001}};
  }
  return out;
}

Result<std::string> WriteAnalysisStore(const AnalysisStore& what, Store* store) {
  return Writer(what, store).Write();
}

}  // namespace hark::bench

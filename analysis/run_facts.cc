#include "analysis/run_facts.h"

#include <algorithm>

#include "keys/ssh_key.h"

namespace hark {
namespace {

constexpr uint32_t kTls11 = 0x0302;
constexpr uint32_t kTls13 = 0x0304;

constexpr uint32_t Bit(HygieneFlag flag) {
  return 1U << static_cast<uint32_t>(flag);
}

// The hashes of a chain one after another; "" if one is no hash. Reuses `out`.
template <typename Hashes>
void JoinChain(const Hashes& hashes, std::string* out) {
  out->clear();
  for (const std::string& hash : hashes) {
    if (hash.size() != LeafBook::kHash) return out->clear();
    *out += hash;
  }
}

bool HasKey(const proto::PortRow& row, uint64_t prefix) {
  return std::any_of(row.keys().begin(), row.keys().end(),
                     [&](const std::string& key) { return HashPrefix(key) == prefix; });
}

}  // namespace

TrustBasis TrustBasis::Of(const FactsOptions& options) {
  const bool judged = options.trust != nullptr;
  return {judged, options.trust_name, judged ? options.trust->roots() : 0, options.at_unix};
}

FactsPass::FactsPass(const RunReader& reader, const HostTable& hosts, const Clustering& clustering,
                     const FactsOptions& options)
    : hosts_(hosts),
      clustering_(clustering),
      options_(options),
      run_started_unix_(reader.run().created_unix_ms() / 1000),
      shared_(clustering),
      leaves_(reader, options.trust, options.threads),
      kinds_(shared_),
      suites_(options.policy),
      hygiene_(clustering) {}

int64_t FactsPass::TimeOf(uint32_t host) const {
  if (options_.at_unix) return *options_.at_unix;
  const int64_t started = hosts_.started_unix(host);
  return started != 0 ? started : run_started_unix_;
}

bool FactsPass::AnyShared(const proto::PortRow& row) const {
  for (const std::string& key : row.keys()) {
    if (shared_.NumberOf(HashPrefix(key)) != SharedKeys::kNone) return true;
  }
  return false;
}

Status FactsPass::Visit(uint32_t host, uint16_t port, const proto::PortRow& row) {
  if (host != last_host_) {
    if (leaves_.IsFull() || filling_.IsFull()) HARK_RETURN_IF_ERROR(Turn());
    leaves_.NextHost();
    kinds_.NextHost(KeyKindTally::Side::kSsh);
    filling_.hosts.emplace_back().number = host;
    last_host_ = host;
  }
  NoteSoftware(port, row.observation());
  if (row.observation().has_ssh()) AddSsh(row);
  if (!row.observation().has_tls()) return Status::Ok();
  if (row.observation().tls().version() == 0 && row.keys_size() == 0) return Status::Ok();
  return AddTls(host, port, row);
}

// The first SMTP port that greets says it: 25, else 587.
void FactsPass::NoteSoftware(uint16_t port, const proto::PortObservation& seen) {
  if (seen.greeting().empty() || ProtocolOfPort(port) != Protocol::kSmtp) return;
  MailSoftware& software = filling_.hosts.back().software;
  if (software == MailSoftware::kUnknown) software = MailSoftwareOf(seen.greeting());
}

// Making a blob's key id takes a hundred times as long as looking at it, and is only needed where
// another host may have shown the key; and there mostly the same blobs come.
uint64_t FactsPass::IdentityOf(std::string_view blob) {
  const auto next = static_cast<uint32_t>(ssh_keys_.size());
  const uint32_t at = ssh_blobs_.FindOrInsert(HashPrefix(Sha256(blob)), next);
  if (at == next) ssh_keys_.push_back(HashPrefix(ReadSshKey(blob).id.bytes()));
  return ssh_keys_[at];
}

void FactsPass::AddSsh(const proto::PortRow& row) {
  const proto::SshFacts& ssh = row.observation().ssh();
  // A certificate beside its plain key: fewer keys than blobs.
  const bool exact = row.keys_size() != ssh.keys_size() || AnyShared(row);
  for (const proto::SshHostKey& key : ssh.keys()) {
    const uint64_t identity =
        exact ? IdentityOf(key.blob()) : std::hash<std::string_view>()(key.blob());
    if (exact && !HasKey(row, identity)) continue;  // a scope took it out
    const KeyKind kind = KeyKindOfSshBlob(key.blob());
    const bool reused = kinds_.Add(KeyKindTally::Side::kSsh, identity, kind);
    filling_.hosts.back().kinds.Add(KeyKindRow(kind), reused);
  }
}

Status FactsPass::AddTls(uint32_t host, uint16_t port, const proto::PortRow& row) {
  const proto::TlsFacts& tls = row.observation().tls();
  Show& show = filling_.NextShow();
  show.host = host;
  show.port = port;
  show.version = static_cast<uint16_t>(tls.version());
  show.suite = static_cast<uint16_t>(tls.cipher_suite());
  show.key_count = 0;
  for (const std::string& key : row.keys()) {
    if (show.key_count < Show::kMaxKeys) show.keys[show.key_count++] = HashPrefix(key);
  }
  show.chain.clear();
  show.other_chain.clear();
  JoinChain(tls.chain_sha256(), &show.chain);
  if (tls.has_other_leaf()) JoinChain(tls.other_leaf().chain_sha256(), &show.other_chain);
  const bool shared = AnyShared(row);
  const int64_t at = TimeOf(host);
  HARK_ASSIGN_OR_RETURN(show.leaf, leaves_.Want(show.chain, shared, at));
  HARK_ASSIGN_OR_RETURN(show.other_leaf, leaves_.Want(show.other_chain, shared, at));
  return Status::Ok();
}

Status FactsPass::Turn() {
  HARK_RETURN_IF_ERROR(Settle());
  std::swap(filling_, reading_);
  leaves_.StartReading();
  return Status::Ok();
}

Status FactsPass::Settle() {
  leaves_.FinishReading();
  const Show* show = reading_.shows.data();
  const Show* const end = show + reading_.show_count;
  for (OpenHost& host : reading_.hosts) {
    const Show* next = show;
    while (next != end && next->host == host.number) ++next;
    HARK_RETURN_IF_ERROR(SettleHost(host, show, next));
    CountHost(host.kinds, kind_reuse_);
    show = next;
  }
  reading_.Clear();
  return Status::Ok();
}

Status FactsPass::SettleHost(OpenHost& host, const Show* begin, const Show* end) {
  kinds_.NextHost(KeyKindTally::Side::kTls);
  HostHygiene hygiene{0, false, hosts_.asn(host.number), clustering_.cluster_of[host.number],
                      host.software};
  uint32_t handshakes = 0, with_rc4 = 0;
  for (const Show* show = begin; show != end; ++show) {
    HARK_ASSIGN_OR_RETURN(const uint32_t seen, SettleShow(*show, host.kinds));
    if (show->version == 0) continue;
    hygiene.flags |= seen;
    ++handshakes;
    with_rc4 += (seen & Bit(HygieneFlag::kRc4)) != 0 ? 1 : 0;
  }
  hygiene.rc4_partly = with_rc4 > 0 && with_rc4 < handshakes;
  if (handshakes > 0) hygiene_.AddHost(hygiene);
  return Status::Ok();
}

uint32_t FactsPass::HandshakeFlags(const Show& show) {
  const SuiteTraits& suite = suites_.Traits(show.suite);
  uint32_t flags = 0;
  if (suite.rc4) flags |= Bit(HygieneFlag::kRc4);
  if (show.version <= kTls11) flags |= Bit(HygieneFlag::kLegacyTls);
  if (show.version != kTls13 && suite.known && !suite.forward_secret) {
    flags |= Bit(HygieneFlag::kNoForwardSecrecy);
  }
  return flags;
}

bool FactsPass::Counts(const Show& show, uint32_t leaf) const {
  return leaf != LeafBook::kNone && leaves_.At(leaf).readable && show.Has(leaves_.At(leaf).key);
}

// Of the certificate shown or, where it cannot be read, of the port's only key.
uint32_t FactsPass::SharedKeyOf(const Show& show) const {
  if (Counts(show, show.leaf)) return shared_.NumberOf(leaves_.At(show.leaf).key);
  return show.key_count == 1 ? shared_.NumberOf(show.keys[0]) : SharedKeys::kNone;
}

// Whether the chain was good when it was shown or, out of its dates, when it was within them.
Result<bool> FactsPass::IsTrusted(const Show& show, uint32_t leaf, const std::string& chain) {
  return leaves_.TrustedAt(leaf, chain, leaves_.At(leaf).NearestMoment(TimeOf(show.host)));
}

// Which class the certificate is of; the flags of its host.
Result<uint32_t> FactsPass::SettleShow(const Show& show, HostKinds& kinds) {
  uint32_t flags = HandshakeFlags(show);
  const bool clustered = Clustered(show.host);
  if (show.key_count > 0) {
    if (clustered) port_trust_.AddListener(show.port);
    suites_.Add(show.host, clustered, show.suite, SharedKeyOf(show));
  }
  HARK_RETURN_IF_ERROR(CountLeaf(show, show.other_leaf, show.other_chain, kinds));
  if (show.leaf == LeafBook::kNone) return flags;
  if (!leaves_.At(show.leaf).readable) {
    ++classes_.unread.host_ports;
    classes_.unread.clustered_host_ports += clustered ? 1 : 0;
    return flags;
  }
  if (!Counts(show, show.leaf)) return flags;
  HARK_RETURN_IF_ERROR(CountLeaf(show, show.leaf, show.chain, kinds));
  HARK_ASSIGN_OR_RETURN(const bool trusted, IsTrusted(show, show.leaf, show.chain));
  CountClass(show, trusted);
  const LeafFacts& leaf = leaves_.At(show.leaf);
  const int64_t at = TimeOf(show.host);
  if (leaf.self_signed) flags |= Bit(HygieneFlag::kSelfSigned);
  if (leaf.not_after_unix < at) flags |= Bit(HygieneFlag::kExpired);
  const bool browser = trusted && leaf.IsTimely(at);
  if (options_.trust != nullptr && !browser) flags |= Bit(HygieneFlag::kUntrusted);
  return flags;
}

void FactsPass::CountClass(const Show& show, bool trusted) {
  const LeafFacts& leaf = leaves_.At(show.leaf);
  const CertVoucher voucher = trusted            ? CertVoucher::kTrusted
                              : leaf.self_signed ? CertVoucher::kSelfSigned
                                                 : CertVoucher::kOther;
  auto& of_time = leaf.IsTimely(TimeOf(show.host)) ? classes_.timely : classes_.not_timely;
  CertClassCount& count = of_time[static_cast<size_t>(voucher)];
  ++count.host_ports;
  count.clustered_host_ports += Clustered(show.host) ? 1 : 0;
}

// What is counted of every certificate of a host/port, of whatever key type.
Status FactsPass::CountLeaf(const Show& show, uint32_t leaf, const std::string& chain,
                            HostKinds& kinds) {
  if (!Counts(show, leaf)) return Status::Ok();
  const LeafFacts& facts = leaves_.At(leaf);
  const bool reused = kinds_.Add(KeyKindTally::Side::kTls, facts.key, facts.kind);
  kinds.Add(KeyKindRow(facts.kind), reused);
  const uint32_t key = shared_.NumberOf(facts.key);
  if (key == SharedKeys::kNone) return Status::Ok();
  HARK_ASSIGN_OR_RETURN(const bool trusted, IsTrusted(show, leaf, chain));
  port_trust_.Add({show.host, show.port, key, facts.names_hash,
                   trusted && facts.IsTimely(TimeOf(show.host)), facts.wildcard});
  return Status::Ok();
}

Result<RunFacts> FactsPass::Finish() {
  HARK_RETURN_IF_ERROR(Turn());
  HARK_RETURN_IF_ERROR(Settle());
  uint64_t hosts = 0;
  for (uint32_t host = 0; host < hosts_.size(); ++host) hosts += hosts_.takes_part(host) ? 1 : 0;
  RunFacts out;
  out.trust = TrustBasis::Of(options_);
  out.classes = classes_;
  out.hygiene = std::move(hygiene_).Finish(hosts);
  out.port_trust = port_trust_.Finish();
  out.suites = std::move(suites_).Finish();
  out.key_kinds = kinds_.counts();
  out.kind_reuse = kind_reuse_;
  out.chains = leaves_.chains() - leaves_.unread();
  return out;
}

}  // namespace hark

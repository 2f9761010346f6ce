#include "exchange/misp_writer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/json_text.h"
#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/digests.h"
#include "keys/key_id.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

// Drawn once; any other would make all objects new ones.
constexpr std::string_view kNamespace =
    "\x6f\x1d\x0a\x4e\x52\x9b\x4c\x1e\x9a\x3d\x0b\x7e\x44\xc1\x5d\x92";
// Of the names in a certificate, how many become attributes.
constexpr size_t kMostNames = 100;

// A template of MISP's object collection.
struct Template {
  const char* name;
  const char* uuid;
  int version;
  const char* description;
};
constexpr Template kPassiveSsh = {
    "passive-ssh", "ec350cdf-2311-4df5-972a-a4342a2c0065", 1,
    "Passive-ssh object as described on passive-ssh services from circl.lu - "
    "https://github.com/D4-project/passive-ssh"};
constexpr Template kX509 = {"x509", "d1ab756a-26b5-4349-9f43-765630f0911c", 13,
                            "x509 object describing a X.509 certificate"};

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

class ObjectJson {
 public:
  // name: what it is about; makes its identifiers.
  ObjectJson(const Template& kind, std::string name, int64_t unix_s)
      : name_(std::move(name)), timestamp_(std::to_string(unix_s)) {
    json_ = {{"name", kind.name},
             {"meta-category", "network"},
             {"description", kind.description},
             {"template_uuid", kind.uuid},
             {"template_version", std::to_string(kind.version)},
             {"uuid", NameUuid(name_)},
             {"timestamp", timestamp_},
             {"distribution", "5"},  // as the event
             {"Attribute", Json::array()}};
  }

  // Empty values are none: MISP refuses them.
  void Add(const char* relation, const char* type, const char* category, const std::string& value,
           bool correlate = false) {
    if (value.empty()) return;
    json_["Attribute"].push_back({{"uuid", NameUuid(StrCat(name_, "|", relation, "|", value))},
                                  {"object_relation", relation},
                                  {"type", type},
                                  {"category", category},
                                  {"to_ids", false},
                                  {"disable_correlation", !correlate},
                                  {"timestamp", timestamp_},
                                  {"value", value}});
  }
  void Say(const std::string& comment) { json_["comment"] = comment; }
  // As RFC 3339 has them.
  void Between(int64_t first, int64_t last) {
    json_["first_seen"] = UtcText(first);
    json_["last_seen"] = UtcText(last);
  }

  std::string Text() const { return Dump(json_); }

 private:
  std::string name_, timestamp_;
  Json json_;
};

constexpr char kNetwork[] = "Network activity";
constexpr char kOther[] = "Other";
constexpr char kPayload[] = "Payload delivery";

std::string PassiveSshObject(const ShownPort& shown) {
  const std::string host = shown.host.ToString();
  ObjectJson object(kPassiveSsh, StrCat("passive-ssh|", host, "|", shown.port), shown.last_unix_s);
  object.Between(shown.first_unix_s, shown.last_unix_s);
  if (shown.host.is_address()) {
    object.Add("host", "ip-dst", kNetwork, host, true);
  } else {
    object.Say(StrCat("host ", host));
  }
  for (const ShownKey& key : shown.keys) {
    if (key.blob.empty()) continue;
    object.Add("fingerprint", "ssh-fingerprint", kNetwork, SshSha256Fingerprint(key.blob));
    object.Add("fingerprint", "ssh-fingerprint", kNetwork,
               SshMd5Fingerprint(key.blob).substr(std::string_view("MD5:").size()));
    object.Add("base64", "text", kOther, Base64(key.blob));
  }
  object.Add("first_seen", "datetime", kOther, UtcText(shown.first_unix_s));
  object.Add("last_seen", "datetime", kOther, UtcText(shown.last_unix_s));
  return object.Text();
}

void AddNames(ObjectJson& object, const char* relation, const char* type, const char* category,
              const std::vector<std::string>& names) {
  for (size_t i = 0; i < names.size() && i < kMostNames; ++i) {
    object.Add(relation, type, category, EscapeForDisplay(names[i]));
  }
}

std::string X509Object(const ShownPort& shown, const ShownCertificate& certificate) {
  ObjectJson object(kX509, StrCat("x509|", HexEncode(certificate.sha256)), certificate.last_unix_s);
  object.Between(certificate.first_unix_s, certificate.last_unix_s);
  object.Say(StrCat("shown by ", shown.host.ToString(), " on port ", shown.port));
  object.Add("x509-fingerprint-sha256", "x509-fingerprint-sha256", kNetwork,
             HexEncode(certificate.sha256), true);
  const std::optional<CertificateFacts> facts = ReadCertificate(certificate.der);
  if (!facts) return object.Text();
  object.Add("x509-fingerprint-sha1", "x509-fingerprint-sha1", kNetwork,
             HexEncode(Sha1(certificate.der)), true);
  object.Add("subject", "text", kOther, PrintableText(facts->subject));
  object.Add("issuer", "text", kOther, PrintableText(facts->issuer));
  object.Add("serial-number", "text", kOther, facts->serial_hex);
  object.Add("version", "text", kOther, std::to_string(facts->version));
  object.Add("signature_algorithm", "text", kOther, PrintableText(facts->signature_algorithm));
  object.Add("pubkey-info-algorithm", "text", kOther, PrintableText(facts->key_type));
  object.Add("pubkey-info-size", "text", kOther, std::to_string(facts->key_bits));
  object.Add("self_signed", "boolean", kOther, facts->self_signed ? "True" : "False");
  object.Add("is_ca", "boolean", kOther, facts->is_ca ? "True" : "False");
  object.Add("validity-not-before", "datetime", kOther, UtcText(facts->not_before_unix));
  object.Add("validity-not-after", "datetime", kOther, UtcText(facts->not_after_unix));
  AddNames(object, "dns_names", "hostname", kNetwork, facts->dns_names);
  AddNames(object, "email", "email-dst", kPayload, facts->emails);
  AddNames(object, "ip", "ip-dst", kNetwork, facts->ips);
  AddNames(object, "uri", "uri", kNetwork, facts->uris);
  object.Add("raw-base64", "text", kOther, Base64(certificate.der));
  return object.Text();
}

}  // namespace

std::string NameUuid(std::string_view name) {
  std::string bytes = Sha1(std::string(kNamespace) + std::string(name));
  // Without SHA-1 (a FIPS build) identifiers are others, but as good.
  if (bytes.empty()) bytes = Sha256(std::string(kNamespace) + std::string(name));
  bytes.resize(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x50);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = HexEncode(bytes);
  return StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                hex.substr(16, 4), "-", hex.substr(20));
}

// The objects are the one member that is long, so it comes last.
Status MispWriter::Begin() {
  const Json event = {{"uuid", NameUuid("event|" + event_.info)},
                      {"info", PrintableText(event_.info)},
                      {"date", UtcText(event_.unix_s).substr(0, 10)},
                      {"timestamp", std::to_string(event_.unix_s)},
                      {"published", false},
                      {"analysis", "2"},         // complete
                      {"threat_level_id", "4"},  // undefined
                      {"distribution", "0"},     // your organisation only
                      {"Attribute", Json::array()}};
  std::string text = Dump(event);
  text.pop_back();
  return sink_("{\"Event\":" + text + ",\"Object\":[");
}

Status MispWriter::Object(const std::string& json) {
  const Status written = sink_((first_ ? "\n" : ",\n") + json);
  first_ = false;
  return written;
}

Status MispWriter::Add(const ShownPort& shown) {
  const bool has_keys = std::any_of(shown.keys.begin(), shown.keys.end(),
                                    [](const ShownKey& key) { return !key.blob.empty(); });
  if (shown.ssh && has_keys) HARK_RETURN_IF_ERROR(Object(PassiveSshObject(shown)));
  for (const ShownCertificate& certificate : shown.certificates) {
    if (certificate.sha256.size() != KeyId::kSize || certificates_.Note(certificate.sha256)) {
      continue;
    }
    HARK_RETURN_IF_ERROR(Object(X509Object(shown, certificate)));
  }
  return Status::Ok();
}

Status MispWriter::End() {
  return sink_("\n]}}\n");
}

}  // namespace hark

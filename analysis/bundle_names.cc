#include "analysis/bundle_names.h"

#include <algorithm>

#include "base/strings.h"
#include "keys/certificate.h"

namespace hark {
namespace {

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsNameCharacter(char c) {
  return IsLetter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}
bool HasLetter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), IsLetter);
}

// "mail.example.org", but not "OpenSSH_7.4p1": the last label is letters only, or an IDN's.
bool LooksLikeName(std::string_view word) {
  const size_t dot = word.rfind('.');
  if (dot == word.npos || dot == 0) return false;
  const std::string_view last = word.substr(dot + 1);
  return StartsWithIgnoreCase(last, "xn--") ||
         (last.size() >= 2 && std::all_of(last.begin(), last.end(), IsLetter));
}

std::string_view WithoutPunctuation(std::string_view word) {
  while (!word.empty() && !IsLetter(word.back()) && (word.back() == '.' || word.back() == '-')) {
    word.remove_suffix(1);
  }
  while (!word.empty() && (word.front() == '.' || word.front() == '-')) word.remove_prefix(1);
  return word;
}

void AddName(std::string_view name, BundleNames& out) {
  std::string normal = NormalBundleName(name);
  if (const std::optional<Address> address = Address::Parse(normal)) {
    out.addresses.insert(*address);
  } else if (normal.size() > kMaxBundleName) {
    out.traces.insert(normal.substr(0, kMaxBundleName));
  } else if (normal.size() > 1 && HasLetter(normal)) {
    out.names.insert(std::move(normal));
  }
}

void AddTrace(std::string_view text, BundleNames& out) {
  std::string normal = NormalBundleName(text.substr(0, kMaxBundleName));
  if (normal.size() > 1 && HasLetter(normal)) out.traces.insert(std::move(normal));
}

bool IsReplyCode(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Every word that could be a domain name or an address in it.
void AddTracesOf(std::string_view text, BundleNames& out) {
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && IsNameCharacter(text[end])) ++end;
    const std::string_view word = WithoutPunctuation(text.substr(at, end - at));
    if (LooksLikeName(word)) {
      AddTrace(word, out);
      // "220-mx.example.org": one line of several of a mail server's reply.
      if (word[3] == '-' && IsReplyCode(word.substr(0, 3))) AddTrace(word.substr(4), out);
    } else if (const std::optional<Address> address = Address::Parse(word)) {
      out.addresses.insert(*address);
    }
    at = end + 1;
  }
}

// The word after the code of an SMTP reply: whoever speaks says its name first.
void AddSpeaker(std::string_view reply, std::string_view code, BundleNames& out) {
  if (reply.size() < 5 || reply.substr(0, 3) != code) return;
  std::string_view word = reply.substr(4, reply.find_first_of("\r\n") - 4);
  word = word.substr(0, word.find_first_of(" \t"));
  if (word.size() > 2 && word.front() == '[' && word.back() == ']') {  // an address literal
    word = word.substr(1, word.size() - 2);
    if (StartsWithIgnoreCase(word, "IPv6:")) word.remove_prefix(5);
  }
  AddName(word, out);
}

// The values of these attributes in a subject of RFC 2253: "CN=a.example,O=Hark\, Inc.,C=NA".
void AddSubject(std::string_view subject, BundleNames& out) {
  std::string value;
  for (size_t i = 0; i <= subject.size(); ++i) {
    const bool end = i == subject.size() || subject[i] == ',' || subject[i] == '+';
    if (!end) {
      if (subject[i] == '\\' && i + 1 < subject.size()) ++i;
      value += subject[i];
      continue;
    }
    const size_t equals = value.find('=');
    const std::string type = AsciiUpper(value.substr(0, equals));
    if (equals != value.npos && (type == "O" || type == "OU" || type == "EMAILADDRESS")) {
      AddTrace(std::string_view(value).substr(equals + 1), out);
      AddTracesOf(std::string_view(value).substr(equals + 1), out);
    }
    value.clear();
  }
}

}  // namespace

void BundleNames::Merge(const BundleNames& other) {
  names.insert(other.names.begin(), other.names.end());
  traces.insert(other.traces.begin(), other.traces.end());
  addresses.insert(other.addresses.begin(), other.addresses.end());
}

std::string NormalBundleName(std::string_view name) {
  std::string_view rest = Trim(name);
  while (!rest.empty() && rest.back() == '.') rest.remove_suffix(1);
  return AsciiLower(rest);
}

void AddTargetNames(const proto::HostRow& row, BundleNames& out) {
  for (const std::string& name : row.names()) AddName(name, out);
}

void AddObservedNames(const proto::PortObservation& seen, BundleNames& out) {
  AddSpeaker(seen.greeting(), "220", out);
  AddSpeaker(seen.mail().capabilities(), "250", out);
  for (const std::string* text :
       {&seen.greeting(), &seen.mail().capabilities(), &seen.mail().starttls_reply(),
        &seen.ssh().identification(), &seen.http().status_line(), &seen.http().headers(),
        &seen.detail(), &seen.tls().sni()}) {
    AddTracesOf(*text, out);
  }
  for (const std::string& line : seen.ssh().pre_lines()) AddTracesOf(line, out);
}

BundleNames NamesOfCertificate(std::string_view der) {
  BundleNames out;
  const std::optional<CertificateFacts> facts = ReadCertificate(der);
  if (!facts) return out;
  AddName(facts->common_name, out);
  for (const std::string& name : facts->dns_names) AddName(name, out);
  for (const std::string& address : facts->ips) AddName(address, out);
  for (const auto* list : {&facts->emails, &facts->uris}) {
    for (const std::string& text : *list) {
      AddTrace(text, out);
      AddTracesOf(text, out);
    }
  }
  AddSubject(facts->subject, out);
  return out;
}

}  // namespace hark

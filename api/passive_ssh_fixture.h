#pragma once

// For tests of the Passive SSH routes: a store in memory that takes records in the format of
// Passive SSH's scanner, and a client of the routes that needs no socket.

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http_text.h"
#include "api/passive_ssh.h"
#include "api/ssh_words.h"
#include "base/bytes.h"
#include "base/strings.h"
#include "keys/digests.h"
#include "keys/hassh.h"
#include "storage/sighting.h"
#include "storage/store.h"

namespace hark {

class PassiveSshFixture : public ::testing::Test {
 protected:
  using Json = nlohmann::ordered_json;

  PassiveSshFixture() : store_(std::move(Store::OpenInMemory()).value()) {
    auto context = std::make_shared<ApiContext>();
    context->view = [this] {
      auto view = std::make_shared<ApiView>();
      view->store = store_;
      view->history = store_->ReadHistory();
      view->generation = generation_;
      return view;
    };
    AddPassiveSshRoutes(router_, context);
  }

  static std::string Ed25519Blob(std::string_view seed) {
    ByteWriter blob;
    blob.String32("ssh-ed25519");
    blob.String32(Sha256(seed));
    return blob.Take();
  }
  static std::string RsaBlob(std::string_view modulus) {
    ByteWriter blob;
    blob.String32("ssh-rsa");
    blob.String32("\x01\x01");
    blob.String32(modulus);
    return blob.Take();
  }
  static std::string Md5Of(std::string_view blob) { return ColonHex(Md5(blob)); }
  static std::string Base64(std::string_view bytes) {
    std::string out(bytes.size() * 2 + 8, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
    out.resize(static_cast<size_t>(size));
    return out;
  }
  static Json HostKey(std::string_view type, std::string_view blob) {
    return {
        {"fingerprint", Md5Of(blob)}, {"name", type}, {"base64", StrCat(type, " ", Base64(blob))}};
  }
  static Json Lists() {
    return Json::parse(
        R"({"key": ["rsa-sha2-512", "ssh-ed25519"], "encrypt": ["aes128-ctr"],)"
        R"( "mac": ["hmac-sha2-256"], "compress": ["none", "zlib@openssh.com"], "lang": []})");
  }
  static std::string NameList(const Json& names) {
    return Join(names.get<std::vector<std::string>>(), ",");
  }
  static std::string LegacyHassh(const Json& lists) {
    return PassiveSshHassh(NameList(lists["key"]), NameList(lists["encrypt"]),
                           NameList(lists["mac"]), NameList(lists["compress"]));
  }

  // A record as the scanner prints it; keys as HostKey has them.
  static Json Record(std::string_view host, int64_t epoch, std::string_view banner,
                     const std::vector<Json>& keys, uint16_t port = 22) {
    Json record;
    record["banner"] = banner;
    record["key_exchange"] = Lists();
    record[host.ends_with(".onion") ? "onion" : "ip"] = host;
    record["port"] = port;
    record["epoch"] = epoch;
    record["host_keys"] = keys;
    record["hassh"] = LegacyHassh(Lists());
    return record;
  }

  void Put(const Sighting& sighting) {
    const auto write = store_->NewWrite();
    write->PutSighting(sighting);
    ASSERT_TRUE(store_->Commit(*write, false).ok());
    ++generation_;
  }

  static SightedFact AlgorithmsOf(const Json& lists, std::string_view kex) {
    proto::AlgorithmsRow row;
    proto::SshKexInit& out = *row.mutable_lists();
    out.set_kex_algorithms(std::string(kex));
    out.set_server_host_key_algorithms(NameList(lists["key"]));
    out.set_encryption_server_to_client(NameList(lists["encrypt"]));
    out.set_mac_server_to_client(NameList(lists["mac"]));
    out.set_compression_server_to_client(NameList(lists["compress"]));
    out.set_languages_server_to_client(NameList(lists["lang"]));
    row.set_passive_ssh_hassh(LegacyHassh(lists));
    if (!kex.empty()) {
      row.set_hassh(HasshServer(kex, NameList(lists["encrypt"]), NameList(lists["mac"]),
                                NameList(lists["compress"])));
    }
    return AlgorithmsFact(row);
  }

  void Import(const Json& record) {
    Sighting sighting;
    sighting.host = HostId::Parse(record.value("onion", record.value("ip", ""))).value();
    sighting.port = record["port"].get<uint16_t>();
    sighting.unix_s = record["epoch"].get<int64_t>();
    sighting.facts.push_back(OutcomeFact(0, 7));
    sighting.facts.push_back(BannerFact(record["banner"].get<std::string>()));
    if (!record["key_exchange"].empty()) {
      sighting.facts.push_back(AlgorithmsOf(record["key_exchange"], ""));
    }
    for (const Json& key : record["host_keys"]) {
      const std::string text = key["base64"].get<std::string>();
      sighting.facts.push_back(KeyFactOfBlob(FromBase64(text.substr(text.find(' ') + 1))));
    }
    Put(sighting);
  }

  static std::string FromBase64(const std::string& text) {
    std::string out(text.size(), '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    const auto padding = static_cast<int>(std::count(text.end() - 2, text.end(), '='));
    out.resize(static_cast<size_t>(size - padding));
    return out;
  }

  // As the server does it: the target of a request line in, first the quick lane, then the patient
  // one, a stream as one text.
  HttpResponse Ask(std::string_view target, std::string_view method = "GET") {
    HttpRequest request;
    request.method = method;
    Result<HttpTarget> parsed = ParseTarget(target);
    if (!parsed.ok()) return ErrorOf(parsed.status());
    request.path = parsed->path;
    request.exact_path = parsed->exact_path;
    request.query = parsed->query;
    std::optional<HttpResponse> response = router_.Answer(request, HttpLane::kQuick);
    if (!response) response = router_.Answer(request, HttpLane::kPatient);
    if (!response) return JsonError(599, "no lane answers");
    while (response->stream) {
      const Result<std::string> piece = response->stream();
      if (!piece.ok()) return ErrorOf(piece.status());
      if (piece->empty()) break;
      response->body += *piece;
    }
    return std::move(*response);
  }
  std::string Body(std::string_view target) {
    const HttpResponse response = Ask(target);
    EXPECT_EQ(response.status, 200) << target;
    EXPECT_TRUE(response.content_type.starts_with("application/json")) << target;
    return response.body;
  }
  Json Get(std::string_view target) {
    const std::string body = Body(target);
    const Json json = Json::parse(body, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << target << ": " << body;
    return json;
  }
  static std::string HeaderOf(const HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }

  std::shared_ptr<Store> store_;
  std::atomic<uint64_t> generation_ = 1;  // the tallies are made in a thread of their own
  HttpRouter router_;
};

}  // namespace hark

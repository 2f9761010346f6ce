#include "exchange/surveys_writer.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "analysis/clusters.h"
#include "analysis/fake_run_reader.h"
#include "base/random.h"
#include "exchange/export_fixture.h"
#include "exchange/surveys_peers.h"

namespace hark {
namespace {

using Json = nlohmann::json;
using Members = std::set<std::string>;
using Folder = std::map<std::string, std::string>;

Folder Export(const RunReader& reader) {
  Folder folder;
  const auto summary = WriteSurveys(reader, [&](const std::string& file, std::string_view piece) {
    folder[file] += piece;
    return Status::Ok();
  });
  EXPECT_TRUE(summary.ok()) << summary.status().message();
  return folder;
}

// Who reads a cluster's file with a real JSON parser, as the members it lists.
std::set<Members> ClustersIn(const Folder& folder) {
  std::set<Members> clusters;
  for (const auto& [file, text] : folder) {
    if (file.rfind("cluster", 0) != 0) continue;
    Members members;
    for (const Json& record : Json::parse(text)) members.insert(record["ip"]);
    clusters.insert(members);
  }
  return clusters;
}

// And who believes only the peers that records name: the components of that graph.
std::set<Members> ComponentsIn(const Folder& folder) {
  std::map<std::string, Members> peers;
  for (const Json& record : Json::parse(folder.at("collisions.json"))) {
    for (const Json& peer : record["rcs"]) {
      peers[record["ip"]].insert(peer["ip"]);
      peers[peer["ip"]].insert(record["ip"]);
    }
  }
  std::set<Members> components;
  while (!peers.empty()) {
    Members members, open = {peers.begin()->first};
    while (!open.empty()) {
      const std::string host = open.extract(open.begin()).value();
      members.insert(host);
      const auto node = peers.extract(host);
      if (node.empty()) continue;
      for (const std::string& peer : node.mapped()) {
        if (!members.contains(peer)) open.insert(peer);
      }
    }
    components.insert(members);
  }
  return components;
}

std::set<Members> ClustersOf(const RunReader& reader) {
  const auto hosts = HostTable::Read(reader);
  const auto clustering = FindClusters(reader, *hosts);
  std::set<Members> clusters;
  for (const Cluster& cluster : clustering->clusters) {
    Members members;
    for (const uint32_t member : cluster.members) {
      members.insert(hosts->address(member).ToString());
    }
    clusters.insert(members);
  }
  return clusters;
}

class SurveysWriterTest : public ExportFixture {};

TEST_F(SurveysWriterTest, AFolderHasTheRecordsMemberByMember) {
  FillRun();
  const Folder folder = Export(**store_->ReadRun(kRun));
  ASSERT_EQ(folder.size(), 4U);
  EXPECT_EQ(Lines(folder.at("records.fresh")).size(), 5U);
  EXPECT_EQ(Json::parse(folder.at("fingerprints.json")).size(), 4U);
  const Json cluster = Json::parse(folder.at("cluster1.json"));
  ASSERT_EQ(cluster.size(), 3U);
  EXPECT_EQ(cluster, Json::parse(folder.at("collisions.json")));
  const Json& second = cluster[1];
  EXPECT_EQ(second["writer"], "FreshGrab.py");
  EXPECT_EQ(second["ip"], "192.0.2.2");
  EXPECT_EQ(second["ip_record"], 1);
  EXPECT_EQ(second["asndec"], 64497);
  EXPECT_EQ(second["clusternum"], 1);
  EXPECT_EQ(second["csize"], 3);
  EXPECT_EQ(second["nrcs"], 2);
  EXPECT_EQ(second["fprints"]["p22"], HexEncode(Sha256(Ed25519Blob("shared"))));
  EXPECT_EQ(second["fprints"]["p25"], KeyIdOfCertificate(leaf_.der)->ToHex());
  EXPECT_EQ(second["rcs"]["0"]["str_colls"], "p22==p22;");
  EXPECT_EQ(second["rcs"]["0"]["ports"], "0x0000000000000001");
  EXPECT_EQ(second["rcs"]["2"]["str_colls"], "p25==p443;");
  EXPECT_EQ(second["rcs"]["2"]["ports"], "0x0000000000001000");
  EXPECT_EQ(cluster[2]["rcs"]["1"]["str_colls"], "p443==p25;");
  EXPECT_EQ(second["analysis"]["p22"]["alg"], "ssh-ed25519");
  EXPECT_EQ(second["analysis"]["p25"]["cipher_suite"], 0xc02f);
  EXPECT_EQ(second["analysis"]["p25"]["timely"], true);
  EXPECT_EQ(second["analysis"]["nameset"]["banner"], "mail.example.org");
  EXPECT_EQ(second["analysis"]["nameset"]["p25san1"], "*.example.org");
}

TEST_F(SurveysWriterTest, RecordsFreshHasThePathsTheScriptsLookAt) {
  FillRun();
  const std::vector<std::string> lines = Lines(Export(**store_->ReadRun(kRun)).at("records.fresh"));
  const Json second = Json::parse(lines[1]), third = Json::parse(lines[2]);
  const Json& key = second["p22"]["data"]["xssh"]["key_exchange"]["server_host_key"];
  EXPECT_EQ(key["algorithm"], "ssh-ed25519");
  EXPECT_EQ(key["fingerprint_sha256"], HexEncode(Sha256(Ed25519Blob("shared"))));
  EXPECT_EQ(second["p22"]["data"]["xssh"]["server_id"]["version"], "2.0");
  const Json& leaf = second["p25"]["data"]["tls"]["server_certificates"]["certificate"]["parsed"];
  EXPECT_EQ(leaf["subject_key_info"]["fingerprint_sha256"], KeyIdOfCertificate(leaf_.der)->ToHex());
  EXPECT_EQ(leaf["extensions"]["subject_alt_name"]["dns_names"][0], "mail.example.org");
  const Json& https = third["p443"]["data"]["http"]["response"]["request"]["tls_handshake"];
  EXPECT_EQ(https["server_hello"]["cipher_suite"]["value"], 0xc02f);
  EXPECT_EQ(Json::parse(lines[3])["p22"], "refused");
}

TEST_F(SurveysWriterTest, ClusterFilesReadAgainGiveTheSameClusters) {
  Random random(3);
  for (int round = 0; round < 20; ++round) {
    FakeRunReader reader;
    for (uint32_t host = 1; host <= 60; ++host) {
      reader.AddHost(HostAt(host));
      for (const uint16_t port : {22, 25, 443, 995}) {
        if (random.Below(3) == 0) continue;
        reader.AddPort(HostAt(host), port, {std::to_string(random.Below(80))});
      }
    }
    const Folder folder = Export(reader);
    const std::set<Members> clusters = ClustersOf(reader);
    EXPECT_EQ(ClustersIn(folder), clusters);
    EXPECT_EQ(ComponentsIn(folder), clusters);
  }
}

TEST_F(SurveysWriterTest, PeersMirrorEachOthersMasks) {
  FakeRunReader reader;
  for (const uint32_t host : {1, 2}) reader.AddHost(HostAt(host));
  reader.AddPort(HostAt(1), 25, {"k"});
  reader.AddPort(HostAt(2), 25, {"k"});
  reader.AddPort(HostAt(2), 443, {"k"});
  const Json cluster = Json::parse(Export(reader).at("cluster1.json"));
  EXPECT_EQ(cluster[0]["rcs"]["1"]["ports"], "0x0000000000001200");
  EXPECT_EQ(cluster[0]["rcs"]["1"]["str_colls"], "p25==p25;p25==p443;");
  EXPECT_EQ(cluster[1]["rcs"]["0"]["str_colls"], "p25==p25;p443==p25;");
}

TEST_F(SurveysWriterTest, PeersBeyondTheLimitAreCountedAndStillHoldTheClusterTogether) {
  FakeRunReader reader;
  for (uint32_t host = 1; host <= 50; ++host) {
    reader.AddHost(HostAt(host));
    reader.AddPort(HostAt(host), 22, {host <= 30 ? "a" : "b"});
  }
  reader.AddPort(HostAt(30), 443, {"b"});
  const auto hosts = HostTable::Read(reader);
  const auto peers = SurveyPeers::Read(reader, *hosts);
  ASSERT_TRUE(peers.ok());
  uint64_t count = 0;
  EXPECT_EQ(peers->Of(0, 4, &count).size(), 4U);
  EXPECT_EQ(count, 29U);
  const std::vector<SurveyPeer> bridge = peers->Of(29, 2, &count);
  EXPECT_EQ(count, 49U);
  ASSERT_EQ(bridge.size(), 3U);
  EXPECT_GE(bridge.back().host, 30U);  // one of the other key, too
}

}  // namespace
}  // namespace hark

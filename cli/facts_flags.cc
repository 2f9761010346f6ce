#include "cli/facts_flags.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "base/moment.h"
#include "base/strings.h"
#include "cli/probe_flags.h"

namespace hark {
namespace {

// Debian's, Fedora's and Alpine's.
constexpr const char* kSystemBundles[] = {"/etc/ssl/certs/ca-certificates.crt",
                                          "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
constexpr size_t kMaxPolicy = size_t{1} << 20;
// More bring nothing: the store is read by one.
constexpr unsigned kMaxThreads = 8;

// Certificates' dates are whole seconds.
int64_t FloorToSeconds(int64_t unix_ms) {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::milliseconds(unix_ms)).count();
}

Status LoadTrust(const std::string& bundle, FactsInput& input) {
  if (!bundle.empty()) {
    Result<std::unique_ptr<TrustStore>> store = TrustStore::Load(bundle);
    if (!store.ok()) return InvalidInput(StrCat("--ca_bundle: ", store.status().message()));
    input.trust = std::move(*store);
    input.options.trust_name = bundle;
    return Status::Ok();
  }
  input.options.trust_name =
      "this machine has no bundle of CA certificates; --ca_bundle=FILE names one";
  for (const char* path : kSystemBundles) {
    if (!std::filesystem::exists(path)) continue;
    Result<std::unique_ptr<TrustStore>> store = TrustStore::Load(path);
    // Nobody asked for this file, so it cannot be the operator's mistake.
    input.options.trust_name = store.ok() ? path : store.status().message();
    if (store.ok()) input.trust = std::move(*store);
    break;
  }
  return Status::Ok();
}

}  // namespace

std::vector<Flag> TrustFlagTable(TrustFlags* flags) {
  return {{"ca_bundle", Text(&flags->ca_bundle, "FILE"),
           "the roots certificates are judged by, PEM; without it the system's"},
          {"at", Text(&flags->at, "TIME"),
           "judge certificates at this time or date, not when each host was grabbed"}};
}

std::vector<Flag> FactsFlagTable(FactsFlags* flags) {
  return AllFlags(
      {TrustFlagTable(&flags->trust),
       {{"suite_policy", Text(&flags->suite_policy, "FILE"),
         "which cipher suites are bad (docs/formats/suite-policy.md); without it the paper's "
         "rule"}}});
}

Result<FactsInput> LoadFactsInput(const FactsFlags& flags) {
  FactsInput input;
  HARK_RETURN_IF_ERROR(LoadTrust(flags.trust.ca_bundle, input));
  input.options.trust = input.trust.get();
  if (!flags.trust.at.empty()) {
    const Result<int64_t> at = ParseMoment(flags.trust.at);
    if (!at.ok()) return at.status().Prepend("--at");
    input.options.at_unix = FloorToSeconds(*at);
  }
  if (!flags.suite_policy.empty()) {
    const Result<std::string> text = ReadFile(flags.suite_policy, kMaxPolicy);
    if (!text.ok()) return InvalidInput(StrCat("--suite_policy: ", text.status().message()));
    Result<SuitePolicy> policy = SuitePolicy::Parse(*text, flags.suite_policy);
    if (!policy.ok()) return InvalidInput(StrCat("--suite_policy: ", policy.status().message()));
    input.options.policy = std::move(*policy);
  }
  input.options.threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads);
  return input;
}

}  // namespace hark

#include "cli/plan_sources.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>

#include "base/distinct.h"
#include "base/outcome.h"
#include "base/strings.h"
#include "coordinator/resolver.h"
#include "coordinator/targets.h"
#include "storage/store.h"

namespace hark {
namespace {

constexpr size_t kMostTold = 5;

void TellFailures(const ResolvedNames& resolved) {
  if (resolved.failed.empty()) return;
  std::vector<std::string> some;
  for (const auto& [name, why] : resolved.failed) {
    if (some.size() == kMostTold) {
      some.emplace_back("…");
      break;
    }
    some.push_back(StrCat(EscapeForDisplay(name), " (", why, ")"));
  }
  std::fprintf(stderr, "note: %s of %s names have no address: %s\n",
               WithThousands(resolved.failed.size()).c_str(),
               WithThousands(resolved.failed.size() + resolved.addresses.size()).c_str(),
               Join(some, ", ").c_str());
}

Status AddNames(std::vector<std::string> names, const std::string& resolver, PlanSources* out) {
  MakeDistinct(names);
  ResolverOptions options;
  options.server = resolver;
  const Result<ResolvedNames> resolved = ResolveNames(names, options);
  if (!resolved.ok()) return resolved.status().Prepend("--resolver");
  TellFailures(*resolved);
  std::vector<Range> v4;
  for (const auto& [name, addresses] : resolved->addresses) {
    for (const Address& address : addresses) {
      out->names[address].push_back(name);
      if (address.is_v4()) {
        v4.push_back({address.v4(), address.v4()});
      } else {
        out->v6.push_back(address);
      }
    }
  }
  out->v4 = out->v4.Union(RangeSet(std::move(v4)));
  out->asked_names = std::move(names);
  return Status::Ok();
}

// Whoever answered: the listeners, and where nobody listened first, hosts with an open port.
Status AddRun(const SourceWishes& wishes, PlanSources* out) {
  const size_t at = wishes.from_run.find('@');
  const std::string name = wishes.from_run.substr(0, at);
  const std::string db = at == std::string::npos ? wishes.db : wishes.from_run.substr(at + 1);
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(db, Store::Mode::kReadOnly));
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> run, store->ReadRun(name));
  std::vector<Range> v4;
  std::set<Address> v6;
  const auto take = [&](const Address& address) {
    if (address == Address()) return;  // taken out again
    if (address.is_v4()) {
      v4.push_back({address.v4(), address.v4()});
    } else {
      v6.insert(address);
    }
  };
  HARK_RETURN_IF_ERROR(run->ForEachListener([&](const Address& address) {
    take(address);
    return Status::Ok();
  }));
  HARK_RETURN_IF_ERROR(
      run->ForEachPort([&](const Address& address, uint16_t, const proto::PortRow& row) {
        const auto stage = static_cast<Stage>(row.observation().stage());
        if (stage != Stage::kConnect) take(address);
        return Status::Ok();
      }));
  HARK_RETURN_IF_ERROR(run->ForEachHost([&](const Address& address, const proto::HostRow& row) {
    for (const std::string& known : row.names()) out->names[address].push_back(known);
    return Status::Ok();
  }));
  out->v4 = out->v4.Union(RangeSet(std::move(v4)));
  out->v6.insert(out->v6.end(), v6.begin(), v6.end());
  return Status::Ok();
}

void SortNames(PlanSources* out) {
  std::erase_if(out->names, [&](const auto& entry) {
    const Address& address = entry.first;
    return address.is_v4() ? !out->v4.Contains(address.v4())
                           : !std::binary_search(out->v6.begin(), out->v6.end(), address);
  });
  for (auto& [address, names] : out->names) MakeDistinct(names);
}

}  // namespace

Result<PlanSources> ReadSources(const SourceWishes& wishes) {
  PlanSources out;
  Result<TargetWords> words = ReadTargetWords(wishes.targets);
  if (!words.ok()) return words.status().Prepend("--targets");
  out.v4 = std::move(words->v4);
  out.v6 = std::move(words->v6);
  if (!words->names.empty()) {
    HARK_RETURN_IF_ERROR(AddNames(std::move(words->names), wishes.resolver, &out));
  }
  if (!wishes.from_run.empty()) {
    HARK_RETURN_IF_ERROR(AddRun(wishes, &out).Prepend("--from_run"));
  }
  MakeDistinct(out.v6);
  SortNames(&out);
  return out;
}

}  // namespace hark

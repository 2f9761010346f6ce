#include "cli/read_run.h"

#include <algorithm>

#include "base/strings.h"

namespace hark {
namespace {

// More would not fit on the one line an error has.
constexpr size_t kRunsNamed = 8;

Status NoSuchRun(const std::string& name, const std::vector<proto::RunRow>& runs) {
  std::vector<std::string> names;
  for (size_t i = runs.size(); i-- > 0 && names.size() < kRunsNamed;) {
    names.push_back(EscapeForDisplay(runs[i].name()));
  }
  const bool more = runs.size() > names.size();
  return InvalidInput(StrCat("--run: no run '", EscapeForDisplay(name), "' in the store; it has ",
                             Join(names, ", "), more ? " and older ones" : ""));
}

}  // namespace

Result<std::unique_ptr<RunReader>> ReadNamedRun(const Store& store, const std::string& name) {
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> runs, store.Runs());
  if (runs.empty()) return InvalidInput("the store holds no run yet; hark scan makes one");
  if (name.empty()) return store.ReadRun(runs.back().name());
  const bool known = std::any_of(runs.begin(), runs.end(),
                                 [&](const proto::RunRow& run) { return run.name() == name; });
  if (!known) return NoSuchRun(name, runs);
  return store.ReadRun(name);
}

Result<RunToRead> OpenRunToRead(const std::string& db, const std::string& name) {
  RunToRead out;
  HARK_ASSIGN_OR_RETURN(out.store, Store::Open(db, Store::Mode::kReadOnly));
  HARK_ASSIGN_OR_RETURN(out.reader, ReadNamedRun(*out.store, name));
  return out;
}

}  // namespace hark

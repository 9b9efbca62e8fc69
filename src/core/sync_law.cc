#include "core/sync_law.h"

#include <algorithm>

#include "base/text.h"

namespace tamada {

namespace {

std::set<std::string> voters_of(const SyncState& sync) {
  std::set<std::string> voters;
  for (const std::string& name : sync.standbys) voters.insert(to_lower(name));
  return voters;
}

}  // namespace

CommitWait wait_of(const SyncNames& names) {
  CommitWait wait;
  wait.count = names.count;
  wait.anybody = names.everybody();
  for (const std::string& name : names.names) {
    if (name != "*") wait.names.insert(to_lower(name));
  }
  return wait;
}

CommitWait weaker(const CommitWait& a, const CommitWait& b) {
  CommitWait wait = a;
  wait.count = std::min(a.count, b.count);
  wait.anybody = a.anybody || b.anybody;
  wait.names.insert(b.names.begin(), b.names.end());
  return wait;
}

bool covers(const SyncState& sync, const CommitWait& wait) {
  const std::set<std::string> voters = voters_of(sync);
  const auto all = static_cast<int>(voters.size());
  if (all == 0) return true;
  const auto outsiders = static_cast<int>(std::count_if(
      wait.names.begin(), wait.names.end(), [&](const std::string& name) { return !voters.contains(name); }));
  // The confirmations come from outsiders first: that is the worst that can happen.
  const int confirmed = wait.anybody ? 0 : std::clamp(wait.count - outsiders, 0, all);
  // An electing set has quorum + 1 members; as many can be found without the commit as voters lack it.
  return all - confirmed <= sync.quorum;
}

bool only_restricts(const SyncState& from, const SyncState& to) {
  const std::set<std::string> before = voters_of(from);
  const std::set<std::string> after = voters_of(to);
  if (after.empty()) return true;
  return to.quorum >= from.quorum && std::includes(before.begin(), before.end(), after.begin(), after.end());
}

}  // namespace tamada

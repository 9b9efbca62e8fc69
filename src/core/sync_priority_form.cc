// Every listed standby confirms every commit: 'a', '2 (a,b)'; each of those in /sync may be promoted.
#include <algorithm>

#include "core/sync_forms.h"

namespace tamada {

namespace {

std::vector<std::string> common(const std::vector<std::string>& names, const std::vector<std::string>& with) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (listed(with, name)) out.push_back(name);
  }
  return out;
}

SyncNames wanted_names(const SyncMove& move) {
  const std::vector<std::string>& names = move.choice.names;
  if (!names.empty()) return {SyncNames::Method::Priority, static_cast<int>(names.size()), names};
  if (move.in.settings.dynamic.synchronous_mode_strict) return {SyncNames::Method::Priority, 1, {"*"}};
  return {};
}

bool as_wanted(const SyncNames& have, const SyncNames& want) {
  const bool waits_for_all = have.count >= static_cast<int>(have.names.size());
  return have.method == want.method && have.count == want.count && waits_for_all && same_names(have.names, want.names);
}

// One change at a time: first the names that go, under the old count; then the count; then the names that come, under
// the new count. Commits stand still between the halves, where otherwise one could be released without a standby that
// /sync names.
SyncStep towards(const SyncMove& move, const SyncNames& want) {
  if (move.may_set(want)) return set_names(want.everybody() ? "SY-33" : want.off() ? "SY-34" : "SY-30", want);
  if (!move.memory.settled) return settle(move);
  const std::vector<std::string> stay = common(move.names.names, want.names);
  const SyncNames without{SyncNames::Method::Priority, move.names.count, stay};
  if (stay.size() < move.names.names.size() && move.may_set(without)) return set_names("SY-31", without);
  const SyncNames counted{SyncNames::Method::Priority, want.count, move.names.names};
  if (move.names.count != want.count && move.may_set(counted)) return set_names("SY-32", counted);
  // Nothing on this way keeps the promise: the promise itself is taken back first.
  return write_sync("SY-22", move, {}, 0);
}

}  // namespace

SyncStep priority_step(const SyncMove& move) {
  const SyncState& sync = move.in.sync;
  const SyncNames want = wanted_names(move);
  const std::vector<std::string> stay = common(sync.standbys, move.choice.names);
  if (stay.size() < sync.standbys.size() || sync.quorum != 0) {
    const SyncState to{sync.leader, stay, 0, 0};
    if (move.may_write(to)) return write_sync("SY-20", move, stay, 0);
    return write_sync("SY-21", move, {}, 0);
  }
  if (!as_wanted(move.names, want)) return towards(move, want);
  if (move.memory.names_unclear) return set_names("SY-35", want);
  if (move.choice.names.empty()) return step_of(want.off() ? "SY-91" : "SY-92", SyncAction::Nothing);
  if (!move.memory.settled) return settle(move);
  std::vector<std::string> confirmed;
  for (const std::string& name : move.choice.names) {
    if (listed(sync.standbys, name) || move.reached(name)) confirmed.push_back(name);
  }
  if (!same_names(confirmed, sync.standbys)) return write_sync("SY-50", move, confirmed, 0);
  if (confirmed.size() < move.choice.names.size()) return step_of("SY-42", SyncAction::Wait);
  return step_of("SY-90", SyncAction::Nothing);
}

}  // namespace tamada

// Any n of the listed standbys confirm a commit: 'ANY n (a,b,c)'; /sync lists the voters and how many of them a
// candidate needs. Between two sets lies their union with a quorum that holds for both (ha_behaviour.md 3.5).
#include <algorithm>

#include "base/text.h"
#include "core/sync_forms.h"

namespace tamada {

namespace {

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

SyncNames wanted_names(const SyncMove& move) {
  const std::vector<std::string>& names = move.choice.names;
  const int count = std::min(move.choice.wanted, static_cast<int>(names.size()));
  if (count > 0) return {SyncNames::Method::Quorum, count, sorted(names)};
  if (move.in.settings.dynamic.synchronous_mode_strict) return {SyncNames::Method::Priority, 1, {"*"}};
  return {};
}

bool as_wanted(const SyncNames& have, const SyncNames& want) {
  return have.method == want.method && have.count == want.count && same_names(have.names, want.names);
}

// Everybody whom commits wait for now or then, with the quorum that the smaller count asks for.
SyncState bridge(const SyncMove& move, const SyncNames& want) {
  SyncState both{move.in.sync.leader, want.names, 0, 0};
  for (const auto* more : {&move.names.names, &move.in.sync.standbys}) {
    for (const std::string& name : *more) {
      if (!listed(both.standbys, name)) both.standbys.push_back(name);
    }
  }
  both.quorum = static_cast<int>(both.standbys.size()) - std::min(move.names.count, want.count);
  return both;
}

SyncStep towards(const SyncMove& move, const SyncNames& want) {
  if (move.may_set(want)) return set_names(want.everybody() ? "SY-33" : want.off() ? "SY-34" : "SY-30", want);
  if (want.off() || want.everybody() || move.names.everybody()) return write_sync("SY-21", move, {}, 0);
  if (!move.memory.settled) return settle(move);
  const SyncState both = bridge(move, want);
  const bool there = both.quorum == move.in.sync.quorum && same_names(both.standbys, move.in.sync.standbys);
  if (!there && move.may_write(both)) return write_sync("SY-23", move, both.standbys, both.quorum);
  return write_sync("SY-22", move, {}, 0);
}

}  // namespace

SyncStep quorum_step(const SyncMove& move) {
  const SyncState& sync = move.in.sync;
  const SyncNames want = wanted_names(move);
  if (!as_wanted(move.names, want)) return towards(move, want);
  if (move.memory.names_unclear) return set_names("SY-35", want);
  if (want.off() || want.everybody()) {
    if (!sync.standbys.empty()) return write_sync("SY-21", move, {}, 0);
    return step_of(want.off() ? "SY-91" : "SY-92", SyncAction::Nothing);
  }
  if (!move.memory.settled) return settle(move);
  const auto all = static_cast<int>(want.names.size());
  SyncState to{sync.leader, want.names, all - want.count, 0};
  if (to.quorum == sync.quorum && same_names(to.standbys, sync.standbys)) {
    return step_of("SY-90", SyncAction::Nothing);
  }
  // While too few have reached the mark commits stand still, so what is listed can wait for them. Where nobody is
  // listed yet, more votes make up for those who are behind.
  const int behind = move.behind(to);
  if (behind > to.quorum) {
    if (behind == all || (!sync.standbys.empty() && behind >= sync.quorum)) return step_of("SY-42", SyncAction::Wait);
    to.quorum = behind;
  }
  if (!move.may_write(to)) return step_of("SY-42", SyncAction::Wait);
  return write_sync("SY-50", move, to.standbys, to.quorum);
}

}  // namespace tamada

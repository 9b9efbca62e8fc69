#include "core/sync_resolver.h"

#include <algorithm>

#include "base/text.h"
#include "core/sync_forms.h"

namespace tamada {

namespace {

// With the mode off the file holds what the operator configured.
std::string own_names(const Settings& settings) {
  for (const auto& [name, value] : settings.postgresql.parameters) {
    if (equal_ignoring_case(name, "synchronous_standby_names")) return value;
  }
  return "";
}

SyncStep off_step(const SyncInput& in, const SyncMemory& memory) {
  if (!in.sync.empty()) return step_of("SY-01", SyncAction::DeleteSync);
  const bool theirs = memory.given_back || in.server.names == own_names(in.settings);
  if (!theirs) return step_of("SY-02", SyncAction::SetNames);
  return step_of("SY-03", SyncAction::Nothing);
}

// A walsender that lists its standby releases commits; until it has sent WAL from after the mark it may do so by what
// the names were before.
bool walsenders_are_told(const SyncReplication& server, Lsn mark) {
  return std::all_of(server.senders.begin(), server.senders.end(), [mark](const WalSender& sender) {
    const bool releases = sender.sync_priority > 0 && (sender.state == "streaming" || sender.state == "stopping");
    return !releases || sender.sent >= mark;
  });
}

void forget_mark(SyncMemory& memory) {
  memory.mark = {};
  memory.settled = false;
}

}  // namespace

bool synchronous_mode_on(const Settings& settings) {
  return settings.dynamic.synchronous_mode != SynchronousMode::Off && !settings.dynamic.standby_cluster;
}

bool listed(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [name](const std::string& n) { return equal_ignoring_case(n, name); });
}

bool same_names(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto within = [](const std::vector<std::string>& some, const std::vector<std::string>& all) {
    return std::all_of(some.begin(), some.end(), [&](const std::string& name) { return listed(all, name); });
  };
  return within(a, b) && within(b, a);
}

bool SyncMove::reached(const std::string& member) const {
  // One that is listed without a quorum has every commit that was acknowledged so far: that is what its listing says.
  if (in.sync.quorum == 0 && in.sync.lists(member)) return true;
  const WalSender* sender = sender_of(in.server, member);
  return sender != nullptr && memory.mark.known() &&
         confirmed_position(*sender, in.server.synchronous_commit) >= memory.mark;
}

int SyncMove::behind(const SyncState& sync) const {
  return static_cast<int>(std::count_if(sync.standbys.begin(), sync.standbys.end(),
                                        [&](const std::string& name) { return !reached(name); }));
}

bool SyncMove::may_set(const SyncNames& to) const {
  if (in.sync.standbys.empty()) return true;
  return memory.in_force && covers(in.sync, weaker(*memory.in_force, wait_of(to)));
}

bool SyncMove::may_write(const SyncState& to) const {
  if (only_restricts(in.sync, to)) return true;
  return memory.settled && memory.in_force && covers(to, *memory.in_force) && behind(to) <= to.quorum;
}

SyncStep step_of(std::string_view rule, SyncAction action) {
  SyncStep step;
  step.action = action;
  step.rule = rule;
  for (const SyncRule& known : sync_rules()) {
    if (known.id == rule) step.because = known.because;
  }
  return step;
}

SyncStep set_names(std::string_view rule, const SyncNames& names) {
  SyncStep step = step_of(rule, SyncAction::SetNames);
  step.names = format_sync_names(names);
  return step;
}

SyncStep write_sync(std::string_view rule, const SyncMove& move, std::vector<std::string> standbys, int quorum) {
  SyncStep step = step_of(rule, SyncAction::WriteSync);
  std::sort(standbys.begin(), standbys.end());
  step.sync = {move.in.me, std::move(standbys), quorum, move.in.sync.revision};
  return step;
}

SyncStep settle(const SyncMove& move) {
  if (move.memory.names_unclear) return set_names("SY-35", move.names);
  return move.memory.mark.known() ? step_of("SY-41", SyncAction::Wait) : step_of("SY-40", SyncAction::TakeMark);
}

SyncStep resolve_sync(const SyncInput& in, const SyncMemory& memory) {
  if (!synchronous_mode_on(in.settings)) return off_step(in, memory);
  const auto parsed = parse_sync_names(in.server.names);
  const SyncNames names = parsed.value_or(SyncNames{});
  SyncChoice choice =
      choose_standbys({in.view, in.settings, in.me, in.server, in.sync.standbys, names, memory.missing, in.now});
  const SyncMove move{in, memory, choice, names};
  SyncStep step;
  if (!equal_ignoring_case(in.sync.leader, in.me)) {
    step = write_sync("SY-11", move, {}, 0);
  } else if (!covers(in.sync, wait_of(names))) {
    step = write_sync("SY-12", move, {}, 0);
  } else if (!memory.fenced) {
    step = write_sync("SY-10", move, in.sync.standbys, in.sync.quorum);
  } else {
    step = quorum_form(in.settings, in.server.server_version) ? quorum_step(move) : priority_step(move);
  }
  step.details = std::move(choice.details);
  return step;
}

void note_seen(SyncMemory& memory, const SyncInput& in) {
  if (synchronous_mode_on(in.settings)) memory.given_back = false;
  if (in.server.names != memory.names) {
    const CommitWait seen = wait_of(parse_sync_names(in.server.names).value_or(SyncNames{}));
    if (memory.in_force) memory.in_force = weaker(*memory.in_force, seen);
    memory.names = in.server.names;
    forget_mark(memory);
  }
  if (parse_sync_names(memory.names).value_or(SyncNames{}).off()) memory.waiting_is_on = false;
  if (memory.mark.known() && !memory.settled && walsenders_are_told(in.server, memory.mark)) {
    memory.settled = true;
    memory.in_force = wait_of(parse_sync_names(memory.names).value_or(SyncNames{}));
  }
  MissingSince missing;
  for (const std::string& name : in.sync.standbys) {
    if (sender_of(in.server, name) != nullptr) continue;
    const auto known = memory.missing.find(to_lower(name));
    missing.emplace(to_lower(name), known != memory.missing.end() ? known->second : in.now);
  }
  memory.missing = std::move(missing);
}

void note_names_asked(SyncMemory& memory, const std::string& names) {
  const CommitWait to = wait_of(parse_sync_names(names).value_or(SyncNames{}));
  if (memory.in_force) memory.in_force = weaker(*memory.in_force, to);
  memory.names_unclear = true;
  forget_mark(memory);
}

void note_names_ended(SyncMemory& memory, const std::string& names, bool ok) {
  if (!ok) return;
  memory.names = names;
  memory.names_unclear = false;
}

void note_mark(SyncMemory& memory, Lsn mark) {
  memory.mark = mark;
  memory.waiting_is_on = true;
}

void note_given_back(SyncMemory& memory) {
  memory = {};
  memory.given_back = true;
}

void note_sync_write(SyncMemory& memory, bool applied) {
  memory.fenced = applied;
}

SyncNames names_for_start(const SyncState& sync, const std::string& me, const Settings& settings) {
  if (!synchronous_mode_on(settings)) return {};
  SyncNames names;
  for (const std::string& name : sync.standbys) {
    if (!equal_ignoring_case(name, me)) names.names.push_back(name);
  }
  const bool led_by_me = equal_ignoring_case(sync.leader, me);
  if (!sync.empty() && !led_by_me) names.names.push_back(sync.leader);
  // Each of the others may be elected with `quorum` more of them.
  names.count = std::max(0, static_cast<int>(names.names.size()) - sync.quorum);
  if (names.count == 0) {
    if (settings.dynamic.synchronous_mode_strict) return {SyncNames::Method::Priority, 1, {"*"}};
    return {};
  }
  const bool quorum = settings.dynamic.synchronous_mode == SynchronousMode::Quorum;
  names.method = quorum ? SyncNames::Method::Quorum : SyncNames::Method::Priority;
  std::sort(names.names.begin(), names.names.end());
  return names;
}

SyncState takeover_state(const SyncState& sync, const std::string& me, const Settings& settings, int server_version) {
  SyncState mine;
  mine.leader = me;
  mine.revision = sync.revision;
  if (!quorum_form(settings, server_version) || sync.empty() || !sync.lists(me)) return mine;
  mine.quorum = sync.quorum;
  mine.standbys.push_back(sync.leader);
  for (const std::string& name : sync.standbys) {
    if (!equal_ignoring_case(name, me)) mine.standbys.push_back(name);
  }
  std::sort(mine.standbys.begin(), mine.standbys.end());
  return mine;
}

}  // namespace tamada

#include "core/slots_plan.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "core/follow.h"

namespace tamada {

namespace {

// ha_behaviour.md 7.2, 7.4: before PostgreSQL 11 slots of standbys cannot be moved on.
constexpr int kAdvanceVersion = 110000;
constexpr int kMostUpstreams = 100;

bool can_advance(int version) {
  return version == 0 || version >= kAdvanceVersion;
}

struct Wanted {
  bool physical = true;
  std::string database;
  std::string plugin;
  const Member* member = nullptr;  // whose slot it is
  bool permanent = false;
  bool expected_active = false;  // somebody streams from here through it, or will when he is back
};

struct SlotScene {
  const ClusterView& view;
  const Settings& settings;
  const SlotsSide& side;
  std::map<std::string, Wanted> wanted = {};
  std::vector<std::string> warnings = {};
  std::vector<std::string> physical = {};  // usable entries of the section

  std::string own() const { return slot_name_for(settings.name); }
  bool standby() const { return side.in_recovery && !side.holds_lock; }
};

bool may_lead(const Settings& settings) {
  return !settings.tags.nofailover();
}

bool streams_from(const Member& member, const std::string& name) {
  const auto source = member.tags.replicatefrom();
  return source && *source == name;
}

// Does it replicate from another member than the leader or `me`?
bool cascades_elsewhere(const Member& member, const ClusterView& view, const std::string& me) {
  const auto source = member.tags.replicatefrom();
  return source && *source != me && *source != member.name && view.member(*source) != nullptr;
}

// Slots of members that stream from here, or would after a promotion of this member (ha_behaviour.md 7.2).
bool wants_slot(const Member& member, const SlotScene& s) {
  const Settings& settings = s.settings;
  if (member.name == settings.name || member.tags.nostream()) return false;
  const bool keep_for_all = settings.dynamic.member_slots_ttl > 0s && may_lead(settings) && can_advance(s.side.version);
  if (s.side.holds_lock) return keep_for_all || !cascades_elsewhere(member, s.view, settings.name);
  if (keep_for_all) return true;
  return streams_from(member, settings.name) && !(s.view.leader && s.view.leader->name() == member.name);
}

void want_members(SlotScene& s) {
  for (const Member& member : s.view.members) {
    if (!wants_slot(member, s)) continue;
    const std::string name = slot_name_for(member.name);
    Wanted slot{.member = &member};
    slot.expected_active = s.side.holds_lock ? !cascades_elsewhere(member, s.view, s.settings.name)
                                             : streams_from(member, s.settings.name);
    const auto [there, fresh] = s.wanted.emplace(name, std::move(slot));
    if (!fresh) {
      s.warnings.push_back(fmt::format(
          "members '{}' and '{}' share the replication slot name '{}'; one slot serves both, rename a member",
          there->second.member->name, member.name, name));
    }
  }
}

// Their members may come back and want to stream from here.
void want_retained(SlotScene& s) {
  for (const std::string& name : s.side.retained) {
    if (name != s.own()) s.wanted.emplace(name, Wanted{.expected_active = true});
  }
}

// nostream: what it gets from the archive tells nobody which rows it needs.
bool below_nostream(const ClusterView& view, const Settings& settings) {
  if (settings.tags.nostream()) return true;
  auto source = settings.tags.replicatefrom();
  for (int i = 0; source && i < kMostUpstreams; ++i) {
    const Member* member = view.member(*source);
    if (member == nullptr) return false;
    if (member->tags.nostream()) return true;
    source = member->tags.replicatefrom();
  }
  return false;
}

bool keeps_permanent(const SlotScene& s) {
  if (!s.standby()) return true;
  return may_lead(s.settings) && can_advance(s.side.version) && !below_nostream(s.view, s.settings);
}

void want_permanent_physical(const PermanentSlot& slot, SlotScene& s) {
  using Cluster = PermanentSlot::Cluster;
  const Cluster here = s.settings.dynamic.standby_cluster ? Cluster::Standby : Cluster::Primary;
  if (slot.name == s.own() || (slot.cluster != Cluster::Any && slot.cluster != here)) return;
  const auto [there, fresh] = s.wanted.emplace(slot.name, Wanted{.expected_active = !s.standby()});
  there->second.permanent = true;
}

void want_permanent_logical(const PermanentSlot& slot, SlotScene& s) {
  if (s.settings.dynamic.standby_cluster) {
    s.warnings.push_back(fmt::format("permanent logical slot '{}' is ignored: this is a standby cluster", slot.name));
    return;
  }
  if (!can_advance(s.side.version)) {
    s.warnings.push_back(fmt::format("permanent logical slot '{}' is not created: it needs PostgreSQL 11", slot.name));
    return;
  }
  const auto member = std::find_if(s.view.members.begin(), s.view.members.end(),
                                   [&](const Member& m) { return slot_name_for(m.name) == slot.name; });
  if (member != s.view.members.end()) {
    s.warnings.push_back(fmt::format("permanent logical slot '{}' is not created: member '{}' has that slot name",
                                     slot.name, member->name));
    return;
  }
  s.wanted[slot.name] = Wanted{.physical = false, .database = slot.database, .plugin = slot.plugin, .permanent = true};
}

void want_permanent(SlotScene& s) {
  PermanentSlots permanent = parse_permanent_slots(s.settings.dynamic.slots);
  s.warnings.insert(s.warnings.end(), permanent.problems.begin(), permanent.problems.end());
  for (const PermanentSlot& slot : permanent.slots) {
    if (slot.physical) s.physical.push_back(slot.name);
  }
  if (!keeps_permanent(s)) return;
  for (const PermanentSlot& slot : permanent.slots) {
    slot.physical ? want_permanent_physical(slot, s) : want_permanent_logical(slot, s);
  }
}

void want_all(SlotScene& s) {
  if (!s.settings.postgresql.use_slots) return;
  want_members(s);
  if (s.side.holds_lock) want_retained(s);
  want_permanent(s);
}

bool is_ignored(const SlotInfo& slot, const Settings& settings) {
  for (const json::value& entry : settings.dynamic.ignore_slots) {
    const json::object* fields = entry.if_object();
    if (!fields || fields->empty()) continue;
    const bool all = std::all_of(fields->begin(), fields->end(), [&](const auto& field) {
      const json::string* text = field.value().if_string();
      if (!text) return false;
      if (field.key() == "name") return std::string_view(*text) == slot.name;
      if (field.key() == "type") return std::string_view(*text) == (slot.physical ? "physical" : "logical");
      if (field.key() == "database") return std::string_view(*text) == slot.database;
      if (field.key() == "plugin") return std::string_view(*text) == slot.plugin;
      return false;
    });
    if (all) return true;
  }
  return false;
}

bool is_retained(const SlotInfo& slot, const ClusterView& view, const Settings& settings) {
  if (!view.status || slot.name == slot_name_for(settings.name)) return false;
  const auto& retained = view.status->retain_slots;
  return std::find(retained.begin(), retained.end(), slot.name) != retained.end();
}

// Base backups and PostgreSQL's own synchronisation need these; a session uses an active one.
bool is_others(const SlotInfo& slot) {
  return slot.temporary || slot.failover;
}

bool may_drop(const SlotInfo& slot, const SlotScene& s) {
  // Without a leader it is not known what the cluster needs.
  if (s.view.unlocked() || s.settings.dynamic.pause || slot.active) return false;
  return !is_others(slot) && !is_ignored(slot, s.settings);
}

// A slot that the settings name in a way that cannot be used here is still no stranger's. A usable physical one that is
// not wanted here is: nobody would move it on.
bool is_configured(const SlotInfo& slot, const SlotScene& s) {
  if (!s.settings.dynamic.slots.contains(slot.name)) return false;
  return std::find(s.physical.begin(), s.physical.end(), slot.name) == s.physical.end();
}

std::optional<std::string> why_not_wanted(const SlotInfo& slot, const SlotScene& s) {
  if (s.wanted.contains(slot.name)) return std::nullopt;
  // On the primary a logical slot belongs to somebody who would miss changes. On a standby it is a copy, or what is
  // left of a primary: nobody moves it on.
  if (!slot.physical && !s.standby()) return std::nullopt;
  const bool excluded = s.standby() && !keeps_permanent(s);
  if (is_configured(slot, s) && !excluded) return std::nullopt;
  // What the lock holder published itself is no older than what it remembers.
  if (!s.side.holds_lock && is_retained(slot, s.view, s.settings)) return std::nullopt;
  return slot.physical ? "no member needs it" : "it is no permanent slot and this is a standby";
}

// A wanted slot that has to be made anew.
std::optional<std::string> why_anew(const SlotInfo& slot, const Wanted& wanted, const SlotScene& s) {
  if (slot.physical != wanted.physical) {
    return fmt::format("it is {}, not {}", slot.physical ? "physical" : "logical",
                       wanted.physical ? "physical" : "logical");
  }
  if (!slot.physical && (slot.database != wanted.database || slot.plugin != wanted.plugin)) {
    return fmt::format("it is for database {} and plugin {}, not {} and {}", slot.database, slot.plugin,
                       wanted.database, wanted.plugin);
  }
  if (slot.invalid) return "it has lost the WAL or the rows that it needs";
  if (!slot.physical || wanted.expected_active || !can_advance(s.side.version)) return std::nullopt;
  if (s.standby() && !slot.restart_lsn.known()) return "it holds no WAL";
  const bool unpromoted = s.side.holds_lock && s.side.in_recovery && !s.settings.dynamic.standby_cluster;
  if (slot.has_xmin && !unpromoted) return "nobody uses it here and it holds back vacuum";
  return std::nullopt;
}

// Members of before 4.0 publish no positions of slots.
bool publishes_slots(const Member* leader) {
  if (leader == nullptr) return true;
  int major = 0;
  const std::string& version = leader->version;
  std::from_chars(version.data(), version.data() + version.size(), major);
  return major >= 4;
}

Lsn position_of(const std::string& name, const Wanted& wanted, const SlotScene& s) {
  const Member* leader = s.view.leader_member();
  const Member* member = wanted.member;
  const bool by_member = member != nullptr && member->xlog_location.known() &&
                         (member->tags.replicatefrom().has_value() || !publishes_slots(leader));
  if (by_member) return member->xlog_location;
  const SlotPositions* positions = s.side.told ? &*s.side.told : s.view.status ? &s.view.status->slots : nullptr;
  if (positions == nullptr) return {};
  const auto found = positions->find(name);
  return found == positions->end() ? Lsn{} : Lsn{found->second};
}

void move_on(const SlotInfo& slot, const Wanted& wanted, const SlotScene& s, SlotsPlan& plan) {
  if (slot.active || is_others(slot) || is_ignored(slot, s.settings)) return;
  if (!can_advance(s.side.version) || wanted.expected_active) return;
  if (!s.standby() && !wanted.member) return;  // consumers of permanent slots are served here
  const Lsn here = slot.physical ? slot.restart_lsn : slot.confirmed_flush_lsn;
  Lsn to = position_of(slot.name, wanted, s);
  // On a primary its own server refuses what lies beyond its end.
  if (s.standby()) to = std::min(to, s.side.replayed);
  if (!here.known() || to <= here) return;
  plan.advance.push_back({slot.name, slot.database, to});
}

void make(const std::string& name, const Wanted& wanted, const SlotScene& s, SlotsPlan& plan) {
  if (wanted.physical) {
    plan.create.push_back(name);
    return;
  }
  PermanentSlot slot{.name = name, .physical = false, .database = wanted.database, .plugin = wanted.plugin};
  if (!s.side.in_recovery) {
    plan.create_logical.push_back(std::move(slot));
  } else if (s.standby() && s.view.leader && position_of(name, wanted, s).known()) {
    plan.copy.push_back(std::move(slot));
  }
}

// Slots of registered members, and those that another leader keeps.
std::vector<std::string> slots_in_use(const ClusterView& view, bool of_other_leader) {
  std::vector<std::string> names;
  for (const Member& member : view.members) {
    if (!member.tags.nostream()) names.push_back(slot_name_for(member.name));
  }
  if (of_other_leader && view.status) {
    names.insert(names.end(), view.status->retain_slots.begin(), view.status->retain_slots.end());
  }
  return names;
}

// a <= b among transaction ids, which wrap around.
bool not_newer(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) <= 0;
}

}  // namespace

SlotsPlan plan_slots(const ClusterView& view, const Settings& settings, const SlotsSide& side,
                     const std::vector<SlotInfo>& existing) {
  SlotsPlan plan;
  if (!settings.postgresql.use_slots) return plan;
  SlotScene s{view, settings, side};
  want_all(s);
  plan.warnings = std::move(s.warnings);
  for (const SlotInfo& slot : existing) {
    const auto wanted = s.wanted.find(slot.name);
    const auto why = wanted == s.wanted.end() ? why_not_wanted(slot, s) : why_anew(slot, wanted->second, s);
    if (why) {
      if (may_drop(slot, s)) plan.drop.push_back({slot.name, *why});
    } else if (wanted != s.wanted.end()) {
      move_on(slot, wanted->second, s, plan);
    }
  }
  for (const auto& [name, wanted] : s.wanted) {
    const auto there =
        std::find_if(existing.begin(), existing.end(), [&](const auto& slot) { return slot.name == name; });
    const bool dropped =
        std::any_of(plan.drop.begin(), plan.drop.end(), [&](const auto& drop) { return drop.name == name; });
    // A copy is planned once the old slot is gone.
    if (there == existing.end() || (dropped && (wanted.physical || !side.in_recovery))) make(name, wanted, s, plan);
  }
  return plan;
}

SlotPositions published_slots(const ClusterView& view, const Settings& settings, const SlotsSide& side,
                              const std::vector<SlotInfo>& existing) {
  SlotPositions positions;
  if (settings.compatibility == Compatibility::V1_5 || !can_advance(side.version)) return positions;
  SlotScene s{view, settings, side};
  want_all(s);
  const bool all = settings.compatibility == Compatibility::V4_1 && settings.dynamic.member_slots_ttl > 0s;
  for (const SlotInfo& slot : existing) {
    const auto wanted = s.wanted.find(slot.name);
    if (wanted == s.wanted.end() || is_others(slot) || slot.invalid) continue;
    const bool shown =
        all || (wanted->second.permanent && (!slot.physical || settings.compatibility == Compatibility::V4_1));
    const Lsn at = slot.physical ? slot.restart_lsn : slot.confirmed_flush_lsn;
    if (shown && slot.physical == wanted->second.physical && at.known()) positions[slot.name] = at.bytes;
  }
  return positions;
}

bool publishes_own_slot(const Settings& settings, int version) {
  return settings.compatibility == Compatibility::V4_1 && settings.dynamic.member_slots_ttl > 0s &&
         settings.postgresql.use_slots && can_advance(version);
}

std::vector<PermanentSlot> logical_slots(const Settings& settings, int version) {
  std::vector<PermanentSlot> slots;
  if (!settings.postgresql.use_slots || settings.dynamic.standby_cluster || !can_advance(version)) return slots;
  for (PermanentSlot& slot : parse_permanent_slots(settings.dynamic.slots).slots) {
    if (!slot.physical) slots.push_back(std::move(slot));
  }
  return slots;
}

bool needs_feedback(const ClusterView* view, const Settings& settings, int version) {
  if (logical_slots(settings, version).empty()) return false;
  if (view == nullptr) return true;
  if (below_nostream(*view, settings)) return false;
  if (may_lead(settings)) return true;
  // Members further down may lead although this one may not.
  return std::any_of(view->members.begin(), view->members.end(), [&](const Member& member) {
    const Member* at = &member;
    for (int i = 0; at != nullptr && i < kMostUpstreams; ++i) {
      if (streams_from(*at, settings.name)) return true;
      const auto source = at->tags.replicatefrom();
      at = source ? view->member(*source) : nullptr;
    }
    return false;
  });
}

void remember_slots(Memory& m, const ClusterView& view, bool holds_lock, const Settings& settings, Instant now) {
  const bool led = std::exchange(m.led_slots, holds_lock);
  for (const std::string& name : slots_in_use(view, !(led && holds_lock))) m.slots_seen[name] = now;
  std::erase_if(m.slots_seen, [&](const auto& slot) {
    return slot.second != now && now - slot.second >= Duration(settings.dynamic.member_slots_ttl);
  });
}

std::vector<std::string> retained_slots(const Memory& m, const Settings& settings, int version, Instant now) {
  std::vector<std::string> names;
  const Duration ttl = settings.dynamic.member_slots_ttl;
  const bool kept = settings.compatibility == Compatibility::V4_1 && can_advance(version);
  if (!kept) return names;
  for (const auto& [name, seen] : m.slots_seen) {
    if (now - seen < ttl && !settings.dynamic.slots.contains(name)) names.push_back(name);
  }
  return names;
}

bool prove_catalog(CatalogProof& proof, const SlotInfo& here, const SlotInfo* on_leader, const SlotInfo* feedback) {
  const auto holds = [](const SlotInfo* slot) { return slot != nullptr && !slot->invalid && slot->catalog_xmin != 0; };
  // Feedback from before this slot was here may hold only what is newer than it needs.
  if (!holds(&here) || !holds(on_leader) || !holds(feedback) || !not_newer(feedback->catalog_xmin, here.catalog_xmin)) {
    proof = {};
    return false;
  }
  if (proof.leader_xmin == 0) proof.leader_xmin = on_leader->catalog_xmin;
  return not_newer(proof.leader_xmin, here.catalog_xmin);
}

std::string feedback_slot(const ClusterView& view, const Settings& settings) {
  std::string name = settings.name;
  auto source = settings.tags.replicatefrom();
  for (int i = 0; source && i < kMostUpstreams; ++i) {
    const Member* member = view.member(*source);
    if (member == nullptr || (view.leader && view.leader->name() == member->name)) break;
    name = member->name;
    source = member->tags.replicatefrom();
  }
  return slot_name_for(name);
}

}  // namespace tamada

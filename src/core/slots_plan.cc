#include "core/slots_plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/follow.h"

namespace tamada {

namespace {

constexpr int kRetentionVersion = 110000;  // ha_behaviour.md 7.2: before, slots of standbys cannot be moved on
constexpr std::string_view kSlotCharacters = "abcdefghijklmnopqrstuvwxyz0123456789_";

bool valid_slot_name(std::string_view name) {
  return !name.empty() && name.size() <= 63 && name.find_first_not_of(kSlotCharacters) == std::string_view::npos;
}

// A permanent slot is physical when its section says so, or says nothing.
bool is_physical(const json::value& section) {
  const json::object* object = section.if_object();
  if (!object || object->empty()) return true;
  if (const json::value* type = object->if_contains("type")) {
    return type->is_string() && type->get_string() == "physical";
  }
  return !(object->contains("database") && object->contains("plugin"));
}

// Slots of members that stream from here, or would after a promotion of this member (ha_behaviour.md 7.2).
bool wants_slot(const Member& member, const ClusterView& view, const Settings& settings, bool holds_lock) {
  if (member.name == settings.name || member.tags.nostream()) return false;
  const auto source = member.tags.replicatefrom();
  const bool from_me = source && *source == settings.name;
  const bool from_other = source && !from_me && view.member(*source) != nullptr && *source != member.name;
  const bool keep_for_all = settings.dynamic.member_slots_ttl > 0s && !settings.tags.nofailover();
  if (holds_lock) return keep_for_all || !from_other;
  if (keep_for_all) return true;
  return from_me && !(view.leader && view.leader->name() == member.name);
}

struct Wanted {
  std::map<std::string, std::string> slots;  // name -> why, the member
  std::vector<std::string> warnings;
};

void want_members(const ClusterView& view, const Settings& settings, bool holds_lock, Wanted& wanted) {
  for (const Member& member : view.members) {
    if (!wants_slot(member, view, settings, holds_lock)) continue;
    const std::string name = slot_name_for(member.name);
    const auto [there, fresh] = wanted.slots.emplace(name, member.name);
    if (!fresh) {
      wanted.warnings.push_back(fmt::format(
          "members '{}' and '{}' share the replication slot name '{}'; one slot serves both, rename a member",
          there->second, member.name, name));
    }
  }
}

// Their members may come back and want to stream from here.
void want_retained(const SlotsSide& side, const Settings& settings, Wanted& wanted) {
  const std::string own = slot_name_for(settings.name);
  for (const std::string& name : side.retained) {
    if (name != own) wanted.slots.emplace(name, "");
  }
}

void want_permanent(const Settings& settings, Wanted& wanted) {
  const std::string own = slot_name_for(settings.name);
  for (const auto& [key, section] : settings.dynamic.slots) {
    const std::string name(key);
    if (!is_physical(section) || name == own) continue;
    if (!valid_slot_name(name)) {
      wanted.warnings.push_back(fmt::format("permanent slot '{}' is no valid slot name and is not created", name));
      continue;
    }
    wanted.slots.emplace(name, "");
  }
}

bool is_ignored(const ExistingSlot& slot, const Settings& settings) {
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

bool is_permanent(const ExistingSlot& slot, const Settings& settings) {
  return settings.dynamic.slots.contains(slot.name);
}

bool is_retained(const ExistingSlot& slot, const ClusterView& view, const Settings& settings) {
  if (!view.status || slot.name == slot_name_for(settings.name)) return false;
  const auto& retained = view.status->retain_slots;
  return std::find(retained.begin(), retained.end(), slot.name) != retained.end();
}

bool may_drop(const ExistingSlot& slot, const ClusterView& view, const Settings& settings, bool holds_lock) {
  // Logical slots belong to somebody who would miss changes; a slot that a member left behind is physical.
  if (!slot.physical || slot.active || slot.temporary || slot.failover || settings.dynamic.pause) return false;
  if (is_ignored(slot, settings) || is_permanent(slot, settings)) return false;
  // What the lock holder published itself is no older than what it remembers.
  return holds_lock || !is_retained(slot, view, settings);
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

}  // namespace

SlotsPlan plan_slots(const ClusterView& view, const Settings& settings, const SlotsSide& side,
                     const std::vector<ExistingSlot>& existing) {
  SlotsPlan plan;
  if (!settings.postgresql.use_slots) return plan;
  Wanted wanted;
  want_members(view, settings, side.holds_lock, wanted);
  if (side.holds_lock) want_retained(side, settings, wanted);
  if (!side.in_recovery || !settings.tags.nofailover()) want_permanent(settings, wanted);
  plan.warnings = std::move(wanted.warnings);
  for (const auto& [name, member] : wanted.slots) {
    const auto same = [&](const ExistingSlot& slot) { return slot.name == name; };
    if (std::none_of(existing.begin(), existing.end(), same)) plan.create.push_back(name);
  }
  // Without a leader it is not known what the cluster needs: nothing is dropped.
  if (view.unlocked()) return plan;
  for (const ExistingSlot& slot : existing) {
    if (wanted.slots.contains(slot.name)) continue;
    if (may_drop(slot, view, settings, side.holds_lock)) plan.drop.push_back(slot.name);
  }
  return plan;
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
  const bool kept = settings.compatibility == Compatibility::V4_1 && (version == 0 || version >= kRetentionVersion);
  if (!kept) return names;
  for (const auto& [name, seen] : m.slots_seen) {
    if (now - seen < ttl && !settings.dynamic.slots.contains(name)) names.push_back(name);
  }
  return names;
}

}  // namespace tamada

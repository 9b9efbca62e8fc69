#include "core/slots_plan.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/follow.h"

namespace tamada {

namespace {

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

bool may_drop(const ExistingSlot& slot, const ClusterView& view, const Settings& settings) {
  // Logical slots belong to somebody who would miss changes; a slot that a member left behind is physical.
  if (!slot.physical || slot.active || slot.temporary || slot.failover || settings.dynamic.pause) return false;
  if (is_ignored(slot, settings) || is_permanent(slot, settings)) return false;
  const auto& retained = view.status ? view.status->retain_slots : std::vector<std::string>{};
  return std::find(retained.begin(), retained.end(), slot.name) == retained.end();
}

}  // namespace

SlotsPlan plan_slots(const ClusterView& view, const Settings& settings, bool holds_lock, bool in_recovery,
                     const std::vector<ExistingSlot>& existing) {
  SlotsPlan plan;
  if (!settings.postgresql.use_slots) return plan;
  Wanted wanted;
  want_members(view, settings, holds_lock, wanted);
  if (!in_recovery || !settings.tags.nofailover()) want_permanent(settings, wanted);
  plan.warnings = std::move(wanted.warnings);
  for (const auto& [name, member] : wanted.slots) {
    const auto same = [&](const ExistingSlot& slot) { return slot.name == name; };
    if (std::none_of(existing.begin(), existing.end(), same)) plan.create.push_back(name);
  }
  // Without a leader it is not known what the cluster needs: nothing is dropped.
  if (view.unlocked()) return plan;
  for (const ExistingSlot& slot : existing) {
    if (!wanted.slots.contains(slot.name) && may_drop(slot, view, settings)) plan.drop.push_back(slot.name);
  }
  return plan;
}

}  // namespace tamada

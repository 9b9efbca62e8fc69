#include "model/permanent_slots.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/result.h"

namespace tamada {

namespace {

constexpr std::string_view kSlotCharacters = "abcdefghijklmnopqrstuvwxyz0123456789_";
constexpr std::size_t kLongestName = 63;

bool valid_slot_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName &&
         name.find_first_not_of(kSlotCharacters) == std::string_view::npos;
}

// nullopt: the key is there and no text.
std::optional<std::string> text_of(const json::object& section, std::string_view key) {
  const json::value* value = section.if_contains(key);
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

Result<PermanentSlot::Cluster> cluster_of(const std::string& word) {
  if (word.empty()) return PermanentSlot::Cluster::Any;
  if (word == "primary") return PermanentSlot::Cluster::Primary;
  if (word == "standby") return PermanentSlot::Cluster::Standby;
  return Error(ErrorCode::Invalid, fmt::format("cluster_type is '{}', not primary or standby", word));
}

Result<PermanentSlot> read_slot(std::string_view name, const json::value& value) {
  PermanentSlot slot{.name = std::string(name)};
  if (!valid_slot_name(name)) {
    return Error(ErrorCode::Invalid, "a slot name has 1 to 63 of the characters a-z, 0-9 and _");
  }
  const bool nothing = value.is_null() || (value.is_string() && value.get_string().empty());
  if (nothing) return slot;
  const json::object* section = value.if_object();
  if (section == nullptr) return Error(ErrorCode::Invalid, "the section is no mapping");
  const auto type = text_of(*section, "type");
  const auto database = text_of(*section, "database");
  const auto plugin = text_of(*section, "plugin");
  const auto cluster_type = text_of(*section, "cluster_type");
  if (!type || !database || !plugin || !cluster_type) {
    return Error(ErrorCode::Invalid, "type, database, plugin and cluster_type have to be texts");
  }
  if (!type->empty() && *type != "physical" && *type != "logical") {
    return Error(ErrorCode::Invalid, fmt::format("type is '{}', not physical or logical", *type));
  }
  slot.physical = type->empty() ? database->empty() || plugin->empty() : *type == "physical";
  const auto cluster = cluster_of(*cluster_type);
  if (!cluster) return cluster.error();
  slot.cluster = *cluster;
  if (slot.physical) return slot;
  if (database->empty() || plugin->empty())
    return Error(ErrorCode::Invalid, "a logical slot needs database and plugin");
  slot.database = *database;
  slot.plugin = *plugin;
  return slot;
}

}  // namespace

PermanentSlots parse_permanent_slots(const json::object& section) {
  PermanentSlots out;
  for (const auto& [key, value] : section) {
    const std::string_view name = key;
    Result<PermanentSlot> slot = read_slot(name, value);
    if (slot) {
      out.slots.push_back(std::move(*slot));
    } else {
      out.problems.push_back(fmt::format("Bad value for slot '{}' in permanent_slots: {}", name, slot.error().message));
    }
  }
  std::sort(out.slots.begin(), out.slots.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

}  // namespace tamada

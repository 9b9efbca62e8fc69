#include "postgres/guc_changes.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "base/units.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

ServerSetting setting_of(const GucRow& row) {
  return {row.setting, row.unit, row.vartype};
}

// -1 means "by shared_buffers" and pg_settings shows what that gave.
std::string automatic_wal_buffers(const std::vector<GucRow>& rows) {
  const GucRow* shared = find_row(rows, "shared_buffers");
  const GucRow* segment = find_row(rows, "wal_segment_size");
  if (shared == nullptr) return "-1";
  const std::int64_t blocks = parse_integer(shared->setting).value_or(0);
  std::int64_t limit = 2048;
  if (segment != nullptr) {
    const std::int64_t size = parse_integer(segment->setting).value_or(0);
    // In bytes since 11, in blocks before.
    limit = segment->unit == "B" ? size / 8192 : size;
  }
  return std::to_string(std::min(std::max<std::int64_t>(blocks / 32, 8), limit));
}

std::string canonical_wal_level(const std::string& text) {
  const std::string lower = to_lower(text);
  return lower == "hot_standby" || lower == "archive" ? "replica" : lower;
}

bool is_controlled_elsewhere(const std::string& name) {
  return is_recovery_guc(name) || equal_ignoring_case(name, "hba_file") || equal_ignoring_case(name, "ident_file");
}

}  // namespace

const GucRow* find_row(const std::vector<GucRow>& rows, std::string_view name) {
  for (const GucRow& row : rows)
    if (equal_ignoring_case(row.name, name)) return &row;
  return nullptr;
}

bool guc_equals(const GucRow& row, const std::string& wanted, const std::vector<GucRow>& rows) {
  if (row.name == "wal_level") return canonical_wal_level(row.setting) == canonical_wal_level(wanted);
  if (row.name == "wal_buffers" && trim(wanted) == "-1") return row.setting == automatic_wal_buffers(rows);
  if (same_setting(setting_of(row), wanted)) return true;
  if (row.vartype != "enum") return false;
  // Enums such as synchronous_commit take booleans too.
  const auto a = parse_boolean(row.setting);
  const auto b = parse_boolean(wanted);
  return a && b && *a == *b;
}

GucChanges compare_gucs(const GucMap& wanted, const GucMap& written, const std::vector<GucRow>& rows) {
  GucChanges changes;
  for (const auto& [name, value] : wanted) {
    if (is_controlled_elsewhere(name)) continue;
    const GucRow* row = find_row(rows, name);
    if (row == nullptr) {
      // A name with a dot belongs to an extension that may not be loaded: only a new text counts.
      const std::string* before = find_guc(written, name);
      if (name.find('.') == std::string::npos)
        changes.unknown.push_back(name);
      else if (before == nullptr || *before != value)
        changes.reload.push_back({name, before ? *before : "", value});
      continue;
    }
    if (row->context == "internal" || guc_equals(*row, value, rows)) continue;
    GucChange change{row->name, with_largest_unit(setting_of(*row)), value};
    (row->context == "postmaster" ? changes.restart : changes.reload).push_back(std::move(change));
  }
  for (const auto& [name, value] : written)
    if (!is_controlled_elsewhere(name) && find_guc(wanted, name) == nullptr) changes.removed.push_back(name);
  return changes;
}

void fill_outlook(const GucChanges& changes, const std::vector<GucRow>& rows, ParameterOutlook& outlook) {
  using Effect = ParameterOutlook::Effect;
  auto& out = outlook.parameters;
  for (const GucChange& one : changes.reload) out[to_lower(one.name)] = {Effect::Reload, one.old_value, one.new_value};
  for (const GucChange& one : changes.restart)
    out[to_lower(one.name)] = {Effect::Restart, one.old_value, one.new_value};
  for (const std::string& name : changes.unknown) out[to_lower(name)] = {Effect::Unknown, "", ""};
  for (const std::string& name : changes.removed) {
    const GucRow* row = find_row(rows, name);
    if (row == nullptr || row->setting == row->boot_value) continue;
    const Effect effect = row->context == "postmaster" ? Effect::Restart : Effect::Reload;
    out[to_lower(name)] = {effect, with_largest_unit(setting_of(*row)), ""};
  }
}

json::object pending_restart_reason(const GucChanges& changes, const GucMap& wanted, const std::vector<GucRow>& rows) {
  json::object reason;
  const auto add = [&](const std::string& name, const std::string& old_value, const std::string& new_value) {
    json::object entry;
    entry["old_value"] = old_value;
    entry["new_value"] = new_value;
    reason[name] = std::move(entry);
  };
  for (const GucRow& row : rows) {
    if (!row.pending_restart || is_recovery_guc(row.name)) continue;
    const std::string* value = find_guc(wanted, row.name);
    add(row.name, with_largest_unit(setting_of(row)), value != nullptr ? *value : "?");
  }
  for (const GucChange& change : changes.restart) add(change.name, change.old_value, change.new_value);
  return reason;
}

}  // namespace tamada

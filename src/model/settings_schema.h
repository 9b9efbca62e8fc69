// The one table of all settings: local keys, dynamic keys and environment variables (configuration.md 2 and 3).
// Loading, building, validation, the reference page and provenance read it; nothing else knows defaults or ranges.
// Constant data, any thread.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tamada {

enum class SettingType {
  Text,
  Integer,   // syntax of base/units.h, no unit
  Duration,  // integer or text with a unit of time; `unit` is the base
  Bytes,     // integer or text with a unit of memory; `unit` is the base
  Number,    // seconds with a fraction
  Boolean,
  Choice,    // one of the words in `choices`, any case
  TextList,  // list of text, or one text with commas
  List,
  Mapping,
  Any,  // several forms; its reader knows
};

enum class SettingPlace {
  Local,    // file and environment
  Dynamic,  // /config, or bootstrap.dcs before there is one
  Both,     // local wins
};

enum class SettingReload {
  Runtime,     // SIGHUP, POST /reload or a new /config
  Start,       // restart of the daemon
  PostgreSQL,  // next start of PostgreSQL
  NextUse,
  Bootstrap,  // only while a cluster is made
};

struct SettingRow {
  std::string_view path;  // "log.level"; a segment in <> stands for any name
  SettingType type = SettingType::Text;
  std::string_view fallback = {};     // default as text; empty = none
  std::string_view environment = {};  // whole variable name
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::string_view unit = {};
  std::string_view choices = {};  // "plain|json"
  SettingPlace place = SettingPlace::Local;
  SettingReload reload = SettingReload::Runtime;
  std::string_view since = "core";  // Patroni release that brought it, or "tamada"
  bool acts = true;                 // false: read and checked, without effect so far
  std::string_view lacks = {};      // what of its meaning is not done so far; told when it is set
  std::string_view help = {};
};

// All rows, section by section.
std::span<const SettingRow> settings_schema();

// The row of a path, wildcard rows included; nullptr when there is none. `place` limits it to rows allowed there.
const SettingRow* find_setting(std::string_view path);
const SettingRow* find_setting(std::string_view path, SettingPlace place);

// True when rows lie below the path: "log", "postgresql.authentication".
bool is_setting_section(std::string_view path);

// The words of a Choice row.
std::vector<std::string> setting_choices(const SettingRow& row);

std::string_view to_string(SettingType type);
std::string_view to_string(SettingReload reload);

// The sections of stores in the order in which the first one present is chosen.
std::span<const std::string_view> store_sections();
// Whether the section can be served; the others are known and refused with a message.
bool store_is_served(std::string_view section);
// "etcd3, consul": the served ones, for messages.
std::string served_stores_text();

}  // namespace tamada

#include "host/environment.h"

#include <algorithm>
#include <optional>
#include <string_view>

extern char** environ;

namespace tamada {

namespace {

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  for (std::string_view prefix : prefixes)
    if (text.starts_with(prefix)) return true;
  return false;
}

// PGHOST, PGPASSFILE ... but not PG_OOM_ADJUST_FILE and its like, which steer the server and scripts.
bool is_libpq(std::string_view name) {
  return name.starts_with("PG") && !name.starts_with("PG_");
}

bool is_removed(std::string_view name, const EnvironmentRules& rules) {
  if (starts_with_any(name, {"PATRONI_", "TAMADA_", "KUBERNETES_"})) return true;
  // What the service manager says to this process alone.
  if (name == "NOTIFY_SOCKET" || name == "WATCHDOG_USEC" || name == "WATCHDOG_PID") return true;
  if (rules.drop_libpq && is_libpq(name)) return true;
  if (std::ranges::find(rules.without, name) != rules.without.end()) return true;
  return rules.set.contains(std::string(name));
}

Environment environment_now() {
  Environment all;
  for (char** entry = environ; entry && *entry; ++entry) all.emplace_back(*entry);
  return all;
}

std::optional<Environment>& kept_environment() {
  static std::optional<Environment> kept;
  return kept;
}

}  // namespace

Environment own_environment() {
  return kept_environment() ? *kept_environment() : environment_now();
}

void keep_environment() {
  kept_environment() = environment_now();
}

Environment child_environment(const Environment& base, const EnvironmentRules& rules) {
  Environment result;
  for (const std::string& entry : base) {
    const std::string_view name = std::string_view(entry).substr(0, entry.find('='));
    if (is_removed(name, rules)) continue;
    if (rules.postmaster && name == "PG_MALLOC_ARENA_MAX") {
      result.push_back(entry.substr(3));
      continue;
    }
    if (rules.postmaster && name == "MALLOC_ARENA_MAX" && !rules.set.contains("MALLOC_ARENA_MAX")) {
      bool replaced = false;
      for (const std::string& other : base) replaced |= other.starts_with("PG_MALLOC_ARENA_MAX=");
      if (replaced) continue;
    }
    result.push_back(entry);
  }
  for (const auto& [name, value] : rules.set) result.push_back(name + "=" + value);
  return result;
}

}  // namespace tamada

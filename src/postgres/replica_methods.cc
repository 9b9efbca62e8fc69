#include "postgres/replica_methods.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "postgres/tool_options.h"

namespace tamada {

namespace {

constexpr std::string_view kBasebackup = "basebackup";

bool flag(const json::object& section, std::string_view key) {
  const json::value* value = section.if_contains(key);
  return value != nullptr && is_truthy(*value);
}

// In a standby cluster members that copy from each other use its methods, too (ha_behaviour.md 6.1).
std::vector<std::string> method_names(const Settings& settings, bool only_basebackup) {
  if (only_basebackup) return {std::string(kBasebackup)};
  const auto& standby = settings.dynamic.standby_cluster;
  const auto& names = standby ? standby->create_replica_methods : settings.postgresql.create_replica_methods;
  return names.empty() ? std::vector<std::string>{std::string(kBasebackup)} : names;
}

Result<ReplicaMethod> script_method(const std::string& name, const json::object& section, const Settings& settings,
                                    const std::string& connstring) {
  ReplicaMethod method;
  method.name = name;
  method.keep_data = flag(section, "keep_data");
  method.needs_source = !flag(section, "no_leader") && !flag(section, "no_master");
  const json::value* command = section.if_contains("command");
  auto words = split_command(command != nullptr && is_truthy(*command) ? scalar_text(*command) : name);
  if (!words) return words.error();
  if (words->empty()) return Error(ErrorCode::Invalid, "its command is empty");
  method.command = std::move(*words);

  std::vector<std::string> dropped = {"command", "no_params"};
  bool plain = flag(section, "no_params");
  if (plain) dropped.insert(dropped.end(), {"no_master", "no_leader", "keep_data"});
  auto arguments = section_arguments(section, dropped);
  if (!plain) {
    arguments.push_back("--scope=" + settings.scope);
    arguments.push_back("--role=replica");
    arguments.push_back("--datadir=" + settings.postgresql.data_dir);
    arguments.push_back("--connstring=" + connstring);
  }
  method.command.insert(method.command.end(), arguments.begin(), arguments.end());
  return method;
}

}  // namespace

std::vector<std::string> section_arguments(const json::object& section, const std::vector<std::string>& dropped) {
  std::vector<std::string> arguments;
  for (const auto& [key, value] : section) {
    if (std::find(dropped.begin(), dropped.end(), std::string_view(key)) != dropped.end()) continue;
    arguments.push_back(fmt::format("--{}={}", std::string_view(key), scalar_text(value)));
  }
  return arguments;
}

ReplicaMethods plan_replica_methods(const Settings& settings, bool has_source, bool only_basebackup,
                                    const std::string& connstring) {
  ReplicaMethods plan;
  for (const auto& name : method_names(settings, only_basebackup)) {
    const json::value* value = settings.postgresql.methods.if_contains(name);
    const json::object* section = value != nullptr ? value->if_object() : nullptr;
    ReplicaMethod method;
    // A section of that name with a command of its own replaces the built-in method.
    if (name == kBasebackup && (section == nullptr || !section->contains("command"))) {
      method.name = name;
      method.basebackup = true;
    } else {
      auto script = script_method(name, section != nullptr ? *section : json::object(), settings, connstring);
      if (!script) {
        plan.problems.push_back(fmt::format("replica method '{}': {}", name, script.error().message));
        continue;
      }
      method = std::move(*script);
    }
    if (method.needs_source && !has_source) {
      plan.problems.push_back(fmt::format("replica method '{}' needs a member to copy from, there is none", name));
      continue;
    }
    plan.usable.push_back(std::move(method));
  }
  return plan;
}

}  // namespace tamada

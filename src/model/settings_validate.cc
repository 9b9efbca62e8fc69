#include "model/settings_validate.h"

#include <algorithm>
#include <array>

#include "base/python_text.h"
#include "base/text.h"
#include "model/address.h"
#include "model/settings_load.h"
#include "model/settings_merge.h"
#include "model/settings_reader.h"
#include "model/settings_validator.h"

namespace tamada {

namespace {

std::string_view type_problem(SettingType type) {
  switch (type) {
    case SettingType::Integer:
    case SettingType::Duration:
    case SettingType::Bytes:
      return "is not an integer";
    case SettingType::Number:
      return "is not a number";
    case SettingType::Boolean:
      return "is not a boolean";
    case SettingType::TextList:
    case SettingType::List:
      return "is not a list";
    case SettingType::Mapping:
      return "is not a dictionary";
    default:
      return "is not a string";
  }
}

bool is_number(const json::value& value) {
  return value.is_number();
}

// Texts that may be written as numbers: names of levels, ports of a remote cluster.
bool number_is_text(std::string_view path) {
  return path == "log.level" || path == "standby_cluster.port" || path == "standby_cluster.recovery_min_apply_delay";
}

bool free_section(std::string_view path) {
  return path == "postgresql.parameters" || path == "postgresql.recovery_conf" || path == "bootstrap.dcs";
}

}  // namespace

std::string ConfigProblem::line() const {
  return path + " " + value + " " + text;
}

void ConfigValidator::add(std::string path, const json::value* value, std::string text) {
  std::string shown;
  if (value != nullptr && !value->is_null()) shown = is_secret_path(path) ? "***" : python_text(*value);
  ConfigProblem problem{std::move(path), std::move(shown), std::move(text)};
  // A section of the wrong type is met by several checks.
  for (const ConfigProblem& known : problems_) {
    if (known.line() == problem.line()) return;
  }
  problems_.push_back(std::move(problem));
}

const json::object* ConfigValidator::required_section(const std::string& path) {
  const json::value* value = find_value(local_, path);
  if (value == nullptr) {
    add(path, nullptr, "is not defined.");
    return nullptr;
  }
  if (value->is_object()) return &value->get_object();
  add(path, value, "is not a dictionary");
  return nullptr;
}

bool ConfigValidator::required(const json::object& section, const std::string& path, std::string_view key) {
  if (find_value(section, key) != nullptr) return true;
  add(join_key(path, key), nullptr, "is not defined.");
  return false;
}

void ConfigValidator::check_text_list(const std::string& shown, const json::value& value) {
  if (value.is_string()) return;
  if (!value.is_array()) return add(shown, &value, "is not a list");
  for (std::size_t i = 0; i < value.get_array().size(); ++i) {
    const json::value& item = value.get_array()[i];
    if (!item.is_string()) add(join_key(shown, std::to_string(i)), &item, "is not a string");
  }
}

void ConfigValidator::check_number(const SettingRow& row, const std::string& shown, const json::value& value) {
  if (row.type == SettingType::Number) {
    if (!is_number(value)) return add(shown, &value, std::string(type_problem(row.type)));
    const double number = value.to_number<double>();
    if (number < static_cast<double>(row.least)) failed(shown, &value, "expected " + describe_expected(row));
    return;
  }
  const bool plain = row.type == SettingType::Integer && !value.is_int64() && !value.is_uint64();
  const auto number = parse_setting_integer(row, value);
  if (plain || !number) return add(shown, &value, std::string(type_problem(row.type)));
  if (*number < row.least || *number > row.most) failed(shown, &value, "expected " + describe_expected(row));
}

void ConfigValidator::check_row(const SettingRow& row, const std::string& shown, const json::value& value) {
  if (value.is_null()) return;
  switch (row.type) {
    case SettingType::Text:
      if (!value.is_string() && !(number_is_text(row.path) && is_number(value))) {
        add(shown, &value, std::string(type_problem(row.type)));
      }
      break;
    case SettingType::Boolean:
      if (!value.is_bool()) add(shown, &value, std::string(type_problem(row.type)));
      break;
    case SettingType::Choice: {
      if (!parse_setting_choice(row, value)) failed(shown, &value, "expected " + describe_expected(row));
      break;
    }
    case SettingType::TextList:
      check_text_list(shown, value);
      break;
    case SettingType::List:
      if (!value.is_array()) add(shown, &value, std::string(type_problem(row.type)));
      break;
    case SettingType::Mapping:
      if (!value.is_object()) add(shown, &value, std::string(type_problem(row.type)));
      break;
    case SettingType::Any:
      break;
    default:
      check_number(row, shown, value);
      break;
  }
}

void ConfigValidator::check_table(const json::object& section, const std::string& path, SettingPlace place,
                                  const std::string& shown) {
  for (const auto& [key, value] : section) {
    const std::string here = join_key(path, key);
    const std::string shown_here = join_key(shown, key);
    const SettingRow* row = find_setting(here);
    if (row != nullptr) {
      const bool counts = row->place == SettingPlace::Both || row->place == place;
      if (counts) check_row(*row, shown_here, value);
    } else if (is_setting_section(here) && !free_section(here)) {
      if (value.is_object()) {
        check_table(value.get_object(), here, place, shown_here);
      } else if (!value.is_null() && here != "watchdog") {
        add(shown_here, &value, "is not a dictionary");
      }
    }
  }
}

void ConfigValidator::check_identity() {
  for (const char* key : {"name", "scope"}) required(local_, "", key);
  if (const json::value* citus = find_value(local_, "citus"); citus != nullptr && is_truthy(*citus)) {
    failed("citus", nullptr, "this program manages plain PostgreSQL clusters; let Patroni manage the Citus cluster");
  }
}

void ConfigValidator::check_listen(const std::string& path, const json::object& section, bool needs_port) {
  if (!required(section, path, "listen")) return;
  const json::value* value = find_value(section, "listen");
  if (!value->is_string()) return;
  const std::string shown = join_key(path, "listen");
  const auto parsed = parse_hosts_and_port(std::string_view(value->get_string()));
  if (!parsed || (needs_port && (!parsed->port || parsed->hosts.size() != 1))) {
    return failed(shown, value, "contains a wrong value");
  }
  const bool star = std::find(parsed->hosts.begin(), parsed->hosts.end(), "*") != parsed->hosts.end();
  if (star && parsed->hosts.size() > 1) return failed(shown, value, "expecting '*' alone");
  if (options_.ignore_listen_port || !probe_.connects) return;
  const int port = parsed->port.value_or(5432);
  for (const std::string& host : parsed->hosts) {
    if (probe_.connects(is_wildcard_host(host) ? "localhost" : host, port)) {
      return failed(shown, value, "Port " + std::to_string(port) + " is already in use.");
    }
  }
}

void ConfigValidator::check_connect_address(const std::string& path, const json::object& section) {
  const json::value* value = find_value(section, "connect_address");
  if (value == nullptr || !value->is_string()) return;
  const std::string shown = join_key(path, "connect_address");
  const auto parsed = parse_host_port(std::string_view(value->get_string()), 1);
  if (!parsed) return failed(shown, value, "contains a wrong value");
  constexpr std::array kNotReachable{"127.0.0.1", "0.0.0.0", "*", "::1", "localhost", ""};
  if (std::find(kNotReachable.begin(), kNotReachable.end(), parsed->host) != kNotReachable.end()) {
    failed(shown, value, R"(must not contain "127.0.0.1", "0.0.0.0", "*", "::1", "localhost")");
  }
}

void ConfigValidator::check_restapi() {
  const json::object* restapi = required_section("restapi");
  if (restapi == nullptr) return;
  check_listen("restapi", *restapi, true);
  required(*restapi, "restapi", "connect_address");
  check_connect_address("restapi", *restapi);
  if (const json::object* credentials = find_mapping(*restapi, "authentication")) {
    for (const char* key : {"username", "password"}) required(*credentials, "restapi.authentication", key);
  }
}

void ConfigValidator::check_watchdog() {
  const json::value* watchdog = find_value(local_, "watchdog");
  if (watchdog == nullptr) return;
  const json::value* mode = watchdog;
  if (watchdog->is_object()) mode = find_value(watchdog->get_object(), "mode");
  if (mode == nullptr) return;
  constexpr std::array kWords{"off",  "false",    "disable", "disabled", "no",   "automatic",
                              "auto", "required", "require", "on",       "true", "yes"};
  const std::string word = mode->is_structured() ? "" : to_lower(python_text(*mode));
  if (std::find(kWords.begin(), kWords.end(), word) != kWords.end()) return;
  failed(watchdog->is_object() ? "watchdog.mode" : "watchdog", mode, "expected one of off, automatic, required");
}

void ConfigValidator::check_tags() {
  const json::object* tags = find_mapping(local_, "tags");
  if (tags == nullptr) return;
  for (const char* priority : {"failover_priority", "sync_priority"}) {
    const json::value* value = find_value(*tags, priority);
    if (value != nullptr && value->is_int64() && value->get_int64() < 0) {
      failed(join_key("tags", priority), value, "expected an integer of at least 0");
    }
  }
  const auto exclusive = [&](std::string_view boolean, std::string_view priority) {
    if (!tags->contains(boolean) || !tags->contains(priority)) return;
    add("tags", nullptr, "Multiple of ('" + std::string(boolean) + "', '" + std::string(priority) + "') provided");
  };
  exclusive("nofailover", "failover_priority");
  exclusive("nosync", "sync_priority");
}

std::vector<ConfigProblem> ConfigValidator::run() {
  check_identity();
  check_table(local_, "", SettingPlace::Local, "");
  check_restapi();
  check_bootstrap();
  check_stores();
  check_postgresql();
  check_watchdog();
  check_tags();
  return std::move(problems_);
}

std::vector<ConfigProblem> validate_config(const json::object& local, const ValidationOptions& options,
                                           const ValidationProbe& probe) {
  return ConfigValidator(local, options, probe).run();
}

}  // namespace tamada

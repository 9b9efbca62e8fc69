// Shared by the parts of model/settings_validate.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/settings_schema.h"
#include "model/settings_validate.h"

namespace tamada {

class ConfigValidator {
 public:
  ConfigValidator(const json::object& local, const ValidationOptions& options, const ValidationProbe& probe)
      : local_(local), options_(options), probe_(probe) {}

  std::vector<ConfigProblem> run();

 private:
  // Types and ranges of everything the table knows, below `prefix` of the document.
  void check_table(const json::object& section, const std::string& path, SettingPlace place, const std::string& shown);
  void check_row(const SettingRow& row, const std::string& shown, const json::value& value);
  void check_number(const SettingRow& row, const std::string& shown, const json::value& value);
  void check_text_list(const std::string& shown, const json::value& value);

  void check_identity();
  void check_restapi();
  void check_listen(const std::string& path, const json::object& section, bool needs_port);
  void check_connect_address(const std::string& path, const json::object& section);
  void check_bootstrap();
  void check_parameters(const std::string& path, const json::object& postgresql);
  void check_stores();
  void check_store_hosts(const std::string& path, const json::object& section, int default_port);
  void check_postgresql();
  void check_data_directory(const json::object& postgresql);
  void check_programs(const json::object& postgresql);
  void check_watchdog();
  void check_tags();

  const json::object* required_section(const std::string& path);
  bool required(const json::object& section, const std::string& path, std::string_view key);
  void add(std::string path, const json::value* value, std::string text);
  void failed(const std::string& path, const json::value* value, const std::string& why) {
    add(path, value, "didn't pass validation: " + why);
  }

  const json::object& local_;
  const ValidationOptions& options_;
  const ValidationProbe& probe_;
  std::vector<ConfigProblem> problems_;
};

}  // namespace tamada

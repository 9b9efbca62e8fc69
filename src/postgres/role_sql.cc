#include "postgres/role_sql.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "postgres/tool_options.h"

namespace tamada {

namespace {

// Letters, digits, blanks and underscores: "CONNECTION LIMIT 10", "IN ROLE admins". Nothing that ends a statement or
// begins a text.
bool is_plain_option(const std::string& option) {
  return !option.empty() && std::all_of(option.begin(), option.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ' ' || c == '_';
  });
}

Result<std::vector<std::string>> role_options(const std::string& user, const json::value* configured) {
  std::vector<std::string> options;
  if (configured != nullptr && configured->is_array()) {
    for (const auto& item : configured->get_array()) {
      std::string option = to_upper(trim(scalar_text(item)));
      if (!is_plain_option(option) || option.find("PASSWORD") != std::string::npos) {
        return Error(ErrorCode::Invalid, fmt::format("option '{}' of user '{}' is no role option", option, user));
      }
      options.push_back(std::move(option));
    }
  } else if (configured != nullptr && is_truthy(*configured)) {
    return Error(ErrorCode::Invalid, fmt::format("options of user '{}' must be a list", user));
  }
  auto has = [&](std::string_view word) { return std::find(options.begin(), options.end(), word) != options.end(); };
  if (!has("LOGIN") && !has("NOLOGIN")) options.emplace_back("LOGIN");
  return options;
}

}  // namespace

std::string role_statement(bool exists, const std::string& quoted_name, const std::vector<std::string>& options,
                           const std::string& quoted_verifier) {
  std::string text = fmt::format("{} ROLE {}", exists ? "ALTER" : "CREATE", quoted_name);
  if (!options.empty() || !quoted_verifier.empty()) text += " WITH";
  for (const auto& option : options) text += " " + option;
  if (!quoted_verifier.empty()) text += " PASSWORD " + quoted_verifier;
  return text;
}

std::vector<std::string> rewind_grants(const std::string& quoted_name) {
  std::vector<std::string> statements;
  for (const char* function :
       {"pg_catalog.pg_ls_dir(text, boolean, boolean)", "pg_catalog.pg_stat_file(text, boolean)",
        "pg_catalog.pg_read_binary_file(text)", "pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean)"}) {
    statements.push_back(fmt::format("GRANT EXECUTE ON FUNCTION {} TO {}", function, quoted_name));
  }
  return statements;
}

std::vector<std::string> quiet_session_statements() {
  return {"SET log_statement TO none",
          "SET log_min_duration_statement TO -1",
          "SET log_min_error_statement TO panic",
          "SET log_min_duration_sample TO -1",
          "SET log_transaction_sample_rate TO 0",
          "SET log_duration TO off",
          "SET pg_stat_statements.track_utility TO off",
          "SET pgaudit.log TO none"};
}

Result<std::vector<RoleWish>> wished_users(const json::object& users) {
  std::vector<RoleWish> wishes;
  for (const auto& [key, value] : users) {
    RoleWish wish;
    wish.name = std::string(key);
    const json::object* section = value.if_object();
    const json::value* password = section != nullptr ? section->if_contains("password") : nullptr;
    if (password != nullptr) wish.password = scalar_text(*password);
    auto options = role_options(wish.name, section != nullptr ? section->if_contains("options") : nullptr);
    if (!options) return options.error();
    wish.options = std::move(*options);
    wishes.push_back(std::move(wish));
  }
  return wishes;
}

}  // namespace tamada

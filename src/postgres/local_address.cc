#include "postgres/local_address.h"

#include <optional>
#include <vector>

#include "base/text.h"

namespace tamada {

namespace {

// Directory and address lists are written with or without quotes around an item.
std::vector<std::string> list_items(std::string_view text) {
  std::vector<std::string> items = split_list(text);
  for (auto& item : items) {
    std::erase_if(item, [](char c) { return c == '\'' || c == '"'; });
  }
  std::erase(items, std::string());
  return items;
}

const std::string* parameter(const PostgresSettings& settings, std::string_view name) {
  for (const auto& [key, value] : settings.parameters) {
    if (equal_ignoring_case(key, name)) return &value;
  }
  return nullptr;
}

// The host to use for a socket; nullopt when there is none to be used.
std::optional<std::string> socket_directory(const PostgresSettings& settings) {
  const std::string* configured = parameter(settings, "unix_socket_directories");
  if (configured == nullptr) return std::string();
  for (const auto& directory : list_items(*configured)) {
    if (directory[0] == '/') return directory;
  }
  return std::nullopt;
}

std::string tcp_host(const PostgresSettings& settings) {
  auto addresses = list_items(settings.listen_addresses);
  for (const auto& address : addresses) {
    if (address == "*" || address == "0.0.0.0" || address == "127.0.0.1" || address == "localhost") return "localhost";
  }
  return addresses.empty() ? "localhost" : addresses.front();
}

}  // namespace

std::string find_parameter(const PostgresSettings& settings, std::string_view name) {
  const std::string* value = parameter(settings, name);
  return value ? *value : std::string();
}

ConnectTarget local_target(const PostgresSettings& settings, LocalUse use) {
  ConnectTarget target;
  target.port = std::to_string(settings.port);
  bool want_socket = use == LocalUse::Sql ? settings.use_unix_socket : settings.use_unix_socket_repl;
  auto directory = want_socket ? socket_directory(settings) : std::nullopt;
  target.host = directory ? *directory : tcp_host(settings);
  return target;
}

}  // namespace tamada

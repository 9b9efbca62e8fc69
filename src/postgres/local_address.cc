#include "postgres/local_address.h"

#include <optional>
#include <vector>

#include <strings.h>

namespace tamada {

namespace {

std::string trim(std::string_view text) {
  auto first = text.find_first_not_of(" \t'\"");
  if (first == std::string_view::npos) return {};
  auto last = text.find_last_not_of(" \t'\"");
  return std::string(text.substr(first, last - first + 1));
}

std::vector<std::string> split_and_trim(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    auto comma = text.find(',');
    std::string part = trim(text.substr(0, comma));
    if (!part.empty()) parts.push_back(part);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return parts;
}

const std::string* parameter(const PostgresSettings& settings, std::string_view name) {
  for (const auto& [key, value] : settings.parameters) {
    if (key.size() == name.size() && strncasecmp(key.data(), name.data(), name.size()) == 0) return &value;
  }
  return nullptr;
}

// The host to use for a socket; nullopt when there is none to be used.
std::optional<std::string> socket_directory(const PostgresSettings& settings) {
  const std::string* configured = parameter(settings, "unix_socket_directories");
  if (configured == nullptr) return std::string();
  for (const auto& directory : split_and_trim(*configured)) {
    if (directory[0] == '/') return directory;
  }
  return std::nullopt;
}

std::string tcp_host(const PostgresSettings& settings) {
  auto addresses = split_and_trim(settings.listen_addresses);
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

#include "postgres/conninfo.h"

#include <algorithm>
#include <array>
#include <memory>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "base/text.h"
#include "model/url.h"

namespace tamada {

namespace {

constexpr std::array<std::string_view, 20> kKeyOrder = {"dbname",
                                                        "user",
                                                        "passfile",
                                                        "password",
                                                        "host",
                                                        "port",
                                                        "sslmode",
                                                        "sslcompression",
                                                        "sslcert",
                                                        "sslkey",
                                                        "sslpassword",
                                                        "sslrootcert",
                                                        "sslcrl",
                                                        "sslcrldir",
                                                        "application_name",
                                                        "krbsrvname",
                                                        "gssencmode",
                                                        "channel_binding",
                                                        "target_session_attrs",
                                                        "sslnegotiation"};

// Keys of an authentication entry besides username and password (configuration.md 2.11).
constexpr std::array<std::string_view, 10> kCredentialKeys = {
    "sslmode", "sslcert",   "sslkey",     "sslpassword",     "sslrootcert",
    "sslcrl",  "sslcrldir", "gssencmode", "channel_binding", "sslnegotiation"};

std::string find_or_empty(const Credentials& credentials, const std::string& key) {
  auto it = credentials.find(key);
  return it == credentials.end() ? std::string() : it->second;
}

std::string pgpass_field(std::string_view text) {
  if (text.empty()) return "*";
  std::string out;
  for (char c : text) {
    if (c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

bool is_secret(std::string_view key) {
  return key == "password" || key == "sslpassword";
}

}  // namespace

Conninfo& Conninfo::set(std::string key, std::string value) {
  std::erase_if(items_, [&](const Item& item) { return item.first == key; });
  if (!value.empty()) items_.emplace_back(std::move(key), std::move(value));
  return *this;
}

std::string Conninfo::get(std::string_view key) const {
  for (const auto& [k, v] : items_) {
    if (k == key) return v;
  }
  return {};
}

bool Conninfo::has(std::string_view key) const {
  return !get(key).empty();
}

Conninfo Conninfo::without(std::string_view key) const {
  Conninfo copy = *this;
  std::erase_if(copy.items_, [&](const Item& item) { return item.first == key; });
  return copy;
}

std::string Conninfo::text() const {
  std::string out;
  auto append = [&](const std::string& key, const std::string& value) {
    if (!out.empty()) out += ' ';
    out += key + '=' + quote_conninfo_value(value);
  };
  for (auto key : kKeyOrder) {
    if (has(key)) append(std::string(key), get(key));
  }
  for (const auto& [key, value] : items_) {
    if (std::find(kKeyOrder.begin(), kKeyOrder.end(), key) == kKeyOrder.end()) append(key, value);
  }
  return out;
}

std::string Conninfo::url() const {
  std::string out = "postgres://";
  if (has("user")) out += url_escape(get("user")) + '@';
  auto hosts = split(get("host"), ',');
  auto ports = split(get("port"), ',');
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (i > 0) out += ',';
    bool ipv6 = hosts[i].find(':') != std::string::npos;
    out += ipv6 ? '[' + hosts[i] + ']' : url_escape(hosts[i]);
    const std::string& port = ports[std::min(i, ports.size() - 1)];
    if (!port.empty()) out += ':' + port;
  }
  out += '/' + url_escape(get("dbname"));
  char separator = '?';
  for (const auto& [key, value] : items_) {
    if (key == "user" || key == "host" || key == "port" || key == "dbname" || is_secret(key)) continue;
    out += separator + key + '=' + url_escape(value);
    separator = '&';
  }
  return out;
}

std::string quote_conninfo_value(std::string_view value) {
  if (value.empty()) return "''";
  std::string out;
  for (char c : value) {
    if (c == '\'' || c == '\\' || c == ' ' || (c >= '\t' && c <= '\r')) out += '\\';
    out += c;
  }
  return out;
}

Result<Conninfo> parse_conninfo(std::string_view text) {
  if (text.find('\0') != std::string_view::npos)
    return Error(ErrorCode::Invalid, "a connection string holds a zero byte");
  char* problem = nullptr;
  std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(std::string(text).c_str(), &problem), &PQconninfoFree);
  if (!options) {
    std::string why = problem ? problem : "out of memory";
    PQfreemem(problem);
    while (!why.empty() && why.back() == '\n') why.pop_back();
    return Error(ErrorCode::Invalid, fmt::format("a connection string cannot be read: {}", why));
  }
  Conninfo info;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) info.set(option->keyword, option->val);
  }
  return info;
}

void prefer_writable_host(Conninfo& info) {
  if (info.get("host").find(',') != std::string::npos) info.set("target_session_attrs", "read-write");
}

Conninfo make_conninfo(const Credentials& credentials, const ConnectTarget& target, std::string database) {
  Conninfo info;
  info.set("dbname", std::move(database));
  info.set("user", find_or_empty(credentials, "username"));
  info.set("password", find_or_empty(credentials, "password"));
  info.set("host", target.host);
  info.set("port", target.port);
  for (auto key : kCredentialKeys) info.set(std::string(key), find_or_empty(credentials, std::string(key)));
  return info;
}

std::string pgpass_line(std::string_view host, std::string_view port, std::string_view user,
                        std::string_view password) {
  std::string secret;
  for (char c : password) {
    if (c == ':' || c == '\\') secret += '\\';
    secret += c;
  }
  return fmt::format("{}:{}:*:{}:{}", pgpass_field(host), pgpass_field(port), pgpass_field(user), secret);
}

std::string pgpass_content(const ConnectTarget& target, const Credentials& credentials) {
  std::string password = find_or_empty(credentials, "password");
  if (password.empty()) return {};
  std::string user = find_or_empty(credentials, "username");
  auto hosts = split(target.host, ',');
  auto ports = split(target.port, ',');
  std::string out;
  bool socket = false;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const std::string& port = ports[std::min(i, ports.size() - 1)];
    out += pgpass_line(hosts[i], port, user, password) + '\n';
    // libpq looks a socket up as `localhost`, whatever its directory is.
    if (!socket && (hosts[i].empty() || hosts[i][0] == '/')) {
      out += pgpass_line("localhost", port, user, password) + '\n';
      socket = true;
    }
  }
  return out;
}

}  // namespace tamada

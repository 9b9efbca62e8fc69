// Connection strings for libpq and for the programs that take one (configuration.md 4.7). Plain text work: no
// connection is made here and the environment is not looked at. Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/settings.h"

namespace tamada {

// Where a connection goes. `host` may be a comma-separated list, a socket directory ("/run/postgresql") or empty
// (libpq's default socket directory); `port` may be a list of the same length.
struct ConnectTarget {
  std::string host;
  std::string port = "5432";
  bool operator==(const ConnectTarget&) const = default;
};

// Parameters by libpq's key. Every key at most once; a key with an empty value is not there.
class Conninfo {
 public:
  using Item = std::pair<std::string, std::string>;

  Conninfo& set(std::string key, std::string value);
  std::string get(std::string_view key) const;  // empty when absent
  bool has(std::string_view key) const;
  const std::vector<Item>& items() const { return items_; }
  Conninfo without(std::string_view key) const;

  // "user=repl host=10.0.0.1 ..." in the fixed order of configuration.md 4.7, other keys after it in the order they
  // were set. May hold a password: never log it; see `for_log`.
  std::string text() const;
  std::string for_log() const { return without("password").without("sslpassword").text(); }
  // "postgres://user@host:port/database", with "?sslmode=..." and so on for what else is set; never with a password.
  std::string url() const;

 private:
  std::vector<Item> items_;
};

// A value as it stands in a key=value string: a backslash before ', \ and white space; '' for the empty one.
std::string quote_conninfo_value(std::string_view value);

// Both forms that libpq reads, key=value and URL. Error Invalid with libpq's reason, which names no value.
Result<Conninfo> parse_conninfo(std::string_view text);

// Of several hosts only the one that takes writes is wanted (target_session_attrs, PostgreSQL 10). Nothing is changed
// for a single host.
void prefer_writable_host(Conninfo& info);

// The connection's parameters for one of the authentication entries: who, where, TLS. Only keys that are documented for
// these entries are taken; sslmode, gssencmode and channel_binding are written only when they were configured.
Conninfo make_conninfo(const Credentials& credentials, const ConnectTarget& target, std::string database);

// One line of a password file; `:` and `\` get a backslash, a missing field becomes `*`.
std::string pgpass_line(std::string_view host, std::string_view port, std::string_view user, std::string_view password);
// The whole file for a target (configuration.md 4.8): one line for each host of the list, and one for `localhost` when
// a host is a socket directory. Empty when there is no password.
std::string pgpass_content(const ConnectTarget& target, const Credentials& credentials);

}  // namespace tamada

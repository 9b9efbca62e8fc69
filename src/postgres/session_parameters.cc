#include "postgres/session_parameters.h"

#include <memory>
#include <set>

#include <fmt/format.h>
#include <libpq-fe.h>

namespace tamada {

namespace {

const std::set<std::string, std::less<>>& known_keys() {
  static const auto keys = [] {
    std::set<std::string, std::less<>> names;
    std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse("", nullptr), &PQconninfoFree);
    for (const PQconninfoOption* o = options.get(); o != nullptr && o->keyword != nullptr; ++o)
      names.insert(o->keyword);
    return names;
  }();
  return keys;
}

std::string session_options(const PgSessionOptions& options) {
  std::string text = fmt::format("-c statement_timeout={}", options.statement_timeout.count());
  if (options.replication) return text;
  text += " -c search_path=pg_catalog -c DateStyle=ISO";
  if (options.local_commit) text += " -c synchronous_commit=local";
  return text;
}

void set_default(Conninfo& parameters, const char* key, const char* value) {
  if (!parameters.has(key)) parameters.set(key, value);
}

}  // namespace

Conninfo session_parameters(const PgSessionOptions& options, const ConnectAttempt& attempt) {
  Conninfo all = options.conninfo;
  all.set("host", attempt.host);
  all.set("hostaddr", attempt.address);
  all.set("port", attempt.port.empty() ? "5432" : attempt.port);
  all.set("application_name", options.application_name);
  all.set("options", session_options(options));
  all.set("client_encoding", "UTF8");
  if (options.replication) all.set("replication", "1");
  set_default(all, "dbname", "postgres");
  set_default(all, "sslmode", "prefer");
  set_default(all, "gssencmode", "disable");
  set_default(all, "channel_binding", "prefer");
  set_default(all, "krbsrvname", "postgres");
  set_default(all, "target_session_attrs", "any");
  set_default(all, "sslcompression", "0");
  set_default(all, "keepalives", "1");

  Conninfo usable;
  for (const auto& [key, value] : all.items()) {
    if (known_keys().contains(key)) usable.set(key, value);
  }
  return usable;
}

std::vector<std::string> files_read_by_libpq(const Conninfo& parameters, const std::string& home) {
  std::vector<std::string> files;
  if (!parameters.has("password")) {
    files.push_back(parameters.has("passfile") ? parameters.get("passfile") : home + "/.pgpass");
  }
  if (parameters.get("sslmode") == "disable" || parameters.get("host").starts_with('/')) return files;
  for (const char* key : {"sslcert", "sslkey", "sslrootcert", "sslcrl"}) {
    if (parameters.has(key)) files.push_back(parameters.get(key));
  }
  if (!parameters.has("sslrootcert")) files.push_back(home + "/.postgresql/root.crt");
  if (!parameters.has("sslcert")) files.push_back(home + "/.postgresql/postgresql.crt");
  if (!parameters.has("sslkey")) files.push_back(home + "/.postgresql/postgresql.key");
  return files;
}

}  // namespace tamada

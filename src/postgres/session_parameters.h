// What libpq is told for one connection attempt, and what it would read from disk for it. Pure.
#pragma once

#include <string>
#include <vector>

#include "postgres/pg_connection.h"

namespace tamada {

// One attempt: a host as it was configured (for TLS names and messages) with the address to connect to. `address` is
// empty for a socket directory.
struct ConnectAttempt {
  std::string host;
  std::string address;
  std::string port;
};

// All parameters of an attempt. Those that the caller left open have fixed values where one exists (client_encoding,
// sslmode, gssencmode ...); keys that this libpq does not know are left out.
Conninfo session_parameters(const PgSessionOptions& options, const ConnectAttempt& attempt);

// Files that libpq reads while it connects with these parameters: password file, certificates, keys.
std::vector<std::string> files_read_by_libpq(const Conninfo& parameters, const std::string& home);

}  // namespace tamada

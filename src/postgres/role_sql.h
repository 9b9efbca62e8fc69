// The statements that make the cluster's roles (ha_behaviour.md 5.6, 4.4). Pure; passwords come in as the verifiers
// that the server stores, already quoted, and never in clear.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tamada {

struct RoleWish {
  std::string name;
  std::string password;              // in clear; empty = the role gets none
  std::vector<std::string> options;  // "SUPERUSER", "LOGIN" ...
};

// CREATE ROLE or ALTER ROLE. `quoted_name` and `quoted_verifier` as libpq quotes them; an empty verifier is left out.
std::string role_statement(bool exists, const std::string& quoted_name, const std::vector<std::string>& options,
                           const std::string& quoted_verifier);

// What pg_rewind calls with a user that is no superuser (PostgreSQL 11 and newer).
std::vector<std::string> rewind_grants(const std::string& quoted_name);

// Statements that keep the others out of every log for this session; the ones that fail do no harm.
std::vector<std::string> quiet_session_statements();

// bootstrap.users: options upper-cased, LOGIN added unless LOGIN or NOLOGIN is there. Error Invalid for an option that
// is not one of the words CREATE ROLE knows (they are written into the statement as they are).
Result<std::vector<RoleWish>> wished_users(const json::object& users);

}  // namespace tamada

// Asks a PostgreSQL that runs on this machine how it is configured. Blocking: for a command, never for the daemon.
#pragma once

#include <string>

#include "base/result.h"
#include "postgres/instance_config.h"

namespace tamada {

// `dsn`: as libpq reads it, with its PG* variables for what is left open. Errors: Unavailable when there is no
// connection, Denied when the role is no superuser, Io when a file that PostgreSQL names cannot be read here.
Result<RunningInstance> read_running_instance(const std::string& dsn);

}  // namespace tamada
